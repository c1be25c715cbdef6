"""The logics beside admitted care under the open design: what they say of rows made by hand, and which HRGs they reach."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pyarrow as pa
import pytest
from row_twins import BABY, CHILD, LOGICS, STARTER, group, reference, table_of, told
from witnesses import witnesses_of

from hrgcore.design.logic_cases import row_cases
from hrgcore.errors import DesignError, InputError, UsageError
from hrgcore.grouper import Grouper
from hrgcore.logics import ROW_LOGICS, row_layout
from hrgcore.logics.guess import logic_of

Cells = dict[str, str]
SUBCHAPTER = {"acc": "XC", "em": "VB", "nac": "WF", "nrd": "LD", "pcc": "XB", "ncc": "XA"}
#: HRGs that no row comes to, and why.
UNREACHED = dict.fromkeys(("XA06Z", "XB08Z"), "transport is counted by the journey; no field of a day says that it was one")

_ADULT = {"CCUF": "01"}
_EM = {"AGE": "40"}
_HD = {"RENALMOD": "01", "RENALSITE": "01", "AGE": "40", "RENALACCESS": "TLN"}
_SEEN = {"STARTAGE": "40", "SEX": "2", "MAINSPEF": "300", "TRETSPEF": "300", "FIRSTATT": "1"}

_ROWS: list[tuple[str, Cells, str]] = [
    # organs: basic and advanced support of one are one, days count if above 0
    ("acc", _ADULT, "XC07Z"),
    ("acc", {**_ADULT, "BRSD": "0", "RSD": "0"}, "XC07Z"),
    ("acc", {**_ADULT, "BRSD": "1", "ARSD": "3"}, "XC06Z"),
    ("acc", {**_ADULT, "BRSD": "1", "ACSD": "3"}, "XC05Z"),
    ("acc", {**_ADULT, "ARSD": "1", "BCSD": "3", "RSD": "99999"}, "XC04Z"),
    ("acc", {**_ADULT, "ARSD": "1", "BCSD": "3", "RSD": "1", "NSD": "1"}, "XC03Z"),
    ("acc", {**_ADULT, "ARSD": "1", "BCSD": "3", "RSD": "1", "NSD": "1", "DSD": "2"}, "XC02Z"),
    ("acc", {**_ADULT, "ARSD": "1", "BCSD": "3", "RSD": "1", "NSD": "1", "DSD": "2", "LSD": "1"}, "XC01Z"),
    ("acc", {**_ADULT, "RSD": "100000"}, "UZ01Z"),
    ("acc", {"CCUF": "1", "RSD": "1"}, "XC06Z"),  # a leading zero may be missing
    ("acc", {"CCUF": "91"}, "XC07Z"),
    ("acc", {"CCUF": "001"}, "UZ01Z"),
    ("acc", {"CCUF": "13"}, "UZ01Z"),
    ("acc", {"CCUF": "4"}, "UZ01Z"),
    ("acc", {"CCUF": ""}, "UZ01Z"),
    # the matrix: the highest category of each counts
    ("em", _EM, "VB11Z"),
    ("em", {**_EM, "INV_01": "24", "TREAT_01": "99"}, "VB11Z"),
    ("em", {**_EM, "TREAT_01": "22", "TREAT_02": "30", "TREAT_03": "57"}, "VB11Z"),
    ("em", {**_EM, "INV_01": "06"}, "VB09Z"),
    ("em", {**_EM, "TREAT_01": "02"}, "VB09Z"),
    ("em", {**_EM, "INV_01": "06", "TREAT_01": "10"}, "VB06Z"),
    ("em", {**_EM, "INV_01": "01", "INV_02": "06"}, "VB08Z"),
    ("em", {**_EM, "INV_01": "01", "TREAT_01": "02"}, "VB08Z"),
    ("em", {**_EM, "INV_01": "01", "TREAT_01": "02", "TREAT_02": "25"}, "VB07Z"),
    ("em", {**_EM, "INV_01": "01", "TREAT_01": "20"}, "VB05Z"),
    ("em", {**_EM, "INV_01": "01", "TREAT_01": "13"}, "VB04Z"),
    ("em", {**_EM, "INV_01": "12"}, "VB03Z"),
    ("em", {**_EM, "INV_01": "12", "TREAT_01": "20"}, "VB03Z"),
    ("em", {**_EM, "INV_01": "12", "TREAT_01": "44"}, "VB02Z"),
    ("em", {**_EM, "TREAT_01": "16"}, "VB01Z"),
    ("em", {**_EM, "INV_01": "12", "TREAT_01": "19", "TREAT_02": "02"}, "VB01Z"),
    # dental work alone, and brought in dead whatever was done
    ("em", {**_EM, "INV_01": "22"}, "VB10Z"),
    ("em", {**_EM, "INV_01": "24", "TREAT_01": "56", "TREAT_02": "99"}, "VB10Z"),
    ("em", {**_EM, "INV_01": "22", "TREAT_01": "02"}, "VB09Z"),
    ("em", {**_EM, "INV_01": "12", "TREAT_01": "19", "AEPATIENTGROUP": "70"}, "VB99Z"),
    # 011 and 11 are different treatments; a lost zero is an error, not another treatment
    ("em", {**_EM, "INV_01": "01", "TREAT_01": "011"}, "VB08Z"),
    ("em", {**_EM, "INV_01": "01", "TREAT_01": "11"}, "VB05Z"),
    ("em", {**_EM, "INV_01": "1"}, "UZ01Z"),
    ("em", {**_EM, "TREAT_01": "07"}, "UZ01Z"),
    ("em", {**_EM, "TREAT_01": "26"}, "UZ01Z"),
    ("em", {**_EM, "TREAT_01": "013"}, "UZ01Z"),
    ("em", {**_EM, "INV_01": "25"}, "UZ01Z"),
    ("em", {"AGE": "131"}, "UZ01Z"),
    ("em", {"AGE": ""}, "UZ01Z"),
    ("em", {"AGE": "7003", "INV_01": "06"}, "VB09Z"),  # HES: under one year
    # modality, site, access, virus, age
    ("nrd", _HD, "LD01A"),
    ("nrd", {**_HD, "AGE": "18"}, "LD01B"),
    ("nrd", {**_HD, "AGE": "19", "RENALACCESS": "AVG"}, "LD02A"),
    ("nrd", {**_HD, "HCV": "POS"}, "LD03A"),
    ("nrd", {**_HD, "HBV": "NEG", "HCV": "UNK", "HIV": "POS", "RENALACCESS": "AVF", "AGE": "0"}, "LD04B"),
    ("nrd", {**_HD, "RENALSITE": "02"}, "LD05A"),
    ("nrd", {**_HD, "RENALSITE": "02", "HBV": "POS", "AGE": "5"}, "LD07B"),
    ("nrd", {**_HD, "RENALSITE": "03", "HBV": "POS"}, "LD09A"),
    ("nrd", {**_HD, "RENALMOD": "10", "RENALACCESS": ""}, "LD11A"),
    ("nrd", {**_HD, "RENALMOD": "15"}, "LD12A"),
    ("nrd", {**_HD, "RENALMOD": "121", "AGE": "3"}, "LD13B"),
    ("nrd", {**_HD, "RENALACCESS": ""}, "UZ01Z"),
    ("nrd", {**_HD, "RENALMOD": "81"}, "UZ01Z"),
    ("nrd", {**_HD, "RENALMOD": "1"}, "UZ01Z"),  # its leading zero means something
    ("nrd", {**_HD, "HBV": "pos"}, "UZ01Z"),
    # the highest level counts
    ("pcc", CHILD, "XB09Z"),
    ("pcc", {**CHILD, "CCAC_01": "99"}, "XB09Z"),
    ("pcc", {**CHILD, "CCAC_01": "50", "CCAC_02": "73"}, "XB09Z"),
    ("pcc", {**CHILD, "CCAC_01": "50", "CCAC_02": "73", "CCAC_03": "9"}, "XB07Z"),
    ("pcc", {**CHILD, "CCAC_01": "57"}, "XB07Z"),
    ("pcc", {**CHILD, "CCAC_01": "57", "CCAC_02": "53"}, "XB06Z"),
    ("pcc", {**CHILD, "CCAC_01": "51"}, "XB05Z"),
    ("pcc", {**CHILD, "CCAC_01": "51", "CCAC_02": "6"}, "XB04Z"),
    ("pcc", {**CHILD, "CCAC_01": "51", "CCAC_02": "66", "CCAC_03": "06"}, "XB03Z"),
    ("pcc", {**CHILD, "CCAC_01": "56"}, "XB03Z"),
    ("pcc", {**CHILD, "CCAC_01": "56", "CCAC_02": "16"}, "XB02Z"),
    ("pcc", {**CHILD, "CCAC_01": "65", "CCAC_02": "56"}, "XB01Z"),
    ("pcc", {**CHILD, "CCUF": "4", "CCAC_01": "65"}, "XB01Z"),
    ("pcc", {**CHILD, "CCUF": "01"}, "UZ01Z"),
    ("pcc", {**CHILD, "DIAG_01": "Z999X", "CCAC_01": "51"}, "UZ01Z"),
    ("pcc", {**CHILD, "CCDate": "20240230"}, "UZ01Z"),
    ("ncc", BABY, "XA05Z"),
    ("ncc", {**BABY, "CCAC_01": "21"}, "XA05Z"),
    ("ncc", {**BABY, "CCAC_01": "26"}, "XA03Z"),
    ("ncc", {**BABY, "CCAC_01": "26", "CCAC_02": "21"}, "XA04Z"),
    ("ncc", {**BABY, "CCAC_01": "2", "CCAC_02": "26"}, "XA02Z"),
    ("ncc", {**BABY, "CCAC_01": "02", "CCAC_02": "7"}, "XA01Z"),
    ("ncc", {**BABY, "CCAC_01": "01"}, "XA01Z"),
    ("ncc", {**BABY, "DISDATE": "20240501", "DISMETH": "4"}, "XA01Z"),
    ("ncc", {**BABY, "DISDATE": "20240501", "DISMETH": "1"}, "XA05Z"),
    ("ncc", {**BABY, "DISDATE": "20240502", "DISMETH": "4"}, "XA05Z"),
    ("ncc", {**BABY, "CCUF": "14"}, "UZ01Z"),
    ("ncc", {**BABY, "CCUF": "14", "CCAC_01": "99"}, "UZ01Z"),
    ("ncc", {**BABY, "CCUF": "15", "CCAC_01": "26"}, "XA03Z"),
    ("ncc", {**BABY, "CCUF": "04", "CCAC_01": "01"}, "UZ01Z"),
    ("ncc", {**BABY, "CCAC_01": "01", "CCAC_02": "51"}, "UZ01Z"),
    ("ncc", {**BABY, "GestLen": "9"}, "UZ01Z"),
    ("ncc", {**BABY, "GestLen": "49", "PERWT": "9.999"}, "XA05Z"),
    ("ncc", {**BABY, "PERWT": "0"}, "UZ01Z"),
    ("ncc", {**BABY, "PERWT": "10"}, "UZ01Z"),
    ("ncc", {**BABY, "PERWT": "1.2345"}, "UZ01Z"),
    # attendances: a procedure that may lead, else first or follow-up, face to face or not, one profession or several
    ("nac", _SEEN, "WF01B"),
    ("nac", {**_SEEN, "FIRSTATT": "2"}, "WF01A"),
    ("nac", {**_SEEN, "FIRSTATT": "3"}, "WF01D"),
    ("nac", {**_SEEN, "FIRSTATT": "4", "OPER_01": "X62.2"}, "WF02C"),
    ("nac", {**_SEEN, "OPER_01": "X621"}, "WF01B"),
    ("nac", {**_SEEN, "OPER_01": "X623", "OPER_02": "M453"}, "LB14Z"),
    ("nac", {**_SEEN, "FIRSTATT": "5"}, "UZ01Z"),
    ("nac", {**_SEEN, "OPER_01": "Z942"}, "UZ01Z"),
    ("nac", {**_SEEN, "SEX": "3"}, "UZ01Z"),
]


@pytest.mark.parametrize(("logic", "cells", "hrg"), _ROWS)
def test_rows_made_by_hand(logic: str, cells: Cells, hrg: str) -> None:
    assert told(group(ROW_LOGICS[logic], table_of(ROW_LOGICS[logic], [cells])))[0][0] == hrg
    assert reference(logic).group(cells).hrg == hrg


@pytest.mark.parametrize(
    ("logic", "cells", "errors"),
    [
        ("acc", {"CCUF": "13"}, [("CCUF", "13", "UZ13 - ACC grouping error")]),
        ("nrd", {**_HD, "RENALACCESS": ""}, [("", "", "UZ14 - NRD grouping error")]),
        ("ncc", {**BABY, "CCUF": "14"}, [("CCUF", "14", "UZ11 - NCC grouping error")]),
        (
            "ncc",
            {**BABY, "CCAC_01": "01", "CCAC_02": "51", "CCAC_04": "94"},
            [(f"CCAC_{at}", code, "UZ21 - CCAC Inappropriate in NCC") for at, code in (("02", "51"), ("04", "94"))],
        ),
        (
            "em",
            {"AGE": " x ", "AEPATIENTGROUP": "90", "INV_02": "1", "TREAT_03": "0 1"},
            [
                ("AGE", "x", "Age is invalid"),
                ("AEPATIENTGROUP", "90", "A&E Patient Group is invalid"),
                ("INV_02", "1", "Investigation is invalid"),
                ("TREAT_03", "0 1", "Treatment is invalid"),
            ],
        ),
        ("nac", {**_SEEN, "OPER_02": "z94.2"}, [("OPER_02", "Z942", "UZ05 - Invalid procedure for Casemix grouping")]),
    ],
)
def test_every_error_of_a_row_is_listed(logic: str, cells: Cells, errors: list[tuple[str, str, str]]) -> None:
    found = told(group(ROW_LOGICS[logic], table_of(ROW_LOGICS[logic], [cells])))[0]
    assert found[0] == "UZ01Z" and found[-2] == errors
    assert [(one.field, one.code, one.message) for one in reference(logic).group(cells).errors] == errors


@pytest.mark.parametrize(
    ("cells", "days", "flag"),
    [
        ({"CC_Start_Date": "20240228", "CC_Discharge_Date": "20240301"}, 3, None),
        ({"CC_Start_Date": "20240301", "CC_Discharge_Date": "20240301"}, 1, None),
        ({"CC_Start_Date": "20240302", "CC_Discharge_Date": "20240301"}, -1, "F"),
        ({"CC_Start_Date": "20240231", "CC_Discharge_Date": "20240301"}, -1, "F"),
        ({"CC_Start_Date": "20240301"}, -1, "F"),
        ({"CC_Start_Date": "20240301", "CC_Discharge_Date": "20240303", "CCL2D": "1", "CCL3D": "2"}, 3, None),
        ({"CC_Start_Date": "20240301", "CC_Discharge_Date": "20240303", "CCL2D": "2", "CCL3D": "2"}, 3, "F"),
        ({"CC_Start_Date": "20240301", "CC_Discharge_Date": "20240303", "CCL3D": "3", "BRSD": "1", "ARSD": "2"}, 3, None),
        ({"CC_Start_Date": "20240301", "CC_Discharge_Date": "20240303", "CCL3D": "3", "BRSD": "2", "ARSD": "2"}, 3, "F"),
        ({"CC_Start_Date": "20240301", "CC_Discharge_Date": "20240303", "CCL3D": "1", "BRSD": "1", "ARSD": "1"}, 3, "F"),
    ],
)
def test_days_and_warning_flag_of_adult_critical_care_never_stop_the_hrg(cells: Cells, days: int, flag: str | None) -> None:
    rows = [{**_ADULT, **cells}]
    found = told(group(ROW_LOGICS["acc"], table_of(ROW_LOGICS["acc"], rows)))[0]
    assert found[0] != "UZ01Z" and found[1:3] == (days, flag)
    assert tuple(reference("acc").group(rows[0]).columns.values()) == (days, flag)


def test_an_attendance_without_its_other_procedures() -> None:
    """AttendanceHRG is the HRG as if no procedure but X62 were there, also where the procedures fail."""
    rows = [{**_SEEN, "OPER_01": "M453", "OPER_02": "X622"}, {**_SEEN, "FIRSTATT": "2", "OPER_01": "Z942"}]
    result = group(ROW_LOGICS["nac"], table_of(ROW_LOGICS["nac"], rows))
    assert result.rows.column("AttendanceHRG").to_pylist() == ["WF02B", "WF01A"]
    assert result.rows.column("NAC_HRG").to_pylist() == ["LB14Z", "UZ01Z"]
    assert result.rows.column("GroupingMethodFlag").to_pylist() == ["P", "U"]


def test_palliative_attendances_are_unbundled_from_attendances() -> None:
    rows = [{**_SEEN, "TRETSPEF": "315", "MAINSPEF": main, "STARTAGE": age} for main in ("315", "950") for age in ("18", "19")]
    result = group(ROW_LOGICS["nac"], table_of(ROW_LOGICS["nac"], rows))
    assert result.unbundled.column("UnbundledHRG").to_pylist() == ["SD04B", "SD04A", "SD05B", "SD05A"]
    assert set(result.rows.column("NAC_HRG").to_pylist()) == {"WF01B"}


# Every HRG ------------------------------------------------------------------------------------------------------------------------


def listed(shared: Path, subchapter: str) -> dict[str, str]:
    """HRGs of the 2024/25 release and their labels."""
    with (shared / "facts" / "hrg_list_2020_2025.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["first_release"] <= "2024-04-01" <= row["last_release"]]
    return {row["hrg"]: row["label"] for row in rows if row["hrg"].startswith(subchapter)}


@pytest.mark.parametrize("logic", LOGICS)
def test_every_hrg_of_a_logic_has_a_witness(logic: str) -> None:
    own = STARTER.bundle.tables.logics[logic]
    found = {reference(logic).group(case.cells).hrg for case in row_cases(STARTER.bundle.tables, own)}
    assert {row["hrg"] for row in own["hrgs"]} - found == set()


@pytest.mark.parametrize("logic", LOGICS)
def test_the_hrgs_and_labels_are_those_of_the_list(shared: Path, logic: str) -> None:
    own = {row["hrg"]: row["label"] for row in STARTER.bundle.tables.logics[logic]["hrgs"]}
    expected = {hrg: label for hrg, label in listed(shared, SUBCHAPTER[logic]).items() if hrg not in UNREACHED}
    assert own == expected


def test_the_hrgs_left_out_are_those_of_transport(shared: Path) -> None:
    assert all("Transportation" in (listed(shared, "XA") | listed(shared, "XB"))[hrg] for hrg in UNREACHED)


def test_no_field_of_a_day_could_say_that_it_was_a_journey(shared: Path) -> None:
    """Why XA06Z and XB08Z are left out; a code for transport among those of a new release would be the rule that is missing."""
    facts = shared / "facts"
    for name in ("opcs4_codes.csv", "icd10_codes.csv", "rules/ccac_levels.csv", "value_sets/nhs_data_dictionary_codes.csv"):
        text = (facts / name).read_text("utf-8-sig")
        if name.startswith("icd10"):  # of the rest, some are diseases or accidents of transport
            text = "\n".join(line for line in text.splitlines() if line.startswith("Z") and not line.startswith("Z041"))
        found = [line for line in text.splitlines() if re.search("transport(?!er)|retrieval team|ambulance transfer", line, re.I)]
        assert found == [], name
    with (facts / "ncc_2024_25.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["currency_code"] in UNREACHED]
    by_team = sum(float(row["activity"]) for row in rows if row["department"] == "Critical care transport")
    assert (by_team, sum(float(row["activity"]) for row in rows)) == (15_799, 15_818)


def test_most_outpatient_procedures_of_the_country_have_a_witness(shared: Path) -> None:
    """Attendances with the procedures of the witnesses of admitted care, and with each procedure alone.

    What is not reached hangs on a diagnosis, is unbundled, or is no HRG of procedures.
    """
    with (shared / "facts" / "ncc_2024_25.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["department"] == "Outpatient Procedures"]
    national = {row["currency_code"]: float(row["activity"] or 0) for row in rows}
    made: list[Cells] = []
    for witness in witnesses_of("starter").found:
        spell = witness.episodes[0]
        procedures = [str(code) for name, code in sorted(spell.items()) if name.startswith("OPER_") and code][:12]
        own = {name: str(spell[name]) for name in ("STARTAGE", "SEX", "MAINSPEF", "TRETSPEF")}
        codes = {f"OPER_{place:02d}": code for place, code in enumerate(procedures, 1)}
        made.append({**own, "FIRSTATT": "1", **codes})
    for code in STARTER.bundle.tables.code_list("opcs4"):
        made += [{**_SEEN, "STARTAGE": age, "OPER_01": code} for age in ("0", "5", "17", "40")]
    result = group(ROW_LOGICS["nac"], table_of(ROW_LOGICS["nac"], made))
    reached = set(result.rows.column("NAC_HRG").to_pylist()) | set(result.unbundled.column("UnbundledHRG").to_pylist())
    reasons = {"procedure-driven", "global exception", "by rule", "error category", "unbundled error"}
    assert set(result.rows.column("NAC_Reason").to_pylist()) == reasons
    missing = {hrg: count for hrg, count in national.items() if hrg not in reached}
    assert sum(missing.values()) / sum(national.values()) < 0.02, sorted(missing, key=lambda hrg: -missing[hrg])


# What is refused ------------------------------------------------------------------------------------------------------------------


def test_a_missing_column_is_named() -> None:
    with pytest.raises(InputError, match="no column AGE, which emergency medicine"):
        STARTER.grouper.group(pa.table({"INV_01": ["01"]}), logic="em")


def test_numbered_columns_must_not_skip() -> None:
    with pytest.raises(InputError, match="skip number 1"):
        STARTER.grouper.group(pa.table({"AGE": ["1"], "INV_02": ["01"]}), logic="em")


def test_a_column_that_the_result_writes_is_refused() -> None:
    with pytest.raises(InputError, match="has columns EM_HRG"):
        STARTER.grouper.group(pa.table({"AGE": ["1"], "EM_HRG": ["x"]}), logic="em")


def test_codes_that_are_numbers_are_refused() -> None:
    table = pa.table({**{name: [value] for name, value in CHILD.items()}, "DIAG_01": [5]})
    with pytest.raises(InputError, match="column DIAG_01 is of type int64"):
        STARTER.grouper.group(table, logic="pcc")


def test_an_unknown_logic_and_a_design_without_it() -> None:
    with pytest.raises(UsageError, match="unknown logic 'xyz'"):
        STARTER.grouper.group(pa.table({"AGE": ["1"]}), logic="xyz")
    from designs import both

    with pytest.raises(DesignError, match="has no tables of em"):
        both("small").grouper.group(pa.table({"AGE": ["1"]}), logic="em")


def test_names_of_hes_are_recognised_and_letter_case_does_not_matter() -> None:
    layout = row_layout(ROW_LOGICS["acc"], ["unitfun", "BRESSUPDAYS", "CcStartDate"])
    assert (layout.columns["CCUF"], layout.columns["BRSD"], layout.columns["CC_Start_Date"]) == (
        ("unitfun",),
        ("BRESSUPDAYS",),
        ("CcStartDate",),
    )
    layout = row_layout(ROW_LOGICS["nac"], ["APPTAGE", "SEX", "MAINSPEF", "TRETSPEF", "FIRSTATT", "OPERTN_4_01", "OPERTN_4_02"])
    assert layout.columns["OPER"] == ("OPERTN_4_01", "OPERTN_4_02")


@pytest.mark.parametrize("logic", LOGICS)
def test_a_logic_is_told_by_its_fields(logic: str) -> None:
    of = ROW_LOGICS[logic]
    assert logic_of(one.place(0) for one in of.fields) == logic
    assert logic_of([*(one.place(0).lower() for one in of.fields), "SOMETHING"]) == logic


def test_fields_that_tell_no_logic_or_admitted_care() -> None:
    assert logic_of(["PROCODET", "EPIORDER", "DIAG_01"]) == "apc"
    assert logic_of(["PROCODET"]) is None
    assert logic_of([]) is None


# Explanations and counts ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("logic", LOGICS)
def test_a_row_is_explained(logic: str) -> None:
    cells = next(cells for name, cells, hrg in reversed(_ROWS) if name == logic and hrg != "UZ01Z")
    explained = STARTER.grouper.explain(table_of(ROW_LOGICS[logic], [cells]), logic=logic)
    hrg = reference(logic).group(cells).hrg
    assert explained.text().startswith(f"Row: {hrg} ") and explained.to_dict()["row"]["hrg"] == hrg
    assert explained.html().startswith("<!DOCTYPE html>") and hrg in explained.json()
    with pytest.raises(InputError, match="explain takes one row"):
        STARTER.grouper.explain(table_of(ROW_LOGICS[logic], [cells, cells]), logic=logic)


def test_counts_say_on_what_the_hrgs_rest() -> None:
    """The matrix is published; which codes are of which category is judgement."""
    rows = [{**_EM, "INV_01": "06", "TREAT_01": "02"}, {**_EM, "AEPATIENTGROUP": "70"}, {"AGE": ""}]
    counts = group(ROW_LOGICS["em"], table_of(ROW_LOGICS["em"], rows)).counts
    assert counts["rows"] == {"total": 3, "grouped": 2, "failed": 1, "by_reason": {"by rule": 2, "invalid field": 1}}
    assert counts["evidence"] == {"rule": {"published": 2}, "weakest": {"judgement": 1, "published": 1}}


def test_one_grouper_is_shared_by_all_logics() -> None:
    assert isinstance(STARTER.grouper, Grouper) and STARTER.bundle.logics == list(LOGICS)
