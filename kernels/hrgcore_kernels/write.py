"""Writing what a block's records came to into the results of episodes and of spells."""

import numpy as np

from hrgcore_kernels.accelerate import inline, stage
from hrgcore_kernels.codes import METHOD_FAILED, REASON_EPISODE_FAILED
from hrgcore_kernels.validate import counted_days


@stage
def write_episodes(rows, count, records, results):
    """Write the results of the ``count`` episodes of a block."""
    for place in range(count):
        record = records[place]
        result = results[np.uint64(rows[record.first])]
        copy_outcome(record, result)
        result.failed = record.failed
        result.error = record.error
        result.error_at = record.error_at


@stage
def write_spells(episodes, rows, spell_start, first, end, records, most_days, results, spells):
    """Write the results of the spells from ``first`` to ``end``; ``records`` are those of several episodes, all of them grouped.

    Rule: docs/grouping.md section 6; a spell of one episode is that episode. The episode that gave the primary diagnosis is marked.
    """
    at = np.int64(0)
    for spell in range(first, end):
        low, high = spell_start[spell], spell_start[spell + 1]
        one = np.uint64(rows[low])
        whole = spells[spell]
        report = one
        if high - low == 1:
            copy_outcome(results[one], whole)
            whole.los = results[one].los
            whole.critical_care_days = counted_days(episodes.rows[one].critical_care_days, most_days)
            grouped = results[one].hrg != 0
        else:
            whole.los, whole.critical_care_days, grouped = together(episodes, rows, low, high, most_days, results)
            if grouped:
                copy_outcome(records[at], whole)
                if records[at].hrg != 0:
                    report = records[at].report
                at += 1
        if not grouped:
            whole.hrg = 0
            whole.method = METHOD_FAILED
            whole.reason = REASON_EPISODE_FAILED
            whole.dominant = 0
            whole.root_rule = 0
            whole.split_rule = 0
        whole.report_row = report
        results[report].report = 1


@inline
def copy_outcome(source, target):
    """What episodes and spells have in common."""
    target.hrg = source.hrg
    target.method = source.method
    target.reason = source.reason
    target.dominant = source.dominant
    target.root_rule = source.root_rule
    target.split_rule = source.split_rule
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
