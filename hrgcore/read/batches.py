"""Files of activity as a stream of rows of one schema, read as often as need be, in memory for a few batches."""

from __future__ import annotations

import copy
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from hrgcore.activity import Rows, TableActivity
from hrgcore.columns import apc_layout
from hrgcore.encode import Encoder
from hrgcore.errors import InputError
from hrgcore.read import PathLike, cuts_cells, file_format, input_files, named, warn_of_cuts
from hrgcore.read.arrow import checked, refuse_other_columns, unreadable, with_text
from hrgcore.read.csv import CsvShape, csv_shape, refuse_duplicates, text_batches
from hrgcore.read.csv_bytes import CsvFile
from hrgcore.read.parquet import ParquetSource
from hrgcore.read.rdf import RecordDefinition

_BATCH_ROWS = 131_072
#: The fewest bytes that a row of admitted care takes in a file of text: enough for a guess at the number of rows.
_ROW_BYTES = 80


class InputChanged(InputError):
    """A file is not what it was: what was read of it may be of either."""


@dataclass(frozen=True)
class InputFile:
    """A file as it was when the run began. ``modified`` is in nanoseconds."""

    path: Path
    kind: str
    bytes: int
    modified: int
    rows: int  # exact for Parquet, a guess for others


class ActivityStream:
    """All rows of an input, in the order of its files, with columns of one schema. ``files`` and ``schema`` say what they are."""

    def __init__(
        self,
        paths: PathLike | Sequence[PathLike],
        *,
        rdf: PathLike | None = None,
        headings: bool = True,
        threads: int | None = None,
    ) -> None:
        """Look at the start of each file. Arguments are those of `hrgcore.read.open_input`, and so are errors and warnings."""
        self._rdf = RecordDefinition.read(rdf) if rdf is not None else None
        self._headings = headings
        self._threads = threads or os.cpu_count() or 1
        self._shapes: dict[Path, CsvShape] = {}
        self._parquet: dict[Path, ParquetSource] = {}
        self.files: tuple[InputFile, ...] = ()
        empty: list[tuple[Path, pa.Table]] = []
        for path in input_files(paths):
            kind = file_format(path)
            schema, rows = self._look(path, kind)
            status = path.stat()
            about = status.st_size // _ROW_BYTES if rows is None else rows
            self.files += (InputFile(path, kind, status.st_size, status.st_mtime_ns, about),)
            empty.append((path, named(schema.empty_table(), path, self._rdf, self._named(kind))))
        self._names = {path: table.column_names for path, table in empty}
        self.schema, self._unlike = _fitting(empty)
        warn_of_cuts(self._rdf, rdf, [file.kind for file in self.files])

    @property
    def rows_about(self) -> int:
        """A guess at the number of rows."""
        return sum(file.rows for file in self.files)

    def only(self, file: InputFile) -> ActivityStream:
        """One of its files as a stream of the same schema, to be read by one thread, here or in another process."""
        own = copy.copy(self)
        own.files, own._threads = (file,), 1
        for kept in ("_shapes", "_parquet"):
            setattr(own, kept, {path: found for path, found in getattr(self, kept).items() if path == file.path})
        return own

    def batches(self, encoder: Encoder | None = None) -> Iterator[Rows]:
        """The rows, from the first on; without any, once no rows. With an encoder those of CSV, admitted care, are encoded already.

        Raises InputError where a file can't be read, is gone, or is not what it was.
        """
        nothing = True
        with ThreadPoolExecutor(self._threads) as pool:
            for file in self.files:
                _refuse_changed(file)
                for rows in self._rows(file, encoder, pool):
                    nothing = False
                    yield rows
                    del rows
                _refuse_changed(file)
        if nothing:
            yield TableActivity(self.schema.empty_table())

    def _rows(self, file: InputFile, encoder: Encoder | None, pool: ThreadPoolExecutor) -> Iterator[Rows]:
        if file.kind == "csv" and encoder is not None and not cuts_cells(self._rdf):
            csv = CsvFile(file.path, self._shapes[file.path], self._names[file.path])
            yield from csv.rows(encoder, apc_layout(csv.names), pool)
            return
        for batch in self._batches(file.path, file.kind):
            table = pa.Table.from_batches([batch])
            # What Arrow has decoded itself holds; what lies in the file as it does in memory may not.
            table = checked(table, str(file.path)) if file.kind == "arrow" else table
            if self._rdf is not None:
                table = self._rdf.apply(table, headings=self._named(file.kind), source=str(file.path))
            table = table.select(self.schema.names)
            for name in self._unlike:
                table = with_text(table, name)
            yield TableActivity(pa.Table.from_arrays(table.columns, schema=self.schema))

    def _named(self, kind: str) -> bool:
        return self._headings or kind != "csv"

    def _look(self, path: Path, kind: str) -> tuple[pa.Schema, int | None]:
        """A file's columns, and how many rows it has where it says so."""
        if kind == "csv":
            shape = self._shapes[path] = csv_shape(path, self._headings)
            if self._headings and self._rdf is None:
                refuse_duplicates(path, shape.names)
            return pa.schema([(name, pa.string()) for name in shape.names]), None
        if kind == "parquet":
            source = self._parquet[path] = ParquetSource(path)
            return source.batch_schema, source.rows
        try:
            with pa.OSFile(str(path)) as file:
                schema = _ipc(file)[0]
        except (pa.ArrowException, OSError) as error:
            raise unreadable(path, "Arrow IPC", error) from None
        checked(schema.empty_table(), str(path))
        return schema, None

    def _batches(self, path: Path, kind: str) -> Iterator[pa.RecordBatch]:
        if kind == "csv":
            yield from text_batches(path, self._shapes[path])
            return
        if kind == "parquet":
            yield from self._parquet[path].batches(_BATCH_ROWS)
            return
        try:
            with pa.OSFile(str(path)) as source:  # not mapped: what is mapped counts as memory in use
                yield from _ipc(source)[1]
        except (pa.ArrowException, OSError) as error:
            raise unreadable(path, "Arrow IPC", error) from None


def _ipc(source: pa.NativeFile) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
    is_file = source.read(6) == b"ARROW1"
    source.seek(0)
    if not is_file:
        stream = pa.ipc.open_stream(source)
        return stream.schema, iter(stream)
    file = pa.ipc.open_file(source)
    return file.schema, (file.get_batch(number) for number in range(file.num_record_batches))


def _fitting(tables: Sequence[tuple[Path, pa.Table]]) -> tuple[pa.Schema, list[str]]:
    """The one schema that all files are read with, and the columns that become text for it."""
    first_path, first = tables[0]
    for path, table in tables[1:]:
        refuse_other_columns(path, table.column_names, first_path, first.column_names)
    unlike = [name for name in first.column_names if len({table.schema.field(name).type for _, table in tables}) > 1]
    for _, table in tables:
        for name in unlike:
            with_text(table, name)
    kinds = [(name, pa.string() if name in unlike else first.schema.field(name).type) for name in first.column_names]
    return pa.schema(kinds), unlike


def _refuse_changed(file: InputFile) -> None:
    try:
        status = file.path.stat()
    except OSError as error:
        raise InputError(f"{file.path}: can't be read ({error.strerror}). Was it moved while hrgcore ran?") from None
    if (status.st_size, status.st_mtime_ns) != (file.bytes, file.modified):
        raise InputChanged(f"{file.path}: has changed since the run began. Group it again, once it is complete.")


__all__ = ["ActivityStream", "InputChanged", "InputFile"]
