"""CSV files straight from their bytes to ids; the text of cells is read again where a result shows it.

What the kernels refuse (quotes within cells, lone carriage returns) goes the way of text, file by file: `hrgcore.read.csv`.
"""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from hrgcore.activity import Activity, Encoded
from hrgcore.columns import CODED_FIELDS, Layout
from hrgcore.encode import Encoder
from hrgcore.encode.cells import take_rows, under_one
from hrgcore.encode.columns import NUMBERS, Block, join_blocks
from hrgcore.errors import InputError
from hrgcore.read.arrow import join
from hrgcore.read.csv import CsvShape, read_csv
from hrgcore.read.warn import InputWarning
from hrgcore_kernels import delimited as kernels
from hrgcore_kernels.layout import EPISODE
from hrgcore_kernels.text import LONGEST_CODE

_RANGE_BYTES = 4 << 20
_BLOCK_ROWS = 1 << 16
_MOST_BYTES = 1 << 30  # of a block of rows: offsets of text are of 32 bits
_BOM = b"\xef\xbb\xbf"
_KEYS = ("PROCODET", "PROVSPNO")

_REASONS = {
    kernels.RAGGED: "rows differ in length",
    kernels.STRAY_QUOTE: "a quote stands within a cell, or text behind one",
    kernels.OPEN_QUOTE: "a quote is not closed",
    kernels.STRAY_CR: "a carriage return stands by itself",
}
_NOT_UTF8 = "not UTF-8"


class _Refused(Exception):
    """The kernels don't take a file: says why."""


class CsvActivity(Activity):
    """CSV files. ``files`` have each its columns' names for the grouper; the first gives their order."""

    def __init__(self, files: Sequence[CsvFile]) -> None:
        """Raises InputError where the files' columns differ."""
        empty = [(file.path, pa.table({name: pa.array([], pa.string()) for name in file.names})) for file in files]
        self.names = join(empty).column_names
        self._files = files

    def encode(self, encoder: Encoder, layout: Layout, pool: ThreadPoolExecutor) -> Encoded:
        """Encode all rows; the files are read once, in ranges that the threads share."""
        parts = [file.parts(encoder, layout, pool) for file in self._files]
        blocks = [block for found, _ in parts for block in found]
        keys = [pa.chunked_array([key[place] for _, found in parts for key in found], pa.large_string()) for place in range(2)]
        return Encoded(join_blocks(blocks), *keys)

    @cached_property
    def table(self) -> pa.Table:
        """All rows and columns as text."""
        return join([(file.path, file.table) for file in self._files])

    def cells(self, name: str, rows: Any) -> Any:
        """Cells of some rows, read from the bytes again."""
        wanted = np.asarray(rows)
        if "table" in self.__dict__:
            return take_rows(self.table.column(name), rows)
        if len(self._files) == 1:
            return self._files[0].cells(name, wanted)
        starts = np.cumsum([0, *(file.count for file in self._files)])
        of_file = np.searchsorted(starts, wanted, side="right") - 1
        order = np.argsort(of_file, kind="stable")
        cuts = np.searchsorted(of_file[order], np.arange(len(self._files) + 1))
        parts = [
            file.cells(name, wanted[order[low:high]] - start)
            for file, start, low, high in zip(self._files, starts, cuts, cuts[1:], strict=False)
        ]
        found = pa.chunked_array([chunk for part in parts for chunk in part.chunks], pa.string())
        back = np.empty(len(order), np.int64)
        back[order] = np.arange(len(order))
        return found if (order[1:] > order[:-1]).all() else found.take(pa.array(back))


