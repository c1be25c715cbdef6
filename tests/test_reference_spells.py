"""The reference engine against docs/grouping.md, sections 5 to 7: unbundled HRGs and the spell."""

from __future__ import annotations

import pytest
from small_spells import ENGINE, engine_with, episode, line, one, spell, why

from hrgcore.errors import InputError
from hrgcore.reference import RecordError

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
