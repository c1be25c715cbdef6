"""`hrgcore rdf`: the record definition of a file's headings, and columns that look like their neighbour."""

from __future__ import annotations

import csv
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import hrgcore
from hrgcore.cli.main import main
from hrgcore.columns import apc_layout
from hrgcore.define import SAMPLE_ROWS, Accepts, definition_of, doubtful_columns, save
from hrgcore.define.accepts import as_text
from hrgcore.design import DEFAULT_DESIGN, load_design
from hrgcore.errors import InputError, OutputError
from hrgcore.logics import ROW_LOGICS, row_layout
from hrgcore.read import RecordDefinition, read_csv
from hrgcore.synth import synthesise


@pytest.fixture(scope="module")
def parts(tmp_path_factory) -> dict[tuple[str, str], Path]:
    """Synthetic activity by logic and names: a CSV each."""
    made = {}
    for logic in ("apc", *ROW_LOGICS):
        for names in ("official", "hes") if logic == "apc" else ("official",):
            folder = tmp_path_factory.mktemp("synth") / f"{logic}-{names}"
            (made[logic, names],) = synthesise(folder, 300, 7, format="csv", names=names, logic=logic)
    return made


@pytest.fixture(scope="module")
def accepts() -> Accepts:
    return Accepts(load_design(DEFAULT_DESIGN), "apc")


@pytest.fixture
def source(parts) -> Path:
    return parts["apc", "official"]


def warnings_of(capsys) -> list[str]:
    err = capsys.readouterr().err
    assert "Traceback" not in err
    return err.splitlines()


# The definition


@pytest.mark.parametrize(("logic", "names"), [("apc", "hes"), *((logic, "official") for logic in ("apc", *ROW_LOGICS))])
def test_a_definition_read_back_gives_the_same_columns(parts, logic: str, names: str, tmp_path, capsys) -> None:
    source, made = parts[logic, names], tmp_path / "made.rdf"
    assert main(["rdf", "--for", str(source), "-o", str(made), "--logic", logic]) == 0
    out, err = capsys.readouterr()
    assert err == "" and f"{made}: " in out  # columns that are right are not doubted
    table = read_csv(source)
    read = RecordDefinition.read(made).apply(table)
    if logic == "apc":
        given, taken = apc_layout(table.column_names), apc_layout(read.column_names)
        pairs = [(given.fields[field], taken.fields[field]) for field in given.fields]
        pairs += [*zip(given.diagnoses + given.procedures, taken.diagnoses + taken.procedures, strict=True)]
        assert len(given.diagnoses) >= 14 and len(given.procedures) >= 12
    else:
        of_given, of_taken = (row_layout(ROW_LOGICS[logic], table.column_names).columns for table in (table, read))
        assert of_given.keys() == of_taken.keys()
        pairs = [pair for field in of_given for pair in zip(of_given[field], of_taken[field], strict=True)]
    assert len(pairs) > 4
    for of_file, of_definition in pairs:
        assert table.column(of_file).equals(read.column(of_definition)), of_file


def test_lines_end_as_the_official_product_has_them(source, tmp_path, capsysbinary) -> None:
    assert main(["rdf", "--for", str(source), "-o", str(tmp_path / "x.rdf")]) == 0
    capsysbinary.readouterr()
    assert main(["rdf", "--for", str(source)]) == 0
    out = capsysbinary.readouterr().out
    assert out == (tmp_path / "x.rdf").read_bytes()
    assert out.startswith(b"COMMA DELIMITED\r\nPROCODET,PROCODET,1,,,,\r\n") and out.count(b"\n") == out.count(b"\r\n")


def test_names_of_hes_stand_for_the_official_fields_and_other_columns_are_left_out() -> None:
    names = ["note", " procode3 ", "PROVSPNOPS", "EPIORDER", "STARTAGE", "SEX", "CLASSPAT", "ADMISORC", "ADMIMETH"]
    names += ["DISDEST", "DISMETH", "EPIDUR", "MAINSPEF", "TRETSPEF", "OPERTN_4_02", "OPERTN_4_01", "DIAG_4_01", "DIAG_3_01"]
    made = {field.field: (field.name, field.position) for field in definition_of(names, "apc", "x").fields}
    assert made["PROCODET"] == ("procode3", 2) and made["PROVSPNO"] == ("PROVSPNOPS", 3)
    assert made["OPER_01"] == ("OPERTN_4_01", 16) and made["OPER_02"] == ("OPERTN_4_02", 15)
    assert made["DIAG_01"] == ("DIAG_4_01", 17) and len(made) == 16


