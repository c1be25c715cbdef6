"""CSV files straight from their bytes to ids, block by block; the text of cells is read again where a result shows it.

What the kernels refuse (quotes within cells, lone carriage returns) goes the way of text from there on: `hrgcore.read.csv`.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from hrgcore.activity import Activity, JoinedActivity, Rows, TableActivity
from hrgcore.columns import CODED_FIELDS, KEY_FIELDS, Layout
from hrgcore.encode import Block, Encoder, KeyRuns, fixed_episodes
from hrgcore.encode.cells import under_one
from hrgcore.encode.columns import NUMBERS
from hrgcore.encode.spells import Key
from hrgcore.read.arrow import join
from hrgcore.read.byte_blocks import byte_blocks, padded
from hrgcore.read.csv import CsvShape, text_batches
from hrgcore.read.pooled import in_order
from hrgcore.read.warn import InputWarning
from hrgcore_kernels import delimited as kernels
from hrgcore_kernels import marks
from hrgcore_kernels.layout import EPISODE
from hrgcore_kernels.text import LONGEST_CODE

_LOOKED_AT = 1 << 16  # bytes
_CELL_BYTES = 2  # of a cell with its comma: most are blank

_REASONS = {
    marks.RAGGED: "rows differ in length",
    marks.STRAY_QUOTE: "a quote stands within a cell, or text behind one",
    marks.OPEN_QUOTE: "a quote is not closed",
    marks.STRAY_CR: "a carriage return stands by itself",
    marks.HAS_NUL: "it has NUL bytes",
}


class Refused(Exception):
    """The kernels don't take a file: says why."""


