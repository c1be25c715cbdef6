"""Writing what a block's records came to into the results of episodes and of spells."""

import numpy as np

from hrgcore_kernels.accelerate import inline, stage
from hrgcore_kernels.codes import METHOD_FAILED, REASON_EPISODE_FAILED
from hrgcore_kernels.validate import counted_days


@stage
def write_episodes(count, records, results):
    """Write the results of the ``count`` episodes of a block."""
    for place in range(np.uint64(count)):
        record = records[place]
        result = results[record.report]
        copy_outcome(record, result)
        result.failed = record.failed
        result.error = record.error
        result.error_at = record.error_at
        result.report = 0


@stage
def write_spells(episodes, rows, spell_start, first, end, most_days, results, first_row, spells):
    """Write what of spells ``first`` to ``end`` hangs on the episodes alone: the results of those of one episode, the days of all,
    and that those fail of which an episode failed. ``write_wholes`` writes the rest. Rule: docs/grouping.md section 6.
    """
    for spell in range(np.uint64(first), np.uint64(end)):
        low, high = np.uint64(spell_start[spell]), np.uint64(spell_start[spell + np.uint64(1)])
        one = np.uint64(rows[low])
        whole, result = spells[spell], results[one]
        copy_outcome(result, whole)
        whole.critical_care_days = counted_days(episodes.rows[one].critical_care_days, most_days)
        whole.report_row = np.int64(one) + first_row
        grouped = result.hrg != 0
        single = high - low == 1
        if not single:
            whole.los, whole.critical_care_days, grouped = together(episodes, rows, low, high, most_days, results)
        if not grouped:
            whole.hrg = 0
            whole.method = METHOD_FAILED
            whole.reason = REASON_EPISODE_FAILED
            whole.dominant = 0
            whole.root_rule = 0
            whole.split_rule = 0
        result.report = single | (not grouped)


@stage
def write_wholes(rows, count, records, results, first_row, spells):
    """Write the results of the ``count`` spells of several grouped episodes, and mark the episodes that gave primary diagnoses."""
    for place in range(np.uint64(count)):
        record = records[place]
        whole = spells[record.spell]
        copy_outcome(record, whole)
        report = record.report if record.hrg != 0 else np.uint64(rows[record.first])
        whole.report_row = np.int64(report) + first_row
        results[report].report = 1


@inline
def copy_outcome(source, target):
    """What episodes and spells have in common."""
    target.root_rule = source.root_rule
    target.split_rule = source.split_rule
    target.hrg = source.hrg
    target.dominant = source.dominant
    target.method = source.method
    target.reason = source.reason
    target.los = source.los


@inline
def together(episodes, rows, low, high, most_days, results):
    """Stay and critical care days of the episodes ``rows[low:high]`` together, and whether all of them were grouped."""
    los = critical = np.int64(0)
    grouped = True
    for at in range(low, high):
        row = np.uint64(rows[at])
        los += results[row].los
        critical += counted_days(episodes.rows[row].critical_care_days, most_days)
        grouped &= results[row].hrg != 0
    return los, critical, grouped
