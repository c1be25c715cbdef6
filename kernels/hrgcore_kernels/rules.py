"""Rules: which of a chain is the first that applies to a record's facts."""

import numpy as np

from hrgcore_kernels.accelerate import inline


@inline
def first_rule(design, chain, facts):
    """The number of the first rule of a chain whose tests all hold; 0 where none does.

    Rule: tables/README.md, "Order". ``facts`` holds ranges, then words of list bits. A chain ends with a step that always holds.
    """
    at = np.uint64(chain)  # unsigned: Numba need not ask whether the place counts from the end
    while True:
        step = design.steps[at]
        if np.uint64((facts[step.fact] & step.mask) - step.low) <= step.span:
            if step.rule >= 0:
                return np.int64(step.rule)
            at += np.uint64(1)
        else:
            at += np.uint64(step.fail)
