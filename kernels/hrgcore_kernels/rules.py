"""Rules: which of a chain is the first that applies to a record's facts.

A chain is a row of steps (see STEP), each of which leads to a rule or to a later step.
"""

import numpy as np

from hrgcore_kernels.accelerate import inline, stage
from hrgcore_kernels.layout import LEAD_BITS, TEST_BITS

_TEST = np.int64(2**TEST_BITS - 1)
_FAILS = np.int64(TEST_BITS + LEAD_BITS)  # the lowest bit of where a step leads if its test fails


@inline
def test_of(step):
    """The number of the test of a step."""
    return np.uint64(step & _TEST)


@inline
def lead_of(step, held):
    """Where a step leads, as its test holds or fails."""
    return (step << np.int64(LEAD_BITS) if held else step) >> _FAILS


@inline
def holds(test, fact):
    """Whether a test holds for its fact."""
    return np.uint64((fact & test.mask) - test.low) <= test.span


@inline
def first_rule(design, chain, facts):
    """The number of the first rule of a chain whose tests all hold; 0 where none does.

    Rule: tables/README.md, "Order". ``facts`` holds ranges, then words of list bits.
    """
    at = np.int64(chain)
    while True:
        step = design.steps[np.uint64(at)]  # unsigned: Numba need not ask whether the place counts from the end
        test = design.tests[test_of(step)]
        lead = lead_of(step, holds(test, facts[test.fact]))
        if lead >= 0:
            return lead
        at -= lead


@inline
def passes(design, facts):
    """Whether an exception might apply to a record, and whether it might give an unbundled HRG by itself."""
    exceptions, unbundling = design.ungated[0], design.ungated[1]
    for at in range(np.uint64(len(design.gates))):
        gate = design.gates[at]
        fact = facts[np.uint64(gate.fact)]
        exceptions |= fact & gate.exceptions
        unbundling |= fact & gate.unbundling
    return exceptions != 0, unbundling != 0


@stage
def walk(design, scratch, count):
    """The same for ``count`` records of a block, those in ``walking``: from ``step`` on, the rule is left in ``rule``.

    All walk side by side, a step each in turn, and those that have come to their rule leave: there is no branch to guess but the
    loops' ends, and one record's look-ups need not wait for another's. ``walking`` is used up.
    """
    tests, steps = design.tests, design.steps
    walking, at_step, rules, facts = scratch.walking, scratch.step, scratch.rule, scratch.facts
    while count > 0:
        kept = 0
        for place in range(count):
            number = walking[place]
            at = at_step[number]
            step = steps[at]
            test = tests[test_of(step)]
            lead = lead_of(step, holds(test, facts[number, test.fact]))
            rules[number] = lead
            at_step[number] = at - lead
            walking[kept] = number
            kept += lead < 0
        count = kept
