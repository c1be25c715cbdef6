"""Reading design tables: typed rows come out, and each thing wrong with the tables is named with file and line."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_design import small_texts
from spoiling import reading_faults, spoiled

from hrgcore.design import tables as tables_module
from hrgcore.design.codes import SCHEMES, parse_code_cell
from hrgcore.design.conditions import CONDITION_COLUMNS, UNBOUNDED, Lists, Range, describe, parse_conditions, parse_range
from hrgcore.design.tables import SCHEMA, read_folder, read_texts
from hrgcore.errors import DesignError


def write(folder: Path, texts: dict[str, str]) -> Path:
    """A folder of design tables with these texts."""
    folder.mkdir(exist_ok=True)
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


# What reading gives -------------------------------------------------------------------------------------------------------------


def test_the_small_design_has_no_faults() -> None:
    assert reading_faults(small_texts()) == []


def test_rows_know_where_they_stand_and_what_they_say() -> None:
    tables = read_texts(small_texts())
    row = next(row for row in tables["diagnosis_roots"] if row["root"] == "HC34")
    line = small_texts()["diagnosis_roots.csv"].splitlines().index(",M4840,,,!emergency,,,HC34,judgement") + 1
    assert (row.reference, row.line, row.step, row.basis) == (f"diagnosis_roots.csv:{line}", line, 1, "judgement")
    assert row.conditions == (Lists("patient", ("emergency",), True),)
    assert "M4840" in row.codes["codes"] and "M484" not in row.codes["codes"]
    assert row["note"] == "", "a column that the table has not is empty"


def test_code_lists_are_sorted_and_without_repeats() -> None:
    texts, _ = spoiled("icd10.csv", "I10,X,judgement", "I10,X X,judgement\nI10,X,judgement")
    codes = read_texts(texts).code_list("icd10")
    assert codes == sorted(set(codes)) and "I10X" in codes and "M4840" in codes


def test_settings_and_choices() -> None:
    settings = read_texts(small_texts()).settings
    assert (settings.id, settings.error_hrg, settings.number("age_max"), settings.number("five_character_parent")) == (
        "small",
        "UZ01Z",
        130,
        1,
    )


@pytest.mark.parametrize("ends", ["\r\n", "\n"])
def test_line_ends_and_blank_lines_count_as_an_editor_counts_them(ends: str) -> None:
    texts = small_texts()
    texts["errors.csv"] = ends.join(["error,name,basis", "UZ01,One,judgement", "", ",,", "UZ02,Two,judgement", ""])
    assert [row.line for row in read_texts(texts)["errors"]] == [2, 5]


def test_a_byte_order_mark_is_dropped(tmp_path: Path) -> None:
    folder = write(tmp_path / "design", small_texts())
    path = folder / "errors.csv"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert read_folder(folder).faults == []


def test_files_that_are_no_tables_by_suffix_are_left_alone(tmp_path: Path) -> None:
    folder = write(tmp_path / "design", small_texts())
    (folder / "README.md").write_bytes(b"\xff not even text")
    assert read_folder(folder).faults == []


@pytest.mark.parametrize(
    ("text", "codes", "others"),
    [
        ("I10X", {"I10X"}, {"I110"}),
        ("M484", {"M484", "M4840"}, {"M485"}),
        ("J45", {"J450", "J459"}, {"J46X"}),
        ("J40-J47", {"J40X", "J459", "J47X"}, {"J39X", "J480"}),
        ("J450-J458", {"J450", "J458"}, {"J459"}),
        ("J", {"J000", "J999"}, {"I999", "K000"}),
        ("J-K", {"J000", "K999"}, {"L000"}),
        ("J45 !J451", {"J450"}, {"J451", "J46X"}),
        ("!J451 J J451", {"J450"}, {"J451"}),
    ],
)
def test_terms_name_codes(text: str, codes: set[str], others: set[str]) -> None:
    cell = parse_code_cell(text, SCHEMES["icd10"])
    assert {code for code in codes | others if code in cell} == codes


@pytest.mark.parametrize(
    ("text", "bounds"),
    [("19+", (19, UNBOUNDED)), ("0-18", (0, 18)), ("4", (4, 4)), (" 4 ", (4, 4)), ("0-0", (0, 0))],
)
def test_ranges(text: str, bounds: tuple[int, int]) -> None:
    assert parse_range(text) == bounds


@pytest.mark.parametrize("text", ["", "x", "-4", "4-", "4++", "4-+", "1.5", "5-4", "4 - 5", "1234567890", "٣", "4,5"])
def test_what_is_no_range(text: str) -> None:
    with pytest.raises(ValueError, match="write 19|put the lower end first"):
        parse_range(text)


def test_conditions_come_in_the_order_of_the_columns_and_read_back() -> None:
    cells = {"procedure": "a|b !c", "age": "0-18", "los": "4", "cc": "3+", "primary": " ", "patient": "!d|e"}
    conditions = parse_conditions(cells)
    assert conditions == (
        Range("age", 0, 18),
        Range("los", 4, 4),
        Range("cc", 3, UNBOUNDED),
        Lists("patient", ("d", "e"), True),
        Lists("procedure", ("a", "b"), False),
        Lists("procedure", ("c",), True),
    )
    assert [describe(condition) for condition in conditions] == [
        "age 0-18",
        "los 4",
        "cc 3+",
        "patient !d|e",
        "procedure a|b",
        "procedure !c",
    ]


# Faults -------------------------------------------------------------------------------------------------------------------------

_TERM = "is not a term of"
_FAULTS: list[tuple[str, str, str, str]] = [  # file, what stands there, what is put there, what the fault says
    # basis
    (
        "errors.csv",
        "UZ06,Poorly coded procedure,judgement",
        "UZ06,Poorly coded procedure,guess",
        "basis 'guess' is none of published",
    ),
    (
        "errors.csv",
        "UZ06,Poorly coded procedure,judgement",
        "UZ06,Poorly coded procedure,",
        "basis '' is none of published",
    ),
    # terms
    ("diagnoses.csv", "E11 I10X,2", "E1 I10X,2", f"codes: 'E1' {_TERM} icd10; write codes without full stops"),
    ("diagnoses.csv", "E11 I10X,2", "E11.9 I10X,2", f"codes: 'E11.9' {_TERM} icd10"),
    ("diagnoses.csv", "E11 I10X,2", "e11 I10X,2", f"codes: 'e11' {_TERM} icd10"),
    (
        "diagnoses.csv",
        "E11 I10X,2",
        "E11-E139 I10X,2",
        "codes: 'E11-E139' goes from a code to a category; give both ends the same length",
    ),
    ("diagnoses.csv", "E11 I10X,2", "E13-E11 I10X,2", "codes: 'E13-E11' runs backwards; put the lower end first"),
    ("diagnoses.csv", "E11 I10X,2", "E11- I10X,2", f"codes: 'E11-' {_TERM} icd10"),
    ("diagnoses.csv", "E11 I10X,2", " ,2", "codes: names no code; write a code, a category, a range or a letter"),
    ("diagnoses.csv", "E11 I10X,2", "!E11,2", "codes: names no code; write a code"),
    ("procedures.csv", "\nU,0,", "\nU0A,0,", f"codes: 'U0A' {_TERM} opcs4"),
    ("procedures.csv", "\nU,0,", "\nU0101,0,", f"codes: 'U0101' {_TERM} opcs4"),
    ("procedure_lists.csv", "left,Z943", "left,Z9.43", f"codes: 'Z9.43' {_TERM} opcs4"),
    ("diagnosis_lists.csv", "palliative,Z515", "palliative,Z51.5", f"codes: 'Z51.5' {_TERM} icd10"),
    ("cc_lists.csv", "respiratory,2,J46X", "respiratory,2,J46x", f"codes: 'J46x' {_TERM} icd10"),
    ("cc_exclusions.csv", "cardiac,I21,E11", "cardiac,,E11", "primary: names no code"),
    ("cc_exclusions.csv", "cardiac,I21,E11", "cardiac,I21,E1", f"excluded: 'E1' {_TERM} icd10"),
    ("scores.csv", "trauma_intervention,fixation,7,W82", "trauma_intervention,fixation,7,W8", f"codes: 'W8' {_TERM} opcs4"),
    ("scores.csv", "trauma_diagnosis,leg,6,S72", "trauma_diagnosis,leg,6,", "codes: names no code"),
    ("unbundling.csv", ",U501,", ",U50.1,", f"codes: 'U50.1' {_TERM} opcs4"),
    ("diagnosis_errors.csv", ",Z50,", ",Z5,", f"codes: 'Z5' {_TERM} icd10"),
    ("procedure_roots.csv", ",E85,", ",,", "codes: names no code"),
    # ranges
    ("splits.csv", ",AA50,Z,,", ",AA50,Z,19-,", "age: '19-' is not a range; write 19+, 0-18 or 4"),
    ("splits.csv", ",AA50,Z,,", ",AA50,Z,18-0,", "age: '18-0' runs backwards; put the lower end first"),
    ("exceptions.csv", "1,M,,,2+,", "1,M,,,two,", "trauma_sites: 'two' is not a range"),
    # conditions
    (
        "diagnosis_roots.csv",
        "2,J451,,,female,",
        "2,J451,,,Female,",
        "patient: 'Female' is not a condition; write name, !name or one|other",
    ),
    ("diagnosis_roots.csv", "2,J451,,,female,", "2,J451,,,female|,", "patient: 'female|' is not a condition"),
    ("diagnosis_roots.csv", "2,J451,,,female,", "2,J451,,,female|!died,", "patient: 'female|!died' is not a condition"),
    ("diagnosis_roots.csv", "2,J451,,,female,", '2,J451,,,"!",', "patient: '!' is not a condition"),
    # steps
    ("procedure_roots.csv", "2,H22,", "first,H22,", "step 'first' is not a whole number from 0 to 999"),
    ("procedure_roots.csv", "2,H22,", "-1,H22,", "step '-1' is not a whole number"),
    ("procedure_roots.csv", "2,H22,", "1000,H22,", "step '1000' is not a whole number"),
    ("procedure_roots.csv", "2,H22,", "٣,H22,", "step '٣' is not a whole number"),
    # lines
    (
        "subchapters.csv",
        "AA,Nervous System,,",
        "AA,Nervous, System,,",
        "6 cells under 5 headings. Quote cells that have a comma",
    ),
    ("subchapters.csv", "AA,Nervous System,,", "AA,Nervous System,", "4 cells under 5 headings"),
    ("subchapters.csv", "WA,Other,,,judgement", 'WA,Other,,,"judgement', "unexpected end of data. Correct the quoting"),
    ("subchapters.csv", "AA,Nervous System,,", 'AA,"Nervous" System,,', "expected after '\"'. Correct the quoting"),
]


@pytest.mark.parametrize(("file", "old", "new", "message"), _FAULTS, ids=[f"{row[0]}: {row[3]}" for row in _FAULTS])
def test_a_spoilt_row_is_named_with_file_and_line(file: str, old: str, new: str, message: str) -> None:
    texts, line = spoiled(file, old, new)
    faults = reading_faults(texts)
    assert len(faults) == 1, faults
    assert faults[0].startswith(f"{file}:{line}: ") and message in faults[0] and faults[0].endswith(".")


_HEADINGS = [
    ("errors.csv", "error,name,basis", "error,basis", "no column name"),
    ("errors.csv", "error,name,basis", "error,name", "no column basis"),
    ("errors.csv", "error,name,basis", "error,name,basis,Note", "unknown column 'Note'"),
    ("errors.csv", "error,name,basis", "error,name,basis,", "unknown column ''"),
    ("errors.csv", "error,name,basis", "error,name,age,basis", "unknown column 'age'"),  # conditions are for rules
    ("errors.csv", "error,name,basis", "error,name,name,basis", "column 'name' twice"),
    ("splits.csv", "step,root,split,age,los,", "step,root,split,age,age,", "column 'age' twice"),
    ("grid.csv", "procedure,0,1,", "procedure,0,2,", "no column 1"),
]


@pytest.mark.parametrize(("file", "old", "new", "message"), _HEADINGS, ids=[f"{row[0]}: {row[3]}" for row in _HEADINGS])
def test_a_spoilt_heading_is_named(file: str, old: str, new: str, message: str) -> None:
    texts, _ = spoiled(file, old, new)
    faults = [fault for fault in reading_faults(texts) if fault.startswith(f"{file}:1: {message}.")]
    assert len(faults) == 1 and "See tables/README.md" in faults[0]


def test_condition_columns_are_known_in_every_table_of_rules_and_nowhere_else() -> None:
    for table in SCHEMA:
        texts = small_texts()
        heading, _, rest = texts[f"{table}.csv"].partition("\n")
        missing = next(column for column in CONDITION_COLUMNS if column not in heading.split(","))
        texts[f"{table}.csv"] = f"{heading},{missing}\n" + "".join(f"{line},\n" for line in rest.splitlines())
        is_rules = table in ("diagnosis_errors", "diagnosis_roots", "procedure_roots", "exceptions", "splits", "unbundling")
        assert (reading_faults(texts) == []) == is_rules, table


@pytest.mark.parametrize("table", SCHEMA)
def test_a_missing_table_is_named(table: str) -> None:
    texts = small_texts()
    del texts[f"{table}.csv"]
    assert reading_faults(texts) == [f"{table}.csv: missing. Every design has this table, if only with its heading."]


@pytest.mark.parametrize("table", ["errors", "splits"])
def test_an_empty_file_lacks_its_columns(table: str) -> None:
    faults = reading_faults(small_texts() | {f"{table}.csv": ""})
    assert faults and all(fault.startswith(f"{table}.csv:1: no column ") for fault in faults)


def test_a_file_that_is_no_table_is_named() -> None:
    faults = reading_faults(small_texts() | {"diagnosis.csv": "a\n", "other.toml": ""})
    assert faults == [
        f"{name}: not a table of a design. Remove it, or correct its name." for name in ("diagnosis.csv", "other.toml")
    ]


_SETTINGS = [
    ("format = 1", "format = 2", "design.toml: format is 2; this version reads format = 1."),
    ("format = 1\n", "", "design.toml: format is None; this version reads format = 1."),
    ('id = "small"\n', "", "design.toml: id is missing; give it as text."),
    ('version = "1"', "version = 1", "design.toml: version is missing; give it as text."),
    ('error_hrg = "UZ01Z"', 'error_hrg = " "', "design.toml: error_hrg is missing; give it as text."),
    (
        "age_max = { value = 130,",
        "age_max = { value = 1.5,",
        "design.toml: choices.age_max needs a value that is a whole number.",
    ),
    (
        "age_max = { value = 130,",
        "age_max = { value = -1,",
        "design.toml: choices.age_max needs a value that is a whole number.",
    ),
    (
        "age_max = { value = 130,",
        "age_max = { value = 2147483648,",
        "design.toml: choices.age_max needs a value that is a whole number.",
    ),
    ("age_max = {", "age_most = {", "design.toml: choices.age_max needs a value that is a whole number."),
    (
        'value = 130, basis = "published"',
        'value = 130, basis = "heard"',
        "design.toml: choices.age_max needs value, basis (one of ",
    ),
    ('value = 130, basis = "published"', "value = 130", "design.toml: choices.age_max needs value, basis (one of "),
    ("[choices]\n", '[choices]\nother = "so"\n', "design.toml: choices.other needs value, basis (one of "),
    (
        "[choices]\n",
        '[choices]\nother = { basis = "judgement" }\n',
        "design.toml: choices.other needs value, basis (one of ",
    ),
]


@pytest.mark.parametrize(("old", "new", "message"), _SETTINGS, ids=[message for _, _, message in _SETTINGS])
def test_a_spoilt_setting_is_named(old: str, new: str, message: str) -> None:
    texts, _ = spoiled("design.toml", old, new)
    faults = reading_faults(texts)
    assert len(faults) == 1 and faults[0].startswith(message)


def test_choices_that_are_no_table_lack_all_that_the_engine_reads() -> None:
    texts = small_texts()
    texts["design.toml"] = texts["design.toml"].partition("[choices]")[0] + "choices = 1\n"
    assert len(reading_faults(texts)) == len(tables_module.ENGINE_CHOICES)


def test_bad_toml_is_named_with_its_line_and_nothing_follows_from_it() -> None:
    texts, line = spoiled("design.toml", 'version = "1"', "version = one")
    faults = reading_faults(texts)
    assert len(faults) == 1 and faults[0].startswith(f"design.toml:{line}: ") and "Correct the TOML." in faults[0]


def test_toml_that_stops_short_is_named() -> None:
    faults = reading_faults(small_texts() | {"design.toml": "format = "})
    assert len(faults) == 1 and faults[0].startswith("design.toml:1: ")


def test_many_faults_come_at_once() -> None:
    texts = small_texts()
    del texts["grid.csv"]
    for file, old, new, _ in (_FAULTS[0], _FAULTS[2], _FAULTS[22], _FAULTS[28]):
        texts[file] = texts[file].replace(old, new)
    for file, old, new in (
        ("subchapters.csv", "AA,Nervous System,,", "AA,Nervous, System,,"),
        ("subchapters.csv", "subchapter,name", "x,name"),
        ("design.toml", "format = 1", "format = 3"),
    ):
        texts[file] = texts[file].replace(old, new)
    files = {fault.partition(":")[0] for fault in reading_faults(texts)}
    assert files == {
        "grid.csv",
        "errors.csv",
        "diagnoses.csv",
        "splits.csv",
        "diagnosis_roots.csv",
        "subchapters.csv",
        "design.toml",
    }


def test_one_row_can_have_several_faults() -> None:
    texts, line = spoiled("procedure_roots.csv", "2,H22,,,,FE30,judgement", "two,H2,x,,,FE30,none")
    faults = reading_faults(texts)
    assert [fault.partition(": ")[0] for fault in faults] == [f"procedure_roots.csv:{line}"] * 4


# Files --------------------------------------------------------------------------------------------------------------------------


def test_a_folder_without_settings_is_no_design(tmp_path: Path) -> None:
    with pytest.raises(DesignError, match=r"not a design, it has no design\.toml\. Name a folder of design tables\."):
        read_folder(tmp_path)


def test_a_table_that_is_not_utf8_is_named_with_its_line(tmp_path: Path) -> None:
    folder = write(tmp_path / "design", small_texts())
    (folder / "errors.csv").write_bytes(b"error,name,basis\nUZ01,Caf\xe9,judgement\n")
    assert read_folder(folder).faults[0] == "errors.csv:2: byte 25 is not UTF-8. Save the table as UTF-8."


def test_a_table_beyond_all_measure_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write(tmp_path / "design", small_texts())
    monkeypatch.setattr(tables_module, "_MAX_TABLE_BYTES", 3000)
    (folder / "errors.csv").write_text("x" * 3001, encoding="utf-8")
    assert read_folder(folder).faults[0] == "errors.csv: larger than 3000 bytes; a design table is not that large."


def test_a_table_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    texts = small_texts()
    del texts["errors.csv"], texts["grid.csv"]
    folder = write(tmp_path / "design", texts)
    (folder / "errors.csv").symlink_to(tmp_path / "nowhere.csv")
    (folder / "grid.csv").mkdir()
    faults = read_folder(folder).faults
    assert any(fault.startswith("errors.csv: can't be read (No such file") for fault in faults)
    assert any(fault.startswith("grid.csv: can't be read (Is a directory") for fault in faults)
