"""Tables of a result as Parquet or CSV, and whether a folder may take them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from hrgcore.errors import OutputError
from hrgcore.write.lines import cells, heading_line, lines
from hrgcore.write.staging import Staging, output_errors

FORMATS = ("parquet", "csv")
#: What stands between the entries of a list in a CSV cell.
LIST_SEPARATOR = "|"
_BLOCK_ROWS = 1 << 16


def check_folder(folder: str | Path) -> None:
    """Raise OutputError unless results may go to ``folder``: it is not there yet or has nothing in it."""
    folder = Path(folder)
    with output_errors(folder):
        if not folder.exists():
            return
        if not folder.is_dir():
            raise OutputError(f"{folder}: is a file; results go to a folder. Name a new folder.")
        empty = not any(folder.iterdir())
    if not empty:
        raise OutputError(f"{folder}: the folder is not empty. Name a new folder, or empty this one.")


@contextmanager
def new_folder(folder: Path) -> Iterator[Staging]:
    """A folder that takes files once they are published; where that does not happen, what was made is removed.

    Raises OutputError where the folder is not empty or can't be made.
    """
    check_folder(folder)
    created = not folder.exists()
    try:
        with output_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)
        with Staging(folder) as staging:
            yield staging
    except BaseException:
        if created:
            with suppress(OSError):
                folder.rmdir()
        raise


def table_bytes(table: pa.Table, format: str, path: Path) -> Any:
    """A table as the bytes of a Parquet or CSV file. Raises OutputError, naming ``path``, where the format can't hold it."""
    try:
        return _parquet(table) if format == "parquet" else _csv(table)
    except pa.ArrowException as error:  # its message may hold values
        raise OutputError(
            f"{path}: a column has a type that {format} can't hold ({type(error).__name__}). Drop nested columns, or write Parquet."
        ) from None


def _parquet(table: pa.Table) -> pa.Buffer:
    # Statistics of dictionaries take as long as all the rest, and codes are not looked for by range.
    ranged = [field.name for field in table.schema if not pa.types.is_dictionary(field.type) and not pa.types.is_nested(field.type)]
    sink = pa.BufferOutputStream()
    pq.write_table(_tidy(table), sink, compression="zstd", write_statistics=ranged or False)
    return sink.getvalue()


def _tidy(table: pa.Table) -> pa.Table:
    """The table with dictionaries that hold each value once, and none that is null.

    From others Arrow writes pages with whatever stood in memory: other bytes each time, and perhaps somebody's data.
    """
    for at, field in enumerate(table.schema):
        if pa.types.is_dictionary(field.type):
            chunks = table.column(at).chunks
            if not all(_is_tidy(chunk.dictionary) for chunk in chunks):
                chunks = [_encoded_again(chunk) for chunk in chunks]
                table = table.set_column(at, field.name, pa.chunked_array(chunks, field.type))
    return table


def _is_tidy(values: Any) -> bool:
    return bool(values.null_count == 0 and pc.count_distinct(values).as_py() == len(values))


def _encoded_again(chunk: Any) -> Any:
    encoded = chunk.dictionary_decode().dictionary_encode()
    return pa.DictionaryArray.from_arrays(encoded.indices.cast(chunk.type.index_type), encoded.dictionary)


def _csv(table: pa.Table) -> bytes:
    blocks: list[bytes | memoryview] = [heading_line(table.column_names, end="\n")]
    for start in range(0, table.num_rows, _BLOCK_ROWS):
        block = table.slice(start, _BLOCK_ROWS)
        blocks.append(lines([cells(_flat(column)) for column in block.columns], end="\n"))
    return b"".join(blocks)


def _flat(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """The column with lists, which CSV does not have, as text."""
    if pa.types.is_list(column.type) or pa.types.is_large_list(column.type):
        return pc.binary_join(column.cast(pa.list_(pa.string())), LIST_SEPARATOR)
    return column
