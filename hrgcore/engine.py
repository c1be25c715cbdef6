"""Running the kernels: slices of spells, cut at spell boundaries, on a thread pool."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from hrgcore.design import Bundle
from hrgcore.encode import SpellOrder
from hrgcore_kernels.group import group_spells
from hrgcore_kernels.layout import (
    BLOCK,
    EACH_CODE,
    EPISODE_RESULT,
    RECORD,
    SPELL_RESULT,
    STEP_WORD,
    UNBUNDLED,
    Design,
    Episodes,
    Lookups,
    Scratch,
    count_facts,
)

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
    return Design(**arrays | {"steps": _records(bundle.arrays["steps"].view(STEP_WORD))})


def kernel_lookups(bundle: Bundle) -> Lookups:
    """A bundle's tables from text to numbers."""
    names = ("icd10_four", "icd10_five", "opcs4_lookup", "field_lookup")
    return Lookups(*(bundle.arrays[name] for name in names))


def group(design: Design, episodes: Episodes, order: SpellOrder, pool: ThreadPoolExecutor) -> Grouped:
    """Group encoded episodes. Results of episodes are in input order, those of spells in the order of ``order``."""
    results = np.zeros(len(episodes.rows), EPISODE_RESULT).view(np.recarray)
    spells = np.zeros(order.count, SPELL_RESULT).view(np.recarray)

    def run(first: int, end: int) -> np.ndarray:
        low, high = int(order.starts[first]), int(order.starts[end])
        rows = order.rows[low:high]
        starts = order.starts[first : end + 1] - low
        starts.flags.writeable = False
        places = slice(low, high) if order.in_order else rows
        diagnoses, procedures = (_codes(episodes, kind, places) for kind in ("diagnosis", "procedure"))
        unbundled = np.empty(len(rows) + procedures, UNBUNDLED).view(np.recarray)
        counts = np.zeros(1, np.int64)
        scratch = _scratch(design, end - first, diagnoses, procedures)
        group_spells(design, episodes, rows, starts, results, spells[first:end], unbundled, counts, scratch)
        return unbundled[: int(counts[0])].copy()

    cuts = _cuts(order.starts)
    parts = list(pool.map(run, cuts[:-1], cuts[1:]))
    return Grouped(results, spells, np.concatenate(parts) if parts else np.zeros(0, UNBUNDLED))


def _codes(episodes: Episodes, kind: str, places: Any) -> int:
    """How many diagnoses or procedures some episodes have."""
    return int((episodes.rows[f"{kind}_end"][places] - episodes.rows[f"{kind}_start"][places]).sum())


def _scratch(design: Design, spells: int, diagnoses: int, procedures: int) -> Scratch:
    """Room for a block of records of a slice of so many spells and codes; for a code more, for a record without any to point at."""
    return Scratch(
        np.zeros(BLOCK, RECORD).view(np.recarray),
        np.zeros((BLOCK, count_facts(design)), np.int64),
        np.empty(diagnoses + 1, np.uint16),
        np.empty(procedures + 1, np.uint16),
        np.empty(max(diagnoses, procedures) + 1, np.uint16),
        np.zeros(EACH_CODE + 1, np.int64),
        np.empty(BLOCK, np.uint32),
        np.empty(BLOCK, np.uint32),
        np.empty(BLOCK, np.uint32),
        np.empty(spells, np.uint32),
    )


def _cuts(starts: np.ndarray) -> Sequence[int]:
    """Spells at which slices begin, and the end: about _SLICE_EPISODES episodes a slice, never within a spell."""
    wanted = np.arange(0, int(starts[-1]), _SLICE_EPISODES)
    cuts: list[int] = np.unique(np.searchsorted(starts, wanted, side="right") - 1).tolist()
    return [*cuts, len(starts) - 1] if len(starts) > 1 else []


def _records(array: np.ndarray) -> np.ndarray:
    """Arrays of records give their fields as attributes, as the kernels read them with and without Numba."""
    return array.view(np.recarray) if array.dtype.names else array