class CsvFile:
    """One CSV file, in memory as it is."""

    def __init__(self, path: Path, shape: CsvShape, names: Sequence[str]) -> None:
        self.path, self.names = path, list(names)
        self._shape = shape
        self._text: pa.Table | None = None  # where the kernels refuse the file
        self._row_starts = np.empty(0, np.int64)
        self._threads = 1
        self._bytes = _bytes(path)
        self._data = np.frombuffer(self._bytes, np.uint8)

    @property
    def count(self) -> int:
        """How many rows it has, once `parts` has found them."""
        return self._text.num_rows if self._text is not None else len(self._row_starts)

    def parts(self, encoder: Encoder, layout: Layout, pool: ThreadPoolExecutor) -> tuple[list[Block], list[tuple[Any, Any]]]:
        """The rows as encoded blocks, and the two columns of the spell key block by block.

        Raises InputError where the file can't be read.
        """
        self._threads = pool._max_workers
        try:
            return self._parse(encoder, layout, pool)
        except _Refused as refusal:
            self._text = read_csv(self.path, headings=self._shape.headings, unique=False).rename_columns(self.names)
            why = f"{self.path}: read by way of text, which takes longer: {refusal}."
            warnings.warn(why, InputWarning, stacklevel=2)
        keys = [self._text.column(layout.fields[field]).cast(pa.large_string()).combine_chunks() for field in _KEYS]
        return encoder.blocks(self._text, layout, pool), [(keys[0], keys[1])]

    @cached_property
    def table(self) -> pa.Table:
        """All rows and columns as text."""
        if self._text is not None:
            return self._text
        starts = [self._row_starts[at : at + _BLOCK_ROWS] for at in range(0, len(self._row_starts), _BLOCK_ROWS)]
        every = np.arange(len(self.names), dtype=np.int32)
        with ThreadPoolExecutor(self._threads) as pool:
            blocks = list(pool.map(lambda block: self._cells(block, every), starts))
        columns = [pa.chunked_array([block[place] for block in blocks], pa.string()) for place in range(len(self.names))]
        return pa.Table.from_arrays(columns, names=self.names)

    def cells(self, name: str, rows: np.ndarray) -> Any:
        """Cells of some rows, as a chunked column."""
        if self._text is not None:
            return take_rows(self._text.column(name), pa.array(rows))
        slots = np.full(len(self.names), -1, np.int32)
        slots[self.names.index(name)] = 0
        blocks = [self._row_starts[rows[at : at + _BLOCK_ROWS]] for at in range(0, len(rows), _BLOCK_ROWS)]
        with ThreadPoolExecutor(self._threads) as pool:
            return pa.chunked_array(list(pool.map(lambda block: self._cells(block, slots)[0], blocks)), pa.string())

    def _cells(self, row_starts: np.ndarray, slots: np.ndarray) -> list[Any]:
        """The columns whose slots are from 0, as string arrays."""
        wanted = np.flatnonzero(slots >= 0)
        starts, offsets = np.empty((len(wanted), len(row_starts)), np.int64), np.empty((len(wanted), len(row_starts) + 1), np.int32)
        counts = np.zeros(1, np.int64)
        _fix(row_starts, slots)
        stop = int(wanted[-1]) + 1
        kernels.find_cells(self._data, len(self._data), row_starts, slots, stop, _scratch(len(wanted)), starts, offsets, counts)
        _fix(starts, offsets)
        found = []
        for column_starts, column_offsets in zip(starts, offsets, strict=True):
            text = np.empty(int(column_offsets[-1]), np.uint8)
            kernels.copy_cells(self._data, column_starts, column_offsets, text)
            found.append(_text(pa.string(), column_offsets, text))
        return found

    def _parse(self, encoder: Encoder, layout: Layout, pool: ThreadPoolExecutor) -> tuple[list[Block], list[tuple[Any, Any]]]:
        shape = self._slots(layout)
        ranges = self._ranges(pool)
        found = list(pool.map(lambda bounds: self._range(encoder, shape, *bounds), ranges))
        self._row_starts = np.concatenate([np.empty(0, np.int64), *(row_starts for _, _, row_starts in found)])
        return [block for block, _, _ in found], [keys for _, keys, _ in found]

    def _slots(self, layout: Layout) -> kernels.Shape:
        """Where the cells of the columns go: see `hrgcore_kernels.delimited`."""
        order = [
            *(layout.fields[field] for field in _KEYS),
            *(layout.fields.get(field) for field in NUMBERS),
            *(layout.fields[field] for field in CODED_FIELDS),
            *layout.diagnoses,
            *layout.procedures,
        ]
        slots = np.full(len(self.names), -1, np.int32)
        for slot, name in enumerate(order):
            if name is not None:
                slots[self.names.index(name)] = slot
        counts = np.array([len(layout.diagnoses), len(layout.procedures)], np.int64)
        return kernels.Shape(*_fix(slots, counts))

    def _ranges(self, pool: ThreadPoolExecutor) -> list[tuple[int, int]]:
        """Ranges of whole rows."""
        end = len(self._data)
        cuts = list(range(self._first_row(), end, _RANGE_BYTES))
        within = np.zeros(len(cuts), np.int64)  # whether a cut stands in quotes
        if self._shape.quoted:
            count = pool.map(lambda at: np.count_nonzero(self._data[at : at + _RANGE_BYTES] == kernels.QUOTE), cuts)
            within = np.cumsum([0, *count])[:-1] % 2
        found = np.zeros(1, np.int64)
        starts = cuts[:1]
        for at, inside in zip(cuts[1:], within[1:].tolist(), strict=True):
            kernels.find_row(self._data, at, end, bool(inside), found)
            starts.append(int(found[0]))
        return [(start, stop) for start, stop in itertools.pairwise([*starts, end]) if start < stop]

    def _first_row(self) -> int:
        """The place behind the headings."""
        data = self._data
        start = at = len(_BOM) if data[: len(_BOM)].tobytes() == _BOM else 0
        for _ in range(self._shape.skip):  # lines, within quotes too: a heading may take several
            at = self._bytes.find(b"\n", at) + 1 or len(data)
        headings = data[start:at].tobytes()
        if b"\r" in headings.replace(b"\r\n", b""):
            raise _Refused(_REASONS[kernels.STRAY_CR])
        if b'"' in headings:
            self._refuse_stray_quotes(start + len(headings) - len(headings.lstrip(b"\r\n")), at)
        return at

    def _refuse_stray_quotes(self, at: int, end: int) -> None:
        """Where quotes don't go around whole headings, it is not clear to the reader by way of text where they end."""
        nothing, counts = np.full(len(self.names), -1, np.int32), np.zeros(1, np.int64)
        row = np.array([at])
        _fix(nothing, row)
        starts, offsets = np.empty((0, 1), np.int64), np.empty((0, 2), np.int32)
        kernels.find_cells(self._data, end, row, nothing, len(nothing), _scratch(0), starts, offsets, counts)
        if counts[0]:
            raise _Refused(_REASONS[kernels.STRAY_QUOTE])

    def _range(self, encoder: Encoder, shape: kernels.Shape, at: int, end: int) -> tuple[Block, tuple[Any, Any], np.ndarray]:
        size = end - at
        if size > _MOST_BYTES:
            raise _Refused("a row is longer than a gigabyte")
        own = self._data[at:end]
        if int(own.max()) > 127:
            try:
                own.tobytes().decode()
            except UnicodeDecodeError:
                raise _Refused(_NOT_UTF8) from None
        most = size // len(self.names) + 1  # a row has a byte at least for each column
        diagnoses, procedures = (int(count) for count in shape.counts)
        parsed = kernels.Parsed(
            np.empty(most, EPISODE).view(np.recarray),
            np.empty((most, len(CODED_FIELDS)), np.uint8),
            np.empty(min(most * diagnoses, size + most), np.uint16),
            np.empty(min(most * procedures, size), np.uint16),
            np.empty(most, np.int64),
            *(np.empty(most + 1, np.int64), np.empty(size, np.uint8)),
            *(np.empty(most + 1, np.int64), np.empty(size, np.uint8)),
        )
        parsed.provider_ends[0] = parsed.spell_ends[0] = 0
        counts = np.zeros(5, np.int64)
        slots = kernels.FIRST_DIAGNOSIS + diagnoses + procedures
        kernels.parse_rows(self._data, at, end, shape, encoder.lookups, _scratch(slots), parsed, counts)
        if counts[3]:
            raise _Refused(_REASONS[int(counts[3])])
        rows = int(counts[0])
        records = parsed.rows[:rows]
        records["age"] = under_one(records["age"])
        block = Block(records, parsed.coded[:rows], parsed.diagnoses[: int(counts[1])], parsed.procedures[: int(counts[2])])
        keys = [
            _text(pa.large_string(), ends[: rows + 1], text[: int(ends[rows])].copy())
            for ends, text in ((parsed.provider_ends, parsed.provider_text), (parsed.spell_ends, parsed.spell_text))
        ]
        return block, (keys[0], keys[1]), parsed.row_starts[:rows]


def _bytes(path: Path) -> bytes:
    """A file's bytes, in memory: mapped, they would kill the process where another program cuts the file short."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: can't be read ({error.strerror}). Check the path and its permissions.") from None


def _scratch(slots: int) -> kernels.RowScratch:
    return kernels.RowScratch(np.zeros(slots, np.int64), np.zeros(slots, np.int64), np.empty(LONGEST_CODE, np.uint8))


def _text(kind: Any, offsets: np.ndarray, text: np.ndarray) -> Any:
    """An Arrow array of text out of its buffers."""
    return pa.Array.from_buffers(kind, len(offsets) - 1, [None, pa.py_buffer(offsets), pa.py_buffer(text)], null_count=0)


def _fix(*arrays: np.ndarray) -> tuple[np.ndarray, ...]:
    for array in arrays:
        array.flags.writeable = False
    return arrays
