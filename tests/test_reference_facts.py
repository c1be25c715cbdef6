"""The reference engine against docs/grouping.md, section 3: facts."""

from __future__ import annotations

import pytest
from small_spells import one

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
