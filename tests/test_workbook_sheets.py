"""What can be wrong in a sheet, and how a sheet may look."""

from __future__ import annotations

import re
import tomllib

import pytest
from small_design import small_texts
from workbook_cases import DIAGNOSES, HEAD, HEADED, LABELS, OPCS, SPLITS, Case
from workbooks import (
    DATE,
    ERROR,
    FORMULA,
    FORMULA_EMPTY,
    Raw,
    Rows,
    calculated,
    shared_xml,
    sheet_xml,
)

from hrgcore.errors import InputError


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
    (DIAGNOSES, {"Diagnoses": [*HEADED, ["J45.0", 1.5]]}, "row 2, column B (Hierarchy): has a number (1.5) where text should be."),
    (DIAGNOSES, {"Diagnoses": [*HEADED, ["J45.0", 1e300]]}, "column B (Hierarchy): has a number (1e+300) where text should be."),
    (DIAGNOSES, {"Diagnoses": [*HEADED, ["J45.0", DATE]]}, "column B (Hierarchy): has a date or time"),
    (
        DIAGNOSES,
        {"Diagnoses": [*HEADED, ["J45.0", None, "x"]]},
        "row 2, column B (Hierarchy): leaves diagnoses.csv without its hierarchy.",
    ),
    (
        DIAGNOSES,
        {"Diagnoses": [*HEADED, [None, 4]]},
        "row 2, column A (Code): leaves diagnoses.csv without its codes. Fill it, or leave",
    ),
    (DIAGNOSES, {"Diagnoses": [*HEADED, ["J45.0", 4, ERROR]]}, "row 2, column C (Note): is the error #N/A."),
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
        case.read(HEAD + DIAGNOSES, {"Diagnoses": [*HEADED, ["J45.0", None]]}, merged=["B2:B3"])


def test_formulas_give_what_was_saved_with_them(case: Case) -> None:
    number = Raw('<c r="{at}"><f>2+2</f><v>4</v></c>')
    inline = Raw('<c r="{at}" t="inlineStr"><is><r><t>J45</t></r><r><t>.0</t></r></is></c>')
    nothing = Raw('<c r="{at}" t="str"><f>IF(1,"")</f><v></v></c>')
    rows: Rows = [*HEADED, [calculated("J45.1"), number, nothing], [inline, calculated("5")]]
    text = case.read(HEAD + DIAGNOSES, {"Diagnoses": rows})["diagnoses.csv"]
    assert text.splitlines()[1:] == ["J451,4,published,Diagnoses row 2", "J450,5,published,Diagnoses row 3"]


def test_whole_numbers_and_truth_are_text(case: Case) -> None:
    text = case.read(HEAD + DIAGNOSES, {"Diagnoses": [*HEADED, ["J45.1", 4.0, True], ["J45.0", "4", 10**15]]})["diagnoses.csv"]
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