def test_what_is_written_is_what_is_read() -> None:
    definition = RecordDefinition.parse("COMMA DELIMITED\nd,DIAG_01,1,,,AAA.A,. -\nx,,2,,,,\n", "test.rdf")
    assert RecordDefinition.parse(definition.text, "test.rdf") == definition


@pytest.mark.parametrize("kind", ["parquet", "arrow"])
def test_parquet_and_arrow_go_by_the_names_of_their_columns(source, tmp_path, kind: str, capsys) -> None:
    table, path = read_csv(source), tmp_path / f"in.{kind}"
    for name in ("EPIORDER", "STARTAGE", "EPIDUR"):
        at = table.column_names.index(name)
        numbers = [int(cell) if cell else None for cell in table.column(name).to_pylist()]
        table = table.set_column(at, name, pa.array(numbers, pa.int32()))
    if kind == "parquet":
        pq.write_table(table, path)
    else:
        with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
            writer.write_table(table)
    assert main(["rdf", "--for", str(path)]) == 0
    of_other, err = capsys.readouterr()
    assert main(["rdf", "--for", str(source)]) == 0
    assert of_other == capsys.readouterr().out and err == ""


@pytest.mark.parametrize(
    ("kind", "values", "text"),
    [
        (pa.date32(), [0, None], ["19700101", ""]),
        (pa.float64(), [5.0, None], ["5", ""]),
        (pa.float64(), [2.5, None], ["2.5", ""]),
        (pa.dictionary(pa.int8(), pa.string()), ["a", None], ["a", ""]),
        (pa.null(), [None, None], ["", ""]),
    ],
)
def test_columns_of_other_types_are_looked_at_as_they_would_be_written(kind, values, text) -> None:
    assert as_text(pa.chunked_array([pa.array(values, kind)]), "x").to_pylist() == text


def test_a_column_that_no_text_can_hold() -> None:
    with pytest.raises(InputError, match="column SEX is of type list"):
        as_text(pa.chunked_array([pa.array([["1"]])]), "SEX")


# What can't be done


@pytest.mark.parametrize(
    ("text", "logic", "says"),
    [
        ("RXX,1,1,50\nRXX,2,1,50\n", "apc", "Where the first row is data, put a row of headings above it"),
        ("PROCODET,PROVSPNO,EPIORDER\nR,1,1\n", "apc", "no column STARTAGE, SEX"),
        ("RENALMOD,RENALSITE\n1,1\n", "nrd", "no column AGE"),
        ("PROCODET,PROVSPNO\nR,1\n", "em", "no heading is the name of a field of em"),
        ("SEX,Sex\n1,1\n", "apc", "stands twice"),
        ("", "apc", "the file is empty"),
    ],
)
def test_files_that_give_no_definition(tmp_path, capsys, text: str, logic: str, says: str) -> None:
    (tmp_path / "in.csv").write_text(text)
    assert main(["rdf", "--for", str(tmp_path / "in.csv"), "-o", str(tmp_path / "x.rdf"), "--logic", logic]) == 3
    (line,) = warnings_of(capsys)
    assert says in line and "in.csv: " in line
    assert not (tmp_path / "x.rdf").exists()


def test_a_folder_and_a_file_that_is_not_there(tmp_path, capsys) -> None:
    assert main(["rdf", "--for", str(tmp_path)]) == 3
    assert "Name one of them" in warnings_of(capsys)[0]
    assert main(["rdf", "--for", str(tmp_path / "absent.csv")]) == 3
    assert "no such file" in warnings_of(capsys)[0]
    assert main(["rdf", "--for", "x.csv", "--logic", "xyz"]) == 2
    assert "unknown logic" in warnings_of(capsys)[0]
    assert main(["rdf"]) == 2


@pytest.mark.parametrize("name", ["DIAG", "OPER"])
def test_lists_of_codes_are_for_no_definition(source, name: str) -> None:
    kept = [heading for heading in read_csv(source).column_names if not heading.startswith(name)]
    with pytest.raises(InputError, match=f"column {name} is for lists .* {name}_01, {name}_02"):
        definition_of([*kept, name], "apc", "x.parquet")


def test_nothing_is_overwritten(source, tmp_path, capsys) -> None:
    made = tmp_path / "made.rdf"
    made.write_text("mine")
    assert main(["rdf", "--for", str(source), "-o", str(made)]) == 5
    assert "is there already, and is not overwritten" in warnings_of(capsys)[0]
    assert made.read_text() == "mine"
    assert main(["rdf", "--for", str(source), "-o", str(source)]) == 5
    assert main(["rdf", "--for", str(source), "-o", str(tmp_path / "absent" / "x.rdf")]) == 5


