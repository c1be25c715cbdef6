"""What the records of a block come to: failures before and after grouping, and the HRG of a root."""

import numpy as np

from hrgcore_kernels.accelerate import inline, stage
from hrgcore_kernels.codes import (
    FACT_CC,
    FACT_INTERVENTIONS,
    FIRST_SPELL_FAILURE,
    METHOD_FAILED,
    METHOD_PROCEDURE,
    REASON_ERROR_CATEGORY,
    REASON_INVALID_FIELD,
    REASON_NO_SPLIT,
    REASON_NONE,
    REASON_SPELL_DISAGREES,
)
from hrgcore_kernels.facts import diagnosis_place
from hrgcore_kernels.rules import walk
from hrgcore_kernels.scores import any_counts, cc_score, interventions


@inline
def begin(record):
    """No outcome yet."""
    record.hrg = 0
    record.method = METHOD_FAILED
    record.reason = REASON_NONE
    record.root_rule = 0
    record.split_rule = 0
    record.dominant = 0
    record.error = 0
    record.error_at = -1


@inline
def fail(record, reason, root_rule, error, error_at):
    """A record groups to the error HRG. ``error_at`` is the place among its procedures of the code at fault, -1: the primary
    diagnosis. Returns False, for callers to pass on.
    """
    begin(record)
    record.reason = reason
    record.root_rule = root_rule
    record.error = error
    record.error_at = error_at
    return False


@inline
def fails_before_grouping(record):
    """Whether a record failed a check of docs/grouping.md section 2, the last paragraph included."""
    reason = record.reason
    return (
        (reason == REASON_INVALID_FIELD)
        | (reason == REASON_SPELL_DISAGREES)
        | ((reason == REASON_ERROR_CATEGORY) & (record.error_at < 0))
    )


@stage
def check(design, count, scratch):
    """Fail episodes that failed a check or whose primary diagnosis has an error category; return how many, in ``chosen``, go on.

    An episode that failed is held against the error categories too. Rule: docs/grouping.md section 2.
    """
    records, chosen, walking = scratch.records, scratch.chosen, scratch.walking
    doubtful = np.int64(0)
    for place in range(count):
        record = records[place]
        begin(record)
        record.rule = 0
        record.step = design.diagnoses[record.primary].error_chain
        walking[doubtful] = place
        doubtful += record.step != 0
    walk(design.steps, records, scratch.facts, walking, doubtful)
    kept = np.int64(0)
    for place in range(count):
        record = records[place]
        chosen[kept] = place
        kept += (record.failed == 0) & (record.rule == 0)
        if (record.failed != 0) | (record.rule != 0):
            error = -design.rules[record.rule].outcome
            if record.failed == 0:
                fail(record, REASON_ERROR_CATEGORY, record.rule, error, -1)
            else:
                spell = record.failed >> np.uint32(FIRST_SPELL_FAILURE) != 0
                fail(record, REASON_SPELL_DISAGREES if spell else REASON_INVALID_FIELD, 0, error, -1)
    return kept


@stage
def begin_splits(design, count, scratch):
    """Begin the walks of the ``count`` records in ``chosen`` along the splits of their roots, and set what these count.

    Rule: docs/grouping.md section 4, last paragraph; CC score and interventions are those of the root.
    """
    records, facts, counted, found = scratch.records, scratch.facts, scratch.counted, scratch.found
    scope = diagnosis_place(design)
    scored = np.int64(0)
    for at in range(count):
        place = scratch.chosen[at]
        record = records[place]
        record.root = design.rules[record.root_rule].outcome
        root = design.roots[record.root]
        record.step = root.split_chain
        scratch.walking[at] = place
        counted[scored] = place
        scored += any_counts(root, facts, place, scope)
    for at in range(scored):
        place = counted[at]
        record = records[place]
        facts[place, FACT_CC] = cc_score(design, design.roots[record.root], record, scratch.diagnoses, found)
    intervened = np.int64(0)
    for at in range(count):
        place = scratch.chosen[at]
        counted[intervened] = place
        intervened += design.roots[records[place].root].interventions >= 0
    for at in range(intervened):
        place = counted[at]
        record = records[place]
        bit = design.roots[record.root].interventions
        facts[place, FACT_INTERVENTIONS] = interventions(design, bit, record, scratch.procedures, found)


@stage
def split(design, count, scratch):
    """Give the ``count`` records in ``chosen`` the HRG of their root: of the first of its splits that applies.

    Methods have the numbers of the reasons that give them. Rule: docs/grouping.md section 4, last paragraph.
    """
    records, facts, chosen, walking = scratch.records, scratch.facts, scratch.chosen, scratch.walking
    begin_splits(design, count, scratch)
    walk(design.steps, records, facts, walking, count)
    for at in range(count):
        record = records[chosen[at]]
        facts[chosen[at], FACT_CC] = 0
        facts[chosen[at], FACT_INTERVENTIONS] = 0
        rule = record.rule
        if rule == 0:
            fail(record, REASON_NO_SPLIT, record.root_rule, 0, record.error_at)
        else:
            method = record.method
            record.split_rule = rule
            record.hrg = design.rules[rule].outcome
            record.reason = method
            record.error_at = -1
            if method != METHOD_PROCEDURE:
                record.dominant = 0
