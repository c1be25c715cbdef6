"""Reading the cells of a row that is grouped by itself (docs/logics.md, "Reading a row"), from the tables of its logic."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from hrgcore.design.logic_tables import LogicTables
from hrgcore.design.row import Row
from hrgcore.design.tables import Tables
from hrgcore.logics import Field
from hrgcore.reference.lookup import CodeList
from hrgcore.reference.record import INFANT_AGES, MAX_DIGITS, cell_text, normalised
from hrgcore.reference.results import RecordError

_YEARS = range(1900, 2200)
_PLACES = 99


@dataclass
class RowRead:
    """A row as read: numbers by fact (those that are there and valid), accepted values by field, and what was wrong."""

    numbers: dict[str, int] = field(default_factory=dict)
    values: dict[str, list[tuple[str, str]]] = field(default_factory=dict)  # field: (column, value as the tables write it)
    given: dict[str, str] = field(default_factory=dict)  # texts by column
    errors: list[RecordError] = field(default_factory=list)

    def usable(self, one: Field) -> int | str | None:
        """The value of a field of one column; None where it is blank or not accepted."""
        values = self.values.get(one.name)
        return values[0][1] if values else self.numbers.get(one.fact)


class RowReader:
    """Reads rows of one logic as its tables say."""

    def __init__(self, tables: Tables, own: LogicTables) -> None:
        self._logic = own.logic
        settings = tables.settings
        self._follow_parent = bool(settings.number("five_character_parent"))
        self._accepted: dict[str, dict[str, str]] = {}
        self._ranges: dict[str, tuple[int, int, int | None]] = {}
        self._codes = {scheme: CodeList(tables.code_list(scheme)) for scheme in ("icd10", "opcs4")}
        for one in self._logic.fields:
            rows, column = own.accepts(one.name)
            if one.kind == "coded":
                self._accepted[one.name] = _accepted(one, " ".join(row[column] for row in rows))
            elif one.kind in ("number", "age", "thousandths"):
                self._ranges[one.name] = _range(rows[0])

    def read(self, row: Mapping[str, object]) -> RowRead:
        """Read and check every field of a row (official column names; what is missing is blank), whatever fails first."""
        read = RowRead()
        for one in self._logic.fields:
            if one.kind == "key":
                continue
            for place in range(_PLACES if one.many else 1):
                column = one.place(place)
                if one.many and row.get(column) is None:
                    continue
                self._cell(one, column, row.get(column), read)
        for span in self._logic.spans:
            first, last = (read.numbers.get(self._logic.by_name[name].fact) for name in (span.first, span.last))
            if first is not None and last is not None and last >= first:
                read.numbers[span.fact] = last - first + (1 if span.inclusive else 0)
        return read

    def _cell(self, one: Field, column: str, cell: object, read: RowRead) -> None:
        text = f"{cell:%Y%m%d}" if isinstance(cell, date) else cell_text(_decimal(one, cell))
        read.given[column] = text
        if not text:
            if one.must:
                read.errors.append(RecordError(column, "", f"{one.label} is blank"))
            return
        if one.kind in ("coded", "icd10", "opcs4"):
            value = self._accepted[one.name].get(text) if one.kind == "coded" else self._code(one, text)
            if value is not None:
                read.values.setdefault(one.name, []).append((column, value))
                return
        else:
            number = self._number(one, text)
            if number is not None:
                read.numbers[one.fact] = number
                return
        if one.checked:
            read.errors.append(RecordError(column, text, f"{one.label} is invalid"))

    def _code(self, one: Field, text: str) -> str | None:
        code = normalised(text)
        if code in self._codes[one.kind]:
            return code
        parent = code[:4]
        follows = one.kind == "icd10" and self._follow_parent and len(code) == 5 and code[4] in "0123456789"
        return parent if follows and parent in self._codes["icd10"] else None

    def _number(self, one: Field, text: str) -> int | None:
        if one.kind == "date":
            return _day(text)
        if one.kind == "thousandths":
            number = _thousandths(text)
        else:
            number = int(text) if _is_whole(text) else None
            if one.kind == "age" and number in INFANT_AGES:
                number = 0
        if number is None:
            return None
        low, high, also = self._ranges[one.name]
        return number if low <= number <= high or number == also else None


def _decimal(one: Field, cell: object) -> object:
    """A number with a fraction as the text it stands for."""
    if one.kind == "thousandths" and isinstance(cell, float) and cell == cell:
        return str(Decimal(repr(cell)).normalize().__format__("f"))
    return cell


def _accepted(one: Field, values: str) -> dict[str, str]:
    """Each text that a coded field takes, and the value that it is."""
    found = {}
    for value in values.split():
        found[value] = value
        if one.forgives_zero and len(value) > 1 and value[0] == "0":
            found[value[1:]] = value
    return found


def _range(row: Row) -> tuple[int, int, int | None]:
    first, *more = row["accepts"].split()
    low, _, high = first.partition("-")
    return int(low), int(high or low), int(more[0]) if more else None


def _is_whole(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS


def _thousandths(text: str) -> int | None:
    before, stop, behind = text.partition(".")
    if not (before.isascii() and before.isdigit() and len(before) <= 6):
        return None
    if stop and not (behind.isascii() and behind.isdigit() and len(behind) <= 3):
        return None
    return int(before) * 1000 + int(behind.ljust(3, "0") or 0)


def _day(text: str) -> int | None:
    if not _is_whole(text):
        return None
    written = int(text)
    try:
        day = date(written // 10_000, written // 100 % 100, written % 100)
    except ValueError:
        return None
    return day.toordinal() if day.year in _YEARS else None