def test_a_full_disk_leaves_no_part_of_a_file(tmp_path, monkeypatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OutputError, match="No space left"):
        save(RecordDefinition.parse("COMMA DELIMITED\nSEX,SEX,1,,,,\n"), tmp_path / "x.rdf")
    assert list(tmp_path.iterdir()) == []


# Columns that look like something else


def doubts_of(source: Path, accepts: Accepts, change) -> dict[str, str]:
    """What is said of a file under changed headings, by column."""
    table = read_csv(source)
    names = change(table.column_names)
    found = doubtful_columns(definition_of(names, "apc", "in.csv"), table.rename_columns(names), accepts)
    assert all(line.startswith("in.csv: ") for line in found)
    return {line.split("(")[1].split(")")[0]: line for line in found if "(" in line}


def swapped(a: str, b: str):
    return lambda names: [{a: b, b: a}.get(name, name) for name in names]


def test_headings_shifted_by_one_column(source, accepts) -> None:
    found = doubts_of(source, accepts, lambda names: [*names[1:], names[0]])
    assert {"EPIORDER", "SEX", "ADMISORC", "ADMIMETH", "DISDEST", "DISMETH", "MAINSPEF", "DIAG_01", "OPER_01"} <= found.keys()
    assert "column 6 (ADMISORC) looks like CLASSPAT, the field of column 5: " in found["ADMISORC"]
    assert "Are the headings shifted by a column?" in found["ADMISORC"]
    assert "looks like DIAG_14, the field of column 27" in found["OPER_01"]
    assert "only 0 of 300 values are what EPIORDER accepts" in found["EPIORDER"]
    assert "must not be" in found["TRETSPEF"]  # NEOCARE stands there, blank
    found = doubts_of(source, accepts, lambda names: [names[-1], *names[:-1]])
    assert {"CLASSPAT", "ADMISORC", "ADMIMETH", "DISDEST", "DISMETH", "MAINSPEF", "TRETSPEF", "DIAG_14", "OPER_12"} <= found.keys()


@pytest.mark.parametrize(
    ("a", "b", "doubted"),
    [
        ("ADMISORC", "ADMIMETH", {"ADMISORC", "ADMIMETH"}),
        ("DISDEST", "DISMETH", {"DISDEST", "DISMETH"}),
        ("DIAG_14", "OPER_01", {"DIAG_14", "OPER_01"}),
        ("STARTAGE", "SEX", {"SEX"}),
        ("EPIDUR", "MAINSPEF", {"MAINSPEF"}),
        ("DIAG_01", "DIAG_02", set()),
    ],
)
def test_two_columns_that_changed_places(source, accepts, a: str, b: str, doubted: set[str]) -> None:
    assert doubts_of(source, accepts, swapped(a, b)).keys() == doubted


def test_dates_and_codes_are_told_by_themselves(accepts) -> None:
    fixed = dict.fromkeys(("EPIORDER", "STARTAGE", "SEX", "CLASSPAT", "DISMETH", "EPIDUR"), "1")
    fixed |= {"ADMISORC": "19", "DISDEST": "19"}
    fixed |= {"PROCODET": "R", "PROVSPNO": "1", "ADMIMETH": "2001-09-27", "MAINSPEF": "100", "TRETSPEF": "I10X", "DIAG_01": "I10X"}
    table = pa.table({name: [value] * 5 for name, value in fixed.items()})
    first, second = doubtful_columns(definition_of(list(fixed), "apc", "x"), table, accepts)
    assert "column 11 (ADMIMETH) looks like dates: 5 of 5 values fit that, and 0 fit ADMIMETH" in first
    assert "column 13 (TRETSPEF) looks like DIAG_01, the field of column 14" in second


def test_a_few_cells_tell_nothing(accepts, source) -> None:
    table = read_csv(source).slice(0, 2)
    names = [*table.column_names[1:], table.column_names[0]]
    assert doubtful_columns(definition_of(names, "apc", "x"), table.rename_columns(names), accepts) == []


def test_many_doubts_are_summed_up(source, accepts) -> None:
    def blocks(names: list[str]) -> list[str]:
        codes = [[name for name in names if name.startswith(prefix)] for prefix in ("DIAG_", "OPER_")]
        pairs = dict(zip(*codes, strict=False))
        return [(pairs | {b: a for a, b in pairs.items()}).get(name, name) for name in names]

    table = read_csv(source)
    names = blocks(table.column_names)
    found = doubtful_columns(definition_of(names, "apc", "x"), table.rename_columns(names), accepts)
    assert "(OPER_01) looks like ICD-10 codes" in found[0]
    assert len(found) == 13 and "more columns don't fit their headings either" in found[-1]


