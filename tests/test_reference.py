"""The reference engine against docs/grouping.md, section by section: small spells in, results worked out by hand expected."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import pytest
from small_design import small_texts

from hrgcore import messages
from hrgcore.design.tables import read_texts
from hrgcore.errors import InputError
from hrgcore.explain import explain_spell
from hrgcore.reasons import REASONS
from hrgcore.reference import EpisodeResult, RecordError, ReferenceEngine, SpellResult, Step

TEXTS = small_texts()
ENGINE = ReferenceEngine(read_texts(TEXTS))

BASE: dict[str, object] = {
    "PROCODET": "RXX",
    "PROVSPNO": "1",
    "EPIORDER": "1",
    "STARTAGE": "40",
    "SEX": "1",
    "CLASSPAT": "1",
    "ADMISORC": "19",
    "ADMIMETH": "11",
    "DISDEST": "19",
    "DISMETH": "1",
    "EPIDUR": "3",
    "MAINSPEF": "300",
    "TRETSPEF": "300",
}


def episode(diagnoses: str = "J459", procedures: str = "", **fields: object) -> dict[str, object]:
    """A valid episode with these codes (separated by blanks, from position 1) and fields."""
    values = BASE | {f"DIAG_{position:02d}": code for position, code in enumerate(diagnoses.split(), 1)}
    values |= {f"OPER_{position:02d}": code for position, code in enumerate(procedures.split(), 1)}
    return values | fields


def spell(*episodes: Mapping[str, object]) -> SpellResult:
    """Group episodes as one spell, giving them EPIORDER 1, 2 ... where there are several without one of their own."""
    numbered = [{**values, "EPIORDER": str(order)} for order, values in enumerate(episodes, 1)]
    return ENGINE.group_spell(numbered if len(episodes) > 1 else episodes)


def one(diagnoses: str = "J459", procedures: str = "", **fields: object) -> EpisodeResult:
    """The result of a single episode."""
    return ENGINE.group_spell([episode(diagnoses, procedures, **fields)]).episodes[0]


def why(result: EpisodeResult | SpellResult) -> tuple[str, str]:
    return result.hrg, REASONS[result.reason]


def line(table: str, start: str) -> str:
    """The reference of the one row of a table that begins with ``start``."""
    found = [number for number, text in enumerate(TEXTS[f"{table}.csv"].splitlines(), 1) if text.startswith(start)]
    assert len(found) == 1, found
    return f"{table}.csv:{found[0]}"


def engine_with(**changes: tuple[str, str]) -> ReferenceEngine:
    """An engine over the small design in which a text of a file is replaced: `splits=("old", "new")`."""
    texts = dict(TEXTS)
    for table, (old, new) in changes.items():
        file = "design.toml" if table == "design" else f"{table}.csv"
        assert texts[file].count(old) == 1
        texts[file] = texts[file].replace(old, new)
    tables = read_texts(texts)
    assert not tables.faults
    return ReferenceEngine(tables)


def test_small_design_has_no_faults() -> None:
    assert read_texts(TEXTS).faults == []


# 1. Reading a record --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", ["J459", " j45.9 ", "J.4.5.9.", "\tJ459"])
def test_codes_lose_blanks_and_full_stops_and_take_capitals(code: str) -> None:
    assert one(DIAG_01=code).hrg == "DZ15C"


@pytest.mark.parametrize("code", ["", " ", "-", " - - ", None])
def test_cells_of_blanks_and_hyphens_are_blank(code: object) -> None:
    result = one(DIAG_02=code, OPER_01=code, CRITICALCAREDAYS=code)
    assert result.hrg == "DZ15C"
    assert one(DIAG_01=code).errors == (RecordError("DIAG_01", "", "Primary Diagnosis is blank"),)
    assert one(SEX=code).errors == (RecordError("SEX", "", "Sex is blank"),)


@pytest.mark.parametrize("code", ["J45", "J45AA", "45J9", ".", "J45 9", "J4599X", "A999", "ſ065", "J45９"])
def test_malformed_and_unlisted_codes_are_invalid(code: str) -> None:
    result = one(DIAG_02=code)
    assert why(result) == ("UZ01Z", "invalid field")
    assert result.errors == (RecordError("DIAG_02", code, "Diagnosis is invalid"),)


def test_five_character_code_is_itself_where_listed_else_its_parent() -> None:
    assert one("M4840").hrg == "HC34Z"  # a rule of its own
    assert one("M4841").hrg == "HC33B"  # listed; only the rule of M484 names it
    assert one("M4849").hrg == "HC33B"  # not listed: read as M484
    assert one("M4829").errors[0].message == "Primary Diagnosis is invalid"  # no parent either


def test_five_character_parent_can_be_switched_off() -> None:
    engine = engine_with(design=("five_character_parent = { value = 1", "five_character_parent = { value = 0"))
    assert engine.group_spell([episode("M4849")]).episodes[0].errors[0].code == "M4849"
    assert engine.group_spell([episode("M4841")]).hrg == "HC33B"


def test_codes_read_as_one_parent_are_one_code() -> None:
    # E1199 and E1198 are read as E119 (1 point on the list respiratory); J181 first: 1 point in all, DZ11B.
    assert one("J181 E1198 E1199").hrg == "DZ11B"
    assert one("J181 E1198 I509 E1199 N179").hrg == "DZ11A"  # 3 distinct


@pytest.mark.parametrize("days", ["5", " 5 ", "0005", 5, 5.0])
def test_numbers_are_digits_between_blanks(days: object) -> None:
    assert one(EPIDUR=days).calc_epidur == 5


@pytest.mark.parametrize("days", ["5.0", "+5", "-5", "5 0", "٥", "0000000005", 5.5, -5, "x"])
def test_other_numbers_are_invalid(days: object) -> None:
    result = one(EPIDUR=days)
    assert why(result) == ("UZ01Z", "invalid field")
    assert [(error.field, error.code, error.message) for error in result.errors] == [
        ("EPIDUR", str(days), "Episode Duration is invalid")
    ]
    assert result.calc_epidur == 0


@pytest.mark.parametrize(
    ("age", "hrg"),
    [("0", "PD10A"), ("18", "PD10A"), ("19", "DZ15C"), ("130", "DZ15C"), ("999", "DZ15C"), ("7001", "PD10A"), ("7007", "PD10A")],
)
def test_ages(age: str, hrg: str) -> None:
    assert one(STARTAGE=age).hrg == hrg


@pytest.mark.parametrize("age", ["131", "998", "7000", "7008", "-1"])
def test_invalid_ages(age: str) -> None:
    assert one(STARTAGE=age).errors == (RecordError("STARTAGE", age, "Age is invalid"),)


# 2. Validating an episode ---------------------------------------------------------------------------------------------------------

MANDATORY = [
    "EPIORDER",
    "STARTAGE",
    "SEX",
    "CLASSPAT",
    "ADMISORC",
    "ADMIMETH",
    "DISDEST",
    "DISMETH",
    "EPIDUR",
    "MAINSPEF",
    "TRETSPEF",
    "DIAG_01",
]


@pytest.mark.parametrize("field", MANDATORY)
def test_mandatory_fields_fail_when_blank_missing_or_invalid(field: str) -> None:
    values = episode()
    del values[field]
    missing = ENGINE.group_spell([values]).episodes[0]
    assert missing.errors == (RecordError(field, "", messages.blank(field)),)
    assert why(missing) == ("UZ01Z", "invalid field")
    assert one(**{field: " ?? "}).errors == (RecordError(field, "??", messages.invalid(field)),)


@pytest.mark.parametrize("field", ["CRITICALCAREDAYS", "REHABILITATIONDAYS", "SPCDAYS", "EPIDUR"])
def test_days_go_up_to_the_most(field: str) -> None:
    assert one(**{field: "99999"}).method == "D"
    assert one(**{field: "100000"}).errors == (RecordError(field, "100000", messages.invalid(field)),)


@pytest.mark.parametrize(("order", "valid"), [("0", False), ("1", True), ("97", True), ("98", False)])
def test_episode_order_range(order: str, valid: bool) -> None:
    assert (one(EPIORDER=order).errors == ()) is valid


def test_coded_fields_keep_their_letter_case() -> None:
    assert one(ADMIMETH="2A").errors == ()
    assert one(ADMIMETH="2a").errors == (RecordError("ADMIMETH", "2a", "Method of Admission is invalid"),)


def test_everything_is_looked_at_whatever_fails_first() -> None:
    result = one("X999 J459 Z999", "W371 C992 Q999", SEX="7", SPCDAYS="z", STARTAGE="")
    assert [(error.field, error.code) for error in result.errors] == [
        ("STARTAGE", ""),
        ("SEX", "7"),
        ("SPCDAYS", "z"),
        ("DIAG_01", "X999"),
        ("DIAG_03", "Z999"),
        ("OPER_03", "Q999"),
    ]
    assert result.errors[-1].message == "Procedure is invalid"
    assert (result.method, result.root_rule, result.split_rule, result.unbundled) == ("U", "", "", ())


@pytest.mark.parametrize(("field", "other"), [("SEX", "2"), ("CLASSPAT", "2"), ("ADMISORC", "51"), ("ADMIMETH", "12")])
def test_spell_fields_must_agree(field: str, other: str) -> None:
    result = spell(episode(), episode(), episode(**{field: other}))
    assert [why(each) for each in result.episodes] == [("UZ01Z", "spell disagrees")] * 3
    assert all(each.errors == (RecordError(field, "", messages.inconsistent(field)),) for each in result.episodes)
    assert why(result) == ("UZ01Z", "episode failed")


@pytest.mark.parametrize(("field", "other"), [("DISDEST", "51"), ("DISMETH", "2"), ("MAINSPEF", "100"), ("TRETSPEF", "100")])
def test_other_fields_need_not_agree(field: str, other: str) -> None:
    assert spell(episode(), episode(**{field: other})).method == "D"


def test_blanks_around_values_are_no_disagreement_nor_are_two_invalid_values() -> None:
    assert spell(episode(SEX="1"), episode(SEX=" 1 ")).method == "D"
    both = spell(episode(SEX="7"), episode(SEX="8"))
    assert [why(each)[1] for each in both.episodes] == ["invalid field"] * 2
    mixed = spell(episode(SEX="1"), episode(SEX="8"))
    assert [why(each)[1] for each in mixed.episodes] == ["spell disagrees"] * 2
    assert [error.field for error in mixed.episodes[1].errors] == ["SEX", "SEX"]


def test_episode_order_may_stand_once() -> None:
    twice = ENGINE.group_spell([episode(EPIORDER="2"), episode(EPIORDER="02")])
    assert [each.errors for each in twice.episodes] == [(RecordError("EPIORDER", "", "Episode Order is duplicated in spell"),)] * 2
    assert why(twice.episodes[0])[1] == "spell disagrees"


@pytest.mark.parametrize("order", ["98", "", "x"])
def test_invalid_episode_orders_are_not_compared(order: str) -> None:
    result = ENGINE.group_spell([episode(EPIORDER=order), episode(EPIORDER=order)])
    assert [why(each)[1] for each in result.episodes] == ["invalid field"] * 2


@pytest.mark.parametrize(
    ("ages", "days", "agrees"),
    [
        (("40", "40"), "3", True),
        (("40", "41"), "3", True),
        (("40", "42"), "364", False),  # 1 by `age_rise`, no whole year
        (("40", "42"), "365", True),
        (("40", "43"), "729", False),
        (("40", "43"), "730", True),
        (("40", "39"), "3", False),
        (("40", "999"), "3", True),  # unknown: not compared
        (("999", "40"), "3", True),
        (("7003", "1"), "3", True),  # 0 to 1
        (("40", "x"), "3", True),  # invalid: not compared
    ],
)
def test_age_may_rise_with_the_years_but_not_fall(ages: tuple[str, str], days: str, agrees: bool) -> None:
    result = spell(*(episode(STARTAGE=age, EPIDUR=days) for age in ages))
    disagreement = RecordError("STARTAGE", "", "Age rises by more than expected in the spell")
    assert [disagreement in each.errors for each in result.episodes] == [not agrees] * 2


def test_ages_are_compared_in_episode_order() -> None:
    later_first = [episode(EPIORDER="2", STARTAGE="41"), episode(EPIORDER="1", STARTAGE="40")]
    assert ENGINE.group_spell(later_first).method == "D"


def test_only_neighbouring_ages_are_compared() -> None:
    assert spell(episode(STARTAGE="40"), episode(STARTAGE="999"), episode(STARTAGE="60")).method == "D"


@pytest.mark.parametrize(
    ("diagnoses", "age", "message", "rule"),
    [
        ("Z509", "40", "UZ01 - Invalid Primary Diagnosis", ",Z50"),
        ("R69.X6", "40", "UZ02 - Poorly Coded Primary Diagnosis", ",R T140"),
        ("P070", "19", "UZ03 - Diagnosis Conflicts with Age", ",P07"),
        ("T202", "40", "UZ15 - Burns Error", "2,T20"),
        ("T203 T311", "0", "UZ15 - Burns Error", ",T203"),
    ],
)
def test_primary_diagnosis_that_may_not_stand_first(diagnoses: str, age: str, message: str, rule: str) -> None:
    result = one(diagnoses, "U212", STARTAGE=age)
    assert why(result) == ("UZ01Z", "error category")
    code = diagnoses.split()[0].replace(".", "")
    assert result.errors == (RecordError("DIAG_01", code, message),)
    assert (result.method, result.root_rule, result.split_rule) == ("U", line("diagnosis_errors", rule), "")
    assert result.unbundled == ()  # failed in section 2


def test_error_rules_that_do_not_apply_let_the_diagnosis_pass() -> None:
    assert one("P070", STARTAGE="18").hrg == "PD10A"
    assert one("T202 T311").method == "B"
    assert one("J459 Z509").hrg == "DZ15C"  # not the primary diagnosis


def test_an_episode_that_fails_a_field_is_held_against_the_error_categories_too() -> None:
    result = one("Z509", "U212", SEX="7")
    assert why(result) == ("UZ01Z", "invalid field")
    assert [(error.field, error.message) for error in result.errors] == [
        ("SEX", "Sex is invalid"),
        ("DIAG_01", "UZ01 - Invalid Primary Diagnosis"),
    ]
    assert (result.root_rule, result.unbundled) == ("", ())


def test_no_condition_holds_on_an_age_that_is_invalid() -> None:
    assert [error.field for error in one("P070", STARTAGE="131").errors] == ["STARTAGE"]  # UZ03 from 19 on
    assert [error.field for error in one("T203 T311", STARTAGE="").errors] == ["STARTAGE"]  # UZ15 at 0


def test_an_invalid_primary_diagnosis_has_no_category_and_an_invalid_secondary_one_is_on_no_list() -> None:
    assert [error.field for error in one("Z5X Z509").errors] == ["DIAG_01"]
    assert [error.field for error in one("T20 T31", STARTAGE="30").errors] == ["DIAG_01", "DIAG_02"]
    assert [error.message[:4] for error in one("T202 T31", STARTAGE="30").errors] == ["Diag", "UZ15"]


def test_disagreeing_episodes_are_held_against_the_error_categories_too() -> None:
    found = spell(episode("Z509", SEX="1", EPIORDER="1"), episode("J459", SEX="2", EPIORDER="2"))
    assert [error.field for error in found.episodes[0].errors] == ["SEX", "DIAG_01"]
    assert [error.field for error in found.episodes[1].errors] == ["SEX"]


# 3. Facts -------------------------------------------------------------------------------------------------------------------------


def test_length_of_stay_leaves_out_the_other_days() -> None:
    fields = {"EPIDUR": "12", "CRITICALCAREDAYS": "1", "REHABILITATIONDAYS": "2", "SPCDAYS": "4"}
    assert one("M484", **fields).calc_epidur == 5
    assert one("M484", **fields).hrg == "HC33A"
    assert one("M484", **{**fields, "EPIDUR": "11"}).hrg == "HC33B"
    assert one("M484", **{**fields, "EPIDUR": "6"}).calc_epidur == 0


def test_invalid_days_count_as_none() -> None:
    assert one(EPIDUR="12", CRITICALCAREDAYS="x", SPCDAYS="2").calc_epidur == 10


def test_procedures_counts_weighable_codes_and_repeats() -> None:
    assert one("S320", "E851 E851").hrg == "WA10A"
    assert one("S320", "E851 X403 Z943").hrg == "WA10B"  # X403 and Z943 have hierarchy 0
    assert one("T950", "E851").hrg == "WA10C"


def test_cc_score_counts_distinct_secondary_diagnoses_on_the_list() -> None:
    # respiratory: I50 1 (I501 2), E11 1, N17 1, J40-J47 1 (J46 2), nothing after J18 but J46
    assert one("J181").hrg == "DZ11C"
    assert one("J181 E119").hrg == "DZ11B"
    assert one("J181 E119 E119 E119").hrg == "DZ11B"
    assert one("J181 E119 E110 N179").hrg == "DZ11A"
    assert one("J181 I501 E119").hrg == "DZ11A"  # 2 points: the more specific row
    assert one("J181 I500 E119").hrg == "DZ11B"
    assert one("J181 I10X K635").hrg == "DZ11C"  # not on this list


def test_cc_forms_of_one_four_character_code_count_once() -> None:
    assert one("K635 M4840 M4841 M484 I501", "H221").hrg == "FE30B"  # 2
    assert one("K635 M4840 M4841 M485 I501", "H221").hrg == "FE30A"  # 3
    assert one("M4840 M4841 I501 I10X", "H221").hrg == "FE30B"  # 2: M4841 is a form of the primary diagnosis


def test_cc_primary_code_again_gives_no_points() -> None:
    assert one("J450 J450 E119").hrg == "DZ15C"  # 1 point, not 2
    assert one("J450 J459 E119").hrg == "DZ15B"


def test_cc_exclusions() -> None:
    assert one("J181 J450 J449 J47X").hrg == "DZ11C"
    assert one("J181 J450 J46X").hrg == "DZ11B"  # J46 is taken away from the exclusion
    assert one("I500 E119 E110 E112").hrg == "EB03B"  # `*` excludes E119 after I50; 2 are left
    assert one("I500 E119 E110").hrg == "EB03C"
    assert one("I219 E110 E112").hrg == "EB03C"  # excluded on the list cardiac
    assert one("I219 N179").hrg == "EB03B"
    assert one("I219 E110 E112 I10X", "H201").hrg == "FE30A"  # the list general excludes none of them


def test_interventions_are_distinct_and_on_the_roots_own_list_or_its_subchapters() -> None:
    assert one("M169", "W371 W371 Z943").hrg == "HN12C"  # the list theatre, of HN: 1 distinct, no CC
    assert one("M169", "W371 H201").hrg == "HN12A"
    assert one("I500", "X403").hrg == "EB03A"  # the list dialysis, of EB03 itself
    assert one("J459", "E851").hrg == "DZ15A"  # the list ventilation, of DZ


def test_trauma_sites_and_scores() -> None:
    assert one("S065 S321").hrg == "VA10C"  # 20 + 9 = 29
    assert one("S065 S321 S720").hrg == "VA10A"  # 35
    assert one("S065 S020 S321").hrg == "VA10C"  # head counts its largest only: 20 + 9
    assert one("S060 S320").hrg == "VA10C"  # 4 (the more specific row) + 9
    assert one("S065 S020").method == "D"  # one site only


def test_trauma_needs_a_primary_injury() -> None:
    assert one("J459 S065 S321").method == "D"


def test_trauma_intervention_score() -> None:
    assert one("S065 S321", "W371").hrg == "VA10C"  # 5
    assert one("S065 S321", "W371 W822").hrg == "VA10C"  # one component: the larger, 7
    assert one("S065 S321", "V011").hrg == "VA10B"  # 9
    assert one("S060 S320", "W822 W822").hrg == "VA10C"  # 7 once


def test_scores_count_codes_without_component_once_each() -> None:
    # T203 3 points of depth; T311 2 without a component
    assert one("J459 T203").hrg == "JB30C"
    assert one("J459 T203 T202").hrg == "JB30C"
    assert one("J459 T203 T202 T311").hrg == "JB30A"  # 3, the largest wherever it stands, + 2
    assert one("J459 T202 T311 T311").hrg == "JB30C"  # 1 + 2
    assert one("J459 T202 T311 T312").hrg == "JB30A"  # 1 + 2 + 2
    assert one("J459 T203 T310").hrg == "JB30C"  # 3 + 0
    assert one("J459 T202", "S361").hrg == "JB30B"


@pytest.mark.parametrize(
    ("procedures", "hrg"),
    [
        ("H221 Z943", "FE31Z"),
        ("H221 Y981 Z943", "FE31Z"),
        ("H221 Y981 Y971 Z942 Z943", "FE31Z"),
        ("H221 Z942", "FE30B"),
        ("H221 U212 Z943", "FE30B"),  # U212 is no companion: what stands behind it is not H221's
        ("Z943 H221", "FE30B"),
        ("H221 H229 Z943", "FE30B"),  # H221, the earlier, is dominant
    ],
)
def test_companions_stand_behind_the_procedure(procedures: str, hrg: str) -> None:
    assert one("K635", procedures).hrg == hrg


def test_blank_positions_do_not_end_the_companions() -> None:
    assert one("K635", "H221", OPER_03="Z943").hrg == "FE31Z"


def test_patient_sets_and_negation() -> None:
    assert one("M4840", ADMIMETH="11").hrg == "HC34Z"
    assert one("M4840", ADMIMETH="2A").hrg == "HC33B"  # !emergency; next the rule of M484
    assert one("J451", SEX="2").hrg == "DZ16Z"
    assert one("J451", SEX="1").hrg == "DZ15C"


def test_lists_with_alternatives_and_codes_taken_away() -> None:
    assert one("E110 I10X").hrg == "KB01Z"
    assert one("E110 I219").hrg == "KB01Z"
    assert one("E110 Z515").hrg == "KB01Z"
    assert one("E110 I500").hrg == "KB02C"
    assert one("E119 I10X").hrg == "KB02C"  # !E119: not on the list diabetes


# 4. Finding the root --------------------------------------------------------------------------------------------------------------


def test_exceptions_in_their_order() -> None:
    trauma = one("S065 S321 T202")
    assert (why(trauma), trauma.method) == (("VA10C", "multiple trauma"), "M")
    assert (trauma.root_rule, trauma.split_rule) == (line("exceptions", "1,M"), line("splits", ",VA10,C"))
    assert (why(one("J459 T202")), one("J459 T202").method) == (("JB30C", "burn"), "B")
    pain = one("J459", "A577", TRETSPEF="191")
    assert (why(pain), pain.method, pain.dominant_procedure) == (("AB11Z", "global exception"), "G", "")
    assert one("J459", "A577", TRETSPEF="100").method == "D"
    assert one("J459", "A573", TRETSPEF="191").method == "D"  # not on the list pain_block
    assert one("Z511", "X721", EPIDUR="0").hrg == "SB97Z"
    assert one("Z511", "X721", EPIDUR="1").hrg == "WA10C"


def test_exceptions_come_before_codes_that_are_not_covered() -> None:
    assert one("K529 T202", "C992").method == "B"


def test_procedure_that_is_not_named_fails() -> None:
    result = one("J459", "W371 C992")
    assert why(result) == ("UZ01Z", "procedure not covered")
    assert result.errors == (RecordError("OPER_02", "C992", "Procedure is not covered by the design"),)
    assert (result.method, result.root_rule) == ("U", "")


def test_procedure_is_looked_at_before_diagnosis() -> None:
    assert why(one("K529", "C992"))[1] == "procedure not covered"
    assert why(one("K529", "Y971"))[1] == "error category"
    assert why(one("K529", "W371"))[1] == "diagnosis not covered"


def test_dominant_procedure_is_the_highest_the_earliest_where_equal() -> None:
    assert one("K635", "H221 H201").dominant_procedure == "H201"  # 5, 7
    assert one("K635", "W191 W371").dominant_procedure == "W191"  # 10, 10
    assert one("K635", "h20.1").dominant_procedure == "H201"
    assert one("K635", "W903 H221").dominant_procedure == "H221"  # W903 has 1, its category 9
    assert one("K635", "W904 H221").dominant_procedure == "W904"


@pytest.mark.parametrize(("days", "dominant"), [("0", "W904"), ("1", "W904"), ("2", "H221"), ("9", "H221")])
def test_beyond_its_longest_stay_a_procedure_is_passed_over(days: str, dominant: str) -> None:
    engine = engine_with(procedures=("W82 W90,9,,", "W82 W90,9,,1"))
    found = engine.group_spell([episode("K635", "W904 H221", EPIDUR="11", CRITICALCAREDAYS=str(11 - int(days)))], trace=True)
    assert found.episodes[0].dominant_procedure == dominant
    said = "W904: hierarchy 9, but not dominant in stays of more than 1 days."
    assert any(step.text == said for step in all_steps(found.episodes[0].steps)) == (int(days) > 1)
    spell_of_two = [episode("K635", "W904 H221", EPIORDER=order, EPIDUR=days) for order in ("1", "2")]
    assert engine.group_spell(spell_of_two).dominant_procedure == ("W904" if days == "0" else "H221")  # the spell's own stay


def test_nothing_but_procedures_in_error_fails() -> None:
    result = one("J459", "Z943 Y971")
    assert why(result) == ("UZ01Z", "error category")
    assert result.errors == (RecordError("OPER_01", "Z943", "UZ05 - Invalid procedure for Casemix grouping"),)
    assert result.root_rule == ""
    assert one("J459", "Z943 X403").hrg == "DZ15C"  # X403 is never dominant either, but no error


def test_position_of_an_error_is_the_fields() -> None:
    assert one("J459", OPER_04="y97.1").errors[0] == RecordError("OPER_04", "Y971", "UZ05 - Invalid procedure for Casemix grouping")


def test_grid() -> None:
    assert one("J181", "K651").method == "D"  # 4 against 6
    assert one("J459", "H221").method == "P"  # 5 against 5
    assert one("J459", "E851").method == "D"  # 2 against 5
    assert one("K635", "E851").method == "P"  # 2 against 1


def test_primary_diagnosis_that_is_not_named_fails() -> None:
    result = one("K529")
    assert why(result) == ("UZ01Z", "diagnosis not covered")
    assert result.errors == (RecordError("DIAG_01", "K529", "Diagnosis is not covered by the design"),)


def test_error_category_of_the_dominant_procedure() -> None:
    result = one("K635", "E851 A579")
    assert why(result) == ("UZ01Z", "error category")
    assert result.errors == (RecordError("OPER_02", "A579", "UZ06 - Poorly coded procedure"),)
    assert (result.method, result.dominant_procedure, result.root_rule) == ("U", "", "")
    assert one("K635", "H221 A579").hrg == "FE30B"  # not dominant


def test_procedure_without_any_rule_is_not_covered() -> None:
    result = one("K635", "K651")
    assert why(result) == ("UZ01Z", "procedure not covered")
    assert result.errors == (RecordError("OPER_01", "K651", "Procedure is not covered by the design"),)


def test_procedure_rules_of_which_none_applies() -> None:
    assert one("M169", "W822", STARTAGE="19").hrg == "HN12C"
    result = one("M169", "W822", STARTAGE="18")
    assert why(result) == ("UZ01Z", "no rule applies")
    assert result.errors == (RecordError("OPER_01", "W822", "No rule of the design applies"),)
    assert result.root_rule == ""


def test_procedure_rules_by_step() -> None:
    assert one("K635", "A573").hrg == "AB10Z"
    dominant = one("K635", "A573 W903")
    assert (dominant.hrg, dominant.root_rule) == ("FE31Z", line("procedure_roots", "2,A57"))


def test_procedure_result_names_its_rules() -> None:
    result = one("K635 I10X J189", "H201")
    assert (why(result), result.method, result.dominant_procedure) == (("FE30A", "procedure-driven"), "P", "H201")  # 1 + 2 points
    assert (result.root_rule, result.split_rule) == (line("procedure_roots", ",H20"), line("splits", ",FE30,A"))
    assert result.errors == ()


def test_diagnosis_rules() -> None:
    result = one("I10X E110")
    assert (why(result), result.method, result.dominant_procedure) == (("EB03C", "diagnosis-driven"), "D", "")
    assert (result.root_rule, result.split_rule) == (line("diagnosis_roots", ",I10X"), line("splits", "2,EB03,C"))
    assert one("A009").errors == (RecordError("DIAG_01", "A009", "Diagnosis is not covered by the design"),)
    assert why(one("A009"))[1] == "diagnosis not covered"
    assert one("N179").hrg == "LA07B"
    assert one("N179", DISMETH="4").hrg == "WA10C"
    assert why(one("N179", EPIDUR="0")) == ("UZ01Z", "no rule applies")
    assert one("N179", EPIDUR="0").errors == (RecordError("DIAG_01", "N179", "No rule of the design applies"),)


def test_step_comes_before_specificity_and_specificity_before_file_order() -> None:
    assert one("J451", SEX="2", STARTAGE="18").hrg == "PD10A"  # step 1 names J45-J46, step 2 J451
    assert one("J451", SEX="2", STARTAGE="19").hrg == "DZ16Z"  # within step 2 J451 before J40-J47, which stands first


def test_specificity_is_the_closest_term_of_a_row() -> None:
    # J44 names 3 listed codes, J40-J47 names 9, J names 12
    engine = engine_with(diagnosis_roots=("\n,J18,", "\n2,J J44,,,,,,WA10,judgement\n,J18,"))
    assert engine.group_spell([episode("J449")]).hrg == "WA10C"
    assert engine.group_spell([episode("J47X")]).hrg == "DZ15C"


def test_equally_close_rules_go_by_file_order() -> None:
    engine = engine_with(diagnosis_roots=("\n,J18,", "\n,J18,,,,,,DZ16,judgement\n,J18,"))
    assert engine.group_spell([episode("J181")]).hrg == "DZ16Z"


def test_splits_by_step() -> None:
    assert one("I500 N179", "X403").hrg == "EB03A"
    assert one("I500 N179").hrg == "EB03B"
    assert one("E112 Z515", "X403", SEX="1").hrg == "KB01Z"
    assert one("E119 Z515", "X403").hrg == "KB02A"
    assert one("E119", "X403").hrg == "KB02B"


def test_no_split_applies() -> None:
    engine = engine_with(splits=(",DZ15,C,,,0-1,0,", ",DZ15,C,,,1,0,"))
    result = engine.group_spell([episode("J459")]).episodes[0]
    assert why(result) == ("UZ01Z", "no split applies")
    assert (result.method, result.root_rule, result.split_rule) == ("U", line("diagnosis_roots", "2,J40"), "")
    assert result.errors == (RecordError("DIAG_01", "J459", "No split of the root applies"),)
    assert engine.group_spell([episode("J459 E119")]).hrg == "DZ15C"


# 5. Unbundled HRGs ----------------------------------------------------------------------------------------------------------------


def unbundled(diagnoses: str, procedures: str = "", **fields: object) -> list[str]:
    return [str(hrg) for hrg in one(diagnoses, procedures, **fields).unbundled]


def test_unbundled_hrgs_come_in_procedure_order() -> None:
    assert unbundled("J459", "U501 U212 X721", REHABILITATIONDAYS="0") == ["VC04Z", "RD20A", "SB14Z"]
    result = one("J459", "U501 U212").unbundled
    assert [(hrg.rule, hrg.split_rule) for hrg in result] == [
        (line("unbundling", ",U501"), line("splits", ",VC04,Z")),
        (line("unbundling", "2,U21"), line("splits", ",RD20,A")),
    ]


def test_unbundled_splits_see_the_episode() -> None:
    assert unbundled("J459", "U212", STARTAGE="18") == ["RD20B"]
    assert unbundled("J459", "U212 U212") == ["RD20A", "RD20A"]


def test_unbundled_rules_see_companions_of_their_procedure() -> None:
    assert unbundled("J459", "U212 Y973 Y983") == ["RD21Z"]
    assert unbundled("J459", "U212 Y973 U211 Y983") == ["RD20A", "RD20A"]
    assert unbundled("J459", "U212 Y971 Y983") == ["RD20A"]  # Y971 is taken away from contrast


def test_unbundled_rules_that_do_not_apply_give_none() -> None:
    assert unbundled("J459", "U212", TRETSPEF="812") == []
    assert unbundled("J459", "U051", STARTAGE="18") == []
    assert unbundled("J459", "X721 X403") == []


def test_unbundled_hrgs_of_the_episode_itself_come_last_and_once() -> None:
    assert unbundled("J459 Z515", "U212") == ["RD20A", "SD01Z"]
    # both rules with blank codes apply: step 1 decides
    assert unbundled("J459 Z515 Z509", "U212", MAINSPEF="314") == ["RD20A", "VC04Z"]


def test_unbundled_error_fails_the_episode() -> None:
    result = one("J459", "U212 U219 U211")
    assert why(result) == ("UZ01Z", "unbundled error")
    assert [str(hrg) for hrg in result.unbundled] == ["RD20A", "UZ01Z", "RD20A"]
    assert (result.method, result.root_rule, result.split_rule) == ("U", line("unbundling", "1,U219"), "")
    assert result.errors == (RecordError("OPER_02", "U219", "UZ06 - Poorly coded procedure"),)
    assert one("J459", "U219 Y973 Y983").hrg == "DZ15C"  # with contrast RD21


def test_first_unbundled_error_is_the_one_named() -> None:
    engine = engine_with(unbundling=("\n,U501", "\n,U211,,,,,,UZ05,rehabilitation,judgement\n,U501"))
    result = engine.group_spell([episode("J459", "U211 U219", REHABILITATIONDAYS="2")]).episodes[0]
    assert [str(hrg) for hrg in result.unbundled] == ["UZ01Z", "UZ01Z"]  # the error HRG carries no days
    assert result.root_rule == result.unbundled[0].rule != result.unbundled[1].rule
    assert [error.message[:4] for error in result.errors] == ["UZ05", "UZ06"]


def test_unbundled_error_leaves_an_earlier_reason() -> None:
    result = one("K529", "U219")
    assert why(result) == ("UZ01Z", "diagnosis not covered")
    assert [str(hrg) for hrg in result.unbundled] == ["UZ01Z"]
    assert [error.code for error in result.errors] == ["K529", "U219"]
    assert result.root_rule == ""


def test_failing_to_find_a_root_takes_no_unbundled_hrg_away() -> None:
    result = one("K529", "U212")
    assert (result.hrg, [str(hrg) for hrg in result.unbundled]) == ("UZ01Z", ["RD20A"])


def test_invalid_episodes_get_no_unbundled_hrgs() -> None:
    assert unbundled("J459", "U212", SEX="7") == []
    disagreeing = spell(episode("J459", "U212"), episode(SEX="2"))
    assert disagreeing.unbundled == ()


# 6. The spell ---------------------------------------------------------------------------------------------------------------------


def test_spell_of_one_episode_has_its_result() -> None:
    result = spell(episode("K635 I10X", "H201", CRITICALCAREDAYS="1"))
    only = result.episodes[0]
    assert (result.hrg, result.method, result.dominant_procedure, result.reason) == (only.hrg, "P", "H201", only.reason)
    assert (result.root_rule, result.split_rule) == (only.root_rule, only.split_rule)
    assert (result.primary_diagnosis, result.secondary_diagnosis, result.episode_count) == ("K635", "I10X", 1)
    assert (result.los, result.critical_care_days, only.report_flag) == (2, 1, True)


def test_failed_episode_fails_the_spell() -> None:
    result = spell(episode("J181"), episode("Z509", CRITICALCAREDAYS="2"))
    assert why(result) == ("UZ01Z", "episode failed")
    assert (result.method, result.root_rule, result.split_rule, result.dominant_procedure) == ("U", "", "", "")
    assert [each.hrg for each in result.episodes] == ["DZ11C", "UZ01Z"]  # nothing goes down
    assert [each.report_flag for each in result.episodes] == [True, False]
    assert (result.primary_diagnosis, result.los, result.critical_care_days) == ("J181", 4, 2)
    assert why(spell(episode("Z509"))) == ("UZ01Z", "episode failed")


def test_failed_spell_reports_its_first_episode_as_given() -> None:
    result = ENGINE.group_spell([episode(" q99.9 i10x", EPIORDER="2"), episode(" j45.9 ", EPIORDER="1", DIAG_02=" zz ")])
    assert (result.primary_diagnosis, result.secondary_diagnosis) == ("j45.9", "zz")
    assert [each.report_flag for each in result.episodes] == [False, True]


def test_invalid_episode_orders_come_first_in_input_order() -> None:
    orders = ["2", "98", "1", ""]
    result = ENGINE.group_spell(
        [episode(code, EPIORDER=order) for code, order in zip(["J459", "J450", "J451", "J458"], orders, strict=True)]
    )
    assert result.primary_diagnosis == "J450"


def test_spell_weighs_all_procedures_and_takes_that_episodes_primary() -> None:
    # J181 (6) is the highest diagnosis; H201 (7) drives; its episode's primary is K635. CC of FE30: J181 2, I10X 1.
    result = spell(episode("J181", "E851"), episode("K635 I10X", "h20.1"))
    assert (why(result), result.method, result.dominant_procedure) == (("FE30A", "procedure-driven"), "P", "H201")
    assert (result.primary_diagnosis, result.secondary_diagnosis) == ("K635", "I10X")
    assert [each.report_flag for each in result.episodes] == [False, True]
    assert result.los == 6


def test_spell_takes_the_highest_primary_where_diagnoses_drive() -> None:
    result = spell(episode("J459"), episode("J181 E119"), episode("J189"))
    # J181 the earliest of 6; J459 and J189 are secondary: J459 excluded after J18, E119 1 point
    assert (result.hrg, result.method, result.primary_diagnosis, result.secondary_diagnosis) == ("DZ11B", "D", "J181", "E119")
    assert [each.report_flag for each in result.episodes] == [False, True, False]


def test_spell_points_for_other_episodes_primaries_but_not_for_the_same_code() -> None:
    assert spell(episode("I10X"), episode("N179"), episode("E119")).hrg == "LA07A"  # E119 is on the list respiratory
    assert spell(episode("N179"), episode("N179")).hrg == "LA07B"


def test_spell_dominance_is_by_order_of_episodes_not_of_input() -> None:
    result = ENGINE.group_spell([episode("K635", "W371", EPIORDER="2"), episode("J459", "W191", EPIORDER="1")])
    assert (result.dominant_procedure, result.primary_diagnosis) == ("W191", "J459")
    assert [each.dominant_procedure for each in result.episodes] == ["W371", "W191"]  # input order


def test_spell_companions_stay_in_their_episode() -> None:
    assert spell(episode("K635", "H221"), episode("J459", "Z943 X403")).hrg == "FE30B"
    assert spell(episode("K635", "H221 Z943"), episode("J459")).hrg == "FE31Z"


def test_spell_facts_come_from_first_and_last() -> None:
    assert spell(episode("N179"), episode("N179", DISMETH="4")).hrg == "WA10C"  # died: the last one's
    assert spell(episode("N179", DISMETH="4"), episode("N179")).hrg == "LA07B"
    assert spell(episode("J459", STARTAGE="18"), episode("J459", STARTAGE="19")).hrg == "PD10A"
    pain = spell(episode("J459", "A577", TRETSPEF="191"), episode("J459"))
    assert pain.method == "G"
    assert spell(episode("J459"), episode("J459", "A577", TRETSPEF="191")).method == "D"


def test_spell_length_of_stay_is_the_sum() -> None:
    assert spell(episode("M484", EPIDUR="3"), episode("M484", EPIDUR="2")).hrg == "HC33A"
    assert spell(episode("M484", EPIDUR="3"), episode("M484", EPIDUR="2", SPCDAYS="1")).hrg == "HC33B"


def test_spell_trauma_takes_the_first_injured_primary() -> None:
    # N179 (8) is higher than S065 (6), but exceptions ask for an injury
    result = spell(episode("N179"), episode("S065 I10X"), episode("S321"))
    assert (result.hrg, result.method, result.primary_diagnosis, result.secondary_diagnosis) == ("VA10C", "M", "S065", "I10X")
    assert [each.report_flag for each in result.episodes] == [False, True, False]


def test_spell_trauma_needs_two_sites_and_then_weighs_as_usual() -> None:
    result = spell(episode("S065"), episode("N179"))
    assert (result.hrg, result.primary_diagnosis) == ("LA07B", "N179")


def test_spell_burn_takes_the_highest_primary() -> None:
    result = spell(episode("J459 T202"), episode("N179"))
    assert (result.hrg, result.method, result.primary_diagnosis) == ("JB30C", "B", "N179")


def test_spell_interventions_are_distinct_over_episodes() -> None:
    assert spell(episode("M169", "W371"), episode("M169 I10X", "W371")).hrg == "HN12B"  # one intervention, one CC point
    assert spell(episode("M169", "W371"), episode("M169", "H201")).hrg == "HN12A"


def test_spell_that_fails_by_itself() -> None:
    # W822 in the first episode groups by age 19; in the spell the first episode's age is 18.
    result = spell(episode("M169", "H201", STARTAGE="18"), episode("M169", "W822", STARTAGE="19"))
    assert [each.hrg for each in result.episodes] == ["FE30C", "HN12C"]
    assert why(result) == ("UZ01Z", "no rule applies")
    assert (result.method, result.dominant_procedure, result.primary_diagnosis) == ("U", "", "M169")
    assert [each.report_flag for each in result.episodes] == [True, False]


def test_uncovered_primary_ranks_below_all() -> None:
    burnt = episode("K529 T202")
    assert spell(burnt, episode("J459")).primary_diagnosis == "J459"
    assert spell(burnt, burnt).method == "B"


def test_spell_has_its_episodes_unbundled_hrgs_in_order() -> None:
    first, second = episode("J459", "X721", EPIORDER="1"), episode("J459", "U212", EPIORDER="2")
    assert ENGINE.group_spell([second, first]).unbundled == ("SB14Z", "RD20A")
    failed = spell(episode("J459", "U212"), episode("K529", "X721"))
    assert (failed.hrg, failed.unbundled) == ("UZ01Z", ("RD20A", "SB14Z"))


def test_a_spell_has_an_episode() -> None:
    with pytest.raises(InputError, match="at least one episode"):
        ENGINE.group_spell([])


# 7. Days on unbundled HRGs --------------------------------------------------------------------------------------------------------


def test_days_are_written_where_there_are_any() -> None:
    assert unbundled("J459", "U501", REHABILITATIONDAYS="12", SPCDAYS="3") == ["VC04Z*12"]
    assert unbundled("J459", "U501", REHABILITATIONDAYS="") == ["VC04Z"]
    assert unbundled("J459 Z515", SPCDAYS="3", REHABILITATIONDAYS="12") == ["SD01Z*3"]
    assert unbundled("J459", "U212", REHABILITATIONDAYS="12") == ["RD20A"]
    assert unbundled("J459", "U501 U501", REHABILITATIONDAYS="12") == ["VC04Z*12", "VC04Z*12"]


# The trace and the explanation ----------------------------------------------------------------------------------------------------


def without_steps(result: SpellResult) -> Any:
    values = json.loads(json.dumps(result, default=vars))
    for record in (values, *values["episodes"]):
        del record["steps"]
    return values


def all_steps(steps: tuple[Step, ...]) -> list[Step]:
    return [found for step in steps for found in (step, *all_steps(step.children))]


TRACED = [episode("J181 J450 E119 E119 K635", "E851 W903"), episode("J459 J459", "H221 Z943 U212 U501", EPIORDER="2")]


def test_trace_changes_nothing() -> None:
    for spells in (TRACED, [episode("Z509")], [episode(SEX="7")], [episode("K529", "U219")], [episode("J459 T202")]):
        traced, plain = ENGINE.group_spell(spells, trace=True), ENGINE.group_spell(spells)
        assert without_steps(traced) == without_steps(plain)
        assert plain.steps == () and plain.episodes[0].steps == ()
        assert traced.steps and traced.episodes[0].steps


def test_trace_shows_what_was_tried_and_failed() -> None:
    steps = all_steps(ENGINE.group_spell([episode("J181 J450 E119 E119 K635", "H229 W903 H221")], trace=True).episodes[0].steps)
    said = {(step.text, step.rule) for step in steps}
    assert ("Dominant procedure H229 (hierarchy 5): the highest; next H221 (5).", "") in said
    grouped = all_steps(ENGINE.group_spell([episode("J459", "H221 Y981")], trace=True).episodes[0].steps)
    tried = {(step.text, step.rule, step.outcome, step.basis) for step in grouped}
    assert ("FE31: companion left: not there.", line("procedure_roots", ",H22"), "failed", "judgement") in tried
    assert ("FE30: no conditions.", line("procedure_roots", "2,H22"), "passed", "judgement") in tried
    assert ("FE30A: cc 3+: it is 0.", line("splits", ",FE30,A"), "failed", "judgement") in tried


def test_trace_tells_the_points_of_each_secondary_diagnosis() -> None:
    steps = all_steps(ENGINE.group_spell([episode("J181 J450 E119 E119 K635 J181")], trace=True).episodes[0].steps)
    said = [(step.text, step.rule) for step in steps if step.kind == "cc"]
    excluded = line("cc_exclusions", "respiratory,J18")
    row = line("cc_lists", "respiratory,1")
    assert said == [
        ("CC score 1, from the list respiratory.", ""),
        (f"J450: no points, excluded after primary diagnosis J181; would be 1 by {row}.", excluded),
        ("E119: points 1.", row),
        ("E119: no points, it stands already.", ""),
        ("K635: no points, not on the list respiratory.", ""),
        ("J181: no points, it is the primary diagnosis.", ""),
    ]


def test_trace_has_a_step_of_every_kind() -> None:
    result = ENGINE.group_spell(TRACED, trace=True)
    steps = all_steps(result.steps) + [step for each in result.episodes for step in all_steps(each.steps)]
    wanted = {"validation", "facts", "exception", "dominant", "grid", "root", "cc", "interventions", "split", "unbundled", "spell"}
    assert wanted <= {step.kind for step in steps}
    assert all(step.basis for step in steps if step.rule)


def test_explanation_text() -> None:
    text = explain_spell(read_texts(TEXTS), TRACED).text()
    assert max(map(len, text.splitlines())) <= 100
    assert text.splitlines()[-1] == "Invented for tests. It groups nothing as anybody does."
    assert "Episode 2: FE31Z Therapeutic Colonoscopy (procedure-driven)" in text
    assert re.search(r"^ +- FE30A: |^ +- DZ11A: ", text, re.MULTILINE)


def test_explanation_labels_compose_root_and_split() -> None:
    labels = explain_spell(read_texts(TEXTS), [episode("K635", "H201 U212")]).labels
    assert labels == {
        "FE30B": "Colonoscopy, 19 years and over, with CC Score 0-2",
        "RD20A": "Computerised Tomography Scan of One Area, 19 years and over",
    }
    assert explain_spell(read_texts(TEXTS), [episode("Z509")]).labels == {"UZ01Z": "Data Invalid for Grouping"}


def test_explanation_json() -> None:
    explained = explain_spell(read_texts(TEXTS), TRACED)
    values = json.loads(explained.json())
    assert values == explained.to_dict()
    assert values["spell"]["hrg"] == explained.result.hrg
    assert values["spell"]["episodes"][1]["reason"] == "procedure-driven"
    assert values["design"]["id"] == "small"


def test_explanation_html_escapes_what_it_was_given() -> None:
    page = explain_spell(read_texts(TEXTS), [episode("<b>x</b>", SEX='"><script>alert(1)</script>')]).html()
    assert "<script" not in page and "<b>x" not in page
    assert "&lt;script&gt;alert(1)" in page and "&lt;b&gt;x&lt;/b&gt;" in page
    assert page.startswith("<!DOCTYPE html>") and '<html lang="en">' in page
