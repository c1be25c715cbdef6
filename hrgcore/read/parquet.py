"""Parquet files: text and lists of codes as the dictionaries they lie in, and no column before it is wanted."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from hrgcore.activity import Activity, TableActivity
from hrgcore.columns import APC_COLUMNS, DIAGNOSIS_LISTS, PROCEDURE_LISTS, Layout
from hrgcore.encode import Block, Encoder
from hrgcore.encode.cells import is_text, without_views
from hrgcore.read.arrow import checked, join, unreadable

#: Columns with about as many values as rows: a dictionary of them would only cost.
_KEYS = frozenset(name for column in APC_COLUMNS if column.kind == "key" for name in (column.name, *column.aliases))


def read_parquet(path: str | Path, columns: Sequence[str] | None = None) -> pa.Table:
    """Read a Parquet file, or some of its columns; text columns but the spell key come as dictionaries, and so do lists of codes.

    Raises InputError where it is no Parquet file or is damaged.
    """
    try:
        with pq.ParquetFile(path) as file:
            texts, lists = _dictionaries(file)
        try:
            table = _read(path, columns, texts, lists)
        except pa.ArrowNotImplementedError:  # lists whose dictionary was given up within a row group
            table = _read(path, columns, texts, [])
    except (pa.ArrowException, OSError) as error:
        raise unreadable(path, "Parquet", error) from None
    return checked(table if columns is None else table.select(columns), str(path))


def open_parquet(path: str | Path) -> pq.ParquetFile:
    """A Parquet file to be read batch by batch: text columns but the spell key come as dictionaries."""
    with pq.ParquetFile(path) as file:
        texts, _ = _dictionaries(file)
    return pq.ParquetFile(path, read_dictionary=texts, pre_buffer=False)


def _read(path: str | Path, columns: Sequence[str] | None, texts: list[str], lists: list[str]) -> pa.Table:
    with pq.ParquetFile(path, read_dictionary=[*texts, *lists]) as file:
        if not lists:
            return file.read(columns)
        # Arrow makes no chunks of lists of dictionaries: each row group is read by itself, its columns in parallel.
        groups = [file.read_row_group(number, columns) for number in range(file.num_row_groups)]
        return pa.concat_tables(groups) if groups else file.schema_arrow.empty_table()


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
        """Look at the files' schemas. Raises InputError where one is no Parquet file, or they don't fit together."""
        self._paths = paths
        self._schema = join([(path, checked(_schema(path).empty_table(), str(path))) for path in paths]).schema
        self.names = self._schema.names
        self._read: dict[str, pa.ChunkedArray] = {}

    def blocks(self, encoder: Encoder, layout: Layout, pool: ThreadPoolExecutor) -> list[Block]:
        """Read the columns that grouping needs, and encode all rows."""
        return TableActivity(self.read(layout.names)).blocks(encoder, layout, pool)

    def read(self, names: Sequence[str]) -> pa.Table:
        """Some columns; they are kept."""
        self._get(names)
        return pa.table({name: self._read[name] for name in names})

    def column(self, name: str) -> pa.ChunkedArray:
        """One column, which is kept."""
        self._get([name])
        return self._read[name]

    def _get(self, names: Sequence[str]) -> None:
        missing = [name for name in names if name not in self._read]
        if missing:
            table = without_views(join([(path, read_parquet(path, missing)) for path in self._paths]))
            self._read |= dict(zip(missing, table.columns, strict=True))


def _schema(path: Path) -> pa.Schema:
    try:
        return pq.read_schema(path)
    except (pa.ArrowException, OSError) as error:
        raise unreadable(path, "Parquet", error) from None
