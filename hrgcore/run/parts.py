"""Parts of an input: where they are cut, and what each gives. The cut hangs on the rows alone, not on batches, threads or time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hrgcore.activity import Rows, joined
from hrgcore.encode import Encoder
from hrgcore.folders import tables_of
from hrgcore.logics import Logic
from hrgcore.stream import SpellStarts, period_layout
from hrgcore.write import ResultLike

#: Episodes of a part: enough that a part's own costs don't count, few enough that several fit into memory at once.
PART_EPISODES = 250_000


class GrouperLike(Protocol):
    """What a run needs of `hrgcore.Grouper`."""

    @property
    def encoder(self) -> Encoder: ...

    def group(self, data: Any, *, logic: str = "apc") -> ResultLike: ...


@dataclass(frozen=True)
class Part:
    """Rows of the input that make one part. ``start`` counts input rows from 0."""

    number: int
    start: int
    content: Rows


@dataclass(frozen=True)
class PartResult:
    """What a part comes to: its tables, and its counts where these are known part by part. ``rows`` are those of the input."""

    number: int
    start: int
    rows: int
    tables: dict[str, pa.Table]
    counts: dict[str, Any] | None


def parts_of_spells(batches: Callable[[], Iterable[Rows]], size: int, threads: int = 1) -> Iterator[Part]:
    """Parts of at least ``size`` episodes, each up to the end of the spell that stands there; the last may be smaller.

    ``batches`` gives the rows, a second time where their keys don't ascend to the end.

    An input without rows makes one part without rows, if it has a batch. Raises SpellReturns where spells don't stand together.
    """
    yield from _parts(batches(), size, SpellStarts(batches), threads)


def parts_of_periods(batches: Callable[[], Iterable[Rows]], logic: Logic, size: int, threads: int = 1) -> Iterator[Part]:
    """The same of critical care periods. Where one part holds all rows, these may stand in any order."""
    held: list[Rows] = []
    for batch in batches():
        held.append(batch)
        if sum(rows.count for rows in held) > size:
            break
    else:
        yield Part(0, 0, joined(held, threads))
        return
    del held
    yield from _parts(batches(), size, SpellStarts(batches, partial(period_layout, logic)), threads)


def parts_of_rows(batches: Iterable[Rows], size: int, threads: int = 1) -> Iterator[Part]:
    """Parts of ``size`` rows each; the last may be smaller. An input without rows makes one part, if it has a batch."""
    yield from _parts(batches, size, lambda rows: np.arange(rows.count), threads)


def _parts(batches: Iterable[Rows], size: int, cuts_of: Callable[[Rows], np.ndarray], threads: int) -> Iterator[Part]:
    held: list[Rows] = []
    number = start = rows = 0
    for batch in batches:
        cuts = cuts_of(batch)
        at = 0
        while True:
            place = int(np.searchsorted(cuts, at + size - rows))
            if place == len(cuts):
                break
            cut = int(cuts[place])
            yield Part(number, start, joined([*held, batch.part(at, cut)], threads))
            start += rows + cut - at
            number, held, rows, at = number + 1, [], 0, cut
        if at < batch.count or not held:
            held.append(batch.part(at, batch.count))
            rows += batch.count - at
        del batch
    if held and (rows or number == 0):
        yield Part(number, start, joined(held, threads))


def group_part(grouper: GrouperLike, logic: str, part: Part) -> PartResult:
    """Group a part of whole spells; its rows are counted over the whole input."""
    result = grouper.group(part.content, logic=logic)
    tables = {name: getattr(result, name) for name in tables_of(logic)}
    for name in tables.keys() & {"unbundled", "errors"}:
        tables[name] = with_rows(tables[name], pc.add(tables[name].column("Row"), part.start))
    return PartResult(part.number, part.start, part.content.count, tables, result.counts)


def with_rows(table: pa.Table, rows: Any) -> pa.Table:
    """A table with other row numbers."""
    return table.set_column(table.column_names.index("Row"), "Row", rows)
