"""What grouping a record comes to: one small tuple that every stage hands on."""

from typing import NamedTuple

import numpy as np

from hrgcore_kernels.accelerate import inline
from hrgcore_kernels.codes import (
    FACT_CC,
    FACT_INTERVENTIONS,
    METHOD_FAILED,
    REASON_ERROR_CATEGORY,
    REASON_INVALID_FIELD,
    REASON_NO_SPLIT,
    REASON_SPELL_DISAGREES,
)
from hrgcore_kernels.rules import first_rule
from hrgcore_kernels.scores import cc_score, interventions


class Outcome(NamedTuple):
    """The HRG number (0: the error HRG), how and why it was found, and the rule rows that decided."""

    hrg: np.int64
    method: np.int64
    reason: np.int64
    root_rule: np.int64
    split_rule: np.int64
    error: np.int64  # error category
    error_at: np.int64  # place in the procedures of the code at fault; -1: the primary diagnosis


@inline
def outcome_of(hrg, method, reason, root_rule, split_rule, error, error_at):
    """An outcome of one type, whatever the types of its parts."""
    return Outcome(
        np.int64(hrg),
        np.int64(method),
        np.int64(reason),
        np.int64(root_rule),
        np.int64(split_rule),
        np.int64(error),
        np.int64(error_at),
    )


@inline
def failure(reason, rule, error, error_at):
    """A record that groups to the error HRG."""
    return outcome_of(0, METHOD_FAILED, reason, rule, 0, error, error_at)


@inline
def fails_before_grouping(outcome):
    """Whether a record failed a check of docs/grouping.md section 2, the last paragraph included."""
    if outcome.reason == REASON_INVALID_FIELD or outcome.reason == REASON_SPELL_DISAGREES:
        return True
    return outcome.reason == REASON_ERROR_CATEGORY and outcome.error_at < 0


@inline
def split(design, root, root_rule, method, scratch, d_count, primary, p_count, error_at):
    """The HRG of a root: the first of its splits that applies. Methods have the numbers of the reasons that give them;
    ``error_at`` is the place of the code at fault where no split applies.

    Rule: docs/grouping.md section 4, last paragraph; CC score and interventions are those of the root.
    """
    entry = design.roots[root]
    facts = scratch.facts
    facts[FACT_CC] = cc_score(design, entry, scratch, d_count, primary)
    facts[FACT_INTERVENTIONS] = interventions(design, entry.interventions, scratch, p_count)
    rule = first_rule(design, entry.split_chain, facts)
    facts[FACT_CC] = 0
    facts[FACT_INTERVENTIONS] = 0
    if rule == 0:
        return failure(REASON_NO_SPLIT, root_rule, 0, error_at)
    return outcome_of(design.rules[rule].outcome, method, method, root_rule, rule, 0, -1)
