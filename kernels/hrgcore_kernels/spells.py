"""Spell keys: where the key changes from row to row, and a number that tells keys apart."""

import numpy as np

from hrgcore_kernels.accelerate import inline, kernel
from hrgcore_kernels.layout import Int32s, Int64s, UInt8s, UInt64s
from hrgcore_kernels.signatures import array

_SEED = np.uint64(0x9E3779B97F4A7C15)
_MIX = np.uint64(0xFF51AFD7ED558CCD)
_MIX_AGAIN = np.uint64(0xC4CEB9FE1A85EC53)
_SHIFT = np.uint64(33)


@inline
def same_text(offsets, data, one, other):
    """Whether two rows hold the same bytes."""
    start, end = offsets[one], offsets[one + 1]
    shift = offsets[other] - start
    if offsets[other + 1] - shift != end:
        return False
    for at in range(start, end):
        if data[at] != data[at + shift]:
            return False
    return True


@kernel((array("i8"), array("u1"), array("i8"), array("u1"), array("u1", writable=True)))
def key_changes(providers: Int64s, provider_data: UInt8s, spells: Int64s, spell_data: UInt8s, changes: UInt8s) -> None:
    """Write 1 for each row whose provider and spell number differ from those of the row before; the first row is left alone.

    Offsets and bytes of two text columns; ``changes`` [rows].
    """
    for row in range(1, len(changes)):
        same = same_text(spells, spell_data, row, row - 1) and same_text(providers, provider_data, row, row - 1)
        changes[row] = 0 if same else 1


@inline
def mix(value):
    """Spread every bit over all bits."""
    value ^= value >> _SHIFT
    value *= _MIX
    value ^= value >> _SHIFT
    value *= _MIX_AGAIN
    return value ^ (value >> _SHIFT)


@inline
def digest(data, start, end, state):
    """A 64-bit digest of some bytes, begun from ``state``."""
    state ^= np.uint64(end - start) * _SEED
    word = np.uint64(0)
    taken = 0
    for at in range(start, end):
        word = (word << np.uint64(8)) | np.uint64(data[at])
        taken += 1
        if taken == 8:
            state = mix(state ^ word) + _SEED
            word = np.uint64(0)
            taken = 0
    return mix(state ^ word) + _SEED


@kernel((array("i8"), array("u1"), array("i8"), array("u1"), array("i8"), array("u8", writable=True)))
def key_digests(
    providers: Int64s, provider_data: UInt8s, spells: Int64s, spell_data: UInt8s, rows: Int64s, digests: UInt64s
) -> None:
    """The digest of provider and spell number of each of ``rows``. ``digests`` [rows]."""
    for place in range(len(rows)):
        row = rows[place]
        state = digest(provider_data, providers[row], providers[row + 1], _SEED)
        digests[place] = digest(spell_data, spells[row], spells[row + 1], state)


@kernel((array("i8"), array("i4"), array("u1", writable=True)))
def falls(starts: Int64s, order: Int32s, found: UInt8s) -> None:
    """Whether ``order`` [rows] falls anywhere within the runs that begin at ``starts`` [runs + 1]; ``found[0]`` becomes 1."""
    found[0] = 0
    for run in range(len(starts) - 1):
        for row in range(starts[run] + 1, starts[run + 1]):
            if order[row] < order[row - 1]:
                found[0] = 1
                return


@kernel((array("i8"), array("i4"), np.int64, array("i8", writable=True), array("u1", writable=True)))
def sort_runs(starts: Int64s, order: Int32s, longest: int, rows: Int64s, left: UInt8s) -> None:
    """Put the rows of each run in ``order`` [rows], equal ones as they stand. ``rows`` are 0, 1, 2 … at first.

    ``left[0]`` becomes 1 where a run of more than ``longest`` rows, for which this takes too long, is left as it is.
    """
    for run in range(len(starts) - 1):
        start, end = starts[run], starts[run + 1]
        for at in range(start + 1, end):
            if order[at] >= order[at - 1]:
                continue
            if end - start > longest:
                left[0] = 1
                break
            for moved in range(at, end):
                row = rows[moved]
                to = moved
                while to > start and order[rows[to - 1]] > order[row]:
                    rows[to] = rows[to - 1]
                    to -= 1
                rows[to] = row
            break
