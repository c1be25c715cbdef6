"""Laying out the records of a block: which rows each has, what its numbers and coded fields say, which checks these fail."""

import numpy as np

from hrgcore_kernels.accelerate import inline, stage
from hrgcore_kernels.codes import FACT_AGE, FACT_LOS, FAIL_STARTAGE, NUMBER_INVALID
from hrgcore_kernels.facts import set_patient
from hrgcore_kernels.layout import BLOCK
from hrgcore_kernels.validate import calculated_days, failed_fields, failed_numbers


@inline
def end_of_block(spell_start, several, first, count):
    """Where the block of the ``count`` spells of ``several`` episodes that begins with ``first`` ends: those in it have 2 * BLOCK
    episodes at most, and so are BLOCK at most; or it is one that has more.
    """
    episodes = 0
    for at in range(first, count):
        episodes += spell_start[several[at] + 1] - spell_start[several[at]]
        if episodes > 2 * BLOCK and at > first:
            return at
    return count


@stage
def lay_episodes(design, episodes, rows, first, count, results, scratch):
    """Lay out the ``count`` episodes from place ``first`` of ``rows`` on; ``results`` hold the checks that they failed so far."""
    settings = design.settings
    for place in range(count):
        row = np.uint64(rows[np.uint64(first + place)])
        episode = episodes.rows[row]
        failed = np.int64(results[row].failed) | failed_numbers(settings, episode) | failed_fields(episodes.coded, row)
        age = episode.age if (failed >> FAIL_STARTAGE) & 1 == 0 else NUMBER_INVALID
        lay(
            design, episodes, scratch, place, first + place, first + place + 1, row, row, age, calculated_days(episode, settings[5])
        )
        scratch.records[place].failed = failed


@stage
def lay_spells(design, episodes, rows, spell_start, first, end, results, scratch):
    """Lay out the spells from ``first`` to ``end`` among those of ``several`` episodes, if all of these were grouped.

    Returns how many these are.
    """
    count = np.int64(0)
    for at in range(first, end):
        spell = scratch.several[at]
        low, high = spell_start[spell], spell_start[spell + 1]
        if all_grouped(rows, low, high, results):
            los = np.int64(0)
            for episode in range(low, high):
                los += results[rows[episode]].los
            one, last = np.uint64(rows[low]), np.uint64(rows[high - 1])
            lay(design, episodes, scratch, count, low, high, one, last, episodes.rows[one].age, los)
            scratch.records[count].failed = 0
            scratch.records[count].spell = spell
            count += 1
    return count


@inline
def all_grouped(rows, low, high, results):
    """Whether each episode of ``rows[low:high]`` has an HRG."""
    for at in range(low, high):
        if results[rows[at]].hrg == 0:
            return False
    return True


@inline
def lay(design, episodes, scratch, place, low, high, first, last, age, los):
    """Lay out record ``place``: the episodes ``rows[low:high]``, the first and the last of which are these rows."""
    record = scratch.records[place]
    record.first = low
    record.end = high
    record.los = los
    record.weightiest = first
    record.report = first
    scratch.facts[place, FACT_AGE] = age
    scratch.facts[place, FACT_LOS] = los
    set_patient(design.field_sets, episodes.coded, first, last, scratch.facts, place)
