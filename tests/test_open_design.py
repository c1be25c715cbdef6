"""The open design against the published facts and the official sample; skipped where those are not at hand."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import hrgcore
from hrgcore.design.conditions import Range
from hrgcore.design.locate import DEFAULT_DESIGN, load_design
from hrgcore.design.tables import Row
from hrgcore.reference.design import Design
from hrgcore.result import Result

#: HRGs of the 2024/25 list that admitted care never gives, by how they begin.
ELSEWHERE = {
    "WF": "outpatient attendances",
    "XA": "neonatal critical care",
    "XB": "paediatric critical care",
    "XC": "adult critical care",
    "LD": "renal dialysis sessions",
    "VB": "emergency care",
    "UZ": "the error HRG, which is no root's",
}
#: Roots of the adult diagnosis table that are not on the 2024/25 list, and where the design leads their codes instead.
NOT_ON_THE_LIST = {
    "JB91": "JB60",  # burns of the airway and of inner organs, whose codes say no degree
    "WH99": "WH50",  # vaccination not carried out
}
_ERRORS = {"UZ01", "UZ02", "UZ03", "UZ04", "UZ15"}
#: Fields of the sample that are wrong on purpose, counted by message. They hang on no table but the code lists and value sets.
FIELD_ERRORS = {
    "Primary Diagnosis is invalid": 41,  # all N180, which ICD-10 gave up: its stages took its place
    "Method of Admission is inconsistent in spell": 8,
    "Diagnosis is invalid": 6,
    "Sex is inconsistent in spell": 5,
    "Age rises by more than expected in the spell": 5,
    "Discharge Destination is invalid": 3,
    "Main Specialty is blank": 2,
    "Patient Classification is inconsistent in spell": 2,
    "Discharge Destination is blank": 1,
    "Discharge Method is blank": 1,
    "Episode Duration is blank": 1,
    "Main Specialty is invalid": 1,
    "Treatment Function is blank": 1,
    "Treatment Function is invalid": 1,
    "Primary Diagnosis is blank": 1,
    "Source of Admission is blank": 1,
    "Source of Admission is invalid": 1,
    "Patient Classification is invalid": 1,
}


@cache
def design() -> Design:
    return Design(load_design(DEFAULT_DESIGN).tables)


@cache
def facts(path: Path) -> list[dict[str, str]]:
    with open(path, encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def sample(shared: Path) -> Result:
    return hrgcore.Grouper().group(shared / "samples" / "apc_sample_2024_25.csv")


def of_2024(shared: Path) -> dict[str, dict[str, str]]:
    """The HRGs in use in 2024/25."""
    rows = facts(shared / "facts" / "hrg_list_2020_2025.csv")
    return {row["hrg"]: row for row in rows if row["first_release"] <= "2024-04-01" <= row["last_release"]}


# Diagnoses -------------------------------------------------------------------------------------------------------------


def _outcome(code: str) -> str:
    """Where a primary diagnosis leads at 40 after 30 days, of an adult of whom nothing else is known but the extent of a burn."""

    def holds(row: Row) -> bool:
        for condition in row.conditions:
            if isinstance(condition, Range):
                if not condition.low <= {"age": 40, "los": 30}.get(condition.fact, 0) <= condition.high:
                    return False
            else:
                known = design().diagnosis_lists.lists(listed) if condition.scope in ("primary", "diagnosis") else frozenset()
                if bool(known & set(condition.names)) == condition.negated:
                    return False
        return True

    listed = code if code in design().icd10 else code[:4]
    for row in design().diagnosis_errors.rules(listed):
        if holds(row):
            return row["error"]
    for row in design().diagnosis_roots.rules(listed):
        if holds(row):
            return row["root"]
    return ""


def test_every_adult_diagnosis_leads_where_the_published_table_says(shared: Path) -> None:
    rows = facts(shared / "facts" / "icd10_to_root_adult.csv")
    assert len(rows) == 14_019
    roots = {hrg[:4] for hrg in of_2024(shared)}
    wrong: dict[str, tuple[str, str]] = {}
    elsewhere: dict[str, set[str]] = {}
    for row in rows:
        if row["root"] not in roots and row["root"] not in _ERRORS:
            elsewhere.setdefault(row["root"], set()).add(_outcome(row["icd10"]))
        elif (found := _outcome(row["icd10"])) != row["root"]:
            wrong[row["icd10"]] = (row["root"], found)
    assert wrong == {}
    assert {root: " ".join(sorted(found)) for root, found in elsewhere.items()} == NOT_ON_THE_LIST


def test_rows_that_were_not_read_do_not_pass_for_published(shared: Path) -> None:
    """External causes were taken as UZ01 by the table that the facts come from; nobody saw it."""
    unread = {row["icd10"] for row in facts(shared / "facts" / "icd10_to_root_adult.csv") if row["basis"] == "unread"}
    for code in unread:
        rows = [*design().diagnosis_errors.rules(code), *design().diagnosis_roots.rules(code)]
        assert rows and rows[0].basis != "published", code


def test_the_code_lists_hold_every_code_that_the_official_grouper_accepts(shared: Path) -> None:
    probed = (shared / "facts" / "icd10_codes_probed_2024_25.txt").read_text().split()
    assert [code for code in probed if code not in design().icd10 and code[:4] not in design().icd10] == []
    reported = [row["code"] for row in facts(shared / "facts" / "opcs4_codes.csv") if int(row["usage_2023_24"] or 0)]
    assert [code for code in reported if code not in design().opcs4] == []


def test_multiple_trauma_knows_the_published_injuries_and_no_others(shared: Path) -> None:
    rows = facts(shared / "facts" / "multiple_trauma_injuries.csv")
    published = {next(iter(row.values())) for row in rows}
    scored = {
        row["icd10"]
        for row in facts(shared / "facts" / "icd10_to_root_adult.csv")
        if design().scores["trauma_diagnosis"].row(row["icd10"])
    }
    assert len(published) == 842
    assert {code for code in published if not design().scores["trauma_diagnosis"].row(code)} == set()
    assert {code for code in scored if code not in published and code[:4] not in published} == set()


# Procedures ------------------------------------------------------------------------------------------------------------


def test_every_procedure_has_its_place(shared: Path) -> None:
    """A hierarchy and a root without further conditions, or a reason why it can't lead."""
    without = []
    for code in load_design(DEFAULT_DESIGN).tables.code_list("opcs4"):
        row = design().procedures.row(code)
        placed = row is not None and (row["hierarchy"] == "0" or row["error"])
        if not placed and not any(not rule.conditions for rule in design().procedure_roots.rules(code)):
            without.append(code)
    assert without == []
    reported = {row["code"] for row in facts(shared / "facts" / "opcs4_codes.csv")}
    assert {code for code in reported if code not in design().opcs4} == set()


