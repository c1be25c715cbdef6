"""The reference engine against docs/grouping.md, sections 1 and 2: reading and validating."""

from __future__ import annotations

import pytest
from small_spells import ENGINE, TEXTS, engine_with, episode, line, one, spell, why

from hrgcore import messages
from hrgcore.design.tables import read_texts
from hrgcore.reference import RecordError


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
