"""Loading an official workbook: the mappings of docs/workbook.md as they stand, and every way in which a workbook can be wrong."""

from __future__ import annotations

import csv
import re
import sys
import tomllib
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
from designs import Both
from hypothesis import given
from hypothesis import strategies as st
from small_design import small_texts
from twins import assert_agree
from workbooks import (
    DATE,
    ERROR,
    FORMULA,
    FORMULA_EMPTY,
    Raw,
    Rows,
    calculated,
    relations,
    shared_xml,
    sheet_xml,
    workbook_parts,
    workbook_xml,
    write_parts,
    write_workbook,
)

from hrgcore.cli.main import main
from hrgcore.design import DEFAULT_DESIGN, Bundle, load_design
from hrgcore.design.labels import compose
from hrgcore.design.tables import SCHEMA, read_texts
from hrgcore.errors import DesignError, InputError, OutputError, UsageError
from hrgcore.grouper import Grouper
from hrgcore.reference import ReferenceEngine
from hrgcore.selftest.spells import Input, Maker, example_of
from hrgcore.workbook import compile_workbook, read_workbook, sheets, write_tables
from hrgcore.workbook.cells import make_end, make_range, make_text
from hrgcore.workbook.labels import part_labels
from hrgcore.workbook.mapping import Between, Cell, read_mapping
from hrgcore.workbook.scan import Limits, column_letter, column_number

DOCS = Path(__file__).parents[1] / "docs" / "workbook.md"
KNOWN, MORE = re.findall(r"^```toml\n(.*?)^```$", DOCS.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
SPELLS = 400  # grouped by both engines

# Designs as workbooks -------------------------------------------------------------------------------------------------------------


def dotted(code: str) -> str:
    """A code as publications write it: `A01.1`, `I10`."""
    return code[:3] if code[3:] == "X" else f"{code[:3]}.{code[3:]}"


def dotted_terms(cell: str) -> str:
    return "; ".join("-".join(end if len(end) < 4 else f"{end[:-1]}.{end[-1]}" for end in term.split("-")) for term in cell.split())


def ends(text: str, open_end: str | None) -> list[str | int | None]:
    """The two cells of a range."""
    if not text:
        return [None, None]
    low, dash, high = text.removesuffix("+").partition("-")
    return [int(low), open_end if text.endswith("+") else int(high if dash else low)]


def hrg_rows(bundle: Bundle) -> Rows:
    """The sheet `HRG & Subchapters` of a design: in the order of roots.csv, then with what the design does not have."""
    labels = dict(zip(bundle.strings("hrg_codes"), bundle.strings("hrg_labels"), strict=True))
    tables = bundle.tables
    names = {row["subchapter"]: row["name"] for row in tables["subchapters"]}
    rows: list[list[str]] = [
        ["HRG", "HRG Description", "Core or Unbundled", "Subchapter", "Subchapter\nDescription", "Chapter", "Chapter Description"]
    ]
    splits: dict[str, list[str]] = {}
    for row in tables["splits"]:
        splits.setdefault(row["root"], []).append(row["root"] + row["split"])
    for root in tables["roots"]:
        subchapter = root["root"][:2]
        for hrg in splits[root["root"]]:
            rows.append([hrg, labels[hrg], root["kind"].title(), subchapter, f" {names[subchapter]} ", hrg[0], "Chapter"])
    return [*rows, ["UZ01Z", labels["UZ01Z"], "Both", "UZ", "Undefined", "U", "Undefined"]]


def opcs_rows(bundle: Bundle) -> Rows:
    """The sheet `OPCS`: categories and codes."""
    rows: list[list[str]] = [["Code", "Description", "Version"]]
    for row in bundle.tables["opcs4"]:
        rows.append([row["category"], "a category", "4.10"])
        rows += [[f"{row['category']}.{code}", "a code", "4.10"] for code in row["codes"].split()]
    return rows


def small_sheets(bundle: Bundle) -> dict[str, Rows]:
    """The small design as the workbook of the longer mapping in docs/workbook.md."""
    tables = bundle.tables
    uses = {"UZ05": "Never dominant", "UZ06": "Vague", "": None}
    lists = ("respiratory", "cardiac", "general")
    text_columns = (
        *("interventions", "procedures", "trauma_diagnosis", "trauma_intervention"),
        *("burn_severity", "burn_intervention", "diagnosis", "procedure"),
    )
    splits: list[list[str | int | None]] = [
        ["Step", "HRG", "Age from", "Age to", "Days from", "Days to", "CC from", "CC to", "Interventions", "Procedures"]
        + ["Diagnosis Score", "Intervention Score", "Burn Severity", "Burn Intervention", "With Diagnosis", "With Procedure"]
    ]
    for row in tables["splits"]:
        ranges = [*ends(row["age"], "999"), *ends(row["los"], None), *ends(row["cc"], None)]
        splits.append([row["step"] or None, row["root"] + row["split"], *ranges, *(row[name] or None for name in text_columns)])
    return {
        "Title": [["A title"], [DATE, ERROR, FORMULA]],
        "HRG & Subchapters": hrg_rows(bundle),
        "OPCS": opcs_rows(bundle),
        "ICD-10": [["Code"], *([dotted(code) + "†" * (code == "E112")] for code in tables.code_list("icd10"))],
        "Procedures": [["Which procedures"], [], ["Codes", "Hierarchy", "Use", "Longest Stay"]]
        + [
            [dotted_terms(row["codes"]), int(row["hierarchy"]), uses[row["error"]], row["longest_stay"] or None]
            for row in tables["procedures"]
        ],
        "Diagnoses": [["Codes", "Hierarchy", "Remarks"]]
        + [[dotted_terms(row["codes"]), calculated(row["hierarchy"]), "remark, too"] for row in tables["diagnoses"]],
        "CC": [["ICD-10", "Respiratory", "Cardiac", "CC", "CC"]]
        + [
            [dotted_terms(row["codes"])] + [int(row["points"]) if row["list"] == name else None for name in lists]
            for row in tables["cc_lists"]
        ],
        "Splits": splits,
        "Flags": [["Flag", "Code"], ["Dialysis", "X40.3"]],
    }


def gutted() -> dict[str, str]:
    """The small design without what the workbook has: only so much is left as the mapping asks for."""
    texts = small_texts()
    for table in ("icd10", "opcs4", "procedures", "diagnoses", "splits"):
        texts[f"{table}.csv"] = texts[f"{table}.csv"].partition("\n")[0] + "\n"
    texts["cc_lists.csv"] = "list,points,codes,basis\nother,1,A00,judgement\n"
    texts["roots.csv"] = "root,kind,name,interventions,basis\nEB03,unbundled,Wrong,dialysis,judgement\n"
    texts["procedure_lists.csv"] = texts["procedure_lists.csv"].replace("dialysis,X403,judgement\n", "")
    texts["design.toml"] = texts["design.toml"].replace('id = "small"', 'id = "rest"')
    return texts


def write_folder(folder: Path, texts: Mapping[str, str]) -> Path:
    folder.mkdir()
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def small() -> Bundle:
    from hrgcore.design import compile_tables

    return compile_tables(read_texts(small_texts()))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, small: Bundle) -> Path:
    """A folder with the small design as a workbook, its mapping, and what both give."""
    folder = tmp_path_factory.mktemp("workbook")
    write_folder(folder / "rest", gutted())
    (folder / "mapping.toml").write_text(MORE, encoding="utf-8")
    write_workbook(folder / "book.xlsx", small_sheets(small))
    arguments = ["compile", "--workbook", str(folder / "book.xlsx"), "--mapping", str(folder / "mapping.toml")]
    assert main([*arguments, "-o", str(folder / "design.hrgcore"), "--tables", str(folder / "tables")]) == 0
    return folder


