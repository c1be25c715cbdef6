"""Inputs whose spells don't stand together, in bounded memory: brought together by way of files, and put back in input order.

Three passes. The rows, as far as grouping needs them, are scattered over piles by a digest of their spell key, so that each pile
has whole spells and fits into memory. Each pile is grouped, and what it gives is written in layers, one for each part of the
output. Then the input is read again, and a part is its rows beside that layer of all piles. The result is the one that the whole
table would give.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from hrgcore.activity import Activity, TableActivity
from hrgcore.columns import apc_layout
from hrgcore.counts import add_counts
from hrgcore.encode import SpellKeys
from hrgcore.encode.cells import without_views
from hrgcore.folders import TABLES
from hrgcore.read.batches import ActivityStream
from hrgcore.result import EPISODE_COLUMNS
from hrgcore.run.ahead import ahead
from hrgcore.run.parts import GrouperLike, PartResult, parts_of_rows, with_rows
from hrgcore.stream import key_columns
from hrgcore.write import ResultLike
from hrgcore.write.staging import output_errors

_MOST_PILES = 128  # each is an open file while rows are scattered
_PLACE = "row"  # the column of a pile or a layer that says where in the input or output its rows belong, from 0
_COMPRESSED = pa.ipc.IpcWriteOptions(compression="lz4")


class Apart:
    """Groups an input of any order of rows; ``folder`` takes its temporary files. ``counts`` are known once it was grouped."""

    def __init__(self, stream: ActivityStream, grouper: GrouperLike, logic: str, size: int, folder: Path) -> None:
        self._stream, self._grouper, self._logic, self._size, self._folder = stream, grouper, logic, size, folder
        self._piles = min(_MOST_PILES, max(1, -(-stream.rows_about // size)))
        self._layers = 1
        self._dictionaries: dict[str, dict[str, Any]] = {}
        self.counts: dict[str, Any] = {}

    def results(self) -> Iterator[PartResult]:
        """The parts of the output, in order."""
        rows = self._scatter()
        self._layers = max(1, -(-rows // self._size))
        self.counts = add_counts(self._group(pile) for pile in range(self._piles))
        for part in ahead(parts_of_rows(self._stream.batches(self._grouper.encoder), self._size)):
            tables = {name: self._layer(name, part.number) for name in TABLES}
            episodes = part.content.table
            for name in EPISODE_COLUMNS:
                episodes = episodes.append_column(name, tables["episodes"].column(name))
            yield PartResult(part.number, part.start, part.content.count, {**tables, "episodes": episodes}, None)

    def _scatter(self) -> int:
        """Write each row to the pile of its spell; gives the number of rows."""
        rows = 0
        with output_errors(self._folder), ExitStack() as files:
            writers: list[Any] = []
            for own in ahead(self._stream.batches(self._grouper.encoder), 2):
                needed = _plain(_needed(own)).append_column(_PLACE, pa.array(np.arange(rows, rows + own.count)))
                rows += own.count
                if not writers:
                    for pile in range(self._piles):
                        file = files.enter_context(pa.OSFile(str(self._pile(pile)), "wb"))
                        writers.append(files.enter_context(pa.ipc.new_stream(file, needed.schema, options=_COMPRESSED)))
                for pile, part in enumerate(_scattered(needed, self._piles)):
                    writers[pile].write_table(part)
        return rows

    def _group(self, pile: int) -> dict[str, Any]:
        """Group a pile and write its layers; gives its counts."""
        with output_errors(self._pile(pile)):
            with pa.OSFile(str(self._pile(pile))) as file, pa.ipc.open_stream(file) as reader:
                table = reader.read_all()
            self._pile(pile).unlink()
        rows = table.column(_PLACE).to_numpy()
        result = self._grouper.group(table.drop_columns(_PLACE), logic=self._logic)
        for name, (content, place) in _placed(result, rows).items():
            plain, self._dictionaries[name] = _without_dictionaries(content)
            self._write_layers(self._layers_of(name, pile), plain, place)
        return result.counts

    def _write_layers(self, path: Path, table: pa.Table, place: np.ndarray) -> None:
        """Write a table, whose rows ascend by ``place``, as one batch for each part of the output."""
        table = table.append_column(_PLACE, pa.array(place)).combine_chunks()
        cuts = np.searchsorted(place, np.arange(self._layers + 1) * self._size)
        with (
            output_errors(path),
            pa.OSFile(str(path), "wb") as file,
            pa.ipc.new_file(file, table.schema, options=_COMPRESSED) as writer,
        ):
            for start, end in zip(cuts[:-1], cuts[1:], strict=True):
                layer = table.slice(start, end - start).to_batches()
                writer.write_batch(layer[0] if layer else pa.RecordBatch.from_pylist([], table.schema))

    def _layer(self, name: str, number: int) -> pa.Table:
        """One layer of all piles, in order."""
        batches = []
        with output_errors(self._folder):
            for pile in range(self._piles):
                with pa.OSFile(str(self._layers_of(name, pile))) as file, pa.ipc.open_file(file) as reader:
                    batches.append(reader.get_batch(number))
        table = pa.Table.from_batches(batches)
        order = np.argsort(table.column(_PLACE).to_numpy(), kind="stable")
        table = table.drop_columns(_PLACE).take(pa.array(order))
        for column, values in self._dictionaries[name].items():
            indices = table.column(column).combine_chunks()
            table = table.set_column(
                table.column_names.index(column), column, pa.DictionaryArray.from_arrays(_one(indices), values)
            )
        return table

    def _pile(self, number: int) -> Path:
        return self._folder / f"pile-{number:03d}.arrows"

    def _layers_of(self, name: str, pile: int) -> Path:
        return self._folder / f"{name}-{pile:03d}.arrow"


def _needed(rows: Activity) -> pa.Table:
    """The columns that grouping looks at."""
    return rows.read(apc_layout(rows.names).names)


def _plain(table: pa.Table) -> pa.Table:
    """Dictionaries as their values: written to a file, each batch would carry them all."""
    table = without_views(table)
    for at, field in enumerate(table.schema):
        if pa.types.is_dictionary(field.type):
            values = pa.chunked_array([chunk.dictionary_decode() for chunk in table.column(at).chunks], field.type.value_type)
            table = table.set_column(at, field.name, values)
    return table


def _scattered(table: pa.Table, piles: int) -> Iterator[pa.Table]:
    """The rows of each pile, in their order."""
    keys = key_columns(TableActivity(table), apc_layout([name for name in table.column_names if name != _PLACE]))
    digests = SpellKeys.of(*keys).digests(np.arange(table.num_rows))
    # The digests' low bits; others would do as well.
    pile = (digests % np.uint64(piles)).astype(np.int64)
    order = np.argsort(pile, kind="stable")
    cuts = np.searchsorted(pile[order], np.arange(piles + 1))
    ordered = table.take(pa.array(order))
    for start, end in zip(cuts[:-1], cuts[1:], strict=True):
        yield ordered.slice(start, end - start)


def _placed(result: ResultLike, rows: np.ndarray) -> dict[str, tuple[pa.Table, np.ndarray]]:
    """What a pile gives, with row numbers of the whole input, and where each row of it belongs: `rows` has the pile's input rows.

    Episodes and errors belong where their row stands; spells, and their unbundled HRGs, where the spell first appears.
    """
    spell = np.asarray(result.spell_of_episode)
    first = np.empty(result.spells.num_rows, np.int64)
    first[spell[::-1]] = rows[::-1]  # the first row is written last, and stays
    own = {name: getattr(result, name).column("Row").to_numpy() - 1 for name in ("unbundled", "errors")}
    return {
        "episodes": (result.episodes.select(EPISODE_COLUMNS), rows),
        "spells": (result.spells, first),
        "unbundled": (with_rows(result.unbundled, pa.array(rows[own["unbundled"]] + 1)), first[spell[own["unbundled"]]]),
        "errors": (with_rows(result.errors, pa.array(rows[own["errors"]] + 1)), rows[own["errors"]]),
    }


def _without_dictionaries(table: pa.Table) -> tuple[pa.Table, dict[str, Any]]:
    """A table with numbers in place of dictionaries, and the dictionaries: those of a design, the same for every pile."""
    dictionaries = {}
    for at, field in enumerate(table.schema):
        if pa.types.is_dictionary(field.type):
            column = _one(table.column(at).combine_chunks())
            dictionaries[field.name] = column.dictionary
            table = table.set_column(at, field.name, column.indices)
    return table, dictionaries


def _one(column: Any) -> Any:
    """A column as one array."""
    if isinstance(column, pa.ChunkedArray):
        return column.chunk(0) if column.num_chunks == 1 else pa.concat_arrays(column.chunks)
    return column
