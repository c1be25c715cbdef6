"""Rows out of pasted text: cells between tabs (a spreadsheet), commas or semicolons, with headings or in the official order."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence

from hrgcore.columns import APC_COLUMNS, apc_layout, find_headings
from hrgcore.errors import InputError
from hrgcore.logics import ROW_LOGICS
from hrgcore.logics.fields import is_field, row_layout
from hrgcore.serve.entry import Row, checked_rows
from hrgcore.serve.fields import APC, Form

_WHAT = "the paste"
_FEWEST = 10  # cells of a row in the official order
_CODE = re.compile(r"[A-Za-z][0-9]{2}[0-9A-Za-z.]{0,5}")
_BETWEEN_CODES = re.compile(r"[\s,;]+")


def pasted_rows(form: Form, text: str) -> tuple[tuple[Row, ...], str]:
    """The rows of the first spell or period (the first row, where rows make up nothing), and a word on what was left out.

    Raises InputError, saying what to do, where there is none.
    """
    cells = _cells(text)
    if not cells:
        raise InputError(f"the paste is empty. Copy the rows of a {form.whole}, with their headings if you can.")
    if _is_heading(form, cells[0]):
        names, rows, first = cells[0], cells[1:], 2
        if not rows:
            raise InputError("the paste has headings and no row. Copy the rows as well.")
    else:
        names, rows, first = form.official, cells, 1
        if len(rows[0]) < _FEWEST:
            raise InputError(
                f"the paste has {len(rows[0])} cells in its first row, and no headings. Copy the headings, too, or whole rows"
                f" in the official order ({len(names)} columns)."
            )
    names = [name if name.strip() else f"COLUMN_{place:02d}" for place, name in enumerate(names, 1)]
    columns = _columns(form, names)
    found = [_row(form, names, columns, row, number) for number, row in enumerate(rows, first)]
    keys = [one.name for one in form.keys]
    chosen = [row for row in found if [row.get(name) for name in keys] == [found[0].get(name) for name in keys]]
    if not form.several:
        chosen = chosen[:1]
    left = len(found) - len(chosen)
    said = f"{left} rows of other {form.whole}s were left out." if form.several else f"{left} further rows were left out."
    return checked_rows(form, chosen), said if left else ""


def pasted_codes(text: str) -> list[str]:
    """The codes of a text that has several codes and nothing else; none where it has not."""
    terms = [term for term in _BETWEEN_CODES.split(text.strip()) if term]
    return terms if len(terms) > 1 and all(_CODE.fullmatch(term) for term in terms) else []


def _cells(text: str) -> list[list[str]]:
    first = text.strip("\r\n").split("\n", 1)[0]
    delimiter = "\t" if "\t" in first else ";" if ";" in first and "," not in first else ","
    try:
        rows = list(csv.reader(text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "").split("\n"), delimiter=delimiter))
    except csv.Error:
        raise InputError("the paste can't be read as rows of cells. Check its quotation marks.") from None
    return [row for row in rows if any(cell.strip() for cell in row)]


def _is_heading(form: Form, cells: Sequence[str]) -> bool:
    names = {cell.strip().upper() for cell in cells}
    if form.logic != APC:
        return any(is_field(ROW_LOGICS[form.logic], name) for name in names)
    known = {name for column in APC_COLUMNS for name in (column.name, *column.aliases)}
    return bool(names & known) or any(re.fullmatch(r"(?:DIAG|OPER|OPERTN)_(?:4_)?\d{1,2}", name) for name in names)


def _row(form: Form, names: Sequence[str], columns: Mapping[str, str], cells: Sequence[str], number: int) -> Row:
    """One row; ``columns`` has the paste's heading for each official name."""
    if len(cells) > len(names) and any(cell.strip() for cell in cells[len(names) :]) and names != form.official:
        raise InputError(f"row {number} of the paste has {len(cells)} cells under {len(names)} headings. Copy it again.")
    given = dict(zip(names, cells, strict=False))
    return {name: text for name, own in columns.items() if (text := given.get(own, "").strip())}


def _columns(form: Form, names: list[str]) -> dict[str, str]:
    """The paste's own heading for each official name. What must be there and is not is blank, and the page says so at the field."""
    found = find_headings(names, _WHAT)
    if form.logic != APC:
        logic = ROW_LOGICS[form.logic]
        absent = [one.place(0) for one in logic.fields if not any(_is(name, one.name, one.aliases) for name in found)]
        layout = row_layout(logic, [*names, *absent], _WHAT)
        pairs = (
            (logic.by_name[field].place(place), own) for field, many in layout.columns.items() for place, own in enumerate(many)
        )
        return {name: own for name, own in pairs if own in names}
    absent = [one.name for one in APC_COLUMNS if not found.keys() & {one.name, *one.aliases}]
    if not any(name.startswith("DIAG") for name in found):
        absent.append("DIAG_01")
    admitted = apc_layout([*names, *absent], _WHAT)
    if admitted.diagnosis_lists or admitted.procedure_lists:
        raise InputError("the paste has its codes in one column. Give each code a column of its own: DIAG_01, DIAG_02 and on.")
    columns = dict(admitted.fields)
    for prefix, many in (("DIAG", admitted.diagnoses), ("OPER", admitted.procedures)):
        columns |= {f"{prefix}_{place:02d}": own for place, own in enumerate(many, 1)}
    return {name: own for name, own in columns.items() if own in names}


def _is(heading: str, name: str, aliases: Sequence[str]) -> bool:
    return any(re.fullmatch(f"{one.upper()}(?:_?[0-9]{{1,2}})?", heading) for one in (name, *aliases))
