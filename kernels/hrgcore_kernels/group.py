"""The entry point: group a slice of spells, block by block: first each episode, then the spells as a whole."""

from hrgcore_kernels.accelerate import kernel
from hrgcore_kernels.lay import end_of_block, lay_episodes, lay_spells
from hrgcore_kernels.layout import BLOCK, EPISODE_RESULT, SPELL_RESULT, UNBUNDLED, Design, Episodes, Int64s, Records, Scratch
from hrgcore_kernels.record import group_records
from hrgcore_kernels.signatures import DESIGN, EPISODES, SCRATCH, array
from hrgcore_kernels.unbundle import unbundle
from hrgcore_kernels.validate import check_spells
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
    ``results``, zeros so far, are indexed by input row; ``spells`` and ``unbundled`` are the slice's own, with room for one
    unbundled HRG more than there are procedures for each episode. ``counts[0]`` becomes the number of unbundled HRGs. Rule:
    docs/grouping.md.
    """
    written = 0
    several = check_spells(design.settings, episodes, rows, spell_start, results, scratch.several)
    for first in range(0, len(rows), BLOCK):
        count = min(BLOCK, len(rows) - first)
        lay_episodes(design, episodes, rows, first, count, results, scratch)
        group_records(design, episodes, rows, count, False, scratch)
        written = unbundle(design, episodes, rows, count, scratch, unbundled, written)
        write_episodes(rows, count, scratch.records, results)
    counts[0] = written
    write_spells(episodes, rows, spell_start, design.settings[5], results, spells)
    first = 0
    while first < several:
        end = end_of_block(spell_start, scratch.several, first, several)
        count = lay_spells(design, episodes, rows, spell_start, first, end, results, scratch)
        group_records(design, episodes, rows, count, True, scratch)
        write_wholes(rows, count, scratch.records, results, spells)
        first = end
