"""Which rows make a spell, and in which order its episodes stand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hrgcore.encode.cells import text_buffers
from hrgcore_kernels import spells as kernels

_LONGEST_RUN = 64  # rows that are put in order one by one


@dataclass(frozen=True)
class SpellOrder:
    """Spells in order of their first appearance in the input.

    ``rows`` [episodes]: input rows, spell by spell in EPIORDER. ``starts`` [spells + 1]: places in ``rows``. ``together`` tells
    that the episodes of each spell stood together in the input, ``in_order`` that they stood in EPIORDER too.
    """

    rows: np.ndarray
    starts: np.ndarray
    together: bool
    in_order: bool

    @property
    def count(self) -> int:
        return len(self.starts) - 1

    def spell_of_row(self) -> np.ndarray:
        """The spell of each input row. int64 [episodes]."""
        spells = np.repeat(np.arange(self.count), np.diff(self.starts))
        if self.together:
            return spells  # rows of a spell may change places within its run, which stays the same
        found = np.empty(len(self.rows), np.int64)
        found[self.rows] = spells
        return found


@dataclass(frozen=True)
class SpellKeys:
    """The two columns of the spell key as offsets and bytes."""

    providers: np.ndarray
    provider_data: np.ndarray
    spells: np.ndarray
    spell_data: np.ndarray

    @classmethod
    def of(cls, provider: Any, spell: Any) -> SpellKeys:
        """Read the key from Arrow columns of any type; a null is an empty text."""
        buffers = [text_buffers(_one_text(column))[:2] for column in (provider, spell)]
        return cls(*buffers[0], *buffers[1])

    def run_starts(self) -> np.ndarray:
        """The rows whose key differs from the row before, and the number of rows at the end. int64."""
        count = len(self.providers) - 1
        changes = np.ones(count, np.uint8)
        kernels.key_changes(self.providers, self.provider_data, self.spells, self.spell_data, changes)
        return np.append(np.flatnonzero(changes), count)

    def digests(self, rows: np.ndarray) -> np.ndarray:
        """A 64-bit digest of the key of each of ``rows``: equal keys have equal digests. uint64 [rows]."""
        digests = np.empty(len(rows), np.uint64)
        rows.flags.writeable = False
        kernels.key_digests(self.providers, self.provider_data, self.spells, self.spell_data, rows, digests)
        return digests


def order_spells(provider: Any, spell: Any, epiorder: np.ndarray, epiorder_max: int) -> SpellOrder:
    """Find the spells of a table from its key columns (Arrow) and its encoded EPIORDER.

    Input whose spells stand together is taken as it stands. Otherwise rows are brought together by key; the test for that compares
    digests, so that it may bring rows together without need but never leaves a spell apart.
    Rule: docs/grouping.md section 6 (invalid EPIORDER first, equal ones in input order).
    """
    keys = SpellKeys.of(provider, spell)
    starts = keys.run_starts()
    digests = np.sort(keys.digests(starts[:-1]))
    place = np.where((epiorder >= 1) & (epiorder <= epiorder_max), epiorder, 0).astype(np.int32)
    together = not (digests[1:] == digests[:-1]).any()
    if together:
        found = np.zeros(1, np.uint8)
        place.flags.writeable = False
        starts.flags.writeable = False
        kernels.falls(starts, place, found)
        rows = np.arange(len(place))
        if not found[0]:
            return SpellOrder(_fixed(rows), starts, True, True)
        left = np.zeros(1, np.uint8)
        kernels.sort_runs(starts, place, _LONGEST_RUN, rows, left)
        if not left[0]:
            return SpellOrder(_fixed(rows), starts, True, False)
        of_row = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    else:
        of_row = _spell_numbers(provider, spell)
    rows = np.lexsort((place, of_row))
    counts = np.bincount(of_row)
    return SpellOrder(_fixed(rows), _fixed(np.concatenate([[0], np.cumsum(counts)])), together, False)


def _spell_numbers(provider: Any, spell: Any) -> np.ndarray:
    """Number the spells in order of first appearance; exact, for spells that don't stand together."""
    codes = [pc.dictionary_encode(_one_text(column)).indices.to_numpy().astype(np.int64) for column in (provider, spell)]
    key = codes[0] * (int(codes[1].max(initial=0)) + 1) + codes[1]
    _, first, number = np.unique(key, return_index=True, return_inverse=True)
    rank = np.empty(len(first), np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[number]


def _one_text(column: Any) -> Any:
    """A column as one large_string array without nulls."""
    if isinstance(column, pa.ChunkedArray):
        column = (
            column.cast(pa.large_string())
            if not pa.types.is_null(column.type)
            else pa.chunked_array([pa.nulls(len(column), pa.large_string())])
        )
        column = column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
    else:
        column = column.cast(pa.large_string())
    if isinstance(column, pa.ChunkedArray):
        column = pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], pa.large_string())
    return pc.fill_null(column, "") if column.null_count else column


def _fixed(array: np.ndarray) -> np.ndarray:
    array = array.astype(np.int64, copy=False)
    array.flags.writeable = False
    return array