def test_every_child_has_a_root() -> None:
    """Any valid primary diagnosis of a child leads to a root or an error category, whatever else is known of it."""
    errors = {code for code in load_design(DEFAULT_DESIGN).tables.code_list("icd10") if design().diagnosis_errors.rules(code)}
    for code in load_design(DEFAULT_DESIGN).tables.code_list("icd10"):
        rules = design().diagnosis_roots.rules(code)
        ages = [c for rule in rules for c in rule.conditions if isinstance(c, Range) and len(rule.conditions) == 1]
        assert code in errors or any(not rule.conditions for rule in rules) or {(0, 18)} <= {(c.low, c.high) for c in ages}, code


# HRGs ------------------------------------------------------------------------------------------------------------------


def _hrgs() -> dict[str, str]:
    bundle = load_design(DEFAULT_DESIGN)
    return dict(zip(bundle.strings("hrg_codes"), bundle.strings("hrg_labels"), strict=True))


def test_every_label_is_that_of_the_official_list(shared: Path) -> None:
    listed = of_2024(shared)
    assert [hrg for hrg in _hrgs() if hrg not in listed] == []
    assert {hrg: label for hrg, label in _hrgs().items() if listed[hrg]["label"] != label} == {}


def test_every_hrg_of_admitted_care_is_there(shared: Path) -> None:
    listed = {hrg for hrg in of_2024(shared) if hrg[:2] not in ELSEWHERE}
    assert len(listed) > 2_800
    assert listed - set(_hrgs()) == set()
    assert {hrg[:2] for hrg in of_2024(shared)} >= set(ELSEWHERE)


def test_unbundled_roots_are_those_of_the_list(shared: Path) -> None:
    kinds: dict[str, set[str]] = {}
    listed = of_2024(shared)
    for hrg in _hrgs():
        kinds.setdefault(hrg[:4], set()).add(listed[hrg]["core_or_unbundled"].lower())
    for row in load_design(DEFAULT_DESIGN).tables["roots"]:
        assert kinds[row["root"]] == {row["kind"]}, row["root"]


# CC lists --------------------------------------------------------------------------------------------------------------


def test_cc_membership_is_what_was_observed(shared: Path) -> None:
    observed: dict[str, set[str]] = {}
    for row in facts(shared / "facts" / "cc_membership_2024_25.csv"):
        observed.setdefault(row["subchapter"], set()).add(row["icd10"])
    probed = (shared / "facts" / "icd10_codes_probed_2024_25.txt").read_text().split()
    lists = {row["subchapter"]: row["cc_list"] for row in load_design(DEFAULT_DESIGN).tables["subchapters"]}
    compared = 0
    for subchapter, name in lists.items():
        if not name or subchapter not in observed:
            continue
        compared += 1
        points = {code: found for code in probed if (found := design().cc_lists[name].row(code)) and int(found["points"])}
        family = {code for other, codes in observed.items() if lists.get(other) == name for code in codes}
        assert observed[subchapter] & set(probed) <= set(points), subchapter
        assert set(points) <= family, subchapter
    assert compared > 30


