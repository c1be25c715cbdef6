"""The roots of a block's records: exceptions, and what drives the others."""

import numpy as np

from hrgcore_kernels.accelerate import inline, stage
from hrgcore_kernels.codes import REASON_NONE
from hrgcore_kernels.drive import by_procedure, drive
from hrgcore_kernels.facts import set_primary
from hrgcore_kernels.primary import primary_of
from hrgcore_kernels.rules import walk


@stage
def find_exceptions(design, count, scratch):
    """Give those of the ``count`` ``excepted`` records to which an exception applies their method and root rule.

    Rule: docs/grouping.md section 4, step 1.
    """
    excepted, chain = scratch.excepted, design.whole_record_chains[0]
    for at in range(np.uint64(count)):
        scratch.walking[at] = excepted[at]
        scratch.step[excepted[at]] = chain
    walk(design, scratch, count)
    for at in range(np.uint64(count)):
        place = excepted[at]
        record = scratch.records[place]
        rule = scratch.rule[place]
        scratch.rule[place] = 0
        if rule != 0:
            record.root_rule = rule
            record.method = design.rules[np.uint64(rule)].method
            record.reason = REASON_NONE
            record.dominant = 0
            record.error = 0
            record.error_at = -1


@stage
def drive_spells(design, episodes, rows, count, scratch):
    """Note what drives those of the ``count`` spells that have no root rule, and which episode gives their primary
    diagnosis.

    Rule: docs/grouping.md section 6, last choice.
    """
    procedures = scratch.procedures
    for place in range(np.uint64(count)):
        record = scratch.records[place]
        if record.root_rule == 0:
            record.report = record.weightiest
            end = record.procedure_end
            primary = primary_of(episodes, record.report)
            weightiest = primary
            if by_procedure(design, record, primary):
                record.report, end = episode_of(episodes, rows, record)
                primary = primary_of(episodes, record.report)
            drive(design, record, weightiest, procedures, end, scratch.facts[place])
            record.primary = primary
            set_primary(design, primary, scratch.diagnoses, record.diagnosis_start, record.diagnosis_end, scratch.facts[place])


@stage
def find_roots(design, count, scratch):
    """Find the root rule of each of the ``count`` records: that of an exception, or of what drives it; it is left in ``rule``.

    Rule: docs/grouping.md section 4, steps 2 to 6.
    """
    records, walking, step, rules = scratch.records, scratch.walking, scratch.step, scratch.rule
    driven = np.uint64(0)
    for place in range(np.uint64(count)):
        record = records[place]
        rules[place] = record.root_rule
        step[place] = record.chain
        walking[driven] = place
        driven += np.uint64((record.root_rule == 0) & (record.reason == REASON_NONE))
    walk(design, scratch, np.int64(driven))


@inline
def episode_of(episodes, rows, record):
    """The row that has a record's dominant procedure, and where its procedures end among the block's."""
    at = record.first
    row = np.uint64(rows[at])
    end = record.procedure_start + count_procedures(episodes, row)
    while record.procedure_start + np.uint64(record.dominant_at) >= end:
        at += np.uint64(1)
        row = np.uint64(rows[at])
        end += count_procedures(episodes, row)
    return row, end


@inline
def count_procedures(episodes, row):
    """How many procedures an episode has."""
    return np.uint64(episodes.rows[row].procedure_end - episodes.rows[row].procedure_start)
