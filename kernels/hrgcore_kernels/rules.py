"""Rules: which of a chain is the first that applies to a record's facts.

A chain is a row of steps (see STEP) and ends with one that always holds.
"""

import numpy as np

from hrgcore_kernels.accelerate import inline, stage


@inline
def holds(test, fact):
    """Whether a test holds for its fact."""
    return np.uint64((fact & test.mask) - test.low) <= test.span


@inline
def first_rule(design, chain, facts):
    """The number of the first rule of a chain whose tests all hold; 0 where none does.

    Rule: tables/README.md, "Order". ``facts`` holds ranges, then words of list bits.
    """
    at = np.uint64(chain)  # unsigned: Numba need not ask whether the place counts from the end
    while True:
        step = design.steps[at]
        test = design.tests[step.test]
        if holds(test, facts[test.fact]):
            if step.rule >= 0:
                return np.int64(step.rule)
            at += np.uint64(1)
        else:
            at += np.uint64(step.fail)


@inline
def passes(design, which, facts):
    """Whether a rule of one of the chains that are tried for every record might apply to a record."""
    first, end = np.uint64(design.gate_start[which]), np.uint64(design.gate_start[which + 1])
    found = np.int64(first == end)
    at = first
    while at < end:
        gate = design.gates[at]
        found |= facts[np.uint64(gate.fact)] & gate.mask
        at += np.uint64(1)
    return found != 0


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
            word = steps[at].word
            test = tests[np.uint64(word & 0xFFFF)]
            held = holds(test, facts[number, test.fact])
            rules[number] = word >> 32
            at_step[number] = at + (np.uint32(1) if held else np.uint32((word >> 16) & 0xFFFF))
            walking[kept] = number
            kept += not (held & (word >= 0))
        count = kept