# Unbundling ------------------------------------------------------------------------------------------------------------


def _unbundled(code: str, companions: frozenset[str]) -> str:
    """The unbundled root of a procedure with these lists behind it."""
    for row in design().unbundling.rules(code):
        if all(
            condition.scope == "companion" and bool(set(condition.names) & companions) != condition.negated  # type: ignore[union-attr]
            for condition in row.conditions
        ):
            return row["root"]
    return ""


def _pairs(shared: Path) -> Iterator[tuple[str, str, str, str]]:
    for name in ("chemotherapy", "rehabilitation", "high_cost_drugs", "radiotherapy"):
        for row in facts(shared / "facts" / "rules" / f"{name}.csv"):
            yield name, row["opcs"], row.get("condition", ""), row["hrg"]


def test_chemotherapy_radiotherapy_rehabilitation_and_drugs_unbundle_as_the_rules_say(shared: Path) -> None:
    wrong = []
    listed = of_2024(shared)
    for name, code, condition, hrg in _pairs(shared):
        if condition or hrg.endswith("?") or hrg not in listed or code not in design().opcs4:
            continue  # XD35Z and XD36Z, what is not said of drugs, are not on the list of 2024/25
        root = _unbundled(code, frozenset())
        if root != hrg[:4]:
            wrong.append((name, code, hrg, root))
    assert wrong == [], wrong


def test_imaging_unbundles_by_modality(shared: Path) -> None:
    plain = {"CT": "RD20", "MRI": "RD01"}
    wrong = []
    for row in facts(shared / "facts" / "rules" / "imaging_procedures.csv"):
        if row["opcs"] in design().opcs4 and row["family"] in plain and "grid" in row["hrg_or_grid"]:
            root = _unbundled(row["opcs"], frozenset())
            if root != plain[row["family"]]:
                wrong.append((row["opcs"], row["family"], root))
    assert wrong == []


# Value sets and the sample ---------------------------------------------------------------------------------------------

_VALUE_SETS = {
    "SEX": "sex",
    "CLASSPAT": "patient_classification",
    "ADMISORC": "admit_source",
    "ADMIMETH": "admit_method",
    "DISDEST": "discharge_destination",
    "DISMETH": "discharge_method",
    "MAINSPEF": "main_specialty",
    "TRETSPEF": "treatment_function_code",
}


@pytest.mark.parametrize("field", _VALUE_SETS)
def test_values_are_those_that_the_official_grouper_accepts(shared: Path, field: str) -> None:
    rows = facts(shared / "facts" / "value_sets" / f"grouper2425_{_VALUE_SETS[field]}.csv")
    assert design().value_sets[field] == {row["code"] for row in rows}


def test_the_sample_comes_out_whole(sample: Result) -> None:
    assert (sample.episodes.num_rows, sample.spells.num_rows) == (752, 478)


def test_each_deliberate_error_of_the_sample_is_reported(sample: Result) -> None:
    found = Counter(sample.errors["ErrorMessage"].to_pylist())
    assert {message: found[message] for message in FIELD_ERRORS} == FIELD_ERRORS
    assert all(message.startswith("UZ") for message in set(found) - set(FIELD_ERRORS))


def test_rows_of_the_sample_that_fail_a_field_report_their_primary_diagnosis_too(sample: Result) -> None:
    rows = sample.errors.to_pylist()
    vague = {row["Row"] for row in rows if row["ErrorMessage"].startswith("UZ02")}
    fields = {row["Row"] for row in rows if not row["ErrorMessage"].startswith("UZ")}
    assert {459, 460, 461, 462, 463, 465, 466} <= vague & fields


def test_the_invalid_codes_of_the_sample(sample: Result) -> None:
    rows = zip(*(sample.errors[name].to_pylist() for name in ("Code", "ErrorMessage")), strict=True)
    codes = Counter(code for code, message in rows if message.endswith("iagnosis is invalid"))
    assert codes == {"N180": 41, "A09X": 3, "L89X": 2, "H547": 1}, "codes that ICD-10's fifth edition no longer has"


def test_the_sample_spell_that_was_observed(sample: Result) -> None:
    rows = sample.unbundled.to_pylist()
    name = next(column for column in sample.unbundled.column_names if "nbundled" in column)
    assert [row[name] for row in rows if row["PROVSPNO"] == "1004595597"] == ["VC14Z", "RD26Z"]
