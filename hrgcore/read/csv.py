"""CSV files as Arrow tables of text: quoted or not, LF or CR LF, with or without a byte order mark; faults by row and column."""

from __future__ import annotations

import csv
import mmap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import pyarrow as pa
import pyarrow.csv as pacsv

from hrgcore.errors import InputError

_BLOCK_BYTES = 8 * 1024 * 1024
_START_BYTES = 1 << 16
_UTF16_BOMS = (b"\xff\xfe", b"\xfe\xff")
_NOT_UTF8 = "Save the file as UTF-8 (from Excel: «CSV UTF-8»)"


@dataclass(frozen=True)
class CsvShape:
    """What a look at a file's start told: its columns, the lines that its headings take, and whether it has rows."""

    names: list[str]
    skip: int
    rows: bool

    @property
    def empty(self) -> pa.Table:
        """A table of these columns without rows."""
        return pa.Table.from_arrays([pa.array([], pa.string())] * len(self.names), names=self.names)


def read_csv(path: str | Path, *, headings: bool = True, unique: bool = True) -> pa.Table:
    """Read a comma-separated file; every column is text, and blank cells are empty text.

    Without ``headings`` the columns are `COLUMN_01`, `COLUMN_02` and on; a blank heading is named so, too. ``unique`` refuses
    headings that stand twice. Lines without anything on them are no rows.

    Raises InputError naming file, row and column where the file is missing, empty, ragged, not UTF-8 or has NUL bytes.
    """
    path = Path(path)
    shape = csv_shape(path, headings)
    if unique and headings:
        refuse_duplicates(path, shape.names)
    if not shape.rows:
        _refuse_nul(path)
        return shape.empty
    with _faults(path, shape):
        table = pacsv.read_csv(path, **_options(path, shape))
    return table.rename_columns(shape.names)


def text_batches(path: Path, shape: CsvShape) -> Iterator[pa.RecordBatch]:
    """The same rows batch by batch, the file being of ``shape``. Raises InputError where the first that can't be read stands."""
    if not shape.rows:
        _refuse_nul(path)
        return
    with _faults(path, shape), pacsv.open_csv(path, **_options(path, shape)) as reader:
        for batch in reader:
            yield pa.RecordBatch.from_arrays(batch.columns, names=shape.names)


@contextmanager
def _faults(path: Path, shape: CsvShape) -> Iterator[None]:
    """Say what can't be read, and where."""
    try:
        yield
    except OSError as error:
        raise InputError(f"{path}: can't be read ({error.strerror or 'input error'}). Check the file.") from None
    except pa.ArrowException:  # its message may hold a whole record: it is not passed on
        raise _diagnosed(path, shape) from None


def _options(path: Path, shape: CsvShape) -> dict[str, Any]:
    """How Arrow is to read a file of this shape: every column as text, under its number."""
    quoted = _has_quotes(path)
    numbered = [str(number) for number in range(len(shape.names))]
    return {
        "read_options": pacsv.ReadOptions(column_names=numbered, skip_rows=shape.skip, block_size=_BLOCK_BYTES),
        "parse_options": pacsv.ParseOptions(newlines_in_values=quoted, quote_char='"' if quoted else False),
        "convert_options": pacsv.ConvertOptions(column_types=dict.fromkeys(numbered, pa.string()), strings_can_be_null=False),
    }


def refuse_duplicates(path: str | Path, names: Sequence[str]) -> None:
    """Raise InputError where two headings are the same but for letter case and surrounding blanks."""
    seen: dict[str, int] = {}
    for number, name in enumerate(names, 1):
        first = seen.setdefault(name.strip().upper(), number)
        if first != number:
            raise InputError(
                f"{path}: the heading {name.strip()!r} stands twice, in columns {first} and {number}. Rename or drop one."
            )


def column_name(number: int) -> str:
    """The name of column ``number`` (from 1) where it has no heading."""
    return f"COLUMN_{number:02}"


