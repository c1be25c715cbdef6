"""Parts of an input: where they are cut, and what each gives. The cut hangs on the rows alone, not on batches, threads or time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hrgcore.folders import tables_of
from hrgcore.stream import SpellStarts
from hrgcore.write import ResultLike

#: Episodes of a part: enough that a part's own costs don't count, few enough that several fit into memory at once.
PART_EPISODES = 250_000


class GrouperLike(Protocol):
    """What a run needs of `hrgcore.Grouper`."""

    def group(self, data: Any, *, logic: str = "apc") -> ResultLike: ...


@dataclass(frozen=True)
class Part:
    """Rows of the input that make one part. ``start`` counts input rows from 0."""

    number: int
    start: int
    table: pa.Table


@dataclass(frozen=True)
class PartResult:
    """What a part comes to: its tables, and its counts where these are known part by part. ``rows`` are those of the input."""

    number: int
    start: int
    rows: int
    tables: dict[str, pa.Table]
    counts: dict[str, Any] | None


def parts_of_spells(batches: Iterable[pa.Table], size: int) -> Iterator[Part]:
    """Parts of at least ``size`` episodes, each up to the end of the spell that stands there; the last may be smaller.

    An input without rows makes one part without rows, if it has a batch. Raises SpellReturns where spells don't stand together.
    """
    starts_of = SpellStarts()
    yield from _parts(batches, size, starts_of)


def parts_of_rows(batches: Iterable[pa.Table], size: int) -> Iterator[Part]:
    """Parts of ``size`` rows each; the last may be smaller. An input without rows makes one part, if it has a batch."""
    yield from _parts(batches, size, lambda table: np.arange(table.num_rows))


def _parts(batches: Iterable[pa.Table], size: int, cuts_of: Any) -> Iterator[Part]:
    held: list[pa.Table] = []
    number = start = rows = 0
    for table in batches:
        cuts = cuts_of(table)
        at = 0
        while True:
            place = int(np.searchsorted(cuts, at + size - rows))
            if place == len(cuts):
                break
            cut = int(cuts[place])
            yield Part(number, start, pa.concat_tables([*held, table.slice(at, cut - at)]))
            start += rows + cut - at
            number, held, rows, at = number + 1, [], 0, cut
        if at < table.num_rows or not held:
            held.append(table.slice(at))
            rows += table.num_rows - at
    if held and (rows or number == 0):
        yield Part(number, start, pa.concat_tables(held))


def group_part(grouper: GrouperLike, logic: str, part: Part) -> PartResult:
    """Group a part of whole spells; its rows are counted over the whole input."""
    result = grouper.group(part.table, logic=logic)
    tables = {name: getattr(result, name) for name in tables_of(logic)}
    for name in tables.keys() & {"unbundled", "errors"}:
        tables[name] = with_rows(tables[name], pc.add(tables[name].column("Row"), part.start))
    return PartResult(part.number, part.start, part.table.num_rows, tables, result.counts)


def with_rows(table: pa.Table, rows: Any) -> pa.Table:
    """A table with other row numbers."""
    return table.set_column(table.column_names.index("Row"), "Row", rows)
