"""Cutting a stream of batches where spells end, so that each part can be grouped by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from hrgcore.activity import Activity, Rows, TableActivity
from hrgcore.columns import KEY_FIELDS, Layout, apc_layout
from hrgcore.encode import Key, SpellKeys, orders_between
from hrgcore.errors import InputError
from hrgcore.logics import Logic, row_layout
from hrgcore.read.arrow import checked
from hrgcore_kernels.spells import ALL_ORDERS, SAME_KEY

_LARGEST_RUN = 1 << 22  # digests in one sorted array: merging larger ones would need memory for a moment


class SpellReturns(InputError):
    """A spell came back after another one had begun."""


LayoutOf = Callable[[Sequence[str]], Layout]  #: finds the key, as that of spells, among the names of columns


def period_layout(logic: Logic, names: Sequence[str]) -> Layout:
    """Where the key of a critical care period stands, as if it were that of a spell. Raises InputError as `row_layout` does."""
    columns = row_layout(logic, names).columns
    return Layout({of: columns[key.name][0] for of, key in zip(KEY_FIELDS, logic.keys, strict=True)}, (), (), False)


def whole_spells(batches: Iterable[Any], layout_of: LayoutOf = apc_layout) -> Iterator[pa.Table]:
    """Tables of whole spells, from batches (or tables) in which spells stand together.

    The last spell of a batch waits for the next. Raises SpellReturns where a spell comes back after another one has begun: it would
    be grouped in two parts. Memory: a batch or two, the longest spell, and eight bytes a spell. Periods stand for
    spells under their ``layout_of``.

    >>> batches = hrgcore.read.read_input("month").to_batches(max_chunksize=50)
    >>> len(batches), sum(table.num_rows for table in whole_spells(batches))
    (6, 300)
    """
    starts_of = SpellStarts(layout_of=layout_of)
    waiting: list[pa.Table] = []
    for table in one_schema(batches):
        starts = starts_of(TableActivity(table))
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
    """Tells of each of the rows of a stream at which spells begin; looks at every row once, however long a spell is.

    As long as keys ascend, no spell can come back. Where they stop to, the spells before have to be known: ``again`` gives all rows
    from the first on once more. Without it eight bytes are kept for every spell from the start.
    """

    def __init__(self, again: Callable[[], Iterable[Rows]] | None = None, layout_of: LayoutOf = apc_layout) -> None:
        self._again = again
        self._layout_of = layout_of
        self._orders = ALL_ORDERS  # in which keys have ascended so far
        self._last: Key | None = None  # the key of the last row so far
        self._rows = 0
        self._seen = _Seen()

    def __call__(self, rows: Rows) -> np.ndarray:
        """Those of ``rows`` that begin a spell. Raises SpellReturns where a spell has begun before."""
        if rows.count == 0:
            return np.zeros(0, np.int64)
        runs = rows.keys(self._layout_of(rows.names))
        step = orders_between(self._last, runs.key(0))
        starts = runs.starts[1:] if step == SAME_KEY else runs.starts
        ascended = self._orders
        self._orders &= step & runs.orders
        if not self._orders or self._again is None:
            if ascended and self._again is not None:
                self._catch_up(self._again())
            self._note(rows, starts)
        self._last = runs.key(rows.count - 1)
        self._rows += rows.count
        return starts

    def _catch_up(self, rows_again: Iterable[Rows]) -> None:
        """Note the spells of the rows so far: those of keys that ascend."""
        left, last = self._rows, None
        for rows in rows_again:
            rows = rows.part(0, min(left, rows.count))
            if rows.count:
                runs = rows.keys(self._layout_of(rows.names))
                self._note(rows, runs.starts[1:] if runs.key(0) == last else runs.starts)
                last = runs.key(rows.count - 1)
            left -= rows.count
            if not left:
                return

    def _note(self, rows: Rows, starts: np.ndarray) -> None:
        if len(starts):
            self._seen.add(SpellKeys.of(*key_columns(rows, self._layout_of(rows.names))).digests(starts))


def key_columns(rows: Activity, layout: Layout) -> tuple[Any, Any]:
    """The two columns of the spell key."""
    provider, spell = rows.read([layout.fields[field] for field in KEY_FIELDS]).columns
    return provider, spell


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
                "a spell's episodes (or a critical care period's days) don't stand together in the stream. Sort it by PROCODET and"
                " PROVSPNO (or CCLocalID), or group it as a whole."
            )
        while self._sorted and len(self._sorted[-1]) <= min(2 * len(new), _LARGEST_RUN):
            new = np.sort(np.concatenate([self._sorted.pop(), new]))
        self._sorted.append(new)
