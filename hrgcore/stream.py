"""Cutting a stream of batches where spells end, so that each part can be grouped by itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa

from hrgcore.columns import apc_layout
from hrgcore.encode.spells import SpellKeys
from hrgcore.errors import InputError
from hrgcore.read.arrow import checked

_LARGEST_RUN = 1 << 22  # digests in one sorted array: merging larger ones would need memory for a moment


class SpellReturns(InputError):
    """A spell came back after another one had begun."""


def whole_spells(batches: Iterable[Any]) -> Iterator[pa.Table]:
    """Tables of whole spells, from batches (or tables) in which spells stand together.

    The last spell of a batch waits for the next. Raises SpellReturns where a spell comes back after another one has begun: it would
    be grouped in two parts. Memory: a batch or two, the longest spell, and eight bytes a spell.
    """
    starts_of = SpellStarts()
    waiting: list[pa.Table] = []
    for table in one_schema(batches):
        starts = starts_of(table)
        if len(starts) == 0:
            waiting.append(table)
            continue
        last = int(starts[-1])
        done = pa.concat_tables([*waiting, table.slice(0, last)])
        waiting = [table.slice(last)]
        if done.num_rows:
            yield done
    if waiting:
        yield pa.concat_tables(waiting)


def one_schema(batches: Iterable[Any]) -> Iterator[pa.Table]:
    """Batches (or tables) as tables, each checked. Raises InputError where one has another schema than the first."""
    first: pa.Schema | None = None
    for batch in batches:
        table = checked(pa.Table.from_batches([batch]) if isinstance(batch, pa.RecordBatch) else batch, "the stream")
        if first is not None and table.schema != first:
            raise InputError("the stream: a batch has other columns or types than those before. Give all batches one schema.")
        first = table.schema
        yield table


class SpellStarts:
    """Tells of each table of a stream the rows at which spells begin; looks at every row once, however long a spell is."""

    def __init__(self) -> None:
        self._seen = _Seen()
        self._last: pa.Table | None = None  # the key of the last row so far

    def __call__(self, table: pa.Table) -> np.ndarray:
        """Rows of ``table`` that begin a spell. Raises SpellReturns where a spell has begun before."""
        if table.num_rows == 0:
            return np.zeros(0, np.int64)
        keys = key_columns(table)
        before = 0 if self._last is None else 1
        both = keys if self._last is None else pa.concat_tables([self._last, keys])
        self._last = keys.slice(keys.num_rows - 1)
        found = SpellKeys.of(both.column(0), both.column(1))
        starts = found.run_starts()[before:-1]
        self._seen.add(found.digests(starts))
        return starts - before


def key_columns(table: pa.Table) -> pa.Table:
    """The two columns of the spell key, as text."""
    fields = apc_layout(table.column_names).fields
    columns = [table.column(fields[name]).cast(pa.large_string()) for name in ("PROCODET", "PROVSPNO")]
    return pa.Table.from_arrays(columns, ["PROCODET", "PROVSPNO"])


class _Seen:
    """Digests of the spells that have begun, in sorted arrays of growing size."""

    def __init__(self) -> None:
        self._sorted: list[np.ndarray] = []

    def add(self, digests: np.ndarray) -> None:
        """Note spells as begun. Raises SpellReturns where one had begun before."""
        new = np.sort(digests)
        again = bool((new[1:] == new[:-1]).any())
        for done in self._sorted:
            place = np.searchsorted(done, new)
            inside = place < len(done)
            again |= bool((done[place[inside]] == new[inside]).any())
        if again:
            raise SpellReturns(
                "a spell's episodes don't stand together in the stream. Sort it by PROCODET and PROVSPNO, or group it as a whole."
            )
        while self._sorted and len(self._sorted[-1]) <= min(2 * len(new), _LARGEST_RUN):
            new = np.sort(np.concatenate([self._sorted.pop(), new]))
        self._sorted.append(new)
