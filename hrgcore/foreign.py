"""Tables that other tools hand over, by the Arrow C data interface and without a copy: checked, whatever gave them."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pyarrow as pa

from hrgcore.activity import Activity
from hrgcore.columns import Layout
from hrgcore.encode import Block, Encoder
from hrgcore.encode.cells import plain_views, without_views
from hrgcore.errors import InputError
from hrgcore.read.arrow import checked

#: pandas says in which column it met cells of several types; what else it says may hold values.
_MIXED_COLUMN = re.compile(r"Conversion failed for column (\S+) with type")
_GIVERS = "a path, a pyarrow table or dataset, or a table with __arrow_c_stream__ or __arrow_c_array__"
_SAY = "(Polars, pandas 2.2 or later, DuckDB, nanoarrow, arro3)"


def foreign_table(data: Any, source: str = "the input") -> pa.Table:
    """Take a table from another tool.

    That is anything with `__arrow_c_stream__` or `__arrow_c_array__`, a pyarrow dataset or scanner, or a Polars LazyFrame, which is
    collected. Buffers are shared, not copied. Raises InputError where ``data`` gives no Arrow table or a damaged one.
    """
    return _sound(_imported(data, source), source)


def foreign_activity(data: Any, source: str = "the input") -> Activity | pa.Table:
    """The same for grouping: of a dataset, columns are read when they are needed."""
    return DatasetActivity(data, source) if _is_of(data, "pyarrow.dataset", "Dataset") else foreign_table(data, source)


def foreign_batches(data: Any, source: str = "the stream") -> Iterable[pa.RecordBatch | pa.Table]:
    """A stream from another tool, batch by batch, as far as that tool gives it so; not checked yet.

    ``data`` is what `foreign_table` takes, or an iterable of such. Raises InputError where something gives no Arrow table.
    """
    if isinstance(data, pa.Table):
        batches: Iterable[pa.RecordBatch] = data.to_batches()
        return batches
    if _is_of(data, "pyarrow.dataset", "Dataset") or _is_of(data, "pyarrow.dataset", "Scanner"):
        return _guarded(data.to_batches(), source)
    if _is_of(data, "polars", "LazyFrame"):
        return _each(data.collect_batches(maintain_order=True), source)
    if hasattr(data, "__arrow_c_stream__"):
        return _guarded(_stream(data, source), source)
    if hasattr(data, "__arrow_c_array__"):
        return [_imported(data, source)]
    if isinstance(data, Iterable):
        return _each(data, source)
    raise _no_table(data, source)


class DatasetActivity(Activity):
    """A pyarrow dataset: the columns that grouping needs are read at once, the others when a table of them is asked for."""

    def __init__(self, dataset: Any, source: str = "the input") -> None:
        self._dataset, self._source = dataset, source
        self.names = dataset.schema.names
        _check_headings(self.names, source)
        self._needed: pa.Table | None = None

    @property
    def rows_about(self) -> int:
        return 0 if self._needed is None else int(self._needed.num_rows)

    def blocks(self, encoder: Encoder, layout: Layout, pool: ThreadPoolExecutor) -> Iterator[Block]:
        self._needed = self.read(layout.names)
        return encoder.blocks(self._needed, layout, pool)

    def read(self, names: Sequence[str]) -> pa.Table:
        known = self._needed
        if known is None:
            return self._scan(names)
        rest = self._scan([name for name in names if name not in known.column_names])
        if rest.num_columns and rest.num_rows != known.num_rows:
            raise InputError(f"{self._source}: the dataset's files changed while they were grouped. Group it again.")
        columns = {name: (known if name in known.column_names else rest).column(name) for name in names}
        return pa.table(columns)

    def column(self, name: str) -> Any:
        return self.read([name]).column(0)

    def _scan(self, names: Sequence[str]) -> pa.Table:
        if not names:
            return pa.table({})
        try:
            table = self._dataset.to_table(columns=list(names))
        except (pa.ArrowException, OSError) as error:
            raise _unreadable(self._source, error) from None
        return _sound(table, self._source)


def _sound(table: pa.Table, source: str) -> pa.Table:
    """``table`` as `checked` and `without_views` give it, its columns being looked at by all cores."""
    _check_headings(table.column_names, source)

    def sound(name: str) -> Any:
        column = table.column(name)
        if pa.types.is_string_view(column.type):
            plain = [plain_views(chunk) for chunk in column.chunks]
            if plain and all(chunk is not None for chunk in plain):
                return pa.chunked_array(plain)
        return without_views(checked(pa.table({name: column}), source)).column(0)

    if not table.num_columns:
        return table
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        columns = list(pool.map(sound, table.column_names))
    fields = [one.with_type(column.type) for one, column in zip(table.schema, columns, strict=True)]
    return pa.Table.from_arrays(columns, schema=pa.schema(fields, table.schema.metadata))


def _check_headings(names: Sequence[str], source: str) -> None:
    """Raise InputError where a heading stands twice."""
    checked(pa.schema([(name, pa.null()) for name in names]).empty_table(), source)


def _imported(data: Any, source: str) -> pa.Table:
    if isinstance(data, pa.Table):
        return data
    try:
        if isinstance(data, pa.RecordBatch):
            return pa.Table.from_batches([data])
        if _is_of(data, "polars", "LazyFrame"):
            data = data.collect()
        if _is_of(data, "duckdb", "DuckDBPyRelation"):
            return data.to_arrow_table()  # by all its threads, as its stream is not
        if hasattr(data, "__arrow_c_stream__"):
            return pa.RecordBatchReader.from_stream(data).read_all()
        if hasattr(data, "__arrow_c_array__"):
            return pa.Table.from_batches([pa.record_batch(data)])
        if _is_of(data, "pyarrow.dataset", "Dataset") or _is_of(data, "pyarrow.dataset", "Scanner"):
            return data.to_table()
    except (pa.ArrowException, TypeError, ValueError, OSError) as error:
        raise _unreadable(source, error) from None
    raise _no_table(data, source)


def _stream(data: Any, source: str) -> Iterable[pa.RecordBatch]:
    try:
        reader: Iterable[pa.RecordBatch] = pa.RecordBatchReader.from_stream(data)
    except (pa.ArrowException, TypeError, ValueError, OSError) as error:
        raise _unreadable(source, error) from None
    return reader


def _guarded(batches: Iterable[pa.RecordBatch], source: str) -> Iterator[pa.RecordBatch]:
    try:
        yield from batches
    except (pa.ArrowException, OSError) as error:
        raise _unreadable(source, error) from None


def _each(parts: Iterable[Any], source: str) -> Iterator[pa.RecordBatch | pa.Table]:
    """Parts as they come; what goes wrong in the caller's own iterable is the caller's."""
    for part in parts:
        yield part if isinstance(part, pa.RecordBatch | pa.Table) else _imported(part, source)


def _is_of(data: Any, module: str, name: str) -> bool:
    """Whether ``data`` is of a class of a module that is imported only where somebody uses it."""
    kind = getattr(sys.modules.get(module), name, None)
    return kind is not None and isinstance(data, kind)


def _no_table(data: Any, source: str) -> InputError:
    return InputError(f"{source}: a {type(data).__name__} can't be read. Give {_GIVERS} {_SAY}.")


def _unreadable(source: str, error: BaseException) -> InputError:
    mixed = _MIXED_COLUMN.search(str(error))
    if mixed:
        return InputError(f"{source}: column {mixed[1]} holds cells of several types. Make them all text.")
    return InputError(f"{source}: gives no Arrow table ({type(error).__name__}). A table of rows is wanted.")
