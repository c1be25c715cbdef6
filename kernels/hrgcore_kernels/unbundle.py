"""Unbundled HRGs of a block's episodes."""

import numpy as np

from hrgcore_kernels.accelerate import inline, stage
from hrgcore_kernels.codes import REASON_UNBUNDLED_ERROR
from hrgcore_kernels.facts import clear_companions, kind_of, set_companions
from hrgcore_kernels.layout import UNBUNDLES
from hrgcore_kernels.outcome import fail, fails_before_grouping
from hrgcore_kernels.rules import first_rule, walk


@stage
def unbundle(design, episodes, count, scratch, results, first_row, unbundled, written):
    """Write the unbundled HRGs of the ``count`` ``unbundling`` episodes from place ``written`` on, as far as there is room.

    Returns the place behind them. Each procedure may give one, and then the episode itself. One that is an error fails the
    episode. Rule: docs/grouping.md section 5.
    """
    records, facts, unbundling, walking = scratch.records, scratch.facts, scratch.unbundling, scratch.walking
    chain = design.whole_record_chains[1]
    whole = np.uint64(0)
    for at in range(np.uint64(count)):
        place = unbundling[at]
        scratch.rule[place] = 0
        scratch.step[place] = chain
        clear_companions(design, facts[place])
        walking[whole] = place
        whole += np.uint64(records[place].unbundles)
    walk(design, scratch, np.int64(whole))
    for at in range(np.uint64(count)):
        place = unbundling[at]
        record = records[place]
        if fails_before_grouping(record):
            continue
        if record.traits & UNBUNDLES != 0:
            written = unbundle_procedures(design, episodes, place, scratch, results, first_row, unbundled, written)
        rule = scratch.rule[place]
        if rule != 0:
            written = write(design, episodes, record, facts[place], rule, -1, results, first_row, unbundled, written)
    return written


@inline
def unbundle_procedures(design, episodes, place, scratch, results, first_row, unbundled, written):
    """Write what the procedures of one episode give."""
    record, facts, procedures = scratch.records[place], scratch.facts[place], episodes.procedures
    start, end = record.procedure_start, record.procedure_end
    for at in range(start, end):
        chain = kind_of(design, procedures[at]).unbundle_chain
        if chain != 0:
            set_companions(design, procedures, at, end, facts)
            rule = first_rule(design, chain, facts)
            if rule != 0:
                written = write(design, episodes, record, facts, rule, np.int64(at - start), results, first_row, unbundled, written)
    return written


@inline
def write(design, episodes, record, facts, rule, at, results, first_row, unbundled, written):
    """Write one unbundled HRG, and fail the episode where it is an error; return the place behind it."""
    row = record.report
    root = np.int64(design.rules[rule].outcome)
    split_rule = first_rule(design, design.roots[max(root, 0)].split_chain, facts)
    entry = unbundled[min(written, len(unbundled) - 1)]
    entry.row = np.int64(row) + first_row
    entry.hrg = design.rules[split_rule].outcome
    entry.rule = rule
    entry.split_rule = split_rule
    entry.at = at
    entry.days = days(design.rules[rule].days, episodes.rows[row]) if split_rule != 0 else 0
    if split_rule == 0 and results[row].hrg != 0:
        fail(results[row], REASON_UNBUNDLED_ERROR, rule, -root if root < 0 else 0, at)
    return written + 1


@inline
def days(kind, episode):
    """Days that the unbundled HRG carries; 0 where it carries none.

    Rule: docs/grouping.md section 7.
    """
    if kind == 1:
        return max(0, episode.rehabilitation_days)
    if kind == 2:
        return max(0, episode.palliative_days)
    return 0
