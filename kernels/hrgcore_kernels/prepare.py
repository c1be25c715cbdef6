"""The first entry point: what a slice of spells needs before it is grouped."""

import numpy as np

from hrgcore_kernels.accelerate import inline, kernel
from hrgcore_kernels.blocks import end_of_block, end_of_chunk, several_before
from hrgcore_kernels.layout import Episodes, Int64s, UInt32s
from hrgcore_kernels.signatures import EPISODES, array
from hrgcore_kernels.validate import disagreements


@inline
def count_codes(episodes, rows, low, high):
    """How many diagnoses and procedures the episodes ``rows[low:high]`` have."""
    diagnoses = procedures = np.int64(0)
    for at in range(np.uint64(low), np.uint64(high)):
        episode = episodes.rows[np.uint64(rows[at])]
        diagnoses += np.int64(episode.diagnosis_end - episode.diagnosis_start)
        procedures += np.int64(episode.procedure_end - episode.procedure_start)
    return diagnoses, procedures


@kernel(
    (
        array("i8"),
        EPISODES,
        array("i8"),
        array("i8"),
        array("u4", writable=True),
        array("u4", writable=True),
        array("i8", writable=True),
    )
)
def prepare_spells(
    settings: Int64s,
    episodes: Episodes,
    rows: Int64s,
    spell_start: Int64s,
    failed: UInt32s,
    several: UInt32s,
    counts: Int64s,
) -> None:
    """Check each spell as a whole, and find which have several episodes.

    ``rows`` and ``spell_start``: see `hrgcore_kernels.group.group_spells`. ``failed`` [episodes of the slice], zeros so far, become
    the bits of the checks that each fails together with others. ``several`` [spells] become the places of spells of several
    episodes; ``counts`` how many these are, and how many diagnoses and procedures a block of them has at most.
    """
    found = np.int64(0)
    for spell in range(np.uint64(len(spell_start) - 1)):
        several[found] = spell
        found += spell_start[spell + np.uint64(1)] - spell_start[spell] > 1
    for place in range(found):
        spell = np.uint64(several[place])
        low, high = spell_start[spell], spell_start[spell + np.uint64(1)]
        failed[low:high] = disagreements(settings, episodes, rows, low, high)
    counts[0] = found
    counts[1] = counts[2] = 0
    spell = at = np.int64(0)
    while at < found:
        spell = end_of_chunk(spell_start, spell)
        until = several_before(several, at, found, spell)
        while at < until:
            end = end_of_block(spell_start, several, at, until)
            diagnoses = procedures = np.int64(0)
            for place in range(at, end):
                more = count_codes(episodes, rows, spell_start[several[place]], spell_start[several[place] + 1])
                diagnoses += more[0]
                procedures += more[1]
            counts[1] = max(counts[1], diagnoses)
            counts[2] = max(counts[2], procedures)
            at = end
