"""Cutting a stream of batches where spells end, so that each part can be grouped by itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa

from hrgcore.columns import Layout, apc_layout
from hrgcore.encode.spells import SpellKeys
from hrgcore.errors import InputError
from hrgcore.read.arrow import checked


def whole_spells(batches: Iterable[Any]) -> Iterator[pa.Table]:
    """Tables of whole spells, from batches (or tables) in which spells stand together.

    The last spell of a batch waits for the next. Raises InputError where a spell comes back after another one has begun: it would
    be grouped in two parts. Memory: a batch or two, the longest spell, and eight bytes a spell.
    """
    seen = _Seen()
    waiting: pa.Table | None = None
    for batch in batches:
        table = checked(pa.Table.from_batches([batch]) if isinstance(batch, pa.RecordBatch) else batch, "the stream")
        if waiting is not None:
            if table.schema != waiting.schema:
                raise InputError("the stream: a batch has other columns or types than those before. Give all batches one schema.")
            table = pa.concat_tables([waiting, table])
        if table.num_rows == 0:
            waiting = table
            continue
        layout = apc_layout(table.column_names)
        keys = _keys(table, layout)
        starts = keys.run_starts()
        seen.add(keys.digests(starts[:-2]))
        last = int(starts[-2])
        waiting = table.slice(last)
        if last:
            yield table.slice(0, last)
    if waiting is not None:
        if waiting.num_rows:
            seen.add(_keys(waiting, apc_layout(waiting.column_names)).digests(np.zeros(1, np.int64)))
        yield waiting


def _keys(table: pa.Table, layout: Layout) -> SpellKeys:
    return SpellKeys.of(table.column(layout.fields["PROCODET"]), table.column(layout.fields["PROVSPNO"]))


class _Seen:
    """Digests of the spells that are done, in sorted arrays of growing size."""

    def __init__(self) -> None:
        self._sorted: list[np.ndarray] = []

    def add(self, digests: np.ndarray) -> None:
        """Note spells as done. Raises InputError where one was done before."""
        new = np.sort(digests)
        again = bool((new[1:] == new[:-1]).any())
        for done in self._sorted:
            place = np.searchsorted(done, new)
            inside = place < len(done)
            again |= bool((done[place[inside]] == new[inside]).any())
        if again:
            raise InputError(
                "a spell's episodes don't stand together in the stream. Sort it by PROCODET and PROVSPNO, or group it as a whole."
            )
        while self._sorted and len(self._sorted[-1]) <= 2 * len(new):
            new = np.sort(np.concatenate([self._sorted.pop(), new]))
        self._sorted.append(new)
