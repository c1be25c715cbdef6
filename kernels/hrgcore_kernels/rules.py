"""Rules: whether one applies to a record's facts, and which of a chain is the first that does."""

import numpy as np

from hrgcore_kernels.accelerate import inline


@inline
def holds(test, facts):
    """Whether a test of a fact holds: what the mask leaves of it lies from ``low`` to ``low + span``, as unsigned numbers."""
    return np.uint64((facts[test.fact] & test.mask) - test.low) <= test.span


@inline
def first_rule(design, chain, facts):
    """The number of the first rule of a chain whose tests all hold; 0 where none does.

    Rule: tables/README.md, "Order". ``facts`` holds ranges, then words of list bits.
    """
    at = design.chain_start[chain]
    while at < design.chain_start[chain + 1]:
        number = design.chain_rules[at]
        rule = design.rules[number]
        for place in range(rule.test_start, rule.test_end):
            if not holds(design.tests[place], facts):
                at += design.chain_skip[at] if place == rule.test_start else 1
                break
        else:
            return np.int64(number)
    return np.int64(0)
