"""Results as a folder: episodes, spells, unbundled HRGs and errors as Parquet or CSV, and the manifest that vouches for them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from hrgcore.errors import OutputError, UsageError
from hrgcore.write import ResultLike
from hrgcore.write.lines import cells, heading_line, lines
from hrgcore.write.staging import Staging, output_errors, remove

FORMATS = ("parquet", "csv")
TABLES = ("episodes", "spells", "unbundled", "errors")
MANIFEST = "manifest.json"
#: What stands between the entries of a list in a CSV cell.
LIST_SEPARATOR = "|"
_BLOCK_ROWS = 1 << 16
_OURS = frozenset([MANIFEST, *(f"{table}.{kind}" for table in TABLES for kind in FORMATS)])


def check_folder(folder: str | Path, overwrite: bool = False) -> None:
    """Raise OutputError unless results may go to ``folder``: it is not there yet or has nothing in it.

    ``overwrite`` allows a folder that has nothing but earlier results in it.
    """
    folder = Path(folder)
    with output_errors(folder):
        if not folder.exists():
            return
        if not folder.is_dir():
            raise OutputError(f"{folder}: is a file; results go to a folder. Name a new folder.")
        names = {entry.name for entry in folder.iterdir()}
    if names and not (overwrite and names <= _OURS):
        raise OutputError(f"{folder}: the folder is not empty. Name a new folder, or empty this one.")


def write_folder(
    result: ResultLike, folder: str | Path, format: str, manifest: Mapping[str, Any], overwrite: bool = False
) -> dict[str, Path]:
    """Write a result; gives the path of each table and of the manifest.

    Each file is written under a temporary name, synced and renamed, `manifest.json` last: a folder without it is no result.

    Raises OutputError where the folder is not empty or can't be written (nothing is left then), UsageError for an unknown format.
    """
    if format not in FORMATS:
        raise UsageError(f"unknown format {format!r}. Choose {' or '.join(FORMATS)}.")
    folder = Path(folder)
    check_folder(folder, overwrite)
    created = not folder.exists()
    try:
        with output_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)
        names = {table: f"{table}.{format}" for table in TABLES}
        with Staging(folder) as staging:
            outputs = []
            for table, name in names.items():
                content = getattr(result, table)
                with staging.file(name) as file:
                    _write_table(content, format, file, folder / name)
                    outputs.append({"name": name, "rows": content.num_rows, "bytes": file.tell()})
            with staging.file(MANIFEST) as file:
                file.write(json.dumps({**manifest, "outputs": outputs}, indent=2, ensure_ascii=False).encode() + b"\n")
            staging.publish(last=MANIFEST)
        remove(folder / name for name in _OURS - {MANIFEST, *names.values()})
    except BaseException:
        if created:
            with suppress(OSError):
                folder.rmdir()  # leaves the folder where somebody else has put something into it
        raise
    return {**{table: folder / name for table, name in names.items()}, "manifest": folder / MANIFEST}


def _write_table(table: pa.Table, format: str, file: BinaryIO, path: Path) -> None:
    try:
        if format == "parquet":
            pq.write_table(table, file, compression="zstd")
        else:
            file.write(heading_line(table.column_names, end="\n"))
            for start in range(0, table.num_rows, _BLOCK_ROWS):
                block = table.slice(start, _BLOCK_ROWS)
                file.write(lines([cells(_flat(column)) for column in block.columns], end="\n"))
    except pa.ArrowException as error:  # its message may hold values
        raise OutputError(
            f"{path}: a column has a type that {format} can't hold ({type(error).__name__}). Drop nested columns, or write Parquet."
        ) from None


def _flat(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """The column with lists, which CSV does not have, as text."""
    if pa.types.is_list(column.type) or pa.types.is_large_list(column.type):
        return pc.binary_join(column.cast(pa.list_(pa.string())), LIST_SEPARATOR)
    return column
