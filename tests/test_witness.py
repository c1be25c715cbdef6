"""Witnesses: a spell for every HRG, found from the tables alone, that both engines group to it; or what is in the way."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from designs import both
from spoiling import spoiled
from test_open_design import ELSEWHERE, of_2024
from witnesses import witnesses_of

from hrgcore.design.conditions import UNBOUNDED, Lists, Range
from hrgcore.design.tables import read_texts
from hrgcore.design_report import grouped_by_kernels
from hrgcore.reference import SpellResult
from hrgcore.witness import Unreached, Witness, find_witnesses
from hrgcore.witness.pools import Pointed
from hrgcore.witness.sums import choose
from hrgcore.witness.wants import Wants, may_all_fail

#: HRGs of the open design that no spell comes to, and why.
UNREACHED = dict.fromkeys(("SD04A", "SD04B", "SD05A", "SD05B"), "attendances: every patient classification is of someone admitted")
DESIGNS = ("small", "starter")


def is_reached(witness: Witness, result: SpellResult) -> bool:
    if witness.unbundled:
        return witness.hrg in {text.partition("*")[0] for text in result.unbundled} and result.method != "U"
    return (result.hrg, result.root_rule, result.split_rule) == (witness.hrg, witness.root_rule, witness.split_rule)


def spoilt(file: str, *changes: tuple[str, str]) -> dict[str, Unreached]:
    """What is not reached of the small design after changes to one file."""
    texts, _ = spoiled(file, *changes[0])
    for old, new in changes[1:]:
        assert texts[file].count(old) == 1
        texts[file] = texts[file].replace(old, new)
    return unreached_of(texts)


def unreached_of(texts: dict[str, str]) -> dict[str, Unreached]:
    tables = read_texts(texts)
    assert tables.faults == []
    return {one.hrg: one for one in find_witnesses(tables).unreached}


@pytest.mark.parametrize("name", DESIGNS)
def test_every_hrg_has_a_witness(name: str) -> None:
    found = witnesses_of(name)
    hrgs = [row["root"] + row["split"] for row in both(name).bundle.tables["splits"]]
    assert {one.hrg: one.why for one in found.unreached}.keys() == (UNREACHED if name == "starter" else {}).keys()
    assert [one.hrg for one in found.found] == [hrg for hrg in hrgs if name == "small" or hrg not in UNREACHED]
    assert all("every value of CLASSPAT" in one.why for one in found.unreached)


@pytest.mark.parametrize("name", DESIGNS)
def test_both_engines_group_every_witness_to_its_hrg(name: str) -> None:
    found = witnesses_of(name).found
    assert [one.hrg for one in found if not is_reached(one, both(name).reference.group_spell(one.episodes))] == []
    agreed = grouped_by_kernels(both(name).grouper, found)
    assert [one.hrg for one, same in zip(found, agreed, strict=True) if not same] == []


@pytest.mark.parametrize("unbundled", [False, True])
def test_a_spell_that_is_no_witness_is_not_taken_for_one(unbundled: bool) -> None:
    """Each witness held against the HRG of the next."""
    found = [one for one in witnesses_of("small").found if one.unbundled == unbundled]
    shifted = [replace(one, hrg=other.hrg) for one, other in zip(found, found[1:] + found[:1], strict=True)]
    assert not any(grouped_by_kernels(both("small").grouper, shifted))
    assert not any(is_reached(one, both("small").reference.group_spell(one.episodes)) for one in shifted)


def test_every_hrg_of_admitted_care_has_a_witness(shared: Path) -> None:
    listed = {hrg for hrg in of_2024(shared) if hrg[:2] not in ELSEWHERE}
    assert len(listed) > 2_800
    assert listed - {one.hrg for one in witnesses_of("starter").found} == set(UNREACHED)
    assert all("Attendance" in of_2024(shared)[hrg]["label"] for hrg in UNREACHED)


# What is in the way ----------------------------------------------------------------------------------------------------


def test_a_root_that_no_rule_leads_to() -> None:
    unreached = spoilt("diagnosis_roots.csv", ("2,J451,,,female,,,DZ16", "2,J451,,,female,,,DZ15"))
    assert unreached.keys() == {"DZ16Z"} and unreached["DZ16Z"].why == "no rule leads to DZ16"


def test_a_split_that_contradicts_every_rule_of_its_root() -> None:
    unreached = spoilt("procedure_roots.csv", ("2,H22,,", "2,H22,19+,"), (",H20,,", ",H20,19+,"))
    assert unreached.keys() == {"FE30C"} and "contradicts every rule that leads to FE30" in unreached["FE30C"].why


def test_a_rule_behind_one_that_always_applies() -> None:
    unreached = spoilt("diagnosis_roots.csv", ("2,J451,,,female,,,DZ16", "3,J451,,,female,,,DZ16"))
    assert unreached.keys() == {"DZ16Z"} and "before another rule" in unreached["DZ16Z"].why


def test_a_rule_that_an_exception_catches_first() -> None:
    unreached = spoilt("exceptions.csv", ("1,M,,,2+,,,,,VA10", "1,B,,,,,,burn_depth,,WA10,judgement\n1,M,,,2+,,,,,VA10"))
    assert unreached.keys() == {"JB30A", "JB30B", "JB30C"}
    assert all("caught by exceptions.csv:2" in one.why for one in unreached.values())


def test_an_exception_that_can_be_escaped_is_escaped() -> None:
    """One that takes every stay of 0 days: only what is for such stays is lost, and all others stay longer."""
    unreached = spoilt("exceptions.csv", ("1,M,,,2+,,,,,VA10", "0,G,0,,,,,,,WA10,judgement\n1,M,,,2+,,,,,VA10"))
    assert unreached.keys() == {"PD10B", "SB97Z"}


def test_points_that_no_codes_add_up_to() -> None:
    """EB03B is for a CC score of 2 and more: E110 alone gives 1."""
    texts, _ = spoiled("cc_lists.csv", "cardiac,1,E11,", "cardiac,1,E110,")
    texts["cc_lists.csv"] = texts["cc_lists.csv"].replace("cardiac,2,N179,", "cardiac,0,N179,")
    unreached = unreached_of(texts)
    assert unreached.keys() == {"EB03B"} and "no codes add up" in unreached["EB03B"].why


# The parts -------------------------------------------------------------------------------------------------------------


def test_wants_that_contradict_one_another_are_none() -> None:
    wants = Wants().adding([Range("age", 0, 18), Lists("patient", ("one", "other"), False)])
    assert wants is not None and wants.range("age") == (0, 18) and wants.range("los") == (0, UNBOUNDED)
    assert wants.adding([Range("age", 19, UNBOUNDED)]) is None
    narrowed = wants.adding([Lists("patient", ("one",), True)])
    assert narrowed is not None and narrowed.wanted("patient") == [("other",)]
    assert narrowed.adding([Lists("patient", ("other",), True)]) is None


def test_ways_out_of_a_rule() -> None:
    escaped = list(Wants().escaping([Range("age", 5, 18), Lists("patient", ("one",), True)]))
    assert [one.range("age") for one in escaped] == [(0, 4), (19, UNBOUNDED), (0, UNBOUNDED)]
    assert escaped[2].wanted("patient") == [("one",)]


def test_rules_that_leave_no_case() -> None:
    young, old, female = Range("age", 0, 18), Range("age", 19, UNBOUNDED), Lists("patient", ("female",), False)
    assert not may_all_fail([(young,), (old,)])
    assert may_all_fail([(young,), (old, female)])
    assert not may_all_fail([(young, female), ()])
    assert not may_all_fail([(young,), (old, female), (old, Lists("patient", ("female",), True))])
    assert may_all_fail([])


@pytest.mark.parametrize(
    ("have", "points", "parts", "expected"),
    [
        ({}, (0, 0), (0, UNBOUNDED), []),
        ({}, (5, 5), (0, UNBOUNDED), ["A2", "B3"]),
        ({"a": 2}, (5, 5), (0, UNBOUNDED), ["B3"]),
        ({"a": 2}, (7, UNBOUNDED), (0, UNBOUNDED), ["A4", "B3"]),
        ({}, (4, UNBOUNDED), (2, UNBOUNDED), ["A2", "B3"]),
        ({}, (8, UNBOUNDED), (0, UNBOUNDED), None),
        ({"a": 2}, (0, 1), (0, UNBOUNDED), None),
    ],
)
def test_codes_whose_points_add_up(
    have: dict[str, int], points: tuple[int, int], parts: tuple[int, int], expected: list[str] | None
) -> None:
    offers = [Pointed("A2", 2, "a"), Pointed("A4", 4, "a"), Pointed("B3", 3, "b")]
    assert choose(offers, have, points, parts) == expected
