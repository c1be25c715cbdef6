"""The second entry point: group a slice of spells, chunk by chunk: first each episode, then the spells as a whole."""

from hrgcore_kernels.accelerate import kernel
from hrgcore_kernels.blocks import end_of_block, end_of_chunk, several_before
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
    results: Records,
    spells: Records,
    unbundled: Records,
    counts: Int64s,
    scratch: Scratch,
) -> None:
    """Group the spells of a slice.

    ``rows`` [episodes of the slice] are input rows, spell by spell in EPIORDER; ``spell_start`` [spells + 1] are places in it.
    ``results`` are indexed by input row; ``spells`` are the slice's own. `prepare_spells` has seen ``scratch``. ``counts[0]``
    becomes the number of unbundled HRGs of the slice: ``unbundled`` has room for one at least, and those for which it has none are
    counted, but not kept.
    Rule: docs/grouping.md.
    """
    written = 0
    spell = several = 0
    while spell < len(spell_start) - 1:
        end = end_of_chunk(spell_start, spell)
        for first in range(spell_start[spell], spell_start[end], BLOCK):
            count = min(BLOCK, spell_start[end] - first)
            group_episodes(design, episodes, rows, first, count, scratch)
            write_episodes(count, scratch.records, results)
            written = unbundle(design, episodes, count, scratch, results, unbundled, written)
        write_spells(episodes, rows, spell_start, spell, end, design.settings[5], results, spells)
        until = several_before(scratch.several, several, len(scratch.several), end)
        while several < until:
            behind = end_of_block(spell_start, scratch.several, several, until)
            count = group_wholes(design, episodes, rows, spell_start, several, behind, results, scratch)
            write_wholes(rows, count, scratch.records, results, spells)
            several = behind
        spell = end
    counts[0] = written
