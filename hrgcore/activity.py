"""Activity as grouping takes it: what is encoded at once, and what is read again only where a result asks for it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa

from hrgcore.columns import KEY_FIELDS, Layout
from hrgcore.encode import Block, Encoder, KeyRuns, SpellKeys, join_blocks
from hrgcore.encode.cells import take_in_parts, take_rows, without_views
from hrgcore.encode.codes import longest_list, take_entries


class Activity(ABC):
    """Rows of activity, from a table or from files. Call `blocks` or `encode` first: they find what can't be read."""

    #: The columns' names, in their order.
    names: Sequence[str]

    @property
    @abstractmethod
    def rows_about(self) -> int:
        """A guess at how many rows there are; better too many than too few."""

    @abstractmethod
    def blocks(self, encoder: Encoder, layout: Layout, pool: ThreadPoolExecutor) -> Iterator[Block]:
        """Encode all rows; gives them in their order, as they come. They are not kept: see `kept`.

        Raises InputError where the input can't be read, or a column is of a type that can't hold its field.
        """

    @abstractmethod
    def read(self, names: Sequence[str]) -> pa.Table:
        """Some columns of all rows."""

    def kept(self, layout: Layout) -> Rows:
        """All rows, to be encoded once more where that is asked for: once `blocks` has given them, nothing is read again."""
        return TableActivity(self.read(layout.names))

    def encode(self, encoder: Encoder, layout: Layout, pool: ThreadPoolExecutor) -> Block:
        """Encode all rows as one block. Raises InputError as `blocks` does."""
        return join_blocks(self.blocks(encoder, layout, pool), pool.map)

    @cached_property
    def table(self) -> pa.Table:
        """All rows and columns."""
        return self.read(self.names)

    def column(self, name: str) -> Any:
        """One column, chunked."""
        return self.table.column(name)

    def cells(self, name: str, rows: Any) -> Any:
        """Cells of some rows (an Arrow array of places from 0), as a chunked column."""
        return take_rows(self.column(name), rows)

    def entries(self, name: str, place: int, rows: Any) -> Any:
        """Entry ``place`` (from 0) of some rows of a column of lists, as a chunked column."""
        return take_entries(self.column(name), place, rows)

    def longest(self, name: str) -> int:
        """How many entries the longest list of a column of lists has."""
        return longest_list(self.column(name))


class Rows(Activity):
    """Rows that are there, of which some can be taken."""

    @property
    @abstractmethod
    def count(self) -> int:
        """How many rows there are."""

    @property
    def rows_about(self) -> int:
        return self.count

    @abstractmethod
    def part(self, low: int, high: int) -> Rows:
        """The rows from ``low`` to before ``high``."""

    @abstractmethod
    def keys(self, layout: Layout) -> KeyRuns:
        """Where the spell key changes."""

    def kept(self, layout: Layout) -> Rows:
        return self


class TableActivity(Rows):
    """An Arrow table."""

    def __init__(self, table: pa.Table) -> None:
        self._table = without_views(table)
        self.names = table.column_names

    @property
    def count(self) -> int:
        return int(self._table.num_rows)

    def part(self, low: int, high: int) -> Rows:
        return TableActivity(self._table.slice(low, high - low))

    def keys(self, layout: Layout) -> KeyRuns:
        return SpellKeys.of(*(self._table.column(layout.fields[field]) for field in KEY_FIELDS)).runs()

    def read(self, names: Sequence[str]) -> pa.Table:
        return self._table.select(list(names))

    def blocks(self, encoder: Encoder, layout: Layout, pool: ThreadPoolExecutor) -> Iterator[Block]:
        return encoder.blocks(self._table, layout, pool)


class JoinedActivity(Rows):
    """Rows of several kinds, one behind the other; the first give the order of the columns. ``threads`` read them."""

    def __init__(self, parts: Sequence[Rows], threads: int) -> None:
        self.names = parts[0].names
        self._parts, self._threads = parts, threads
        self._ends = np.cumsum([part.count for part in parts])

    @property
    def count(self) -> int:
        return int(self._ends[-1])

    def part(self, low: int, high: int) -> Rows:
        starts = self._ends - [part.count for part in self._parts]
        own = [
            part.part(max(low - start, 0), min(high - start, part.count))
            for part, start in zip(self._parts, starts.tolist(), strict=True)
            if start < high and low < start + part.count
        ]
        return JoinedActivity(own or [self._parts[0].part(0, 0)], self._threads)

    def keys(self, layout: Layout) -> KeyRuns:
        return KeyRuns.join(part.keys(layout) for part in self._parts)

    def blocks(self, encoder: Encoder, layout: Layout, pool: ThreadPoolExecutor) -> Iterator[Block]:
        for part in self._parts:
            yield from part.blocks(encoder, layout, pool)

    def read(self, names: Sequence[str]) -> pa.Table:
        with ThreadPoolExecutor(self._threads) as pool:
            return pa.concat_tables(pool.map(lambda part: part.read(names), self._parts))

    def column(self, name: str) -> Any:
        return self.table.column(name) if "table" in self.__dict__ else self.read([name]).column(0)

    def cells(self, name: str, rows: Any) -> Any:
        if "table" in self.__dict__:
            return take_rows(self.table.column(name), rows)
        parts = self._parts
        kind = parts[0].cells(name, pa.array([], pa.int64())).type
        with ThreadPoolExecutor(self._threads) as pool:

            def take(part: int, within: np.ndarray) -> Sequence[Any]:
                return list(parts[part].cells(name, pa.array(within)).chunks)

            return take_in_parts([part.count for part in parts], np.asarray(rows), take, kind, pool.map)


def joined(parts: Iterable[Rows], threads: int = 1) -> Rows:
    """Rows one behind the other: as one table where all are tables."""
    every = list(parts)
    if len(every) == 1:
        return every[0]
    if all(isinstance(part, TableActivity) for part in every):
        return TableActivity(pa.concat_tables([part.table for part in every]))
    return JoinedActivity(every, threads)


@dataclass(frozen=True)
class CodeCells:
    """The diagnoses or the procedures of some activity by place, whether a place is a column or an entry of a list."""

    activity: Activity
    names: tuple[str, ...]
    lists: bool

    @classmethod
    def diagnoses(cls, activity: Activity, layout: Layout) -> CodeCells:
        """Of the diagnoses."""
        return cls(activity, layout.diagnoses, layout.diagnosis_lists)

    @classmethod
    def procedures(cls, activity: Activity, layout: Layout) -> CodeCells:
        """Of the procedures."""
        return cls(activity, layout.procedures, layout.procedure_lists)

    @property
    def count(self) -> int:
        """How many places there are."""
        return self.activity.longest(self.names[0]) if self.lists else len(self.names)

    def cells(self, place: int, rows: np.ndarray) -> Any:
        """The cells at ``place`` (from 0) of some rows, as a chunked column."""
        taken = pa.array(rows)
        return self.activity.entries(self.names[0], place, taken) if self.lists else self.activity.cells(self.names[place], taken)
