"""Running the kernels: slices of spells, cut at spell boundaries, on a thread pool."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from hrgcore.design import Bundle
from hrgcore.encode import SpellOrder
from hrgcore_kernels.group import group_spells
from hrgcore_kernels.layout import (
    BLOCK,
    CHUNK,
    EACH_CODE,
    EPISODE_RESULT,
    EXTRA,
    RECORD,
    SPELL_RESULT,
    UNBUNDLED,
    Design,
    Episodes,
    Lookups,
    Scratch,
    count_facts,
)

_SPELL_CODES = 24 * 2 * BLOCK  # of a block of spells: there is room for so many diagnoses, and procedures
_SLICE_EPISODES = 65_536  # large enough that starting a slice costs nothing, small enough that threads finish together


@dataclass(frozen=True)
class Grouped:
    """What the kernels gave: records by episode, by spell, and by unbundled HRG (see hrgcore_kernels.layout)."""

    episodes: np.ndarray
    spells: np.ndarray
    unbundled: np.ndarray


def kernel_design(bundle: Bundle) -> Design:
    """A bundle's arrays as the kernels take them."""
    arrays = {name: _records(bundle.arrays[name]) for name in Design._fields}
    arrays |= {name: bundle.arrays[name].reshape(-1) for name in ("grid", "field_sets")}
    return Design(**arrays)


def kernel_lookups(bundle: Bundle) -> Lookups:
    """A bundle's tables from text to numbers."""
    names = ("icd10_four", "icd10_five", "opcs4_lookup", "field_lookup")
    return Lookups(*(bundle.arrays[name] for name in names))


def group(design: Design, episodes: Episodes, order: SpellOrder, pool: ThreadPoolExecutor) -> Grouped:
    """Group encoded episodes. Results of episodes are in input order, those of spells in the order of ``order``."""
    results, spells = room(EPISODE_RESULT, len(episodes.rows)), room(SPELL_RESULT, order.count)

    def run(first: int, end: int) -> np.ndarray:
        low, high = int(order.starts[first]), int(order.starts[end])
        starts = order.starts[first : end + 1] - low
        starts.flags.writeable = False
        return group_slice(design, episodes, order.rows[low:high], starts, results, spells[first:end])

    cuts = _cuts(order.starts)
    return Grouped(results, spells, join_records(UNBUNDLED, list(pool.map(run, cuts[:-1], cuts[1:]))))


def group_slice(
    design: Design,
    episodes: Episodes,
    rows: np.ndarray,
    starts: np.ndarray,
    results: np.ndarray,
    spells: np.ndarray,
    first_row: int = 0,
) -> np.ndarray:
    """Group some spells: ``rows`` are those of their episodes, of which ``starts`` [spells + 1] are places.

    Writes into ``results``, by row, and ``spells``; gives the unbundled HRGs. Rows in these count from ``first_row``.
    """
    failed, counts = np.zeros(len(rows), np.uint32), np.zeros(3, np.int64)
    # There is about one unbundled HRG for five episodes, and few spells have ten thousand codes: rarely is a slice grouped again.
    wanted = [len(rows), _SPELL_CODES, _SPELL_CODES]
    taken = [0, 0, 0]
    while any(more > have for more, have in zip(wanted, taken, strict=True)):
        taken = [max(pair) for pair in zip(wanted, taken, strict=True)]
        unbundled = room(UNBUNDLED, taken[0])
        block = scratch(design, block_records(), failed, *taken[1:])
        group_spells(design, episodes, rows, starts, first_row, results, spells, unbundled, counts, block)
        wanted = counts.tolist()
    return unbundled.view(np.uint8)[: wanted[0] * UNBUNDLED.itemsize].copy().view(UNBUNDLED).view(np.recarray)


def room(kind: np.dtype[np.void], count: int) -> np.ndarray:
    """Room for so many records, as the kernels write them."""
    return np.empty(count, kind).view(np.recarray)


def join_records(kind: np.dtype[np.void], parts: Sequence[np.ndarray]) -> np.ndarray:
    """Records one behind the other, joined as bytes: NumPy copies records one by one."""
    joined = np.concatenate([np.empty(0, np.uint8), *(part.view(np.uint8) for part in parts)])
    return joined.view(kind).view(np.recarray)


def block_records() -> np.ndarray:
    """The records of `scratch`, with their fields as attributes."""
    return np.zeros(BLOCK, RECORD).view(np.recarray)


def scratch(design: Design, records: np.ndarray, failed: np.ndarray, diagnoses: int, procedures: int) -> Scratch:
    """Room for a block of ``records``, for ``failed`` (see `group_spells`), and for so many codes of a block of spells.

    Compiled code calls it, too.
    """
    return Scratch(
        records,
        np.zeros((BLOCK, count_facts(design)), np.int64),
        np.empty(diagnoses + EXTRA, np.uint16),
        np.empty(procedures + EXTRA, np.uint16),
        np.zeros(len(design.diagnoses), np.uint8),
        np.zeros(len(design.procedures), np.uint8),
        np.zeros(1, np.uint8),
        np.zeros(EACH_CODE + 1, np.int64),
        np.empty(BLOCK, np.uint32),
        np.empty(BLOCK, np.int32),
        np.empty(BLOCK, np.uint32),
        np.empty(BLOCK, np.uint32),
        np.empty(BLOCK, np.uint32),
        np.empty(BLOCK, np.uint32),
        np.empty(BLOCK, np.uint32),
        np.empty(BLOCK, np.uint32),
        np.empty(BLOCK, np.uint32),
        np.empty(CHUNK // 2 + 1, np.uint32),
        failed,
    )


def _cuts(starts: np.ndarray) -> Sequence[int]:
    """Spells at which slices begin, and the end: about _SLICE_EPISODES episodes a slice, never within a spell."""
    wanted = np.arange(0, int(starts[-1]), _SLICE_EPISODES)
    cuts: list[int] = np.unique(np.searchsorted(starts, wanted, side="right") - 1).tolist()
    return [*cuts, len(starts) - 1] if len(starts) > 1 else []


def _records(array: np.ndarray) -> np.ndarray:
    """Arrays of records give their fields as attributes, as the kernels read them with and without Numba."""
    return array.view(np.recarray) if array.dtype.names else array
