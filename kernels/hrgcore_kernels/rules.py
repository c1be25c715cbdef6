"""Rules: whether one applies to a record's facts, and which of a chain is the first that does."""

import numpy as np

from hrgcore_kernels.accelerate import inline
from hrgcore_kernels.codes import TEST_NONE, TEST_RANGE


@inline
def first_rule(design, chain, facts):
    """The number of the first rule of a chain whose tests all hold; 0 where none does.

    Rule: tables/README.md, "Order". ``facts`` holds ranges, then words of list bits.
    """
    for at in range(design.chain_start[chain], design.chain_start[chain + 1]):
        number = design.chain_rules[at]
        rule = design.rules[number]
        holds = True
        for place in range(rule.test_start, rule.test_end):
            test = design.tests[place]
            fact = facts[test.fact]
            if test.kind == TEST_RANGE:
                holds = test.low <= fact <= test.high
            elif test.kind == TEST_NONE:
                holds = (fact & test.low) == 0
            else:
                holds = (fact & test.low) != 0
            if not holds:
                break
        if holds:
            return np.int64(number)
    return np.int64(0)