class CsvActivity(Activity):
    """CSV files. ``files`` have each its columns' names for the grouper; the first gives their order."""

    def __init__(self, files: Sequence[CsvFile]) -> None:
        """Raises InputError where the files' columns differ."""
        empty = [(file.path, pa.table({name: pa.array([], pa.string()) for name in file.names})) for file in files]
        self.names = join(empty).column_names
        self._files = files
        self._rows: Rows = TableActivity(empty[0][1])

    def blocks(self, encoder: Encoder, layout: Layout, pool: ThreadPoolExecutor) -> Iterator[Block]:
        """Encode all rows; the files are read once, in blocks that the threads share."""
        found: list[Rows] = []
        for file in self._files:
            for rows in file.rows(encoder, layout, pool):
                found.append(rows)
                yield from rows.give_up_ids() if isinstance(rows, CsvRows) else rows.blocks(encoder, layout, pool)
        if found:
            self._rows = JoinedActivity(found, pool._max_workers)

    @property
    def rows_about(self) -> int:
        return sum(_size(file.path) // (_CELL_BYTES * len(file.names)) for file in self._files)

    def kept(self, layout: Layout) -> Rows:
        return self._rows

    def read(self, names: Sequence[str]) -> pa.Table:
        return self._rows.read(names)

    def column(self, name: str) -> Any:
        return self._rows.column(name)

    def cells(self, name: str, rows: Any) -> Any:
        return self._rows.cells(name, rows)


@dataclass(frozen=True)
class CsvFile:
    """One CSV file: its shape, and its columns' names for the grouper."""

    path: Path
    shape: CsvShape
    names: Sequence[str]

    def rows(self, encoder: Encoder, layout: Layout, pool: ThreadPoolExecutor) -> Iterator[Rows]:
        """All rows in order, encoded on the pool, which is a few blocks ahead of what is taken.

        What the kernels refuse, and all behind it, comes as tables of text, with a warning.
        Raises InputError where the file can't be read.
        """
        shape = self._fields(layout)
        done = 0
        try:
            blocks = byte_blocks(self.path, self.shape.skip, lambda headings: self._check(headings))
            with closing(in_order(pool, lambda block: self._parse(encoder, shape, layout, *block), blocks)) as parsed:
                for rows in parsed:
                    done += rows.count
                    yield rows
        except Refused as refusal:
            yield from self._by_text(done, str(refusal))

    def _by_text(self, done: int, why: str) -> Iterator[Rows]:
        """The rows behind the first ``done``, as tables of text."""
        warned = False
        for batch in text_batches(self.path, self.shape):
            if done < batch.num_rows:
                if not warned:  # but not where no reader takes it
                    said = f"{self.path}: read by way of text, which takes longer: {why}."
                    warnings.warn(said, InputWarning, stacklevel=2)
                    warned = True
                yield TableActivity(pa.Table.from_arrays(batch.columns, names=list(self.names)).slice(done))
            done = max(0, done - batch.num_rows)

    def _fields(self, layout: Layout) -> kernels.Shape:
        """The columns of the fields: see `hrgcore_kernels.delimited`."""
        order = [
            *(layout.fields[field] for field in KEY_FIELDS),
            *(layout.fields.get(field) for field in NUMBERS),
            *(layout.fields[field] for field in CODED_FIELDS),
            *layout.diagnoses,
            *layout.procedures,
        ]
        none = len(self.names)
        columns = np.array([none if name is None else self.names.index(name) for name in order])
        return kernels.Shape(*_fix(columns, np.array([none, len(layout.diagnoses), len(layout.procedures)])))

    def _check(self, headings: bytes) -> None:
        """Raise Refused where it is not clear to the reader by way of text where headings end."""
        if b"\r" in headings.replace(b"\r\n", b""):
            raise Refused(_REASONS[marks.STRAY_CR])
        if b'"' in headings:  # quotes that don't go around whole headings
            row = np.frombuffer(headings.lstrip(b"\r\n").rstrip(b"\r\n") + b"\n", np.uint8)
            data = padded(len(row))
            data[: len(row)] = row
            try:
                _find(_block(data), len(row), np.zeros(1, np.int32), [], len(self.names))
            except Refused:
                raise Refused(_REASONS[marks.STRAY_QUOTE]) from None

    def _parse(self, encoder: Encoder, shape: kernels.Shape, layout: Layout, data: np.ndarray, size: int) -> CsvRows:
        """The rows of a block of bytes. Raises Refused where the kernels don't take it."""
        own = data[:size]
        if int(own.max()) > 127:
            try:
                own.tobytes().decode()
            except UnicodeDecodeError:
                raise Refused("not UTF-8") from None
        block = _block(data)

        def encode(rows: CsvRows) -> Block:
            return _ids(*self._parsed(encoder, shape, block, size), rows.key_of(layout))

        parsed, counts = self._parsed(encoder, shape, block, size)
        found = CsvRows(self.names, block, size, parsed.row_starts[: counts[0]], encode)
        return found.with_ids(_ids(parsed, counts, found.key_of(layout)))

    def _parsed(
        self, encoder: Encoder, shape: kernels.Shape, block: marks.Block, size: int
    ) -> tuple[kernels.Parsed, Sequence[int]]:
        """The rows of a block as numbers, and how many there are of each kind. Raises Refused as above."""
        own = block.data[:size]
        most = size // len(self.names) + 1  # a row has a byte at least for each column
        for room in (min(_rows_about(own), most), most):  # what is asked for is kept: little more than what is needed
            parsed, counts = _room(room, size, shape), np.zeros(6, np.int64)
            kernels.parse_rows(block, size, shape, encoder.lookups, _scratch(len(self.names), size), parsed, counts)
            if counts[5] != kernels.FULL:
                break
        if counts[5]:
            raise Refused(_REASONS[int(counts[5])])
        return parsed, counts.tolist()


class CsvRows(Rows):
    """Rows of one block of bytes. ``row_starts`` [rows] are places in it, of which ``size`` hold; ``encode`` makes their ids."""

    def __init__(
        self,
        names: Sequence[str],
        block: marks.Block,
        size: int,
        row_starts: np.ndarray,
        encode: Callable[[CsvRows], Block],
    ) -> None:
        self.names, self._encode = names, encode
        self._block, self._size, self._row_starts = block, size, _fix(row_starts)[0]
        self._ids: Block | None = None

    def with_ids(self, ids: Block) -> CsvRows:
        """These rows, with their ids."""
        self._ids = ids
        return self

    def give_up_ids(self) -> list[Block]:
        """These rows' ids, for who takes them but once: they are not kept, as the bytes are, and made again when asked for."""
        ids, self._ids = self._encoded, None
        return [ids]

    @property
    def count(self) -> int:
        return len(self._row_starts)

    def part(self, low: int, high: int) -> Rows:
        encode = self._encode
        own = CsvRows(self.names, self._block, self._size, self._row_starts[low:high], lambda _: encode(self).part(low, high))
        return own if self._ids is None else own.with_ids(self._ids.part(low, high))

    def keys(self, layout: Layout) -> KeyRuns:
        return self._encoded.keys

    def key_of(self, layout: Layout) -> Callable[[int], Key]:
        """What gives the key of a row."""
        names = [layout.fields[field] for field in KEY_FIELDS]
        return lambda row: tuple(self._cells(name, np.array([row]))[0].as_py().encode() for name in names)

    def blocks(self, encoder: Encoder, layout: Layout, pool: ThreadPoolExecutor) -> Iterator[Block]:
        yield self._encoded

    def read(self, names: Sequence[str]) -> pa.Table:
        """Some columns of all rows, as text."""
        return pa.Table.from_arrays(self._texts(names, self._row_starts), names=list(names))

    def cells(self, name: str, rows: Any) -> Any:
        return pa.chunked_array([self._cells(name, np.asarray(rows))], pa.string())

    def _cells(self, name: str, rows: np.ndarray) -> Any:
        return self._texts([name], self._row_starts[rows])[0]

    def _texts(self, names: Sequence[str], row_starts: np.ndarray) -> list[Any]:
        """Some columns of some rows, as string arrays."""
        wanted = [self.names.index(name) for name in names]
        found = []
        for starts, offsets in zip(*_find(self._block, self._size, row_starts, wanted, len(self.names)), strict=True):
            text = np.empty(int(offsets[-1]), np.uint8)
            _fix(starts, offsets)
            kernels.copy_cells(self._block.data, starts, offsets, text)
            buffers = [None, pa.py_buffer(offsets), pa.py_buffer(text)]
            found.append(pa.Array.from_buffers(pa.string(), len(row_starts), buffers, null_count=0))
        return found

    @property
    def _encoded(self) -> Block:
        return self._encode(self) if self._ids is None else self._ids


def _ids(parsed: kernels.Parsed, counts: Sequence[int], key: Callable[[int], Key]) -> Block:
    """The encoded rows of a block of bytes. ``key`` gives the key of a row."""
    rows, *codes, keys, orders, _ = counts
    records = parsed.rows[:rows]
    under_one(records["age"])
    taken = [part[:count].copy() for part, count in zip((parsed.diagnoses, parsed.procedures), codes, strict=True)]
    episodes = fixed_episodes(records, parsed.coded[:rows], *taken)
    return Block(episodes, KeyRuns(parsed.key_starts[:keys], rows, orders, key))


def _find(
    block: marks.Block, size: int, row_starts: np.ndarray, wanted: Sequence[int], columns: int
) -> tuple[np.ndarray, np.ndarray]:
    """Where the cells of each wanted column stand, and offsets of their text. Raises Refused where a row can't be read."""
    shape = (len(wanted), len(row_starts))
    starts, offsets = np.empty(shape, np.int64), np.empty((shape[0], shape[1] + 1), np.int32)
    counts = np.zeros(1, np.int64)
    rows, places = _fix(row_starts, np.array(wanted, np.int64))
    kernels.find_cells(block, size, rows, places, columns, _scratch(columns, size), starts, offsets, counts)
    if counts[0]:
        raise Refused
    return starts, offsets


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:  # as reading it will say
        return 0


def _rows_about(data: np.ndarray) -> int:
    """A guess at how many rows a block of bytes has, from its beginning."""
    seen = data[:_LOOKED_AT]
    return int(np.count_nonzero(seen == marks.LF) + 1) * len(data) * 9 // (len(seen) * 8)


def _room(rows: int, size: int, shape: kernels.Shape) -> kernels.Parsed:
    """Room for so many rows of a block of ``size`` bytes."""
    _, diagnoses, procedures = (int(count) for count in shape.counts)
    return kernels.Parsed(
        np.empty(rows, EPISODE).view(np.recarray),
        np.empty((rows, len(CODED_FIELDS)), np.uint8),
        np.empty(min(rows * diagnoses, size + rows), np.uint16),
        np.empty(min(rows * procedures, size), np.uint16),
        np.empty(rows, np.int32),
        np.empty(rows, np.int64),
    )


def _block(data: np.ndarray) -> marks.Block:
    return marks.Block(*_fix(data, data.view(np.uint64)))


def _scratch(columns: int, size: int) -> marks.RowScratch:
    places = np.zeros((2, columns + 1), np.int64)
    room = np.empty(size + marks.PADDING, np.uint32)
    return marks.RowScratch(places[0], places[1], room, np.zeros(4, np.int64), np.empty(LONGEST_CODE, np.uint8))


def _fix(*arrays: np.ndarray) -> tuple[np.ndarray, ...]:
    for array in arrays:
        array.flags.writeable = False
    return arrays
