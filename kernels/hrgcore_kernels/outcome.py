"""What the records of a block come to: failures before and after grouping, and the HRG of a root."""

import numpy as np

from hrgcore_kernels.accelerate import inline, stage
from hrgcore_kernels.codes import (
    FACT_CC,
    FACT_INTERVENTIONS,
    FIRST_SPELL_FAILURE,
    METHOD_FAILED,
    REASON_ERROR_CATEGORY,
    REASON_INVALID_FIELD,
    REASON_NO_RULE,
    REASON_NO_SPLIT,
    REASON_NONE,
    REASON_SPELL_DISAGREES,
)
from hrgcore_kernels.facts import as_primary, diagnosis_place
from hrgcore_kernels.rules import walk
from hrgcore_kernels.scores import any_counts, cc_score, interventions


@inline
def fail(record, reason, root_rule, error, error_at):
    """A record, or a result of one, groups to the error HRG.

    ``error_at`` is the place among its procedures of the code at fault, -1: the primary diagnosis.
    """
    record.hrg = 0
    record.method = METHOD_FAILED
    record.reason = reason
    record.root_rule = root_rule
    record.split_rule = 0
    record.dominant = 0
    record.error = error
    record.error_at = error_at


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
def check(design, count, doubtful, scratch):
    """Fail those of the ``count`` episodes that failed a check, or whose primary diagnosis has an error category.

    An episode that failed is held against the error categories too. Rule: docs/grouping.md section 2.
    """
    records = scratch.records
    for at in range(np.uint64(doubtful)):
        place = scratch.doubtful[at]
        scratch.step[place] = as_primary(design, records[place].primary).error_chain
        scratch.walking[at] = place
    walk(design, scratch, doubtful)
    for place in range(np.uint64(count)):
        record = records[place]
        rule = scratch.rule[place]
        if (record.failed != 0) | (rule != 0):
            error = -design.rules[rule].outcome
            if record.failed == 0:
                fail(record, REASON_ERROR_CATEGORY, rule, error, -1)
            else:
                spell = record.failed >> np.uint32(FIRST_SPELL_FAILURE) != 0
                fail(record, REASON_SPELL_DISAGREES if spell else REASON_INVALID_FIELD, 0, error, -1)


@stage
def split(design, diagnoses, procedures, count, scratch):
    """Give each of the ``count`` records the HRG of its root, of the first of its splits that applies; fail those without one.

    CC score and interventions are those of the root. Methods have the numbers of the reasons that give them. Rule: docs/grouping.md
    section 4, last paragraph.
    """
    records, facts, rooted = scratch.records, scratch.facts, scratch.rooted
    kept, scored, intervened = begin_splits(design, count, scratch)
    for at in range(scored):
        place = scratch.scored[at]
        record = records[place]
        facts[place, FACT_CC] = cc_score(design, design.roots[record.root], record, diagnoses, scratch)
    for at in range(intervened):
        place = scratch.intervened[at]
        record = records[place]
        facts[place, FACT_INTERVENTIONS] = interventions(design, design.roots[record.root], record, procedures, scratch)
    walk(design, scratch, kept)
    for at in range(np.uint64(kept)):
        place = rooted[at]
        record = records[place]
        rule = scratch.rule[place]
        if rule == 0:
            fail(record, REASON_NO_SPLIT, record.root_rule, 0, record.error_at)
        else:
            record.split_rule = rule
            record.hrg = design.rules[np.uint64(rule)].outcome
            record.reason = record.method
            record.error_at = -1


@inline
def begin_splits(design, count, scratch):
    """Fail those of the ``count`` records that have no root; the others begin to walk along its splits.

    Returns how many are ``rooted``, ``scored`` and ``intervened``.
    """
    scope = diagnosis_place(design)
    kept = scored = intervened = np.uint64(0)
    for place in range(np.uint64(count)):
        record = scratch.records[place]
        rule = scratch.rule[place]
        if (rule == 0) | (record.reason != REASON_NONE):  # those that failed before are failed again, with what they have
            reason = record.reason if record.reason != REASON_NONE else REASON_NO_RULE
            fail(record, reason, record.root_rule, record.error, record.error_at)
            continue
        record.root_rule = rule
        root_number = np.uint64(design.rules[np.uint64(rule)].outcome)
        record.root = root_number
        root = design.roots[root_number]
        scratch.step[place] = root.split_chain
        scratch.rooted[kept] = scratch.walking[kept] = place
        kept += np.uint64(1)
        scratch.scored[scored] = place
        scored += np.uint64(any_counts(root, scratch.facts[place], scope))
        scratch.intervened[intervened] = place
        intervened += np.uint64((root.counts_interventions != 0) & (record.procedure_start != record.procedure_end))
    return np.int64(kept), scored, intervened
