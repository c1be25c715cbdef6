"""Loading an official workbook: the mappings of docs/workbook.md as they stand give the designs that they should."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import numpy as np
import pytest
from designs import Both
from small_design import small_texts
from twins import assert_agree
from workbook_cases import gutted, table_rows, write_folder
from workbooks import (
    DATE,
    ERROR,
    FORMULA,
    Rows,
    calculated,
    write_workbook,
)

from hrgcore.cli.main import main
from hrgcore.design import DEFAULT_DESIGN, Bundle, load_design
from hrgcore.design.tables import read_texts
from hrgcore.grouper import Grouper
from hrgcore.reference import ReferenceEngine
from hrgcore.selftest.spells import Input, Maker, example_of

DOCS = Path(__file__).parents[1] / "docs" / "workbook.md"
KNOWN, MORE = re.findall(r"^```toml\n(.*?)^```$", DOCS.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
SPELLS = 400  # grouped by both engines


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
