"""How a slice of spells is cut: into chunks of whole spells, and the spells of several episodes of a chunk into blocks."""

from hrgcore_kernels.accelerate import inline
from hrgcore_kernels.layout import BLOCK

_CHUNK = 4096  # episodes that are read and written again while they are in the processor's second cache


@inline
def end_of_chunk(spell_start, spell):
    """Where the chunk of whole spells that begins with ``spell`` ends: it has _CHUNK episodes at most, or is one longer spell."""
    end, count = spell + 1, len(spell_start) - 1
    while end < count and spell_start[end + 1] - spell_start[spell] <= _CHUNK:
        end += 1
    return end


@inline
def several_before(several, first, count, spell):
    """The place of the first of the ``count`` spells of ``several`` episodes, from ``first`` on, that is not before ``spell``."""
    while first < count and several[first] < spell:
        first += 1
    return first


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