def table_rows(folder: Path, table: str) -> list[dict[str, str]]:
    with (folder / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


# The longer mapping of the documentation: the small design through a workbook and back --------------------------------------------


def test_a_design_through_a_workbook_is_the_same_design(place: Path, small: Bundle) -> None:
    made = load_design(place / "design.hrgcore")
    assert made.arrays.keys() == small.arrays.keys()
    differing = {name for name, array in small.arrays.items() if not np.array_equal(array, made.arrays[name])}
    assert differing == {"rule_basis"}  # published, not judgement
    assert made.info.id == "official" and made.info.digest != small.info.digest


def test_both_engines_group_by_it_as_by_the_small_design(place: Path, small: Bundle) -> None:
    bundle = load_design(place / "design.hrgcore")
    grouper = Grouper(place / "design.hrgcore", threads=2)
    maker = Maker(small.tables)
    spells = Input(maker.spells(example_of(SPELLS, seed=7)))
    result = assert_agree(Both(bundle, grouper, ReferenceEngine(bundle.tables), maker), spells)
    assert len(set(result.spells.column("SpellHRG").to_pylist())) > 20


def test_every_row_names_its_sheet_and_row(place: Path) -> None:
    assert table_rows(place / "tables", "opcs4")[1] == {
        "category": "A57",
        "codes": "7",
        "basis": "published",
        "note": "OPCS row 4",
    }
    assert table_rows(place / "tables", "diagnoses")[0]["note"] == "Diagnoses row 2: remark, too"
    assert table_rows(place / "tables", "diagnoses")[0]["basis"] == "judgement"
    lists = table_rows(place / "tables", "procedure_lists")
    assert [row["note"] for row in lists if row["list"] == "dialysis"] == ["Flags row 2"]
    assert {row["note"] for row in lists if row["list"] != "dialysis"} == {""}
    split = table_rows(place / "tables", "splits")[0]
    assert split["note"] == "Splits row 2; label: HRG & Subchapters row 2"
    root = next(row for row in table_rows(place / "tables", "roots") if row["root"] == "EB03")
    assert root["name"] == "Heart Failure or Shock" and re.fullmatch(r"HRG & Subchapters row \d+", root["note"])


def test_the_tables_compile_as_any_other(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compile", str(place / "tables"), "-o", str(place / "again.hrgcore")]) == 0
    assert (place / "again.hrgcore").read_bytes() == (place / "design.hrgcore").read_bytes()


def test_design_toml_says_where_it_comes_from(place: Path) -> None:
    text = (place / "tables" / "design.toml").read_text(encoding="utf-8")
    assert re.search(r'# Workbook: "book\.xlsx", SHA-256 [0-9a-f]{64}\n# Mapping:  "mapping\.toml", SHA-256 [0-9a-f]{64}\n', text)
    found, rest = tomllib.loads(text), tomllib.loads(gutted()["design.toml"])
    assert found["status"] == "An example." and found["format"] == 1
    assert found["choices"] == rest["choices"]


# The mapping of the two known sheets, over the embedded design --------------------------------------------------------------------


def test_the_known_sheets_over_the_open_design(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    embedded = load_design(DEFAULT_DESIGN)
    more = [["LD01A", "Hospital Haemodialysis", "Unbundled", "LD", "Renal Dialysis", "L", "Urinary"]]
    sheets = {"HRG & Subchapters": [*hrg_rows(embedded), *more], "OPCS": opcs_rows(embedded)}
    write_workbook(tmp_path / "book.xlsx", sheets)
    (tmp_path / "mapping.toml").write_text(KNOWN, encoding="utf-8")
    arguments = ["--workbook", str(tmp_path / "book.xlsx"), "--mapping", str(tmp_path / "mapping.toml")]
    assert main(["compile", *arguments, "-o", str(tmp_path / "design.hrgcore")]) == 0
    out, err = capsys.readouterr()
    assert "design.hrgcore: open-rules-official-labels 1, digest " in out
    assert err.count("\n") == 1 and "nothing groups to 1 of its HRGs, which splits.csv does not have: LD01A" in err
    made = load_design(tmp_path / "design.hrgcore")
    assert [name for name, array in embedded.arrays.items() if not np.array_equal(array, made.arrays[name])] == []
    assert made.info.status.endswith("Not for payment.")


# Labels ---------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("labels", "name", "written"),
    [
        (["Hip Procedures"], "Hip Procedures", [""]),
        (
            ["Hip Procedures, with CC Score 3+", "Hip Procedures, with CC Score 0-2"],
            "Hip Procedures,",
            ["=with CC Score 3+", "=with CC Score 0-2"],
        ),
        (
            ["Asthma with Interventions", "Asthma without Interventions"],
            "Asthma",
            ["=with Interventions", "=without Interventions"],
        ),
        (["Burn, with Severity 1", "Burn, 18 years and under"], "Burn,", ["=with Severity 1", "=18 years and under"]),
        (["Asthma, 18 years and under", "Asthma, 19 years and over"], "Asthma", ["=18 years and under", "=19 years and over"]),
        (["Knee", "Knee, with Fracture"], "Knee{}", ["=", "=, with Fracture"]),
        (["One", "Another"], "{}", ["=One", "=Another"]),
        (["{} with A", "{} with B"], "{}", ["={} with A", "={} with B"]),
        (["Knee  with A", "Knee  with B"], None, None),
        (["Knee (minor)", "Knee (major)"], "Knee{}", ["= (minor)", "= (major)"]),
    ],
)
def test_labels_are_parted_so_that_they_compose(labels: list[str], name: str | None, written: list[str] | None) -> None:
    splits = [{"cc": "0-2", "label": "wrong"}] * len(labels) if len(labels) > 1 else [{}]
    found, parts = part_labels(labels, splits)
    assert [compose(found, {**split, "label": part}) for split, part in zip(splits, parts, strict=True)] == labels
    assert (name is None or found == name) and (written is None or parts == written)


def test_one_hrg_with_conditions_keeps_its_label() -> None:
    name, (written,) = part_labels(["Knee"], [{"age": "19+"}])
    assert compose(name, {"age": "19+", "label": written}) == "Knee"


_words = st.sampled_from(["Knee", "Knee,", "with", "without", "CC", ",", "{}", "=", "", "and"])


@given(st.lists(st.lists(_words, min_size=1, max_size=6).map(" ".join).filter(str.strip), min_size=1, max_size=4), st.booleans())
def test_any_labels_compose(labels: list[str], conditions: bool) -> None:
    splits = [{"age": "19+"} if conditions else {}] * len(labels)
    name, written = part_labels(labels, splits)
    assert [compose(name, {**split, "label": part}) for split, part in zip(splits, written, strict=True)] == labels


# Cells ----------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "cell", "made"),
    [
        (" A01.1 ", Cell("", code="opcs4"), "A011"),
        ("a01.1", Cell("", code="opcs4"), "A011"),
        ("\u00a0A01 .1\u00a0", Cell("", code="opcs4"), "A011"),
        ("I10", Cell("", code="icd10"), "I10X"),
        ("I10.X", Cell("", code="icd10"), "I10X"),
        ("M48.40", Cell("", code="icd10"), "M4840"),
        ("A17.0†", Cell("", without="†*", code="icd10"), "A170"),
        ("A01.1, A01.2;A02.1,", Cell("", separator=",;", code="opcs4"), "A011 A012 A021"),
        ("A01.1\nA01.2", Cell("", separator="\n", code="opcs4"), "A011 A012"),
        ("A01-A03, B05", Cell("", separator=",", terms="opcs4"), "A01-A03 B05"),
        ("J45.0-J45.8 !J45.1", Cell("", terms="icd10"), "J450-J458 !J451"),
        ("A01.1", Cell("", code="opcs4", characters=(0, 3)), "A01"),
        ("M48.40", Cell("", code="icd10", characters=(3, None)), "40"),
        ("AA22C", Cell("", characters=(4, 5)), "C"),
        ("Core", Cell("", values={"Core": "core"}), "core"),
        ("", Cell("", values={"Core": "core"}), ""),
        ("", Cell("", values={"": "none"}), "none"),
        ("B, A", Cell("", separator=",", values={"A": "1", "B": "2"}), "2 1"),
        (" two\r\nlines\u00a0here  inside ", Cell(""), "two lines\u00a0here  inside"),
        ("", Cell("", code="opcs4"), ""),
    ],
)
def test_cells_are_made_as_the_mapping_says(text: str, cell: Cell, made: str) -> None:
    assert make_text(text, cell) == made


@pytest.mark.parametrize(
    ("text", "cell", "says"),
    [
        ("A01", Cell("", code="opcs4"), "'A01' is no code of opcs4"),
        ("A01.1 A01.2", Cell("", code="opcs4"), "is no code of opcs4. Correct it, name a `separator`"),
        ("ſ01.1", Cell("", code="opcs4"), "is no code"),
        ("A01.١", Cell("", code="opcs4"), "is no code"),
        ("M48.400", Cell("", code="icd10"), "is no code of icd10"),
        ("A03-A01", Cell("", terms="opcs4"), "runs backwards"),
        ("A01, A02", Cell("", terms="opcs4"), "'A01,' is not a term of opcs4"),
        ("Both", Cell("", values={"Core": "core"}), "'Both' is none of the texts under `values`"),
        ("x" * 500, Cell("", values={}), "xxx…' is none"),
    ],
)
def test_cells_that_cannot_be_made_say_why(text: str, cell: Cell, says: str) -> None:
    with pytest.raises(ValueError, match=re.escape(says)):
        make_text(text, cell)


@pytest.mark.parametrize(
    ("low", "high", "made"),
    [
        ("19", "", "19+"),
        ("0", "18", "0-18"),
        ("", "18", "0-18"),
        ("4", "4", "4"),
        ("", "", ""),
        ("0", "999", ""),
        ("007", "9", "7-9"),
    ],
)
def test_ranges_of_two_cells(low: str, high: str, made: str) -> None:
    column = Between("", "", open=("", "999"))
    assert make_range(make_end(low, column, upper=False), make_end(high, column, upper=True)) == made


def test_letters_of_columns() -> None:
    letters = [column_letter(column) for column in (0, 25, 26, 701, 702, 16_383)]
    assert letters == ["A", "Z", "AA", "ZZ", "AAA", "XFD"]
    assert [column_number(name) for name in letters] == [0, 25, 26, 701, 702, 16_383]


# What can be wrong in a sheet -----------------------------------------------------------------------------------------------------

HEAD = """\
format = 1
from = "rest"
[design]
id = "made"
title = "Made"
release = "none"
version = "1"
status = "Made for tests."
attribution = "None."
"""
OPCS = """\
[[tables.opcs4]]
sheet = "OPCS"
columns.category = { heading = "Code", code = "opcs4", characters = "1-3" }
columns.codes = { heading = "Code", code = "opcs4", characters = "4" }
"""
DIAGNOSES = """\
[[tables.diagnoses]]
sheet = "Diagnoses"
columns.codes = { heading = "Code", code = "icd10" }
columns.hierarchy = "Hierarchy"
columns.note = "Note"
"""
SPLITS = """\
[[tables.splits]]
sheet = "Splits"
columns.root = { heading = "HRG", characters = "1-4" }
columns.split = { heading = "HRG", characters = "5" }
columns.age = { low = "From", high = "To" }
"""
LABELS = """\
[labels]
sheet = "HRG"
hrg = "HRG"
label = "Label"
"""
GOOD = {"OPCS": [["Code"], ["A57.3"], ["A57.7"]]}


class Case:
    """A folder with a mapping and a workbook, to be read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.mapping = folder / "mapping.toml"
        self.workbook = folder / "book.xlsx"
        write_folder(folder / "rest", {**small_texts(), "design.toml": gutted()["design.toml"]})

    def read(self, mapping: str | bytes = HEAD + OPCS, sheets: Mapping[str, Rows] = GOOD, **options: object) -> dict[str, str]:
        """The texts of the tables that a mapping makes of sheets."""
        self.mapping.write_bytes(mapping.encode() if isinstance(mapping, str) else mapping)
        write_workbook(self.workbook, sheets, **options)
        return read_workbook(self.workbook, self.mapping).texts

    def read_parts(self, **changed: str | bytes | None) -> dict[str, str]:
        """Likewise, of the good workbook with some parts changed, by the end of their names (None: taken away)."""
        parts = workbook_parts(GOOD)
        for ending, content in changed.items():
            name = {"sheet": "xl/worksheets/sheet1.xml", "rels": "xl/_rels/workbook.xml.rels"}.get(ending, f"xl/{ending}.xml")
            if content is None:
                del parts[name]
            else:
                parts[name] = content.encode() if isinstance(content, str) else content
        return self.read_bytes(write_parts(self.workbook, parts).read_bytes())

    def read_bytes(self, content: bytes) -> dict[str, str]:
        self.mapping.write_text(HEAD + OPCS, encoding="utf-8")
        self.workbook.write_bytes(content)
        return read_workbook(self.workbook, self.mapping).texts


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return Case(tmp_path)


def test_the_good_workbook_is_read(case: Case) -> None:
    text = "category,codes,basis,note\nA57,3,published,OPCS row 2\nA57,7,published,OPCS row 3\n"
    texts = case.read()
    assert texts["opcs4.csv"] == text
    assert tomllib.loads(texts["design.toml"])["error_label"] == "Data Invalid for Grouping"  # of the design in `from`
    assert {name: made for name, made in texts.items() if name not in ("opcs4.csv", "design.toml")} == {
        name: given for name, given in small_texts().items() if name not in ("opcs4.csv", "design.toml")
    }
    assert case.read_parts()["opcs4.csv"] == text


def test_rows_are_numbered_as_the_sheet_shows_them(case: Case) -> None:
    """Blank rows and columns before the headings count; blank rows among the others are passed over, and count, too."""
    rows: Rows = [
        [],
        [None, None, "title"],
        [],
        [None, "Code"],
        [None, "A57.3"],
        [],
        [None, " "],
        [None, None, "x"],
        [None, "A57.7"],
    ]
    text = case.read(HEAD + OPCS.replace('"OPCS"', '"OPCS"\nheadings = 4'), {"OPCS": rows})["opcs4.csv"]
    assert [line.rpartition(",")[2] for line in text.splitlines()] == ["note", "OPCS row 5", "OPCS row 9"]


_HEADED = [["Code", "Hierarchy", "Note"]]
_SHEET_FAULTS: list[tuple[str, dict[str, Rows], str]] = [  # mapping, sheets, what the fault says
    (OPCS, {"Opcs": [["Code"]]}, "no sheet 'OPCS'; it has 'Opcs'. Correct `sheet` in tables.opcs4 (1) of the mapping."),
    (OPCS, {"OPCS": [["Kode", "Version"], ["A57.3"]]}, "sheet 'OPCS', row 1: no heading 'Code'; the row has 'Kode', 'Version'."),
    (OPCS, {"OPCS": []}, "sheet 'OPCS', row 1: no heading 'Code'; the row has none."),
    (OPCS, {"OPCS": [[], ["Code"], ["A57.3"]]}, "sheet 'OPCS', row 1: no heading 'Code'; the row has none."),
    (
        OPCS,
        {"OPCS": [["Code", "x", " Code\n"], ["A57.3"]]},
        "the heading 'Code' stands in columns A and C. Name the one that is meant",
    ),
    (OPCS, {"OPCS": [["Code"], ["A57.3"], ["A57"]]}, "sheet 'OPCS', row 3, column A (Code): 'A57' is no code of opcs4."),
    (OPCS, {"OPCS": [["Code"], [1.0]]}, "sheet 'OPCS', row 2, column A (Code): has a number (1.0) where a code should be."),
    (OPCS, {"OPCS": [["Code"], [True]]}, "row 2, column A (Code): has the truth value TRUE where a code should be."),
    (OPCS, {"OPCS": [["Code"], [DATE]]}, "row 2, column A (Code): has a date or time (2024-03-01), as spreadsheet programs make"),
    (OPCS, {"OPCS": [["Code"], [ERROR]]}, "row 2, column A (Code): is the error #N/A. Put a value in its place"),
    (OPCS, {"OPCS": [["Code"], [FORMULA]]}, "row 2, column A (Code): is a formula without a value."),
    (OPCS, {"OPCS": [["Code"], [FORMULA_EMPTY]]}, "row 2, column A (Code): is a formula without a value."),
    (DIAGNOSES, {"Diagnoses": [*_HEADED, ["J45.0", 1.5]]}, "row 2, column B (Hierarchy): has a number (1.5) where text should be."),
    (DIAGNOSES, {"Diagnoses": [*_HEADED, ["J45.0", 1e300]]}, "column B (Hierarchy): has a number (1e+300) where text should be."),
    (DIAGNOSES, {"Diagnoses": [*_HEADED, ["J45.0", DATE]]}, "column B (Hierarchy): has a date or time"),
    (
        DIAGNOSES,
        {"Diagnoses": [*_HEADED, ["J45.0", None, "x"]]},
        "row 2, column B (Hierarchy): leaves diagnoses.csv without its hierarchy.",
    ),
    (
        DIAGNOSES,
        {"Diagnoses": [*_HEADED, [None, 4]]},
        "row 2, column A (Code): leaves diagnoses.csv without its codes. Fill it, or leave",
    ),
    (DIAGNOSES, {"Diagnoses": [*_HEADED, ["J45.0", 4, ERROR]]}, "row 2, column C (Note): is the error #N/A."),
    (SPLITS, {"Splits": [["HRG", "From", "To"], ["AA50Z", 5, None]]}, ""),
    (SPLITS, {"Splits": [["HRG", "From", "To"], ["AA50Z", "x", 5]]}, "row 2, column B (From): 'x' is no whole number"),
    (
        SPLITS,
        {"Splits": [["HRG", "From", "To"], ["AA50Z", 5, "max"]]},
        "row 2, column C (To): 'max' is no whole number, as the end of",
    ),
    (SPLITS, {"Splits": [["HRG", "From", "To"], ["AA50Z", 9, 5]]}, "row 2, column C (To): the range from 9 to 5 runs backwards."),
    (SPLITS, {"Splits": [["HRG", "From", "To"], ["AA50", 1, 5]]}, "row 2, column A (HRG): leaves splits.csv without its split."),
    (
        OPCS.replace("columns.codes", 'keep = { Version = "4.*" }\ncolumns.codes'),
        {"OPCS": [["Code", "Version"], ["A57.3", ERROR]]},
        "row 2, column B (Version): is the error #N/A.",
    ),
    (LABELS, {"HRG": [["HRG", "Label"], ["AA50Z", "X"]]}, "sheet 'HRG': no label for AB10Z of splits.csv."),
    (
        LABELS,
        {"HRG": [["HRG", "Label"], ["AA50Z", "X"], ["AA50Z", "Y"]]},
        "row 3, column A (HRG): AA50Z has another label in HRG row 2.",
    ),
    (LABELS, {"HRG": [["HRG", "Label"], ["AA50Z", None]]}, "row 2, column B (Label): is blank."),
    (LABELS, {"HRG": [["HRG", "Label"], [None, "X"]]}, "row 2, column A (HRG): is blank."),
    (
        '[[tables.subchapters]]\nsheet = "S"\ncolumns.subchapter = "S"\ncolumns.name = { from = "subchapter" }\n'
        "constants = { cc_list = '', interventions = '' }\n",
        {"S": [["S"], ["QQ"]]},
        "S row 2: nothing gives subchapters.csv its name. Mend tables.subchapters (1) of the mapping.",
    ),
]


@pytest.mark.parametrize(("mapping", "sheets", "says"), _SHEET_FAULTS)
def test_faults_name_sheet_row_and_column(case: Case, mapping: str, sheets: dict[str, Rows], says: str) -> None:
    if not says:
        case.read(HEAD + mapping, sheets)
        return
    with pytest.raises(InputError, match=re.escape(says)) as caught:
        case.read(HEAD + mapping, sheets)
    assert str(case.workbook) in str(caught.value)


def test_all_faults_are_told_at_once_up_to_some(case: Case) -> None:
    rows: Rows = [["Code"], *([f"bad {number}"] for number in range(200))]
    with pytest.raises(InputError) as caught:
        case.read(sheets={"OPCS": rows})
    first, *faults, last = str(caught.value).splitlines()
    assert first == f"{case.workbook}: 50 faults in the workbook" and len(faults) == 50 and "perhaps more" in last
    assert "row 2" in faults[0]


def test_merged_cells_have_their_value_in_the_first_one(case: Case) -> None:
    rows: Rows = [["Code", "Hierarchy", "Note"], ["J45.0", 4], ["J45.1", None], ["J45.8", 4]]
    with pytest.raises(
        InputError, match=r"row 3, column B \(Hierarchy\): leaves diagnoses.csv without its hierarchy\. It is one of the"
    ) as caught:
        case.read(HEAD + DIAGNOSES, {"Diagnoses": rows}, merged=["B2:B3", "A9:C9"])
    assert "merged cells B2:B3, whose value stands in the first only: part them and fill each." in str(caught.value)
    with pytest.raises(InputError, match=r"row 2, column B .* without its hierarchy\. Fill it, or leave the row out"):
        case.read(HEAD + DIAGNOSES, {"Diagnoses": [*_HEADED, ["J45.0", None]]}, merged=["B2:B3"])


def test_formulas_give_what_was_saved_with_them(case: Case) -> None:
    number = Raw('<c r="{at}"><f>2+2</f><v>4</v></c>')
    inline = Raw('<c r="{at}" t="inlineStr"><is><r><t>J45</t></r><r><t>.0</t></r></is></c>')
    nothing = Raw('<c r="{at}" t="str"><f>IF(1,"")</f><v></v></c>')
    rows: Rows = [*_HEADED, [calculated("J45.1"), number, nothing], [inline, calculated("5")]]
    text = case.read(HEAD + DIAGNOSES, {"Diagnoses": rows})["diagnoses.csv"]
    assert text.splitlines()[1:] == ["J451,4,published,Diagnoses row 2", "J450,5,published,Diagnoses row 3"]


def test_whole_numbers_and_truth_are_text(case: Case) -> None:
    text = case.read(HEAD + DIAGNOSES, {"Diagnoses": [*_HEADED, ["J45.1", 4.0, True], ["J45.0", "4", 10**15]]})["diagnoses.csv"]
    assert text.splitlines()[1:] == [
        "J451,4,published,Diagnoses row 2: TRUE",
        "J450,4,published,Diagnoses row 3: 1000000000000000",
    ]


def test_rows_are_kept_and_dropped_by_patterns(case: Case) -> None:
    mapping = HEAD + OPCS + 'keep = { Version = ["4.[0-9]", "5"] }\ndrop = { Note = "?*", "@A" = "A57.9" }\n'
    rows: Rows = [
        ["Code", "Version", "Note"],
        ["A57.3", 4.1],
        ["A57.7", 5],
        ["A57.9", 5],
        ["C99.2", 3],
        ["E85.1", 5, "old"],
        [None, 5],
    ]
    text = case.read(mapping, {"OPCS": rows})["opcs4.csv"]
    assert [line[:5] for line in text.splitlines()[1:]] == ["A57,3", "A57,7"]


def test_columns_by_their_letters(case: Case) -> None:
    mapping = HEAD + OPCS.replace('"Code"', '"@B"')
    assert "A57,3" in case.read(mapping, {"OPCS": [["Code", "Code"], [None, "A57.3"]]})["opcs4.csv"]
    assert "A57,3" in case.read(mapping, {"OPCS": [[None, "Code"], [None, "A57.3"]]})["opcs4.csv"]


def test_headings_of_any_type(case: Case) -> None:
    """A heading may be a number, as those of a grid are; one that is a date can't be asked for, and does no harm."""
    mapping = HEAD + OPCS.replace('"Code"', '"7"')
    assert "A57,3" in case.read(mapping, {"OPCS": [[DATE, ERROR, 7, 1.5], [None, None, "A57.3"]]})["opcs4.csv"]


def test_what_follows_from_a_fault_is_not_said(case: Case) -> None:
    with pytest.raises(InputError) as caught:
        case.read(sheets={"OPCS": [["Code"], [1]]})
    assert str(caught.value).count("\n") == 2  # one for the category, one for what follows it
    assert "leaves" not in str(caught.value)


def test_a_huge_dimension_is_not_believed(case: Case) -> None:
    assert "A57,3" in case.read(dimension="A1:XFD1048576")["opcs4.csv"]


def test_cells_and_rows_without_places_are_counted(case: Case) -> None:
    strings: list[str] = []
    body = sheet_xml([["Code"], ["A57.3"], ["A57.7"]], strings)
    for place in (' r="1"', ' r="2"', ' r="3"', ' r="A1"', ' r="A2"', ' r="A3"'):
        body = body.replace(place, "")
    assert "A57,7,published,OPCS row 3" in case.read_parts(sheet=body, sharedStrings=shared_xml(strings))["opcs4.csv"]
    body = body.replace("</sheetData>", "<row><c><f>1</f></c></row></sheetData>")
    with pytest.raises(InputError, match=r"row 4, column A \(Code\): is a formula without a value"):
        case.read_parts(sheet=body, sharedStrings=shared_xml(strings))


# Hostile workbooks ----------------------------------------------------------------------------------------------------------------


def test_what_is_no_workbook(case: Case, tmp_path: Path) -> None:
    good = write_workbook(tmp_path / "good.xlsx", GOOD).read_bytes()
    for content, says in (
        (b"", "not an .xlsx workbook"),
        (b"Code,Version\nA57.3,4\n", "not an .xlsx workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 512, "either has a password or is an old .xls"),
        (good[:-30], "damaged, or was cut short"),
        (good[: len(good) // 2], "damaged, or was cut short"),
        (b"PK\x03\x04", "damaged, or was cut short"),
        (good.replace(b"PK\x01\x02", b"PK\x01\x03", 1), "damaged, or was cut short"),
    ):
        with pytest.raises(InputError, match=re.escape(says)):
            case.read_bytes(content)


def test_a_flipped_byte_is_damage_or_nothing(case: Case, tmp_path: Path) -> None:
    """Whatever byte is changed, the workbook is read or refused; nothing else comes out."""
    good = write_workbook(tmp_path / "good.xlsx", GOOD).read_bytes()
    refused = 0
    for at in range(0, len(good), 7):
        try:
            case.read_bytes(good[:at] + bytes([good[at] ^ 0x55]) + good[at + 1 :])
        except InputError:
            refused += 1
    assert refused > 50


@pytest.mark.parametrize(
    ("names", "says"),
    [
        (["a.txt"], "is a zip, but no .xlsx workbook. Save it as .xlsx."),
        (["xl/workbook.bin"], "is an .xlsb workbook"),
        (["content.xml"], "is an OpenDocument file"),
        (["xl/workbook.xml"], "has no xl/_rels/workbook.xml.rels"),
    ],
)
def test_other_zips(case: Case, names: list[str], says: str) -> None:
    with pytest.raises(InputError, match=re.escape(says)):
        case.read_bytes(write_parts(case.workbook, dict.fromkeys(names, b"<x/>")).read_bytes())


def test_a_missing_file_and_a_folder(case: Case, tmp_path: Path) -> None:
    case.read()
    for path in (tmp_path / "absent.xlsx", tmp_path):
        with pytest.raises(InputError, match="no such file"):
            read_workbook(path, case.mapping)
        with pytest.raises(InputError, match="no such file"):
            read_workbook(case.workbook, path)


def test_a_zip_bomb_is_not_unpacked(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    parts = workbook_parts(GOOD) | {"xl/media/image.bin": b"\0" * (9 * 1024 * 1024)}
    bomb = write_parts(case.workbook, parts).read_bytes()
    monkeypatch.setattr(zipfile.ZipFile, "read", lambda *_: pytest.fail("unpacked"))
    with pytest.raises(InputError, match=r"'xl/media/image\.bin' unpacks from \d+ to 9437184 bytes, as only a zip bomb does"):
        case.read_bytes(bomb)


def test_a_part_larger_than_its_zip_says(case: Case) -> None:
    """The directory's word for a size is what is measured; the part gives no more than that, and is damaged then."""
    parts = workbook_parts(GOOD)
    data = bytearray(write_parts(case.workbook, parts).read_bytes())
    at = data.rindex(b"xl/worksheets/sheet1.xml") - 46
    assert data[at : at + 4] == b"PK\x01\x02"
    data[at + 24 : at + 28] = (10).to_bytes(4, "little")
    with pytest.raises(InputError, match="damaged, or was cut short"):
        case.read_bytes(bytes(data))


@pytest.mark.parametrize(
    ("limits", "says"),
    [
        ({"file_bytes": 1000}, "larger than 1000 bytes"),
        ({"parts": 6}, "has more than 6 parts"),
        ({"unpacked_bytes": 1000}, "bytes; at most 1000 are taken"),
        ({"sheets": 0}, "has 1 sheets; at most 0 are taken"),
        ({"rows": 2}, "has a row called '3'; rows are numbered from 1 to 2"),
        ({"columns": 0}, "has cells beyond the last row or column"),
        ({"cells": 3, "text": 99}, ""),
        ({"cells": 2}, "has more than 2 texts"),
        ({"characters": 13}, "up to sheet 'OPCS', cells hold more than 13 characters"),
        ({"text": 4}, "has a text of more than 4 characters"),
    ],
)
def test_limits(case: Case, monkeypatch: pytest.MonkeyPatch, limits: dict[str, int], says: str) -> None:
    monkeypatch.setattr(sheets, "LIMITS", Limits(**limits))
    if not says:
        case.read()
        return
    with pytest.raises(InputError, match=re.escape(says)):
        case.read()


@pytest.mark.parametrize(("cell", "merged", "what"), [(FORMULA, [], "cells without a value"), ("x", ["A1:A2"], "merged ranges")])
def test_notes_are_bounded(case: Case, monkeypatch: pytest.MonkeyPatch, cell: Raw | str, merged: list[str], what: str) -> None:
    monkeypatch.setattr(sheets, "LIMITS", Limits(notes=0))
    with pytest.raises(InputError, match=f"has more than 0 {what}"):
        case.read(sheets={"OPCS": [["Code", cell]]}, merged=merged)


def test_a_far_cell_is_refused_before_a_rectangle_is_made(case: Case) -> None:
    for far in ("XFD1048576", "A1048576", "xfd900000"):
        body = sheet_xml([["Code"], [Raw(f'<c r="{far}"><v>1</v></c>'), Raw('<c r="XFD1"><v>1</v></c>')]], [])
        with pytest.raises(InputError, match="sheet 'OPCS' reaches to row [0-9]+ and column XFD: with it [0-9]+ cells"):
            case.read_parts(sheet=body)


def test_one_long_text_in_many_cells_is_counted_as_often(case: Case) -> None:
    """The parser gives each cell a copy of its text: a file of some kilobytes could fill any memory."""
    cells = [Raw('<c r="{at}" t="s"><v>0</v></c>')]
    body = sheet_xml([cells] * 2_000, [])
    with pytest.raises(InputError, match="cells hold more than 50000000 characters"):
        case.read_parts(sheet=body, sharedStrings=shared_xml(["x" * 30_000]))
    assert case.workbook.stat().st_size < 100_000


def test_elements_with_a_prefix_are_the_same_elements(case: Case) -> None:
    strings: list[str] = []
    body = re.sub(r"<(/?)(?=[a-zA-Z])", r"<\1x:", sheet_xml([["Code"], ["A57.3"]], strings)).replace("xmlns=", "xmlns:x=")
    assert "A57,3" in case.read_parts(sheet=body, sharedStrings=shared_xml(strings))["opcs4.csv"]
    far = body.replace('r="A2"', 'r="XFD900000"')
    with pytest.raises(InputError, match="reaches to row 900000 and column XFD"):
        case.read_parts(sheet=far, sharedStrings=shared_xml(strings))


def test_far_cells_without_a_value_do_no_harm(case: Case) -> None:
    strings: list[str] = []
    body = sheet_xml([["Code"], ["A57.3", Raw('<c r="XFD1048576" s="1"/>')]], strings)
    assert "A57,3" in case.read_parts(sheet=body, sharedStrings=shared_xml(strings))["opcs4.csv"]


@pytest.mark.parametrize("place", ["", "A", "1", "A0", "A1048577", "AAAA1", "A99999999", "A1:B2", "Ä1", "A١", "A-1"])
def test_places_that_no_sheet_has(case: Case, place: str) -> None:
    with pytest.raises(InputError, match=r"part 'xl/worksheets/sheet1\.xml' has a (cell|row) called"):
        case.read_parts(sheet=sheet_xml([["Code"], [Raw(f'<c r="{place}"><v>1</v></c>')]], []))


@pytest.mark.parametrize("row", ["0", "4294967295", "x", "", "-1", "1.0"])
def test_rows_that_no_sheet_has(case: Case, row: str) -> None:
    with pytest.raises(InputError, match="has a row called"):
        case.read_parts(sheet=sheet_xml([["Code"]], []).replace('r="1"', f'r="{row}"'))


def test_cells_beyond_the_edge_by_counting(case: Case) -> None:
    cell = '<c r="XFD1"><v>1</v></c><c><v>1</v></c>'
    with pytest.raises(InputError, match="beyond the last row or column"):
        case.read_parts(sheet=sheet_xml([[Raw(cell)]], []))


@pytest.mark.parametrize(
    "doctype",
    [
        '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]>',
        '<!DOCTYPE x SYSTEM "http://example.invalid/x.dtd">',
    ],
)
@pytest.mark.parametrize("part", ["sheet", "workbook", "rels", "sharedStrings", "styles"])
def test_entities_and_other_files_are_refused(case: Case, part: str, doctype: str) -> None:
    name = {"sheet": "xl/worksheets/sheet1.xml", "rels": "xl/_rels/workbook.xml.rels"}.get(part, f"xl/{part}.xml")
    text = workbook_parts(GOOD)[name].decode().removeprefix('<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n')
    with pytest.raises(InputError, match=re.escape(f"part {name!r} has a DOCTYPE")):
        case.read_parts(**{part: doctype + text})


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ('<c r="A2" t="s"><v>7</v></c>', "a cell whose text is number '7' of 3 texts"),
        ('<c r="A2" t="s"><v> 1</v></c>', "a cell whose text is number ' 1' of 3 texts"),
        ('<c r="A2" t="s"><v>1<!-- -->0</v></c>', "a cell whose text is number '10' of 3 texts"),
        ('<c r="A2" t="s"><v>0&#49;</v></c>', "a cell whose text is number '01' of 3 texts"),
        ('<c r="A2" t="s"><v>1</v><v>2</v></c>', "has two values, or a formula after its value"),
        ('<c r="A2"><v>1</v><f>1</f></c>', "has two values, or a formula after its value"),
    ],
)
def test_cells_that_the_parser_would_misread(case: Case, value: str, says: str) -> None:
    strings = ["Code", "A57.3", "A57.7"]
    body = sheet_xml([[Raw('<c r="{at}" t="s"><v>0</v></c>')], [Raw(value)]], [])
    with pytest.raises(InputError, match=re.escape(says)):
        case.read_parts(sheet=body, sharedStrings=shared_xml(strings))


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"sheet": "<worksheet><sheetData>"}, "part 'xl/worksheets/sheet1.xml' is no well-formed XML (line 1)"),
        ({"sheet": b"\xff\xfe<\0x\0/\0>\0"}, "is not UTF-8"),
        ({"sheet": b"\0<\0x\0/\0>"}, "is not UTF-8"),
        ({"sheet": b'<?xml version="1.0"?><worksheet>\xe9</worksheet>'}, "is no well-formed XML"),
        ({"sheet": ""}, "is no well-formed XML"),
        ({"sheet": "<chartsheet/>"}, "sheet 'OPCS', row 1: no heading 'Code'; the row has none."),
        ({"sheet": None}, "no sheet 'OPCS'"),
        ({"sharedStrings": None}, "a cell whose text is number '0' of 0 texts"),
        ({"sharedStrings": "<sst><si><t>a<si><t>b</t></si></t></si></sst>"}, "has a text within a text"),
        ({"styles": "<styleSheet><sheetData/></styleSheet>"}, "has a sheet's data and is no sheet"),
        ({"workbook": workbook_xml(["OPCS", "OPCS"])}, "has several sheets called 'OPCS'"),
        ({"workbook": workbook_xml([])}, "no sheet 'OPCS'; it has none."),
        ({"rels": relations({"rId1": ("worksheet", "../../../etc/passwd")})}, "no sheet 'OPCS'"),
        ({"rels": relations({"rId1": ("worksheet", "sharedStrings.xml")})}, "no sheet 'OPCS'"),
        ({"rels": relations({})}, "no sheet 'OPCS'"),
    ],
)
def test_parts_that_are_not_what_they_should_be(case: Case, changed: dict[str, str | bytes | None], says: str) -> None:
    with pytest.raises(InputError, match=re.escape(says)) as caught:
        case.read_parts(**changed)
    assert str(case.workbook) in str(caught.value)


