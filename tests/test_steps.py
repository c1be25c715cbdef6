"""Chains as steps, and gates before those that are tried for every record: they say what their rules say, for all facts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hrgcore.design.conditions import RANGE_FACTS
from hrgcore.design.gates import compile_gates
from hrgcore.design.steps import ANY, Rule, Steps, Test, pack, unpack
from hrgcore_kernels import codes as k
from hrgcore_kernels import rules

FIRST_LIST = k.N_RANGE_FACTS + 1  # facts: ranges, a word of sets, then words of lists
SCOPES = {"patient": k.N_RANGE_FACTS, "primary": FIRST_LIST, "diagnosis": FIRST_LIST + 1, "procedure": FIRST_LIST + 2}
FACTS = FIRST_LIST + 3
SITES = RANGE_FACTS.index("trauma_sites")
UNSIGNED = 2**64 - 1
UNBOUNDED = 2**31 - 1

RANGES = st.tuples(st.sampled_from([0, SITES]), st.just(-1), st.integers(0, 3), st.integers(0, 3))
MASKS = st.integers(1, 15)
LISTS = st.one_of(
    st.tuples(st.integers(k.N_RANGE_FACTS, FACTS - 1), MASKS, st.just(ANY[0]), st.just(ANY[1])),
    st.tuples(st.integers(k.N_RANGE_FACTS, FACTS - 1), MASKS, st.just(0), st.just(0)),
)
RULES = st.lists(st.lists(st.one_of(LISTS, LISTS, RANGES), max_size=3, unique=True).map(tuple), max_size=8)
OTHER_TESTS = st.lists(st.one_of(LISTS, RANGES.filter(lambda test: test[0] != 0)), max_size=2, unique=True)
NUMBER = st.tuples(st.just(0), st.just(-1), st.sampled_from([0, 3, 4, 6, 9, 10]), st.sampled_from([1, 2, 2, 5, UNBOUNDED]))
BY_NUMBER = st.lists(st.builds(lambda number, others: (number, *others), NUMBER, OTHER_TESTS), max_size=8)
RECORDS = st.lists(st.lists(st.integers(0, 15), min_size=FACTS, max_size=FACTS), min_size=1, max_size=8)


def holds(test: Test, facts: list[int]) -> bool:
    fact, mask, low, span = test
    return ((facts[fact] & mask) - low) & UNSIGNED <= span


def first(rules: list[Rule], facts: list[int]) -> int:
    return next((number for number, tests in rules if all(holds(test, facts) for test in tests)), 0)


def numbered(rules: list[tuple[Test, ...]]) -> list[Rule]:
    """The rules of a chain, which ends with the first that has no test."""
    found = list(enumerate(rules, 1))
    end = next((place for place, (_, tests) in enumerate(found, 1) if not tests), len(found))
    return found[:end]


@settings(max_examples=400)
@given(st.one_of(RULES, BY_NUMBER), RECORDS)
def test_a_walk_along_the_steps_comes_to_the_first_rule_that_applies(
    rules: list[tuple[Test, ...]], records: list[list[int]]
) -> None:
    chain = numbered(rules)
    steps = Steps(FIRST_LIST)
    start = steps.chain(chain)
    for facts in [*records, *([number, *records[0][1:]] for number in (-1, UNBOUNDED, UNBOUNDED + 1, 2**62))]:
        assert walk(steps, start, facts)[0] == first(chain, facts)


def walk(steps: Steps, start: int, facts: list[int]) -> tuple[int, int]:
    """The rule that a walk comes to, and after how many steps."""
    tests, (test_of, held, failed) = steps.arrays()["tests"], unpack(steps.arrays()["steps"])
    lead, at, count = -1, start, 0
    while lead < 0:
        fact, mask, low, span = (int(tests[test_of[at]][name]) for name in ("fact", "mask", "low", "span"))
        lead = int((held if holds((fact, mask, low, span), facts) else failed)[at])
        at -= lead
        count += 1
    return lead, count


def test_what_is_left_of_a_cut_does_not_fall_to_its_right() -> None:
    """Of 3 to 5 nothing is asked any more where a cut has told it."""
    steps = Steps(FIRST_LIST)
    start = steps.chain([(1, ((0, -1, 0, 2), (FIRST_LIST, 1, *ANY))), (2, ((0, -1, 3, 2),)), (3, ((0, -1, 6, UNBOUNDED - 6),))])
    for number in range(8):
        for word, found in ((0, 0), (1, 1)):
            facts = [number] + [0] * (FACTS - 1)
            facts[FIRST_LIST] = word
            assert walk(steps, start, facts)[0] == (found if number < 3 else 2 if number < 6 else 3)


def test_a_rule_that_begins_behind_a_cut_asks_for_its_number() -> None:
    steps = Steps(FIRST_LIST)
    spans = [(0, 2, ()), (4, 1, ((FIRST_LIST, 1, *ANY),)), (5, 0, ()), (6, UNBOUNDED - 6, ())]
    start = steps.chain([(number, ((0, -1, low, span), *others)) for number, (low, span, others) in enumerate(spans, 1)])
    assert [walk(steps, start, [number] + [0] * (FACTS - 1))[0] for number in range(8)] == [1, 1, 1, 0, 0, 3, 4, 4]


def test_rules_that_ask_for_other_numbers_are_cut_apart() -> None:
    """Of twelve splits by a score, four are tried at most; the last has no end, so that it is asked once more."""
    steps = Steps(FIRST_LIST)
    lows = range(0, 36, 3)
    splits = [(number, ((0, -1, low, 2 if low < 33 else UNBOUNDED - 33),)) for number, low in enumerate(lows, 1)]
    for order in (splits, splits[::-1]):
        start = steps.chain(order)
        found = [walk(steps, start, [score] + [0] * (FACTS - 1)) for score in range(40)]
        assert [rule for rule, _ in found] == [min(score // 3, 11) + 1 for score in range(40)]
        assert max(count for _, count in found) == 5 and sorted(count for _, count in found)[32] == 4


def test_rules_that_ask_for_lists_have_a_guard_before_them() -> None:
    """Of eight rules that each ask for another list, a record without any of them tries none."""
    steps = Steps(FIRST_LIST)
    start = steps.chain([(n, ((k.N_RANGE_FACTS, 1 << n, *ANY), (FIRST_LIST, 1 << n, *ANY))) for n in range(1, 9)])
    tests, (test_of, held, failed) = steps.arrays()["tests"], unpack(steps.arrays()["steps"])
    guard = tests[test_of[start]]
    assert (guard["fact"], guard["mask"]) == (FIRST_LIST, 0b111111110)
    assert (held[start], failed[start]) == (-1, 0)
    assert len(tests) == 18, "each once: always, the guard, eight sets and eight lists"
    of_numbers = steps.chain([(10 + n, ((0, -1, n, 0), (FIRST_LIST, 1 << n, *ANY))) for n in range(1, 9)])
    assert unpack(steps.arrays()["steps"])[0][of_numbers] == test_of[start], "before what cuts them apart"


@settings(max_examples=400)
@given(RULES, RECORDS)
def test_a_record_that_no_gate_lets_pass_meets_no_rule(rules: list[tuple[Test, ...]], records: list[list[int]]) -> None:
    words = {fact: np.arange(16) for fact in range(k.N_RANGE_FACTS, FACTS)}
    chain = numbered(rules)
    found = compile_gates([[], [tests for _, tests in chain]], words, SCOPES)
    assert found["ungated"].tolist() == [1, len(found["gates"]) == 0]
    for facts in records:
        scored = facts.copy()  # a score above 0 comes from a code on the score's own list
        scored[SCOPES["diagnosis"]] |= (1 << k.TRAUMA) if facts[SITES] else 0
        open_gates = [gate for gate in found["gates"] if scored[gate["fact"]] & gate["unbundling"]]
        if len(found["gates"]) and not open_gates:
            assert first(chain, scored) == 0


def test_a_chain_with_a_rule_that_asks_for_nothing_has_no_gates() -> None:
    """A score of 0 or more needs no code on the score's list; of 1 or more it does."""
    words = {fact: np.arange(16) for fact in range(k.N_RANGE_FACTS, FACTS)}
    chains = [[((SITES, -1, low, 5),), ((FIRST_LIST, 4, *ANY),)] for low in (0, 1)]
    found = compile_gates(chains, words, SCOPES)
    assert found["ungated"].tolist() == [1, 0]
    assert found["gates"].tolist() == [(FIRST_LIST, 0, 4), (SCOPES["diagnosis"], 0, 1 << k.TRAUMA)]
    both = compile_gates([chains[1], [((FIRST_LIST, 2, *ANY),)]], words, SCOPES)
    assert both["ungated"].tolist() == [0, 0]
    assert both["gates"].tolist() == [(FIRST_LIST, 4, 2), (SCOPES["diagnosis"], 1 << k.TRAUMA, 0)]


def test_more_steps_or_tests_than_can_be_numbered(monkeypatch: pytest.MonkeyPatch) -> None:
    rules: list[Rule] = [(number, ((k.N_RANGE_FACTS, 1 << number, *ANY),)) for number in range(1, 9)]
    for limit, message in (
        ("_FAR", "9 steps from this rule on; at most 8"),
        ("_TESTS", "9 different tests up to this rule; at most 8"),
    ):
        with monkeypatch.context() as patch, pytest.raises(ValueError, match=message):
            patch.setattr(f"hrgcore.design.steps.{limit}", 8)
            Steps(FIRST_LIST).chain(rules)


@given(st.lists(st.tuples(st.integers(0, 2**16 - 1), *[st.integers(-(2**23), 2**23 - 1)] * 2), min_size=1))
def test_a_step_is_one_number(steps: list[tuple[int, int, int]]) -> None:
    packed = np.array([pack(*step) for step in steps], np.int64)
    assert list(zip(*(part.tolist() for part in unpack(packed)), strict=True)) == steps
    for step, (test, held, failed) in zip(packed, steps, strict=True):
        assert (rules.test_of(step), rules.lead_of(step, True), rules.lead_of(step, False)) == (test, held, failed)
