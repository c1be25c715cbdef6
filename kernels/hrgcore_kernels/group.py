"""The entry point: group a slice of spells, chunk by chunk: first each episode, then the spells as a whole."""

import numpy as np

from hrgcore_kernels.accelerate import kernel
from hrgcore_kernels.blocks import end_of_chunk, find_several, fit, take_block
from hrgcore_kernels.layout import BLOCK, EPISODE_RESULT, SPELL_RESULT, UNBUNDLED, Design, Episodes, Int64s, Records, Scratch
from hrgcore_kernels.record import group_episodes, group_wholes
from hrgcore_kernels.signatures import DESIGN, EPISODES, SCRATCH, array
from hrgcore_kernels.unbundle import unbundle
from hrgcore_kernels.write import write_episodes, write_spells, write_wholes


@kernel(
    (
        DESIGN,
        EPISODES,
        array("i8"),
        array("i8"),
        np.int64,
        array(EPISODE_RESULT, writable=True),
        array(SPELL_RESULT, writable=True),
        array(UNBUNDLED, writable=True),
        array("i8", writable=True),
        SCRATCH,
    )
)
def group_spells(
    design: Design,
    episodes: Episodes,
    rows: Int64s,
    spell_start: Int64s,
    first_row: int,
    results: Records,
    spells: Records,
    unbundled: Records,
    counts: Int64s,
    scratch: Scratch,
) -> None:
    """Group the spells of a slice.

    ``rows`` [episodes of the slice] are input rows, spell by spell in EPIORDER; ``spell_start`` [spells + 1] are places in it.
    ``results`` are indexed by input row; ``spells`` are the slice's own; so is ``scratch.failed``, zeros at first. Rows that are
    written into results count from ``first_row``.
    ``counts`` become the number of unbundled HRGs of the slice: ``unbundled`` has room for one at least, and those for which it has
    none are counted, but not kept; and of diagnoses and procedures of a spell for which ``scratch`` has no room, which is then not
    grouped (0: there are none).
    Rule: docs/grouping.md.
    """
    written = 0
    spell = 0
    counts[1] = counts[2] = 0
    while spell < len(spell_start) - 1:
        end = end_of_chunk(spell_start, spell)
        several = find_several(design.settings, episodes, rows, spell_start, spell, end, scratch)
        for first in range(spell_start[spell], spell_start[end], BLOCK):
            count = min(BLOCK, spell_start[end] - first)
            unbundling = group_episodes(design, episodes, rows, first, count, scratch)
            write_episodes(count, scratch.records, results)
            written = unbundle(design, episodes, unbundling, scratch, results, first_row, unbundled, written)
        write_spells(episodes, rows, spell_start, spell, end, design.settings[5], results, first_row, spells)
        at = 0
        while at < several:
            behind, diagnoses, procedures = take_block(episodes, rows, spell_start, scratch, at, several)
            if fit(scratch, diagnoses, procedures):
                count = group_wholes(design, episodes, rows, spell_start, at, behind, results, scratch)
                write_wholes(rows, count, scratch.records, results, first_row, spells)
            else:
                counts[1] = max(counts[1], diagnoses)
                counts[2] = max(counts[2], procedures)
            at = behind
        spell = end
    counts[0] = written
