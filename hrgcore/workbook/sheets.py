"""The sheets of a workbook as text, cell by cell; what can't be read as the text it was meant to be is a fault that says where."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, time, timedelta
from io import BytesIO
from pathlib import Path
from types import ModuleType
from typing import Any

from hrgcore.errors import InputError, UsageError
from hrgcore.workbook.package import read_package
from hrgcore.workbook.scan import LIMITS, Limits, SheetFacts, column_letter

#: Begins a column's name where it is named by its letter: `@D`.
BY_LETTER = "@"
_EXACT = 2**53  # whole numbers up to here are exact in a workbook
_SHOWN = 60


@dataclass(frozen=True)
class Row:
    """One row below the headings. ``number`` counts from 1, as the sheet shows it."""

    number: int
    values: list[Any]

    def __getitem__(self, column: int) -> Any:
        """The value of a column (from 0); blank beyond the last one that has any."""
        return self.values[column] if column < len(self.values) else ""


class Sheet:
    """One sheet of a workbook."""

    def __init__(self, name: str, content: Any, facts: SheetFacts) -> None:
        self.name = name
        self._content = content
        self._facts = facts

    def headings(self, row: int) -> dict[str, list[int]]:
        """The columns under each heading of a row (from 1); all of its text, in runs without line breaks."""
        found: dict[str, list[int]] = {}
        for line in self.rows(row):
            if line.number == row:
                for column, value in enumerate(line.values):
                    text = _as_text(value) or ""  # whatever can't be read is a heading that no mapping asks for
                    found.setdefault(" ".join(text.split()), []).append(column)
            break
        found.pop("", None)
        return found

    def rows(self, first: int) -> Iterator[Row]:
        """The rows from number ``first`` (from 1) to the last that has a value, or should have one."""
        number = 0
        if self._content.start is not None:
            before = [""] * self._content.start[1]  # the parser leaves out columns before the first with a value
            for number, values in enumerate(self._content.iter_rows(), 1):
                if number >= first:
                    yield Row(number, before + values)
        last = max((row + 1 for row, _ in self._facts.without_value), default=0)
        yield from (Row(number, []) for number in range(max(first, number + 1), last + 1))

    def text(self, row: Row, column: int, *, code: bool = False, fraction: bool = False) -> str:
        """A cell's text as it stands; whole numbers are written without a point, true and false as a spreadsheet shows them.

        ``code`` takes text only, ``fraction`` numbers with a fraction, too. Raises ValueError with what is wrong and what to do.
        """
        value = row[column]
        if wrong := self._facts.without_value.get((row.number - 1, column)):
            raise ValueError(f"{wrong}. Put a value in its place, or let the spreadsheet program calculate and save it")
        if isinstance(value, str):
            return value
        if code:
            raise ValueError(f"has {_kind(value)} where a code should be. {_AS_TEXT}")
        if (text := _as_text(value, fraction)) is None:
            raise ValueError(f"has {_kind(value)} where text should be. {_AS_TEXT}")
        return text

    def blank(self, row: Row, columns: Collection[int]) -> bool:
        """Whether there is nothing in any of these columns."""
        no_value = self._facts.without_value
        return not any(str(row[column]).strip() or (row.number - 1, column) in no_value for column in columns)

    def merged(self, row: Row, column: int) -> str:
        """The merged range that a cell is part of but not the first of: `B2:B5`; empty where there is none."""
        at = (row.number - 1, column)
        for (top, left), (bottom, right) in self._facts.merged:
            if top <= at[0] <= bottom and left <= at[1] <= right and at != (top, left):
                return f"{column_letter(left)}{top + 1}:{column_letter(right)}{bottom + 1}"
        return ""


def read_sheets(path: Path, wanted: Collection[str], limits: Limits | None = None) -> tuple[dict[str, Sheet], tuple[str, ...], str]:
    """Those of the wanted sheets that a workbook has, by name, the names of all sheets it has, and the file's SHA-256.

    Raises InputError where the workbook can't be read, UsageError where the package that reads workbooks is not installed.
    """
    calamine = _calamine()
    package = read_package(path, wanted, limits or LIMITS)
    if not package.facts:
        return {}, package.sheet_names, package.digest
    try:
        workbook = calamine.CalamineWorkbook.from_filelike(BytesIO(package.content))
        sheets = {name: Sheet(name, workbook.get_sheet_by_name(name), facts) for name, facts in package.facts.items()}
    except (KeyboardInterrupt, SystemExit, MemoryError):
        raise
    except BaseException as error:  # a panic of the parser is no Exception
        raise InputError(f"{path}: can't be read as a workbook ({str(error)[:_SHOWN]}). Save the workbook again.") from None
    return sheets, package.sheet_names, package.digest


def shown(text: str) -> str:
    """A cell's text for a message."""
    return repr(text if len(text) <= _SHOWN else text[:_SHOWN] + "…")


_AS_TEXT = "Format the column as text and write the cell again"


def _calamine() -> ModuleType:
    try:
        import python_calamine
    except ImportError:
        raise UsageError("reading workbooks needs python-calamine. Install it with: pip install 'hrgcore[workbook]'") from None
    return python_calamine


def _as_text(value: Any, fraction: bool = False) -> str | None:
    """The text of a value, or None where it has none that is sure."""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, int | float) and math.isfinite(value) and abs(value) <= _EXACT:
        if value == int(value):
            return str(int(value))
        return repr(value) if fraction else None
    return value if isinstance(value, str) else None


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return f"the truth value {str(value).upper()}"
    if isinstance(value, date | time | timedelta):
        return f"a date or time ({value}), as spreadsheet programs make of some codes,"
    return f"a number ({value})"
