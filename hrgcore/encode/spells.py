"""Which rows make a spell, and in which order its episodes stand."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hrgcore.encode.cells import as_text, fixed, index_buffers, text_buffers
from hrgcore_kernels import spells as kernels

_EACH_ROW = np.empty(0, np.int32)  # no places in a dictionary
_EACH_ROW.flags.writeable = False
MOST_ROWS = 131_072  #: of a block: many for few calls, as what Python does for each counts, and memory comes in larger pages
_LONGEST_RUN = 64  # rows that are put in order one by one


@dataclass(frozen=True)
class SpellOrder:
    """Spells in order of their first appearance in the input.

    ``starts`` [spells + 1]: places in ``rows``. ``together`` tells that the episodes of each spell stood together in the input;
    ``moved`` are the rows where they did not stand in EPIORDER too.
    """

    starts: np.ndarray
    together: bool
    moved: np.ndarray | None = None

    @property
    def count(self) -> int:
        return len(self.starts) - 1

    @property
    def in_order(self) -> bool:
        """Whether the rows are those of the input, one behind the other."""
        return self.moved is None

    @cached_property
    def rows(self) -> np.ndarray:
        """Input rows, spell by spell in EPIORDER. int64 [episodes]."""
        return as_they_stand(int(self.starts[-1])) if self.moved is None else self.moved

    @property
    def first_rows(self) -> np.ndarray:
        """The row of the first episode of each spell. int64 [spells]."""
        return self.starts[:-1] if self.moved is None else self.moved[self.starts[:-1]]

    def spell_of_row(self) -> np.ndarray:
        """The spell of each input row. int64 [episodes]."""
        spells = np.repeat(np.arange(self.count), np.diff(self.starts))
        if self.together:
            return spells  # rows of a spell may change places within its run, which stays the same
        found = np.empty(len(self.rows), np.int64)
        found[self.rows] = spells
        return found


#: Provider and spell number of a row.
Key = tuple[bytes, bytes]


@dataclass(frozen=True)
class KeyRuns:
    """Where the spell key changes in ``count`` rows that stand one behind the other.

    ``starts``: rows whose key is not that of the row before, and the first; int64. ``orders``: bits of the orders in which all keys
    ascend (`hrgcore_kernels.spells.ALL_ORDERS`); where there is any, no key comes back. ``key`` gives the key of a row.
    """

    starts: np.ndarray
    count: int
    orders: int
    key: Callable[[int], Key]

    def part(self, low: int, high: int) -> KeyRuns:
        """Those of the rows from ``low`` to before ``high``."""
        if (low, high) == (0, self.count):
            return self
        own = self.starts[np.searchsorted(self.starts, low) : np.searchsorted(self.starts, high)] - low
        if high > low and (len(own) == 0 or own[0] != 0):
            own = np.concatenate([[0], own])
        return KeyRuns(own, high - low, self.orders, lambda row: self.key(low + row))

    @classmethod
    def join(cls, parts: Iterable[KeyRuns]) -> KeyRuns:
        """Those of rows that stand behind one another."""
        starts: list[np.ndarray] = [np.empty(0, np.int64)]
        count, orders, last = 0, kernels.ALL_ORDERS, None
        parts = [part for part in parts if part.count]
        for part in parts:
            own = part.starts + count if count else part.starts
            step = orders_between(last, part.key(0))
            starts.append(own[1:] if step == kernels.SAME_KEY else own)
            orders &= step
            orders &= part.orders
            count += part.count
            last = part.key(part.count - 1)
        ends = np.cumsum([part.count for part in parts])

        def key(row: int) -> Key:
            place = int(np.searchsorted(ends, row, side="right"))
            return parts[place].key(row - (int(ends[place - 1]) if place else 0))

        return cls(np.concatenate(starts), count, orders, key)


@dataclass(frozen=True)
class SpellKeys:
    """The two columns of the spell key."""

    providers: kernels.Texts
    spells: kernels.Texts
    count: int

    @classmethod
    def of(cls, provider: Any, spell: Any) -> SpellKeys:
        """Read the key from Arrow columns of any type; a null is an empty text."""
        return cls(_texts(provider), _texts(spell), len(spell))

    def key(self, row: int) -> Key:
        """The key of a row."""
        provider, spell = (_cell(own, row) for own in (self.providers, self.spells))
        return provider, spell

    def runs(self) -> KeyRuns:
        """Where the key changes."""
        count = self.count
        starts, found = np.empty(count, np.int64), np.empty(2, np.int64)
        kernels.key_runs(self.providers, self.spells, starts, found)
        return KeyRuns(starts[: int(found[0])], count, int(found[1]), self.key)

    def digests(self, rows: np.ndarray) -> np.ndarray:
        """A 64-bit digest of the key of each of ``rows``: equal keys have equal digests. uint64 [rows]."""
        digests = np.empty(len(rows), np.uint64)
        kernels.key_digests(self.providers, self.spells, fixed(rows), digests)
        return digests


def orders_between(before: Key | None, key: Key) -> int:
    """The orders in which a key stands behind the one before, as bits: all where there is none, SAME_KEY where it is the same."""
    if before is None:
        return kernels.ALL_ORDERS
    provider, spell = (kernels.sign(new, old) for new, old in zip(key, before, strict=True))
    return int(kernels.orders_of(provider, spell, len(key[1]) - len(before[1])))


def order_spells(provider: Any, spell: Any, epiorder: np.ndarray, epiorder_max: int) -> SpellOrder:
    """Find the spells of a table from its key columns (Arrow) and its encoded EPIORDER: see `order_rows`."""
    return order_rows(SpellKeys.of(provider, spell).runs(), epiorder, epiorder_max, lambda: (provider, spell))


def order_rows(runs: KeyRuns, epiorder: np.ndarray, epiorder_max: int, columns: Callable[[], tuple[Any, Any]]) -> SpellOrder:
    """Find the spells of rows from where their key changes and their encoded EPIORDER; ``columns`` gives the key columns (Arrow).

    Input whose spells stand together is taken as it stands. Otherwise rows are brought together by key. Keys that ascend tell that
    spells stand together; where they don't, digests are compared, which may bring rows together without need but never leaves a
    spell apart.
    Rule: docs/grouping.md section 6 (invalid EPIORDER first, equal ones in input order).
    """
    starts = fixed(np.append(runs.starts, runs.count))
    together = bool(runs.orders)
    if not together:
        digests = np.sort(SpellKeys.of(*columns()).digests(runs.starts))
        together = not (digests[1:] == digests[:-1]).any()
    if together:
        return order_within(starts, epiorder, epiorder_max)
    of_row = number_keys(*columns())
    rows = np.lexsort((_places(epiorder, epiorder_max), of_row))
    return SpellOrder(fixed(np.concatenate([[0], np.cumsum(np.bincount(of_row))])), False, fixed(rows))


def order_within(starts: np.ndarray, epiorder: np.ndarray, epiorder_max: int) -> SpellOrder:
    """The order of rows whose spells stand together, from place ``starts[i]`` to before ``starts[i + 1]``; see `order_rows`."""
    found = np.empty(1, np.int64)
    epiorder = epiorder.view(np.ndarray)
    epiorder.flags.writeable = False
    kernels.run_that_falls(starts, epiorder, epiorder_max, found)
    if found[0] == len(starts) - 1:
        return SpellOrder(starts, True)
    rows = as_they_stand(int(starts[-1])).copy()
    kernels.order_runs(starts, epiorder, epiorder_max, _LONGEST_RUN, found, rows)
    if found[0]:
        rows[:] = np.lexsort((_places(epiorder, epiorder_max), np.repeat(np.arange(len(starts) - 1), np.diff(starts))))
    return SpellOrder(starts, True, fixed(rows))


def as_they_stand(count: int) -> np.ndarray:
    """So many rows, one behind the other. int64."""
    block = _block_as_it_stands()
    return block[:count] if count <= len(block) else fixed(np.arange(count))


@cache
def _block_as_it_stands() -> np.ndarray:
    """Of a block there are many: all have the same."""
    return fixed(np.arange(MOST_ROWS))


def _places(epiorder: np.ndarray, epiorder_max: int) -> np.ndarray:
    """Where episodes stand in their spell; those whose EPIORDER is invalid come first."""
    return np.where((epiorder >= 1) & (epiorder <= epiorder_max), epiorder, 0).astype(np.int32)


def number_keys(provider: Any, spell: Any) -> np.ndarray:
    """Number keys (spells) in order of first appearance; exact, for keys that don't stand together. int64 [rows]."""
    codes = [pc.dictionary_encode(_one_text(column)).indices.to_numpy().astype(np.int64) for column in (provider, spell)]
    key = codes[0] * (int(codes[1].max(initial=0)) + 1) + codes[1]
    _, first, number = np.unique(key, return_index=True, return_inverse=True)
    rank = np.empty(len(first), np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[number]


def _texts(column: Any) -> kernels.Texts:
    """The cells of a column of any type."""
    if isinstance(column, pa.ChunkedArray) and column.num_chunks == 1:
        column = column.chunk(0)
    if isinstance(column, pa.DictionaryArray) and _is_plain(column.dictionary) and not column.null_count:
        offsets, data = text_buffers(column.dictionary)[:2]
        return kernels.Texts(offsets[:-1], offsets[1:], data, fixed(index_buffers(column)[0], np.int32))
    offsets, data = text_buffers(column if _is_plain(column) else _one_text(column))[:2]
    return kernels.Texts(offsets[:-1], offsets[1:], data, _EACH_ROW)


def _cell(texts: kernels.Texts, row: int) -> bytes:
    place = texts.places[row] if len(texts.places) else row
    return texts.data[texts.starts[place] : texts.ends[place]].tobytes()


def _is_plain(column: Any) -> bool:
    """Whether a column is text as it can be read, without nulls."""
    plain = pa.types.is_string(column.type) or pa.types.is_large_string(column.type)
    return plain and isinstance(column, pa.Array) and not column.null_count


def _one_text(column: Any) -> Any:
    """A column as one large_string array without nulls."""
    if isinstance(column, pa.ChunkedArray):
        column = (
            as_text(column) if not pa.types.is_null(column.type) else pa.chunked_array([pa.nulls(len(column), pa.large_string())])
        )
        column = column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
    else:
        column = as_text(column)
    if isinstance(column, pa.ChunkedArray):
        column = pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], pa.large_string())
    return pc.fill_null(column, "") if column.null_count else column
