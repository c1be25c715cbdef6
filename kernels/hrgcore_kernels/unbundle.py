"""Unbundled HRGs of an episode."""

import numpy as np

from hrgcore_kernels.accelerate import inline
from hrgcore_kernels.codes import REASON_UNBUNDLED_ERROR
from hrgcore_kernels.facts import set_companions
from hrgcore_kernels.outcome import failure
from hrgcore_kernels.root import count_procedures
from hrgcore_kernels.rules import first_rule


@inline
def unbundle(design, episodes, row, outcome, scratch, unbundled, count):
    """Write an episode's unbundled HRGs from place ``count`` on; return the count after it and the outcome, failed by an error.

    ``scratch`` holds the episode's facts and procedures. Rule: docs/grouping.md section 5.
    """
    procedures = scratch.procedures
    own = count_procedures(episodes, row)
    for place in range(own + 1):
        chain = design.procedures[procedures[place]].unbundle_chain if place < own else design.whole_record_chains[1]
        if chain == 0:
            continue
        set_companions(design, procedures, place, own, scratch.facts)
        rule = first_rule(design, chain, scratch.facts)
        if rule == 0:
            continue
        root = np.int64(design.rules[rule].outcome)
        split_rule = first_rule(design, design.roots[max(root, 0)].split_chain, scratch.facts)
        at = place if place < own else -1
        entry = unbundled[count]
        entry.row = row
        entry.hrg = design.rules[split_rule].outcome
        entry.rule = rule
        entry.split_rule = split_rule
        entry.at = at
        entry.days = days(design.rules[rule].days, episodes.rows[row]) if split_rule != 0 else 0
        count += 1
        if split_rule == 0 and outcome.hrg != 0:
            outcome = failure(REASON_UNBUNDLED_ERROR, rule, -root if root < 0 else 0, at)
    return count, outcome


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
