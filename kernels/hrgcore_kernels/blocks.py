"""How a slice of spells is cut: into chunks of whole spells, and the spells of several episodes of a chunk into blocks."""

import numpy as np

from hrgcore_kernels.accelerate import inline, stage
from hrgcore_kernels.layout import BLOCK, CHUNK, EXTRA
from hrgcore_kernels.validate import disagreements


@inline
def end_of_chunk(spell_start, spell):
    """Where the chunk of whole spells that begins with ``spell`` ends: it has CHUNK episodes at most, or is one longer spell."""
    end, most = spell + 1, min(spell + CHUNK, len(spell_start) - 1)
    while end < most:
        middle = (end + most + 1) >> 1
        if spell_start[middle] - spell_start[spell] <= CHUNK:
            end = middle
        else:
            most = middle - 1
    return end


@stage
def find_several(settings, episodes, rows, spell_start, spell, end, scratch):
    """Find the spells of several episodes from ``spell`` to before ``end``, and check each of them as a whole.

    Their places are left in ``several``, and in ``failed`` the bits of the checks that their episodes fail together. Returns how
    many they are.
    """
    several, failed = scratch.several, scratch.failed
    found = np.int64(0)
    for place in range(np.uint64(spell), np.uint64(end)):
        several[found] = place
        found += spell_start[place + np.uint64(1)] - spell_start[place] > 1
    for at in range(found):
        place = np.uint64(several[at])
        low, high = spell_start[place], spell_start[place + np.uint64(1)]
        failed[low:high] = disagreements(settings, episodes, rows, low, high)
    return found


@inline
def take_block(episodes, rows, spell_start, scratch, first, count):
    """Where the block of the ``count`` spells in ``several`` that begins with ``first`` ends, and how many codes it has.

    Its spells have 2 * BLOCK episodes at most, and so are BLOCK at most, and the codes for which there is room; or it is one spell
    that has more.
    """
    taken = diagnoses = procedures = np.int64(0)
    for at in range(first, count):
        spell = np.uint64(scratch.several[at])
        low, high = spell_start[spell], spell_start[spell + np.uint64(1)]
        more = count_codes(episodes, rows, low, high)
        taken += high - low
        fits = (taken <= 2 * BLOCK) & fit(scratch, diagnoses + more[0], procedures + more[1])
        if at > first and not fits:
            return at, diagnoses, procedures
        diagnoses += more[0]
        procedures += more[1]
    return count, diagnoses, procedures


@inline
def fit(scratch, diagnoses, procedures):
    """Whether there is room for so many codes."""
    return (diagnoses <= len(scratch.diagnoses) - EXTRA) & (procedures <= len(scratch.procedures) - EXTRA)


@inline
def count_codes(episodes, rows, low, high):
    """How many diagnoses and procedures the episodes ``rows[low:high]`` have."""
    diagnoses = procedures = np.int64(0)
    for at in range(np.uint64(low), np.uint64(high)):
        episode = episodes.rows[np.uint64(rows[at])]
        diagnoses += np.int64(episode.diagnosis_end - episode.diagnosis_start)
        procedures += np.int64(episode.procedure_end - episode.procedure_start)
    return diagnoses, procedures
