"""Whether episodes that others made can be grouped: kernels look up places and numbers without asking whether they are there."""

import numpy as np

from hrgcore_kernels.accelerate import inline, kernel
from hrgcore_kernels.layout import Design, Episodes, Int64s, UInt8s
from hrgcore_kernels.signatures import DESIGN, EPISODES, array


@inline
def cut_into_spells(spell_start, count):
    """Whether spells of one episode or more, one behind the other, take ``count`` episodes."""
    last = len(spell_start) - 1
    if last < 0 or spell_start[0] != 0 or spell_start[last] != count:
        return False
    for spell in range(np.uint64(last)):
        if spell_start[spell + np.uint64(1)] <= spell_start[spell]:
            return False
    return True


@inline
def each_once(rows, seen):
    """Whether ``rows`` has each row once. ``seen`` [rows], zeros so far, becomes 1 for those that are there."""
    count = len(seen)
    if len(rows) != count:
        return False
    for place in range(np.uint64(count)):
        row = rows[place]
        if row < 0 or row >= count or seen[np.uint64(row)] != 0:
            return False
        seen[np.uint64(row)] = 1
    return True


@inline
def all_below(numbers, count):
    """Whether all numbers are places of a table of ``count``."""
    for place in range(np.uint64(len(numbers))):
        if numbers[place] >= count:
            return False
    return True


@inline
def codes_stand(episodes):
    """Whether each episode has its codes, and one diagnosis or more, among those that there are."""
    diagnoses, procedures = len(episodes.diagnoses), len(episodes.procedures)
    for row in range(np.uint64(len(episodes.rows))):
        episode = episodes.rows[row]
        if episode.diagnosis_end <= episode.diagnosis_start or episode.diagnosis_end > diagnoses:
            return False
        if episode.procedure_end < episode.procedure_start or episode.procedure_end > procedures:
            return False
    return True


@kernel((DESIGN, EPISODES, array("i8"), array("i8"), array("u1", writable=True), array("i8", writable=True)))
def check_places(design: Design, episodes: Episodes, rows: Int64s, spell_start: Int64s, seen: UInt8s, found: Int64s) -> None:
    """Check what the other entry points take for granted; ``found[0]`` becomes 1 where it holds, and 0 where it does not.

    ``rows`` and ``spell_start``: see `hrgcore_kernels.group.group_spells`. ``seen`` [episodes] are zeros.
    """
    sound = cut_into_spells(spell_start, len(seen)) and each_once(rows, seen)
    sound = sound and all_below(episodes.diagnoses, len(design.diagnoses))
    sound = sound and all_below(episodes.procedures, len(design.procedures))
    sound = sound and codes_stand(episodes)
    found[0] = np.int64(sound)