@pytest.mark.parametrize(
    ("logic", "a", "b", "doubted"),
    [
        ("em", "AEPATIENTGROUP", "INV_01", {"AEPATIENTGROUP", "INV_01"}),
        ("nac", "TRETSPEF", "FIRSTATT", {"TRETSPEF", "FIRSTATT"}),
        ("nrd", "AGE", "RENALSITE", {"RENALSITE"}),
        ("ncc", "GestLen", "PERWT", {"GestLen", "PERWT"}),
    ],
)
def test_columns_of_other_logics(parts, logic: str, a: str, b: str, doubted: set[str]) -> None:
    table = read_csv(parts[logic, "official"])
    names = swapped(a, b)(table.column_names)
    accepts = Accepts(load_design(DEFAULT_DESIGN), logic)
    found = doubtful_columns(definition_of(names, logic, "x"), table.rename_columns(names), accepts)
    assert {line.split("(")[1].split(")")[0] for line in found} == doubted


def test_the_command_warns_by_file_and_column_and_shows_no_value(source, tmp_path, capsys) -> None:
    with source.open(newline="") as file:
        names, *rows = csv.reader(file)
    path = tmp_path / "in.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([swapped("ADMISORC", "ADMIMETH")(names), *rows])
    assert main(["rdf", "--for", str(path), "-o", str(tmp_path / "x.rdf")]) == 0
    first, second = warnings_of(capsys)
    assert first.startswith(f"hrgcore: warning: {path}: column 7 (ADMIMETH) looks like ADMISORC, the field of column 8")
    assert second.startswith(f"hrgcore: warning: {path}: column 8 (ADMISORC) looks like ADMIMETH, the field of column 7")


def test_what_a_field_accepts_is_what_grouping_takes(source, accepts) -> None:
    """Bad cells of each column of admitted care: as many as `Grouper` lists errors for."""
    bad = {"EPIORDER": "98", "STARTAGE": "131", "SEX": "7", "EPIDUR": "1.5", "SPCDAYS": "x", "DIAG_02": "Z999Z", "OPER_01": "A0"}
    good = {
        "EPIORDER": "97",
        "STARTAGE": "999",
        "SEX": "9",
        "EPIDUR": "99999",
        "SPCDAYS": "0",
        "DIAG_02": "i10.x",
        "OPER_01": "x40.3",
    }
    table = read_csv(source).slice(0, 60)
    for name in bad:
        cells = [bad[name], good[name], "", " - "] * 15
        own = accepts.field(name)
        assert own is not None
        assert accepts.usable(own, pa.array(cells)) == 15 and accepts.filled(pa.array(cells)) == 30
        changed = table.set_column(table.column_names.index(name), name, pa.array(cells))
        errors = hrgcore.Grouper().group(changed).errors
        found = sum(row["CodeType"] == name and row["Code"] == bad[name] for row in errors.select(["CodeType", "Code"]).to_pylist())
        assert found == 15, name


def test_only_the_start_of_a_file_is_looked_at(source, tmp_path, monkeypatch, capsys) -> None:
    assert SAMPLE_ROWS == 10_000  # as docs/reading.md says
    with source.open(newline="") as file:
        names, *rows = csv.reader(file)
    at, path = names.index("ADMIMETH"), tmp_path / "in.csv"
    wrong = [[*row[:at], "x", *row[at + 1 :]] for row in rows]
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([names, *rows, *wrong * 2])
    for looked_at, doubts in ((len(rows), 0), (3 * len(rows), 1)):
        monkeypatch.setattr("hrgcore.define.SAMPLE_ROWS", looked_at)
        assert main(["rdf", "--for", str(path)]) == 0
        assert len(warnings_of(capsys)) == doubts


def test_a_column_that_must_not_be_blank(source, accepts) -> None:
    table = read_csv(source)
    for name, doubts in (("DIAG_01", 1), ("DIAG_02", 0), ("OPER_01", 0), ("SEX", 1), ("SPCDAYS", 0), ("NEOCARE", 0)):
        blank = table.set_column(table.column_names.index(name), name, pa.array([" "] * len(table)))
        found = doubtful_columns(definition_of(table.column_names, "apc", "x"), blank, accepts)
        assert len(found) == doubts and all(f"({name}) is blank in all 300 rows looked at" in line for line in found)
