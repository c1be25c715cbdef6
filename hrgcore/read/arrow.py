"""Arrow IPC files and streams, and the tables of other tools, checked in full; joining the parts of one input."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from hrgcore.errors import InputError
from hrgcore.read.sound import validate


def read_arrow_file(path: str | Path) -> pa.Table:
    """Read an Arrow IPC file (Feather 2) or IPC stream.

    Raises InputError where it is neither or is damaged.
    """
    try:
        with pa.memory_map(str(path)) as source:
            is_file = source.read(6) == b"ARROW1"
            source.seek(0)
            table = pa.ipc.open_file(source).read_all() if is_file else pa.ipc.open_stream(source).read_all()
        return checked(table, str(path))
    except (pa.ArrowException, OSError) as error:
        raise unreadable(path, "Arrow IPC", error) from None


def read_stream(data: Any, source: str = "the input") -> pa.Table:
    """Take a table from another tool: a pyarrow Table or RecordBatch, or anything with `__arrow_c_stream__`.

    Raises InputError where ``data`` gives no Arrow table or a damaged one.
    """
    if isinstance(data, pa.Table):
        return checked(data, source)
    if isinstance(data, pa.RecordBatch):
        return checked(pa.Table.from_batches([data]), source)
    if not hasattr(data, "__arrow_c_stream__"):
        raise InputError(
            f"{source}: a {type(data).__name__} can't be read. Give a path, a pyarrow table, or a table with __arrow_c_stream__"
            " (Polars, pandas 2.2 or later, DuckDB)."
        )
    try:
        table = pa.RecordBatchReader.from_stream(data).read_all()
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise InputError(f"{source}: gives no Arrow table ({type(error).__name__}). A table of rows is wanted.") from None
    return checked(table, source)


def checked(table: pa.Table, source: str) -> pa.Table:
    """``table`` itself, once its buffers were validated in full and its headings found to differ.

    Raises InputError where they don't hold: a damaged table would crash compiled code.
    """
    try:
        table.validate()
        for column in table.columns:
            for chunk in column.chunks:
                validate(chunk)
    except (pa.ArrowException, UnicodeDecodeError):  # the latter: of names of columns
        raise InputError(f"{source}: the Arrow data is damaged (offsets, lengths or text don't hold). Write it again.") from None
    seen: set[str] = set()
    for name in table.column_names:
        key = name.strip().upper()
        if key in seen:
            raise InputError(f"{source}: the heading {name!r} stands twice. Rename or drop one of the two columns.")
        seen.add(key)
    return table


def join(tables: Sequence[tuple[Path, pa.Table]]) -> pa.Table:
    """One table out of the parts of an input; the first part gives the order of the columns.

    Raises InputError where a part has other columns, or columns of other types, than the first.
    """
    first_path, first = tables[0]
    if len(tables) == 1:
        return first
    parts = [first]
    for path, table in tables[1:]:
        refuse_other_columns(path, table.column_names, first_path, first.column_names)
        parts.append(table.select(first.column_names))
    unlike = [name for name in first.column_names if len({part.schema.field(name).type for part in parts}) > 1]
    for name in unlike:
        parts = [with_text(part, name) for part in parts]
    return pa.concat_tables(parts)


def refuse_other_columns(path: Path, names: Sequence[str], first_path: Path, first: Sequence[str]) -> None:
    """Raise InputError where a part has other columns than the first."""
    missing = [name for name in first if name not in names]
    extra = [name for name in names if name not in first]
    if missing or extra:
        what = "; ".join(
            f"{verb} {', '.join(named[:5])}{' and more' if len(named) > 5 else ''}"
            for verb, named in (("lacks", missing), ("adds", extra))
            if named
        )
        raise InputError(f"{path}: its columns are not those of {first_path}: it {what}. Give parts with the same columns.")


def with_text(table: pa.Table, name: str) -> pa.Table:
    """``table`` with one column as text. Raises InputError where its type can't be."""
    at = table.column_names.index(name)
    try:
        return table.set_column(at, name, table.column(name).cast(pa.string()))
    except pa.ArrowException:
        raise InputError(f"column {name}: its type differs between the parts of the input. Write them with one type.") from None


def unreadable(path: str | Path, what: str, error: BaseException) -> InputError:
    """The error to raise for a file that Arrow could not read; Arrow's own words may hold values."""
    if isinstance(error, FileNotFoundError):
        return InputError(f"{path}: can't be read (No such file or directory). Was it moved while hrgcore ran?")
    if isinstance(error, PermissionError):
        return InputError(f"{path}: can't be read (no permission). Check its permissions.")
    return InputError(f"{path}: not a readable {what} file ({type(error).__name__}). Check that it was written to its end.")
