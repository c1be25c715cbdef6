"""Reading activity from files and from other tools into one Arrow table: CSV with or without an RDF, Parquet, Arrow."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from hrgcore.activity import Activity, TableActivity
from hrgcore.errors import InputError
from hrgcore.folders import input_table, is_result, unfinished_run
from hrgcore.read.arrow import join, read_arrow_file, read_stream
from hrgcore.read.csv import csv_shape, read_csv, refuse_duplicates
from hrgcore.read.csv_bytes import CsvActivity, CsvFile
from hrgcore.read.parquet import ParquetActivity, ParquetSource
from hrgcore.read.rdf import RecordDefinition
from hrgcore.read.warn import InputWarning

__all__ = ["InputWarning", "RecordDefinition", "input_files", "open_input", "read_csv", "read_input", "read_stream"]

PathLike = str | Path

_FORMATS = {
    ".csv": "csv",
    ".txt": "csv",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".arrow": "arrow",
    ".arrows": "arrow",
    ".ipc": "arrow",
    ".feather": "arrow",
}
_BINARY_READERS = {"parquet": lambda path: ParquetSource(path).read(), "arrow": read_arrow_file}
_MAGIC = ((b"PAR1", "parquet"), (b"ARROW1", "arrow"), (b"\xff\xff\xff\xff", "arrow"))
#: Files that people give by mistake: how they start, what they are, and what to do.
_FOREIGN = (
    (b"PK\x03\x04", "a zip file or an Excel workbook", "Unpack it, or save the sheet as CSV (UTF-8)"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook", "Save the sheet as CSV (UTF-8)"),
    (b"\x1f\x8b", "compressed with gzip", "Decompress it"),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd", "Decompress it"),
    (b"BZh", "compressed with bzip2", "Decompress it"),
    (b"\xfd7zXZ", "compressed with xz", "Decompress it"),
    (b"FEA1", "a Feather file of version 1", "Write it again as Feather 2, Parquet or CSV"),
    (b"%PDF", "a PDF", "Give the data as CSV, Parquet or Arrow"),
)


def read_input(paths: PathLike | Sequence[PathLike], *, rdf: PathLike | None = None, headings: bool = True) -> pa.Table:
    """Read one or more files, or folders of parts, into one table; rows come in the order of the paths and, in a folder, of names.

    Every CSV column comes as text. ``rdf`` names the columns by position; without it the headings do. ``headings`` says whether the
    first row of a CSV file is headings. What is doubtful but readable is warned of as `InputWarning`.

    Raises InputError where a file can't be read or the parts don't fit together.
    """
    definition = RecordDefinition.read(rdf) if rdf is not None else None
    tables: list[tuple[Path, pa.Table]] = []
    for path in input_files(paths):
        kind = file_format(path)
        table = read_csv(path, headings=headings, unique=definition is None) if kind == "csv" else _BINARY_READERS[kind](path)
        tables.append((path, named(table, path, definition, headings or kind != "csv")))
    return join(tables)


def named(table: pa.Table, path: Path, definition: RecordDefinition | None, headings: bool) -> pa.Table:
    """A table under the names that a record definition gives its columns; ``headings``: those it has."""
    if definition is None:
        return table
    for doubt in definition.doubts(table.column_names) if headings else ():
        warnings.warn(f"{path}: {doubt}", InputWarning, stacklevel=3)
    return definition.apply(table, headings=headings, source=str(path))


def open_input(paths: PathLike | Sequence[PathLike], *, rdf: PathLike | None = None, headings: bool = True) -> Activity:
    """What `read_input` gives as a table, for `Grouper.group`: read no earlier and no further than grouping and results need it.

    Raises InputError where a file can't be read or the parts don't fit together, now or while grouping.
    """
    files = input_files(paths)
    formats = {file_format(path) for path in files}
    if formats == {"parquet"} and rdf is None:
        return ParquetActivity(files)
    definition = RecordDefinition.read(rdf) if rdf is not None else None
    if formats != {"csv"}:
        return TableActivity(read_input(files, rdf=rdf, headings=headings))
    warn_of_cuts(definition, rdf, ["csv"])
    if cuts_cells(definition):
        return TableActivity(read_input(files, rdf=rdf, headings=headings))
    return CsvActivity([_csv_file(path, definition, headings) for path in files])


def cuts_cells(definition: RecordDefinition | None) -> bool:
    """Whether a record definition takes but a part of cells: such files go by way of text."""
    return definition is not None and definition.cut_line is not None


def warn_of_cuts(definition: RecordDefinition | None, rdf: PathLike | None, kinds: Sequence[str]) -> None:
    """Warn where files go by way of text because of their record definition; ``kinds`` are those of `file_format`."""
    if definition is not None and definition.cut_line is not None and "csv" in kinds:
        why = f"{rdf} line {definition.cut_line}: the picture or extract cuts cells, so that the input is read by way of text"
        warnings.warn(f"{why}, which takes longer.", InputWarning, stacklevel=3)


def _csv_file(path: Path, definition: RecordDefinition | None, headings: bool) -> CsvFile:
    shape = csv_shape(path, headings)
    if headings and definition is None:
        refuse_duplicates(path, shape.names)
    return CsvFile(path, shape, named(shape.empty, path, definition, headings).column_names)


def input_files(paths: PathLike | Sequence[PathLike]) -> list[Path]:
    """The files that ``paths`` stand for: folders are replaced by the data files in them, in order of name.

    A folder of results stands for its episodes or rows. Raises InputError where there is no such file, a folder has no parts or
    parts of several formats, or they are of a run that is not finished.
    """
    given = [paths] if isinstance(paths, str | Path) else list(paths)
    if not given:
        raise InputError("No input was given. Name a file or a folder of parts.")
    files: list[Path] = []
    for path in map(Path, given):
        unfinished = unfinished_run(path)
        if unfinished is not None:
            raise InputError(
                f"{unfinished}: the run that writes here is not finished. Wait for it, or continue it with hrgcore group --resume."
            )
        if is_result(path):
            path = input_table(path)
        files.extend(_parts(path) if path.is_dir() else [_existing(path)])
    return files


def _existing(path: Path) -> Path:
    if not path.exists():
        raise InputError(f"{path}: no such file. Check the path.")
    return path


def _parts(folder: Path) -> list[Path]:
    try:
        entries = sorted(entry for entry in folder.iterdir() if not entry.name.startswith((".", "_")))
    except OSError as error:
        raise InputError(f"{folder}: can't be listed ({error.strerror}). Check its permissions.") from None
    parts = [entry for entry in entries if entry.is_file() and entry.suffix.lower() in _FORMATS]
    if not parts:
        below = " It has folders in it: give one of those." if any(entry.is_dir() for entry in entries) else ""
        raise InputError(f"{folder}: the folder has no .csv, .txt, .parquet or .arrow file in it.{below}")
    formats = sorted({_FORMATS[part.suffix.lower()] for part in parts})
    if len(formats) > 1:
        raise InputError(f"{folder}: the folder mixes {' and '.join(formats)} files. Keep the parts of one input in one format.")
    return parts


def file_format(path: Path) -> str:
    """What a file holds, by its first bytes, else by its extension, else CSV."""
    try:
        with path.open("rb") as file:
            start = file.read(16)
    except OSError as error:
        raise InputError(f"{path}: can't be read ({error.strerror}). Check the path and its permissions.") from None
    if not start:
        raise InputError(f"{path}: the file is empty. Check how it was written.")
    for magic, what, remedy in _FOREIGN:
        if start.startswith(magic):
            raise InputError(f"{path}: the file is {what}. {remedy}.")
    for magic, kind in _MAGIC:
        if start.startswith(magic):
            return kind
    expected = _FORMATS.get(path.suffix.lower(), "csv")
    if expected == "parquet":
        raise InputError(f"{path}: not a Parquet file, though its name says so. Check how it was written, or rename it to .csv.")
    return expected