def csv_shape(path: Path, headings: bool) -> CsvShape:
    """Read the start of the file for its columns."""
    with _opened(path) as content:
        if content[:2] in _UTF16_BOMS:
            raise InputError(f"{path}: the file is in UTF-16. {_NOT_UTF8}.")
        _refuse_nul_in(path, content[:_START_BYTES])
    try:
        with _open_text(path) as text:
            return _first_record(path, text, headings)
    except OSError as error:
        raise InputError(f"{path}: can't be read ({error.strerror}). Check the path and its permissions.") from None


def _has_quotes(path: Path) -> bool:
    """Whether there is a quote in a file. Raises InputError where there is a NUL byte."""
    with _opened(path) as content:
        _refuse_nul_in(path, content)
        return content.find(b'"') >= 0


def _refuse_nul(path: Path) -> None:
    with _opened(path) as content:
        _refuse_nul_in(path, content)


def _refuse_nul_in(path: Path, content: bytes | mmap.mmap) -> None:
    nul = content.find(b"\0")
    if nul >= 0:
        line = content[:nul].count(b"\n") + 1
        raise InputError(f"{path}: line {line} has a NUL byte. The file is damaged or not text: write it again as CSV (UTF-8).")


@contextmanager
def _opened(path: Path) -> Iterator[mmap.mmap]:
    """A file's bytes, to be searched."""
    try:
        with path.open("rb") as file:
            if not file.read(1):
                raise InputError(f"{path}: the file is empty. Check how it was written.")
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
                yield content
    except (OSError, ValueError) as error:
        what = error.strerror if isinstance(error, OSError) else "not an ordinary file"
        raise InputError(f"{path}: can't be read ({what}). Check the path and its permissions.") from None


def _open_text(path: Path) -> TextIO:
    # What is not UTF-8 becomes U+FFFD here: in headings it is looked for, in rows Arrow finds it.
    return path.open(encoding="utf-8-sig", errors="replace", newline="")


def _first_record(path: Path, text: TextIO, headings: bool) -> CsvShape:
    reader = csv.reader(text)
    try:
        first = next((record for record in reader if record), None)
    except csv.Error:
        raise InputError(f"{path}: the first row can't be read as CSV: a quote in it is not closed. Check its quotes.") from None
    if first is None:
        raise InputError(f"{path}: the file has nothing but empty lines. Check how it was written.")
    if not headings:
        return CsvShape([column_name(number) for number in range(1, len(first) + 1)], 0, True)
    skip = reader.line_num
    for number, name in enumerate(first, 1):
        if "\ufffd" in name:
            raise InputError(f"{path}: the heading of column {number} is not UTF-8. {_NOT_UTF8}.")
    names = [name if name.strip() else column_name(number) for number, name in enumerate(first, 1)]
    try:
        rows = any(reader)  # stops at the first that has anything
    except csv.Error:
        rows = True
    return CsvShape(names, skip, rows)


def _diagnosed(path: Path, shape: CsvShape) -> InputError:
    """Find what Arrow could not read, in a second and slower pass: the error to raise."""
    quoted = _has_quotes(path)
    with path.open("rb") as file:
        for line, content in enumerate(file, 1):
            try:
                content.decode()
            except UnicodeDecodeError as error:
                column = content[: error.start].count(b",") + 1
                where = f"line {line}" if quoted else f"line {line}, column {column}"
                return InputError(f"{path}: {where} is not UTF-8. {_NOT_UTF8}.")
    with _open_text(path) as text:
        reader = csv.reader(text)
        row = -1 if shape.skip else 0
        try:
            for record in reader:
                if not record:
                    continue
                row += 1
                if row and len(record) != len(shape.names):
                    expected = "the headings have" if shape.skip else "the first row has"
                    return InputError(
                        f"{path}: row {row} (line {reader.line_num}) has {len(record)} columns where {expected} {len(shape.names)}."
                        " Check it for a comma in a value (put quotes around it) or for cells cut off at its end."
                    )
        except csv.Error:
            return InputError(f"{path}: row {row + 1} has a quote that is not closed. Check its quotes.")
    return InputError(f"{path}: a row after the first can't be read as CSV. Check the quotes in the file.")
