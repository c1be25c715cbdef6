"""Folders of results, read part by part: spells with their episodes, in memory for a part or two."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from hrgcore.columns import KEY_FIELDS, Layout, apc_layout
from hrgcore.errors import InputError, UsageError
from hrgcore.linking.sources import Folder
from hrgcore.read import read_input
from hrgcore.result import EPISODE_COLUMNS

Numbers = npt.NDArray[np.int64]
T = TypeVar("T")
_THREADS = min(2, os.cpu_count() or 1)  # each holds a part; more would make memory grow with the machine


@dataclass(frozen=True)
class Part:
    """A part of a result: its spells, and where asked for its episodes."""

    number: int
    spells: pa.Table
    episodes: pa.Table
    first_spell: int  # how many spells stand in the parts before

    @cached_property
    def spell_of_episode(self) -> Numbers:
        """The row in ``spells`` of each episode's spell. Spells stand in order of first appearance among the episodes."""
        joined = pc.binary_join_element_wise(*(text(self.episodes.column(name)) for name in KEY_FIELDS), "\0")
        whole: Numbers = joined.combine_chunks().dictionary_encode().indices.to_numpy().astype(np.int64)
        if (int(whole.max()) + 1 if len(whole) else 0) != len(self.spells):
            raise InputError(f"part {self.number}: episodes and spells are not of one run. Group the activity again.")
        return whole

    @cached_property
    def first_episode(self) -> Numbers:
        """The row in ``episodes`` where each spell first appears."""
        return np.unique(self.spell_of_episode, return_index=True)[1].astype(np.int64)


class Results(Folder):
    """What `hrgcore group` has written of admitted care. ``layout`` says which of the caller's columns of episodes is which."""

    def __init__(self, path: Path) -> None:
        """Raises InputError where the folder has no finished results, UsageError where they are of another logic."""
        super().__init__(path)
        if self.logic != "apc":
            raise UsageError(f"{path}: has results of {self.logic}. This command reads those of admitted care (apc).")
        names = self.columns("episodes")
        self.input_names = [name for name in names if name not in EPISODE_COLUMNS]
        self.layout: Layout = apc_layout(self.input_names)
        self._files = {table: [file.path for file in self._stream(table).files] for table in ("episodes", "spells")}
        if [p.name for p in self._files["episodes"]] != [p.name for p in self._files["spells"]]:
            raise InputError(f"{path}: episodes and spells have other parts. Group the activity again.")

    @property
    def count(self) -> int:
        """How many parts there are."""
        return len(self._files["spells"])

    @cached_property
    def starts(self) -> list[int]:
        """How many spells stand before each part, and in all."""
        counts = [self._rows(path) for path in self._files["spells"]]
        return [0, *np.cumsum(counts).tolist()]

    def part(self, number: int, spells: Sequence[str], episodes: Sequence[str] = ()) -> Part:
        """Some columns of a part; those of episodes that are not the grouper's have official names (`CLASSPAT`).

        With columns of episodes come the keys of both tables.
        """
        keys = list(KEY_FIELDS)
        own_spells = self._read("spells", number, list(dict.fromkeys([*(keys if episodes else ()), *spells])))
        own = {name: self.layout.fields.get(name, name) for name in (*keys, *episodes)} if episodes else {}
        found = self._read("episodes", number, list(dict.fromkeys(own.values()))) if own else pa.table({})
        renamed = pa.table({name: found.column(stands) for name, stands in own.items()})
        return Part(number, own_spells, renamed, self.starts[number])

    def inputs(self, number: int) -> pa.Table:
        """The input's own columns of a part's episodes, whole."""
        return self._read("episodes", number, self.input_names)

    def map(self, work: Callable[[int], T]) -> Iterator[T]:
        """What ``work`` gives for the number of each part, in order."""
        with ThreadPoolExecutor(_THREADS) as pool:
            ahead: deque[Future[T]] = deque()
            for number in range(self.count):
                ahead.append(pool.submit(work, number))
                if len(ahead) > _THREADS:  # what waits to be taken holds memory
                    yield ahead.popleft().result()
            while ahead:
                yield ahead.popleft().result()

    def _read(self, table: str, number: int, columns: list[str]) -> pa.Table:
        path = self._files[table][number]
        try:
            if path.suffix == ".parquet":
                return pq.ParquetFile(path).read(columns, use_threads=False)
            return read_input(path).select(columns)
        except (pa.ArrowException, OSError, KeyError) as error:
            raise InputError(f"{path}: can't be read ({type(error).__name__}). Group the activity again.") from None

    def _rows(self, path: Path) -> int:
        if path.suffix == ".parquet":
            return int(pq.read_metadata(path).num_rows)
        return int(read_input(path).num_rows)


def text(column: Any) -> Any:
    """A column as plain text; nulls are empty."""
    return pc.fill_null(column.cast(pa.string()), "")


def whole(column: Any) -> Numbers:
    """A column of whole numbers, which may stand as text, as integers; what is blank or no number is 0."""
    if not pa.types.is_integer(column.type):
        cells = pc.utf8_trim_whitespace(column.cast(pa.string()))
        column = pc.if_else(pc.match_substring_regex(cells, "^[0-9]{1,9}$"), cells, None)
    found: Numbers = pc.fill_null(column.cast(pa.int64()), 0).to_numpy(zero_copy_only=False).astype(np.int64)
    return found


def summed(table: pa.Table, keys: Sequence[str], least: str | None = None) -> pa.Table:
    """One row for each value of the keys, with the sums of all other columns, and the least value of ``least``."""
    others = [name for name in table.column_names if name not in keys and name != least]
    wanted = [(name, "sum") for name in others] + ([(least, "min")] if least else [])
    if not keys:
        return pa.table({name: [pc.sum(table.column(name)).as_py() or 0] for name in others})
    found = table.group_by(list(keys), use_threads=False).aggregate(wanted)
    columns = {**{key: found.column(key) for key in keys}, **{name: found.column(f"{name}_{how}") for name, how in wanted}}
    return pa.table(columns)


def together(tables: Iterable[pa.Table], keys: Sequence[str], least: str | None = None) -> pa.Table:
    """The sums over several tables of sums, put together a few at a time so that memory stays flat."""
    held: list[pa.Table] = []
    for table in tables:
        held.append(table)
        if len(held) == 8:
            held = [summed(pa.concat_tables(held), keys, least)]
    return summed(pa.concat_tables(held), keys, least)


def ranked(table: pa.Table, by: str, most: int | None = None) -> pa.Table:
    """The rows by a figure, the largest first, ties in order of the columns of text."""
    others = [(field.name, "ascending") for field in table.schema if pa.types.is_string(field.type)]
    found = table.sort_by([(by, "descending"), *others])
    return found if most is None else found.slice(0, most)