def test_absolute_targets_are_found(case: Case) -> None:
    assert "A57,3" in case.read_parts(rels=relations({"rId1": ("worksheet", "/xl/worksheets/sheet1.xml")}))["opcs4.csv"]


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_part_twice_and_an_encrypted_part(case: Case) -> None:
    with zipfile.ZipFile(case.workbook, "w") as archive:
        for name, content in [*workbook_parts(GOOD).items(), ("xl/workbook.xml", b"<x/>")]:
            archive.writestr(name, content)
    with pytest.raises(InputError, match=r"part 'xl/workbook\.xml' stands twice"):
        case.read_bytes(case.workbook.read_bytes())
    data = bytearray(write_workbook(case.workbook, GOOD).read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(InputError, match="is encrypted"):
        case.read_bytes(bytes(data))


def test_a_panic_of_the_parser_is_an_input_error(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    class Panic(BaseException):
        pass

    class Calamine:
        class CalamineWorkbook:
            @staticmethod
            def from_filelike(_: object) -> None:
                raise Panic("index out of bounds")

    monkeypatch.setattr(sheets, "_calamine", lambda: Calamine)
    with pytest.raises(InputError, match=r"can't be read as a workbook \(index out of bounds\)"):
        case.read()


def test_only_the_parts_that_are_needed_reach_the_parser(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    import python_calamine

    seen: list[list[str]] = []

    class Spy:
        class CalamineWorkbook:
            @staticmethod
            def from_filelike(file: object) -> object:
                with zipfile.ZipFile(file) as archive:  # type: ignore[call-overload]
                    seen.append(archive.namelist())
                file.seek(0)  # type: ignore[attr-defined]
                return python_calamine.CalamineWorkbook.from_filelike(file)  # type: ignore[arg-type]

    monkeypatch.setattr(sheets, "_calamine", lambda: Spy)
    case.read(sheets={"Other": [["x"]], **GOOD, "More": [["y"]]})
    assert [name for name in seen[0] if "sheets/" in name] == ["xl/worksheets/sheet2.xml"]


def test_without_the_package_that_reads_workbooks(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "python_calamine", None)
    with pytest.raises(UsageError, match=re.escape("pip install 'hrgcore[workbook]'")):
        case.read()


# Mappings -------------------------------------------------------------------------------------------------------------------------

_OWN = HEAD.replace('from = "rest"\n', "")
_MAPPING_FAULTS: list[tuple[str, str]] = [  # mapping, what the fault says
    (HEAD.replace("format = 1", "format = 2") + OPCS, "format: this version reads format = 1."),
    (HEAD.replace("format = 1", "format = true") + OPCS, "format: this version reads format = 1."),
    (HEAD.replace('id = "made"\n', "") + OPCS, "design.id: is missing. Give it as text."),
    (HEAD.replace('"made"', "7") + OPCS, "design.id: write it as text, in quotes."),
    (HEAD + 'colour = "x"\n' + OPCS, "design: unknown key 'colour'. The keys are id, "),
    ("sheets = 1\n" + HEAD + OPCS, "the mapping: unknown key 'sheets'."),
    ("design = 1\nformat = 1\nfrom = 'rest'\n" + OPCS, "design: write keys and values here, not int."),
    (HEAD + "[choices]\nage_max = 5\n" + OPCS, "choices.age_max: write keys and values here"),
    (HEAD + "[choices]\nage_max = { value = 1.5, colour = 'x' }\n" + OPCS, "choices.age_max: unknown key 'colour'"),
    (HEAD + "[choices]\nage_max = { value = 1.5 }\n" + OPCS, "choices.age_max.value: write text, or for value a whole number"),
    (HEAD + OPCS.replace("opcs4]]", "opcs5]]"), "tables.opcs5: no such table. The tables are icd10, opcs4, "),
    (HEAD + OPCS.replace("[[", "[").replace("]]", "]"), "tables.opcs4: write it with two brackets, [[tables.opcs4]]"),
    (HEAD + OPCS.replace('sheet = "OPCS"\n', ""), "tables.opcs4 (1).sheet: is missing."),
    (HEAD + OPCS + "heading = 1\n", "tables.opcs4 (1): unknown key 'heading'."),
    (HEAD + OPCS + "headings = 0\n", "tables.opcs4 (1).headings: write the number of the row"),
    (HEAD + OPCS + "headings = true\n", "tables.opcs4 (1).headings: write the number of the row"),
    (HEAD + OPCS + "distinct = 'yes'\n", "tables.opcs4 (1).distinct: write true or false."),
    (HEAD + OPCS + "basis = 'rumour'\n", "tables.opcs4 (1).basis: 'rumour' is none of published, "),
    (HEAD + OPCS + "keep = { Code = 1 }\n", "tables.opcs4 (1).keep.Code: write one text in quotes, or several in brackets."),
    (HEAD + OPCS + "keep = { Code = [] }\n", "tables.opcs4 (1).keep.Code: write one text in quotes, or several in brackets."),
    (HEAD + OPCS + "keep = 'x'\n", "tables.opcs4 (1).keep: write keys and values here, not str."),
    (
        HEAD + OPCS + "columns.age = 'Age'\n",
        "tables.opcs4 (1): opcs4.csv has no column age. Its columns are category, codes, note.",
    ),
    (HEAD + OPCS + "constants = { codes = '1' }\n", "tables.opcs4 (1): codes stands under columns and under constants."),
    (HEAD + OPCS + "constants = { note = 1 }\n", "tables.opcs4 (1).constants.note: write it as text"),
    (HEAD + OPCS.replace("columns.codes", "columns.note"), "tables.opcs4 (1): nothing gives the column codes."),
    (HEAD + OPCS.replace('"4"', '"4-2"'), "tables.opcs4 (1).columns.codes.characters: '4-2' is not like"),
    (HEAD + OPCS.replace('"4"', '"0-2"'), "tables.opcs4 (1).columns.codes.characters: '0-2' is not like"),
    (
        HEAD + OPCS.replace('code = "opcs4"', 'code = "opcs"'),
        "tables.opcs4 (1).columns.category.code: 'opcs' is none of icd10, opcs4.",
    ),
    (
        HEAD + OPCS.replace('code = "opcs4"', 'code = "opcs4", terms = "opcs4"'),
        "columns.codes: has code and terms. Keep one of them.",
    ),
    (HEAD + OPCS.replace('heading = "Code"', 'head = "Code"'), "columns.category: unknown key 'head'."),
    (HEAD + OPCS.replace('heading = "Code"', "values = { A = 1 }"), "columns.category.values.A: write it as text"),
    (
        HEAD + OPCS.replace('{ heading = "Code", code = "opcs4", characters = "4" }', "5"),
        "columns.codes: write keys and values here",
    ),
    (HEAD + SPLITS.replace('high = "To"', 'hi = "To"'), "tables.splits (1).columns.age: unknown key 'hi'."),
    (HEAD + SPLITS.replace(', high = "To"', ""), "tables.splits (1).columns.age.high: is missing."),
    (HEAD + SPLITS.replace('high = "To"', 'high = "To", open = 9'), "tables.splits (1).columns.age.open: write one text"),
    (HEAD + SPLITS + "columns.cc = { from = 'step' }\n", "columns.cc.from: no column step with a heading is in this entry."),
    (HEAD + SPLITS + "columns.cc = { from = 'root', heading = 'x' }\n", "columns.cc: unknown key 'heading'. The keys are from."),
    (
        HEAD + "[[tables.opcs4]]\nsheet = 'S'\nconstants = { category = 'A', codes = '1' }\n",
        "no column has a heading of the sheet.",
    ),
    (
        HEAD + "[[tables.roots]]\nsheet = 'S'\ncolumns = { root = 'R', kind = 'K' }\n",
        "tables.roots (1): nothing gives the column name.",
    ),
    (HEAD + LABELS.replace('hrg = "HRG"\n', ""), "labels.hrg.heading: is missing."),
    (HEAD + LABELS.replace('"Label"', '{ from = "x" }'), "labels.label: name a heading of the sheet."),
    (_OWN + OPCS, "from: nothing gives icd10, value_sets, sets, "),
    (_OWN + OPCS, "design.error_hrg: is missing. Give it as text."),
    (_OWN + OPCS + "add = true\n", "tables.opcs4 (1): takes the rows from a design, and no `from` names one. Add it."),
    (HEAD.replace("from =", "from = 1 #") + OPCS, "from: write it as text, in quotes."),
]


@pytest.mark.parametrize(("mapping", "says"), _MAPPING_FAULTS)
def test_faults_of_a_mapping_name_the_entry(case: Case, mapping: str, says: str) -> None:
    case.mapping.write_text(mapping, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_mapping(case.mapping)
    first, *faults = str(caught.value).splitlines()
    assert re.fullmatch(rf"{re.escape(str(case.mapping))}: \d+ faults? in the mapping; docs/workbook\.md describes it", first)
    assert [fault for fault in faults if says in fault], faults


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b'format = 1\nfrom = "r\xe9st"\n', "line 2 is not UTF-8. Save the mapping as UTF-8."),
        (b"\xff\xfef\0o\0", "line 1 is not UTF-8"),
        (b"format = \n", "Correct the TOML."),
        (b"format = 1\nformat = 1\n", "Correct the TOML."),
        (b"a = " + b"[" * 100_000, "values stand too deep in each other"),
        (b"#" * (1024 * 1024 + 1), "larger than 1048576 bytes"),
    ],
)
def test_mappings_that_cannot_be_read(case: Case, content: bytes, says: str) -> None:
    with pytest.raises(InputError, match=re.escape(says)):
        case.read(content)


def test_a_byte_order_mark_does_no_harm(case: Case) -> None:
    assert "A57,3" in case.read("\ufeff" + HEAD + OPCS)["opcs4.csv"]


def test_the_design_in_from(case: Case) -> None:
    for name, says in (("absent", "from: no design 'absent'. Name one of "), ("../rest/opcs4.csv", "from: no design")):
        with pytest.raises(InputError, match=re.escape(says)):
            case.read(HEAD.replace('"rest"', f'"{name}"') + OPCS)
    with pytest.raises(InputError, match="design.id: 'rest' is that of the design in `from`. Choose another."):
        case.read(HEAD.replace('"made"', '"rest"') + OPCS)
    (case.folder / "rest" / "grid.csv").unlink()
    with pytest.raises(DesignError, match="the design in `from` has faults\ngrid.csv: missing"):
        case.read()


def test_a_design_made_of_a_workbook_alone(case: Case) -> None:
    """Without `from`, the mapping gives all; settings and choices are written so that they are read as they were meant."""
    entries, given = [], {}
    for table in SCHEMA:
        lines = [line.split(",") for line in csv_lines(small_texts()[f"{table}.csv"])]
        given[table] = [[cell or None for cell in line[:-1]] for line in lines]
        entries.append(
            f'[[tables.{table}]]\nsheet = "{table}"\n' + "".join(f'columns.{name} = "{name}"\n' for name in lines[0][:-1])
        )
    settings = tomllib.loads(small_texts()["design.toml"])
    choices = "".join(
        f"{name} = {{ value = {choice['value']}, basis = '{choice['basis']}' }}\n" for name, choice in settings["choices"].items()
    )
    own = "error_hrg = 'UZ01Z'\nerror_label = 'Data Invalid for Grouping'\n"
    odd = _OWN.replace('"Made"', r'"Made \"so\" \\ \u007f é\n2"')
    case.read(odd + own + "[choices]\n" + choices + "odd = { value = 'x', basis = 'judgement' }\n" + "".join(entries), given)
    made = read_workbook(case.workbook, case.mapping)
    compile_workbook(made, case.folder / "design.hrgcore")
    found = tomllib.loads(made.texts["design.toml"])
    assert found["title"] == 'Made "so" \\ \x7f é\n2' and found["choices"]["odd"] == {"value": "x", "basis": "judgement"}


def csv_lines(text: str) -> list[str]:
    """The lines of a table without commas in its cells."""
    return [",".join(cell.replace(",", ";") for cell in row) for row in csv.reader(text.splitlines())]


# What is written ------------------------------------------------------------------------------------------------------------------


def test_faults_of_the_design_name_sheet_and_row(case: Case) -> None:
    case.read(HEAD + DIAGNOSES + "add = true\n", {"Diagnoses": [*_HEADED, ["J45.0", 4], ["J45.0", 5], ["K52.9", 40]]})
    with pytest.raises(DesignError) as caught:
        compile_workbook(read_workbook(case.workbook, case.mapping), case.folder / "design.hrgcore")
    line = small_texts()["diagnoses.csv"].count("\n")
    assert any(
        fault.startswith(
            f"diagnoses.csv:{line + 2} (Diagnoses row 3): names J450 as closely as diagnoses.csv:{line + 1} (Diagnoses row 2)"
        )
        for fault in caught.value.faults
    )
    assert any(f"diagnoses.csv:{line + 3} (Diagnoses row 4): hierarchy" in fault for fault in caught.value.faults)
    assert not (case.folder / "design.hrgcore").exists()


def test_rows_of_several_lines_keep_faults_in_their_place(case: Case) -> None:
    path = case.folder / "rest" / "diagnoses.csv"
    path.write_text(
        path.read_text(encoding="utf-8").replace("hierarchy,basis", "hierarchy,basis,note").replace("judgement", 'judgement,"a\nb"')
    )
    case.read(HEAD + DIAGNOSES + "add = true\n", {"Diagnoses": [*_HEADED, ["J45.1", 40]]})
    with pytest.raises(DesignError, match=r"diagnoses\.csv:\d+ \(Diagnoses row 2\): "):
        compile_workbook(read_workbook(case.workbook, case.mapping), case.folder / "design.hrgcore")


def test_tables_go_to_a_new_folder_only(case: Case) -> None:
    case.read()
    made = read_workbook(case.workbook, case.mapping)
    write_tables(made, case.folder / "new" / "tables")
    assert {path.name: path.read_text(encoding="utf-8") for path in (case.folder / "new" / "tables").iterdir()} == made.texts
    for folder, says in ((case.folder / "new" / "tables", "the folder is not empty"), (case.workbook, "is a file")):
        with pytest.raises(OutputError, match=says):
            write_tables(made, folder)


def test_a_write_that_fails_leaves_nothing(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    from hrgcore.write import staging

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    case.read()
    made = read_workbook(case.workbook, case.mapping)
    monkeypatch.setattr(staging.os, "replace", fail)
    with pytest.raises(OutputError, match="No space left on device"):
        write_tables(made, case.folder / "tables")
    assert not (case.folder / "tables").exists()


# The command ----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        ([], 2, "name a folder of tables and, with -o, the bundle"),
        (["{rest}"], 2, "name a folder of tables and, with -o, the bundle"),
        (["-o", "{out}"], 2, "name a folder of tables"),
        (["{rest}", "-o", "{out}", "--mapping", "{mapping}"], 2, "--mapping and --tables go with --workbook"),
        (["{rest}", "-o", "{out}", "--tables", "{new}"], 2, "--mapping and --tables go with --workbook"),
        (["{rest}", "-o", "{out}", "--workbook", "{book}", "--mapping", "{mapping}"], 2, "FOLDER and --workbook are both given"),
        (["-o", "{out}", "--workbook", "{book}"], 2, "--workbook needs --mapping"),
        (["--workbook", "{book}", "--mapping", "{mapping}"], 2, "name what to write"),
        (["-o", "{out}", "--workbook", "{absent}", "--mapping", "{mapping}"], 3, "no such file"),
        (["-o", "{out}", "--workbook", "{book}", "--mapping", "{book}"], 3, "is not UTF-8"),
        (["-o", "{out}", "--workbook", "{book}", "--mapping", "{mapping}"], 4, "faults in the design tables"),
        (["-o", "{out}", "--workbook", "{absent}", "--mapping", "{mapping}", "--tables", "{rest}"], 5, "the folder is not empty"),
    ],
)
def test_the_command_refuses_in_one_way(
    case: Case, capsys: pytest.CaptureFixture[str], arguments: Sequence[str], code: int, says: str
) -> None:
    case.read()  # two OPCS-4 codes are too few for the rules of the rest
    places = {"rest": case.folder / "rest", "book": case.workbook, "mapping": case.mapping}
    places |= {name: case.folder / name for name in ("out", "new", "absent")}
    assert main(["compile", *(word.format(**places) for word in arguments)]) == code
    out, err = capsys.readouterr()
    assert out == "" and says in err and err.startswith("hrgcore: error: ") and "Traceback" not in err
    assert not places["out"].exists() and not places["new"].exists()


def test_tables_are_written_though_they_have_faults(case: Case, capsys: pytest.CaptureFixture[str]) -> None:
    case.read()
    arguments = ["compile", "--workbook", str(case.workbook), "--mapping", str(case.mapping), "--tables", str(case.folder / "new")]
    assert main([*arguments, "-o", str(case.folder / "out")]) == 4
    assert (case.folder / "new" / "design.toml").is_file() and not (case.folder / "out").exists()
