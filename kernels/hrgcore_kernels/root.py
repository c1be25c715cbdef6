"""The roots of a block's records: exceptions, which procedure dominates, and whether it or the primary diagnosis drives."""

import numpy as np

from hrgcore_kernels.accelerate import inline, stage
from hrgcore_kernels.codes import (
    METHOD_DIAGNOSIS,
    METHOD_PROCEDURE,
    REASON_DIAGNOSIS_NOT_COVERED,
    REASON_ERROR_CATEGORY,
    REASON_NO_RULE,
    REASON_PROCEDURE_NOT_COVERED,
)
from hrgcore_kernels.facts import procedure_place, set_companions, set_primary
from hrgcore_kernels.outcome import fail
from hrgcore_kernels.primary import primary_of
from hrgcore_kernels.rules import passes, walk
from hrgcore_kernels.survey import lists_of_any


@stage
def find_exceptions(design, count, scratch):
    """Give those of the ``count`` records in ``chosen`` to which an exception applies their method and root rule.

    Rule: docs/grouping.md section 4, step 1.
    """
    records, chosen, walking = scratch.records, scratch.chosen, scratch.walking
    chain = design.whole_record_chains[0]
    doubtful = np.int64(0)
    for at in range(count):
        place = chosen[at]
        records[place].rule = 0
        records[place].step = chain
        walking[doubtful] = place
        doubtful += passes(design, 0, scratch.facts, place)
    walk(design.steps, records, scratch.facts, walking, doubtful)
    for at in range(count):
        record = records[chosen[at]]
        record.root_rule = record.rule
        record.method = design.rules[record.rule].method


@stage
def find_roots(design, episodes, rows, count, scratch):
    """Give the ``count`` records in ``chosen`` that have no root rule one, or fail them; return how many, in ``chosen``, have one.

    Rule: docs/grouping.md section 4, steps 2 to 6.
    """
    records, chosen, walking = scratch.records, scratch.chosen, scratch.walking
    driven = np.int64(0)
    for at in range(count):
        place = chosen[at]
        if records[place].root_rule == 0:
            record = records[place]
            record.report = record.weightiest
            if drive(design, episodes, rows, place, scratch):
                walking[driven] = place
                driven += 1
    walk(design.steps, records, scratch.facts, walking, driven)
    kept = np.int64(0)
    for at in range(count):
        place = chosen[at]
        record = records[place]
        chosen[kept] = place
        if record.reason == 0:
            if record.root_rule == 0:
                record.root_rule = record.rule
            if record.root_rule == 0:
                fail(record, REASON_NO_RULE, 0, 0, record.error_at)
            else:
                kept += 1
    return kept


@inline
def drive(design, episodes, rows, place, scratch):
    """Begin the walk from what drives a record to its root; False where it fails instead.

    Rule: docs/grouping.md section 4, steps 2 to 6.
    """
    record = scratch.records[place]
    procedures = scratch.procedures
    if record.not_covered >= 0:
        return fail(record, REASON_PROCEDURE_NOT_COVERED, 0, 0, record.not_covered)
    if record.only_errors != 0:
        return fail(record, REASON_ERROR_CATEGORY, 0, design.procedures[procedures[record.procedure_start]].error, 0)
    several = record.end - record.first > 1
    primary = primary_of(episodes, record.report) if several else record.primary
    weight = design.diagnoses[primary].hierarchy
    if weight < 0:
        return fail(record, REASON_DIAGNOSIS_NOT_COVERED, 0, 0, -1)
    code = procedures[record.procedure_start + np.uint32(max(record.dominant_at, 0))]
    by_procedure = record.dominant_at >= 0 and design.grid[design.procedures[code].hierarchy, weight] == METHOD_PROCEDURE
    if by_procedure:
        at = record.procedure_start + np.uint32(record.dominant_at)
        end = record.procedure_end
        if several:
            record.report, end = episode_of(episodes, rows, record)
            primary = primary_of(episodes, record.report)
        record.dominant = code
        record.error_at = record.dominant_at
        if design.procedures[code].asks != 0:
            lists_for_roots(design, record, place, scratch)
        set_companions(design, procedures, np.int64(at), np.int64(end), scratch.facts, place)
    if primary != record.primary:
        record.primary = primary
        set_primary(design, scratch, place, primary)
    if by_procedure:
        error = design.procedures[code].error
        if error != 0:
            return fail(record, REASON_ERROR_CATEGORY, 0, error, record.error_at)
        record.step = design.procedures[code].root_chain
        record.method = METHOD_PROCEDURE
        missing = REASON_PROCEDURE_NOT_COVERED
    else:
        record.step = design.diagnoses[primary].root_chain
        record.method = METHOD_DIAGNOSIS
        missing = REASON_DIAGNOSIS_NOT_COVERED
    if record.step == 0:
        return fail(record, missing, 0, 0, record.error_at)
    return True


@inline
def lists_for_roots(design, record, place, scratch):
    """Set the lists that only rules from procedures to roots ask for.

    Rule: docs/grouping.md section 3, `procedure`.
    """
    words = design.procedure_words
    start, end = record.procedure_start, record.procedure_end
    scope = procedure_place(design)
    lists_of_any(words, scratch.procedures, start, end, design.used_words[1], words.shape[1], scratch.facts, place, scope)


@inline
def episode_of(episodes, rows, record):
    """The row that has a record's dominant procedure, and where its procedures end among the block's."""
    at = record.first
    end = np.int64(record.procedure_start)
    row = np.uint64(rows[at])
    end += count_procedures(episodes, row)
    while np.int64(record.procedure_start) + record.dominant_at >= end:
        at += np.uint64(1)
        row = np.uint64(rows[at])
        end += count_procedures(episodes, row)
    return row, end


@inline
def count_procedures(episodes, row):
    """How many procedures an episode has."""
    return episodes.rows[row].procedure_end - episodes.rows[row].procedure_start
