"""The rows of a sheet that a mapping asks for, and the faults found in them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TypeVar

from hrgcore.errors import InputError
from hrgcore.workbook.cells import clean, make_end, make_range, make_text
from hrgcore.workbook.mapping import Between, Cell, Column, Place, Rest
from hrgcore.workbook.scan import column_letter, column_number
from hrgcore.workbook.sheets import BY_LETTER, Row, Sheet, shown

_MOST_FAULTS = 50
_MOST_HEADINGS = 40
T = TypeVar("T")
_LETTERS = re.compile(r"[A-Z]{1,3}")


class Faults:
    """What is wrong with a workbook, collected so that a person can mend it in one go."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._found: list[str] = []

    @property
    def count(self) -> int:
        return len(self._found)

    def add(self, fault: str) -> None:
        """Note a fault. Raises InputError where there are many already."""
        self._found.append(fault)
        if len(self._found) == _MOST_FAULTS:
            self._found.append("… and perhaps more. Mend these and try again.")
            self.raise_any()

    def raise_any(self) -> None:
        """Raise InputError where there is any fault."""
        if len(self._found) == 1:
            raise InputError(f"{self._path}: {self._found[0]}")
        if self._found:
            count = min(len(self._found), _MOST_FAULTS)
            raise InputError("\n".join([f"{self._path}: {count} faults in the workbook", *self._found]))


@dataclass
class Found:
    """One row of a sheet. ``faulty`` once a cell of it could not be read."""

    sheet: Sheet
    row: Row
    columns: Mapping[str, int]  # by heading
    faults: Faults
    faulty: bool = False

    @property
    def origin(self) -> str:
        """How notes name the row: `OPCS row 12`."""
        return f"{self.sheet.name} row {self.row.number}"

    def where(self, heading: str) -> str:
        """How faults name a cell."""
        column = column_letter(self.columns[heading])
        return f"sheet {self.sheet.name!r}, row {self.row.number}, column {column} ({heading})"

    def merged(self, heading: str) -> str:
        """The merged range that a cell is part of but not the first of."""
        return self.sheet.merged(self.row, self.columns[heading])

    def fault(self, heading: str, what: str) -> None:
        """Note a fault of a cell; what follows from it need not be said."""
        self.faulty = True
        self.faults.add(f"{self.where(heading)}: {what}.")

    def make(self, column: Cell | Between) -> str:
        """The text that a table's cell gets; blank where that is a fault."""
        if isinstance(column, Between):
            return self._range(column)
        return self._read(column.heading, lambda text: make_text(text, column), code=bool(column.code or column.terms)) or ""

    def _range(self, column: Between) -> str:
        before = self.faulty
        self.faulty = False
        low = self._read(column.low, lambda text: make_end(text, column, upper=False))
        high = self._read(column.high, lambda text: make_end(text, column, upper=True))
        made = "" if self.faulty else self._read(column.high, lambda _: make_range(low, high)) or ""
        self.faulty |= before
        return made

    def _read(self, heading: str, make: Callable[[str], T], code: bool = False) -> T | None:
        """What ``make`` makes of a cell's text; None where that is a fault."""
        try:
            return make(self.sheet.text(self.row, self.columns[heading], code=code))
        except ValueError as error:
            self.fault(heading, str(error))
            return None

    def kept(self, place: Place) -> bool:
        """Whether the row's cells match `keep`, if there is any, and not `drop`."""
        keep = all(self._matches(heading, patterns) for heading, patterns in place.keep.items())
        return keep and not any(self._matches(heading, patterns) for heading, patterns in place.drop.items())

    def _matches(self, heading: str, patterns: Sequence[str]) -> bool:
        try:
            text = clean(self.sheet.text(self.row, self.columns[heading], fraction=True))
        except ValueError as error:
            self.fault(heading, str(error))
            return False
        return any(fnmatchcase(text, pattern) for pattern in patterns)


def find_rows(
    sheets: Mapping[str, Sheet], names: Sequence[str], place: Place, columns: Sequence[Column], faults: Faults
) -> Iterator[Found]:
    """The rows of a place that are not blank in ``columns`` and not left out. ``names`` are all sheets of the workbook.

    A sheet or heading that is not there is a fault, and then there are no rows.
    """
    sheet = sheets.get(place.sheet)
    if sheet is None:
        has = ", ".join(map(repr, names)) or "none"
        faults.add(f"no sheet {place.sheet!r}; it has {has}. Correct `sheet` in {place.where} of the mapping.")
        return
    used = list(dict.fromkeys(heading for column in columns for heading in _headings(column)))
    wanted = list(dict.fromkeys((*used, *place.keep, *place.drop)))
    at = _find_columns(sheet, place, wanted, faults)
    if len(at) < len(wanted):
        return
    mapped = [at[heading] for heading in used]
    for row in sheet.rows(place.headings + 1):
        found = Found(sheet, row, at, faults)
        if not sheet.blank(row, mapped) and found.kept(place):
            yield found


def _headings(column: Column) -> tuple[str, ...]:
    if isinstance(column, Rest):
        return ()
    return (column.heading,) if isinstance(column, Cell) else (column.low, column.high)


def _find_columns(sheet: Sheet, place: Place, wanted: Sequence[str], faults: Faults) -> dict[str, int]:
    """The column under each wanted heading; a heading that does not stand there once is a fault."""
    headings = sheet.headings(place.headings)
    at: dict[str, int] = {}
    where = f"sheet {sheet.name!r}, row {place.headings}"
    for heading in wanted:
        letters = heading.removeprefix(BY_LETTER)
        columns = headings.get(" ".join(heading.split()), [])
        if letters != heading and _LETTERS.fullmatch(letters):
            at[heading] = column_number(letters)
        elif len(columns) == 1:
            at[heading] = columns[0]
        elif columns:
            several = [column_letter(column) for column in columns]
            remedy = f"Name the one that is meant by its letter: '{BY_LETTER}{several[0]}'."
            faults.add(f"{where}: the heading {heading!r} stands in columns {' and '.join(several)}. {remedy}")
        else:
            has = ", ".join(map(shown, list(headings)[:_MOST_HEADINGS])) or "none"
            faults.add(f"{where}: no heading {heading!r}; the row has {has}. Correct {place.where} of the mapping.")
    return at
