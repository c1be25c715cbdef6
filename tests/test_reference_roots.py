"""The reference engine against docs/grouping.md, section 4: finding the root."""

from __future__ import annotations

import pytest
from small_spells import all_steps, engine_with, episode, line, one, why

from hrgcore.reference import RecordError

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
