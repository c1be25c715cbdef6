"""Unbundled HRGs of a block's episodes."""

import numpy as np

from hrgcore_kernels.accelerate import inline, stage
from hrgcore_kernels.codes import REASON_UNBUNDLED_ERROR
from hrgcore_kernels.facts import clear_companions, set_companions
from hrgcore_kernels.outcome import fail, fails_before_grouping
from hrgcore_kernels.rules import first_rule, passes, walk


@stage
def unbundle(design, episodes, rows, count, scratch, unbundled, written):
    """Write the unbundled HRGs of the ``count`` episodes from place ``written`` on; return the place behind them.

    Each procedure may give one, and then the episode itself. One that is an error fails the episode. Rule: docs/grouping.md
    section 5.
    """
    records, facts, chosen, walking = scratch.records, scratch.facts, scratch.chosen, scratch.walking
    chain = design.whole_record_chains[1]
    kept = doubtful = np.int64(0)
    for place in range(count):
        record = records[place]
        goes_on = not fails_before_grouping(record)
        own = goes_on & passes(design, 1, facts, place)
        record.rule = 0
        record.step = chain
        walking[doubtful] = place
        doubtful += own
        chosen[kept] = place
        kept += goes_on & (own | (record.unbundles != 0))
        if own:
            clear_companions(design, facts, place)
    walk(design.steps, records, facts, walking, doubtful)
    for at in range(kept):
        place = chosen[at]
        record = records[place]
        if record.unbundles != 0:
            written = unbundle_procedures(design, episodes, rows, place, scratch, unbundled, written)
        if record.rule != 0:
            episode = episodes.rows[np.uint64(rows[record.first])]
            written = write(design, record, episode, facts[place], record.rule, -1, unbundled, written)
    return written


@inline
def unbundle_procedures(design, episodes, rows, place, scratch, unbundled, written):
    """Write what the procedures of one episode give."""
    record, facts, procedures = scratch.records[place], scratch.facts, scratch.procedures
    episode = episodes.rows[np.uint64(rows[record.first])]
    start, end = np.int64(record.procedure_start), np.int64(record.procedure_end)
    for at in range(start, end):
        chain = design.procedures[procedures[at]].unbundle_chain
        if chain != 0:
            set_companions(design, procedures, at, end, facts, place)
            rule = first_rule(design, chain, facts[place])
            if rule != 0:
                written = write(design, record, episode, facts[place], rule, at - start, unbundled, written)
    return written


@inline
def write(design, record, episode, facts, rule, at, unbundled, written):
    """Write one unbundled HRG, and fail the episode where it is an error; return the place behind it."""
    root = np.int64(design.rules[rule].outcome)
    split_rule = first_rule(design, design.roots[max(root, 0)].split_chain, facts)
    entry = unbundled[written]
    entry.row = record.report
    entry.hrg = design.rules[split_rule].outcome
    entry.rule = rule
    entry.split_rule = split_rule
    entry.at = at
    entry.days = days(design.rules[rule].days, episode) if split_rule != 0 else 0
    if split_rule == 0 and record.hrg != 0:
        fail(record, REASON_UNBUNDLED_ERROR, rule, -root if root < 0 else 0, at)
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
