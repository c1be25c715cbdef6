"""The first entry point: what a slice of spells needs before it is grouped."""

import numpy as np

from hrgcore_kernels.accelerate import inline, kernel
from hrgcore_kernels.layout import BLOCK, EPISODE_RESULT, Episodes, Int64s, Records, UInt32s
from hrgcore_kernels.signatures import EPISODES, array
from hrgcore_kernels.validate import disagreements


@inline
def end_of_block(spell_start, several, first, count):
    """Where the block of the ``count`` spells of ``several`` episodes that begins with ``first`` ends: those in it have 2 * BLOCK
    episodes at most, and so are BLOCK at most; or it is one that has more.
    """
    episodes = np.int64(0)
    for at in range(first, count):
        episodes += spell_start[several[at] + 1] - spell_start[several[at]]
        if episodes > 2 * BLOCK and at > first:
            return at
    return count


@inline
def count_codes(episodes, rows, low, high):
    """How many diagnoses and procedures the episodes ``rows[low:high]`` have."""
    diagnoses = procedures = np.int64(0)
    for at in range(np.uint64(low), np.uint64(high)):
        episode = episodes.rows[np.uint64(rows[at])]
        diagnoses += episode.diagnosis_end - episode.diagnosis_start
        procedures += episode.procedure_end - episode.procedure_start
    return diagnoses, procedures


@kernel(
    (
        array("i8"),
        EPISODES,
        array("i8"),
        array("i8"),
        array(EPISODE_RESULT, writable=True),
        array("u4", writable=True),
        array("i8", writable=True),
    )
)
def prepare_spells(
    settings: Int64s,
    episodes: Episodes,
    rows: Int64s,
    spell_start: Int64s,
    results: Records,
    several: UInt32s,
    counts: Int64s,
) -> None:
    """Check each spell as a whole, and find which have several episodes.

    ``rows``, ``spell_start`` and ``results``: see `hrgcore_kernels.group.group_spells`. The checks that episodes fail together are
    set in ``results``. ``several`` [spells] become the places of spells of several episodes; ``counts`` how many these are, how
    many procedures the slice has, and how many diagnoses and procedures a block of these spells has at most.
    """
    found = np.int64(0)
    for spell in range(np.uint64(len(spell_start) - 1)):
        several[found] = spell
        found += spell_start[spell + np.uint64(1)] - spell_start[spell] > 1
    for place in range(found):
        spell = np.uint64(several[place])
        low, high = spell_start[spell], spell_start[spell + np.uint64(1)]
        failed = disagreements(settings, episodes, rows, low, high)
        for at in range(low, high):
            results[np.uint64(rows[at])].failed = failed
    counts[0] = found
    counts[1] = count_codes(episodes, rows, 0, len(rows))[1]
    counts[2] = counts[3] = 0
    first = np.int64(0)
    while first < found:
        end = end_of_block(spell_start, several, first, found)
        diagnoses = procedures = np.int64(0)
        for at in range(first, end):
            more = count_codes(episodes, rows, spell_start[several[at]], spell_start[several[at] + 1])
            diagnoses += more[0]
            procedures += more[1]
        counts[2] = max(counts[2], diagnoses)
        counts[3] = max(counts[3], procedures)
        first = end
