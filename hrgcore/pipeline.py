"""Grouping blocks while others are still read and encoded, as long as the spells of the input stand together."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np

from hrgcore import engine
from hrgcore.encode import Block, SpellOrder, WholeSpells, order_within
from hrgcore.encode.cells import fixed
from hrgcore.engine import Grouped
from hrgcore_kernels.layout import EPISODE_RESULT, SPELL_RESULT, UNBUNDLED, Design


class Pipeline:
    """Takes the blocks of an input one behind the other; groups each on the pool once its spells are complete.

    ``rows_about`` is a guess at the number of rows.
    """

    def __init__(self, design: Design, pool: ThreadPoolExecutor, rows_about: int) -> None:
        self._design, self._pool = design, pool
        self._whole = WholeSpells()
        self.rows = 0  #: how many rows were taken
        self._begun = 0
        self._firsts: list[int] = []  # the first row of each block that was begun
        self._under_way: list[Future[tuple[np.ndarray | None, np.ndarray]]] = []
        self._results, self._spells, self._starts = (
            _Room(kind, rows_about + 1) for kind in (EPISODE_RESULT, SPELL_RESULT, np.dtype(np.int64))
        )

    def add(self, block: Block) -> bool:
        """Take the next block, as long as keys ascend: from the first on whose keys do not, none is taken. Says whether it was."""
        if not self._whole.orders:
            return False
        for complete in self._whole.cut(block):
            self._begin(complete)
        if not self._whole.orders:
            self._drop()
            return False
        self.rows += block.count
        return True

    def end(self) -> tuple[SpellOrder, Grouped] | None:
        """What the blocks came to; None where their keys don't ascend, so that a spell may have come back."""
        if not self._whole.orders:
            return None
        for last in self._whole.rest():
            self._begin(last)
        self._starts.take(1)[:] = self._begun
        done = [future.result() for future in self._under_way]
        order = SpellOrder(fixed(self._starts.whole()), True, self._moved([rows for rows, _ in done]))
        unbundled = engine.join_records(UNBUNDLED, [found for _, found in done])
        return order, Grouped(self._results.whole().view(np.recarray), self._spells.whole().view(np.recarray), unbundled)

    def _moved(self, blocks: list[np.ndarray | None]) -> np.ndarray | None:
        """The rows of all blocks in order of EPIORDER, of which each was given those that did not stand so."""
        if all(rows is None for rows in blocks):
            return None
        moved = np.arange(self._begun)
        for first, rows in zip(self._firsts, blocks, strict=True):
            if rows is not None:
                np.add(rows, first, out=moved[first : first + len(rows)])
        return fixed(moved)

    def _begin(self, block: Block) -> None:
        spells = len(block.keys.starts)
        rooms = self._results.take(block.count), self._spells.take(spells), self._starts.take(spells)
        self._under_way.append(self._pool.submit(self._group, block, self._begun, *rooms))
        self._firsts.append(self._begun)
        self._begun += block.count

    def _group(
        self, block: Block, first: int, results: np.ndarray, spells: np.ndarray, starts: np.ndarray
    ) -> tuple[np.ndarray | None, np.ndarray]:
        """Group a block that begins with row ``first``: its rows in order, where they don't stand so, and its unbundled HRGs."""
        bounds = fixed(np.append(block.keys.starts, block.count))
        order = order_within(bounds, block.episodes.rows["epiorder"], int(self._design.settings[1]))
        rooms = results.view(np.recarray), spells.view(np.recarray)
        unbundled = engine.group_slice(self._design, block.episodes, order.rows, order.starts, *rooms, first)
        np.add(bounds[:-1], first, out=starts)
        return order.moved, unbundled

    def _drop(self) -> None:
        for future in self._under_way:
            future.cancel()
        self._under_way.clear()


class _Room:
    """Room for records that come in parts: one array, where the guess at their number holds."""

    def __init__(self, kind: np.dtype[Any], about: int) -> None:
        self._full: list[np.ndarray] = []
        self._array, self._taken = np.empty(about, kind), 0

    def take(self, count: int) -> np.ndarray:
        """Room for the next ``count`` records."""
        if self._taken + count > len(self._array):
            self._full.append(self._array[: self._taken])
            self._array, self._taken = np.empty(max(count, len(self._array)), self._array.dtype), 0
        self._taken += count
        return self._array[self._taken - count : self._taken]

    def whole(self) -> np.ndarray:
        """All of them."""
        last = self._array[: self._taken]
        return np.concatenate([*self._full, last]) if self._full else last
