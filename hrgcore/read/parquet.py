"""Parquet files: text and lists of codes as the dictionaries they lie in, and no column before it is wanted."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from hrgcore.activity import Activity
from hrgcore.columns import APC_COLUMNS, DIAGNOSIS_LISTS, PROCEDURE_LISTS, Layout
from hrgcore.encode import Block, Encoder
from hrgcore.encode.cells import is_text, without_views
from hrgcore.read.arrow import checked, join, unreadable
from hrgcore.read.pooled import in_order
from hrgcore.read.sound import validate

#: Columns with about as many values as rows: a dictionary of them would only cost.
_KEYS = frozenset(name for column in APC_COLUMNS if column.kind == "key" for name in (column.name, *column.aliases))


class ParquetSource:
    """A Parquet file, of which the footer is read once."""

    def __init__(self, path: str | Path) -> None:
        """Raises InputError where it is no Parquet file or is damaged."""
        self.path = Path(path)
        with self._faults(), pq.ParquetFile(path) as file:
            self._metadata, self.schema = file.metadata, file.schema_arrow
            self._texts, self._lists = _dictionaries(file)
        self._written = written_dictionaries(self.schema)
        checked(self.schema.empty_table(), str(path))

    @property
    def rows(self) -> int:
        """How many rows it has."""
        return int(self._metadata.num_rows)

    @property
    def batch_schema(self) -> pa.Schema:
        """The columns of `batches`."""
        with self._faults(), self._open([]) as file:
            return file.schema_arrow

    @property
    def groups(self) -> int:
        """How many row groups it has."""
        return int(self._metadata.num_row_groups)

    def read(self, columns: Sequence[str] | None = None) -> pa.Table:
        """All rows; text columns but the spell key come as dictionaries, and so do lists of codes. Raises InputError as above."""
        table = self.as_read(columns)
        with self._faults():
            for place, name in enumerate(table.column_names):
                if name in self._written:
                    table = table.set_column(place, name, as_written(table.column(place), self._written[name]))
        return table

    def as_read(self, columns: Sequence[str] | None = None) -> pa.Table:
        """The same, but that columns that were written as dictionaries are not `as_written` yet."""
        with self._faults(), self._reader() as read:
            # Arrow makes no chunks of lists of dictionaries: each row group is read by itself, its columns in parallel.
            groups = [read(number, columns, threads=True) for number in range(self.groups)]
        return self.joined(groups, columns)

    def encoded(
        self, encoder: Encoder, layout: Layout, pool: ThreadPoolExecutor, first_row: int
    ) -> Iterator[tuple[pa.Table, Iterable[Block]]]:
        """What grouping needs of all rows, `as_read`, and its encoding: of many row groups, each thread reads one and encodes it.

        ``first_row`` counts the rows of the input before.
        """
        if self.groups < 2 * pool._max_workers:
            table = without_views(self.as_read(layout.names))
            yield table, encoder.blocks(table, layout, pool, first_row)
            return

        def encoded(number: int) -> tuple[pa.Table, list[Block]]:
            group = without_views(read(number, layout.names, threads=False))
            return group, list(encoder.blocks(group, layout, None, int(starts[number])))

        sizes = [self._metadata.row_group(number).num_rows for number in range(self.groups)]
        starts = first_row + np.cumsum([0, *sizes])
        with self._faults(), self._reader() as read:
            yield from in_order(pool, encoded, range(self.groups))

    def batches(self, rows: int) -> Iterator[pa.RecordBatch]:
        """All columns in batches of at most so many rows; lists come as they are. Raises InputError as above."""
        with self._faults(), self._open([]) as file:
            for batch in file.iter_batches(batch_size=rows):
                _validate(batch)
                yield batch

    @contextmanager
    def _reader(self) -> Iterator[Callable[..., pa.Table]]:
        """What reads row groups. Each thread opens the file once: that takes as long as to read some thousand rows."""
        own = threading.local()
        with ExitStack() as opened:

            def taken(lists: Sequence[str], number: int, columns: Sequence[str] | None, threads: bool) -> pa.Table:
                if getattr(own, "lists", None) != lists:
                    own.lists, own.file = lists, opened.enter_context(self._open([*self._written, *lists]))
                table = own.file.read_row_group(number, columns, use_threads=threads)
                _validate(table)
                return table

            def read(number: int, columns: Sequence[str] | None, *, threads: bool) -> pa.Table:
                if self._lists:
                    try:
                        return taken(self._lists, number, columns, threads)
                    except pa.ArrowNotImplementedError:  # lists whose dictionary was given up within a row group
                        self._lists = []
                return taken([], number, columns, threads)

            yield read

    def _open(self, dictionaries: Sequence[str]) -> pq.ParquetFile:
        return pq.ParquetFile(self.path, metadata=self._metadata, read_dictionary=[*self._texts, *dictionaries], pre_buffer=False)

    def joined(self, groups: Sequence[pa.Table], columns: Sequence[str] | None) -> pa.Table:
        """The tables of all row groups as one. Raises InputError as above."""
        if any(group.schema != groups[0].schema for group in groups):  # since lists of some could not be read as dictionaries
            with self._faults(), self._reader() as read:
                groups = [read(number, columns, threads=True) for number in range(self.groups)]
        table = pa.concat_tables(groups) if groups else self.schema.empty_table()
        return table if columns is None else table.select(columns)

    @contextmanager
    def _faults(self) -> Iterator[None]:
        try:
            yield
        except (pa.ArrowException, OSError, UnicodeDecodeError) as error:  # the last: of names of columns
            raise unreadable(self.path, "Parquet", error) from None


def written_dictionaries(schema: pa.Schema) -> dict[str, Any]:
    """The types of the columns that were written as dictionaries of text."""
    return {field.name: field.type for field in schema if pa.types.is_dictionary(field.type) and is_text(field.type.value_type)}


def as_written(column: pa.ChunkedArray, kind: Any) -> pa.ChunkedArray:
    """A column of dictionaries in the type that it was written as. Arrow reads it quicker with places of 32 bits.

    It stays as it is where it has more values than the file says that it can have.
    """
    most = np.iinfo(kind.index_type.to_pandas_dtype()).max
    if any(len(chunk.dictionary) > most for chunk in column.chunks):
        return column

    def written(chunk: Any) -> Any:
        places, values = chunk.indices.cast(kind.index_type), chunk.dictionary.cast(kind.value_type)
        return pa.DictionaryArray.from_arrays(places, values, ordered=kind.ordered)

    return pa.chunked_array(map(written, column.chunks), kind)


def _validate(table: pa.Table | pa.RecordBatch) -> None:
    """Raise ArrowInvalid where what Arrow has read does not hold: it takes places in dictionaries as they lie in the file."""
    for column in table.columns:
        for chunk in column.chunks if isinstance(column, pa.ChunkedArray) else [column]:
            validate(chunk)


def _dictionaries(file: pq.ParquetFile) -> tuple[list[str], list[str]]:
    """The columns of a file that are to be read as dictionaries, by their paths in it: those of text, and lists of codes."""
    schema = file.schema_arrow
    texts = [field.name for field in schema if is_text(field.type) and field.name.strip().upper() not in _KEYS]
    lists = {name for name in schema.names if name.strip().upper() in (*DIAGNOSIS_LISTS, *PROCEDURE_LISTS)}
    columns = [file.schema.column(place) for place in range(len(file.schema))]
    entries = [
        column.path
        for column in columns
        if column.path.split(".")[0] in lists and column.path not in lists and column.logical_type.type == "STRING"
    ]
    return texts, entries


class ParquetActivity(Activity):
    """Parquet files, read for grouping as far as grouping needs them; their other columns are read when all are asked for."""

    def __init__(self, paths: Sequence[Path]) -> None:
        """Look at the files' footers. Raises InputError where one is no Parquet file, or they don't fit together."""
        self._files = [ParquetSource(path) for path in paths]
        schema = without_views(join([(file.path, file.schema.empty_table()) for file in self._files])).schema
        self.names = schema.names
        self._written = written_dictionaries(schema)
        self._read: dict[str, pa.ChunkedArray] = {}

    @property
    def rows_about(self) -> int:
        return sum(file.rows for file in self._files)

    def blocks(self, encoder: Encoder, layout: Layout, pool: ThreadPoolExecutor) -> Iterator[Block]:
        """Read the columns that grouping needs, and encode all rows."""
        tables, first_row = [], 0
        for file in self._files:
            groups = []
            for group, blocks in file.encoded(encoder, layout, pool, first_row):
                groups.append(group)
                yield from blocks
            tables.append(file.joined(groups, layout.names))
            first_row += file.rows
        self._keep(tables)

    def read(self, names: Sequence[str]) -> pa.Table:
        """Some columns; they are kept."""
        missing = [name for name in names if name not in self._read]
        if missing:
            self._keep([file.as_read(missing) for file in self._files])
        for name in names:
            if name in self._written and self._read[name].type != self._written[name]:
                self._read[name] = as_written(self._read[name], self._written[name])
        return pa.table({name: self._read[name] for name in names})

    def column(self, name: str) -> pa.ChunkedArray:
        """One column, which is kept."""
        return self.read([name]).column(0)

    def _keep(self, tables: Sequence[pa.Table]) -> None:
        table = without_views(join([(file.path, own) for file, own in zip(self._files, tables, strict=True)]))
        self._read |= dict(zip(table.column_names, table.columns, strict=True))
