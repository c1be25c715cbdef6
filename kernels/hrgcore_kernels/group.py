"""The second entry point: group a slice of spells, block by block: first each episode, then the spells as a whole."""

from hrgcore_kernels.accelerate import kernel
from hrgcore_kernels.layout import BLOCK, EPISODE_RESULT, SPELL_RESULT, UNBUNDLED, Design, Episodes, Int64s, Records, Scratch
from hrgcore_kernels.prepare import end_of_block
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
    ``results``, which `prepare_spells` has seen, are indexed by input row; ``spells`` and ``unbundled`` are the slice's own, with room
    for one unbundled HRG more than there are procedures for each episode. ``counts[0]`` is the number of spells of several episodes,
    and becomes that of unbundled HRGs. Rule: docs/grouping.md.
    """
    several = counts[0]
    written = 0
    for first in range(0, len(rows), BLOCK):
        count = min(BLOCK, len(rows) - first)
        group_episodes(design, episodes, rows, first, count, results, scratch)
        write_episodes(count, scratch.records, results)
        written = unbundle(design, episodes, count, scratch, results, unbundled, written)
    counts[0] = written
    write_spells(episodes, rows, spell_start, design.settings[5], results, spells)
    first = 0
    while first < several:
        end = end_of_block(spell_start, scratch.several, first, several)
        count = group_wholes(design, episodes, rows, spell_start, first, end, results, scratch)
        write_wholes(rows, count, scratch.records, results, spells)
        first = end
