"""What was entered: read from the body of a request, and nothing that is not a field of the form."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl

from hrgcore.errors import InputError
from hrgcore.serve.fields import Form

MOST_CHARACTERS = 64  #: in a cell
_MOST_FIELDS = 10_000
_CELL = re.compile(r"r([0-9]{1,3})\.([A-Za-z0-9_]+)")

Row = dict[str, str]  # official name: text; blank cells are left out


@dataclass(frozen=True)
class Entry:
    """The rows of a form, those before a what-if, and what else came with them (the button, pasted text).

    ``shown`` is the row that is explained where rows are grouped each by itself.
    """

    rows: tuple[Row, ...]
    before: tuple[Row, ...] | None = None
    action: str = ""
    paste: str = ""
    at: str = ""
    shown: int = 0


def read_entry(form: Form, body: bytes) -> Entry:
    """The entry in the body of a request. Raises InputError where it is none."""
    try:
        given = parse_qsl(body.decode("utf-8"), keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS)
    except ValueError:
        raise InputError("what was sent is no form, or is too long. Use the page's own buttons.") from None
    cells: dict[int, Row] = {}
    keys: Row = {}
    others: dict[str, str] = {}
    for name, text in given:
        match = _CELL.fullmatch(name)
        if match:
            row = cells.setdefault(int(match[1]), {})
            _take(form, row, match[2], text)
        elif name.startswith("key."):
            _take(form, keys, name.removeprefix("key."), text)
        else:
            others[name] = text
    if len(cells) > form.most:
        raise InputError(f"there are more than {form.most} {form.rows}. Explain a longer {form.whole} with `hrgcore explain`.")
    rows = tuple(keys | cells[number] for number in sorted(cells)) or ({},)
    before = others.get("before", "")
    shown = others.get("shown", "")
    return Entry(
        rows,
        _rows_of(form, before) if before else None,
        others.get("action", ""),
        others.get("paste", ""),
        others.get("at", ""),
        place_of(shown, rows),
    )


def place_of(text: str, rows: Sequence[Row]) -> int:
    """The row that a number names, from 0; the first where it names none."""
    return int(text) if text.isdecimal() and len(text) < 4 and int(text) < len(rows) else 0


def checked_rows(form: Form, rows: Sequence[Mapping[str, object]]) -> tuple[Row, ...]:
    """Rows with official names as an entry has them. Raises InputError for a cell that is too long, or too many rows."""
    if len(rows) > form.most:
        raise InputError(f"the {form.whole} has {len(rows)} {form.rows}; the page takes {form.most}. Use `hrgcore explain`.")
    made: list[Row] = []
    for row in rows:
        made.append({})
        for name, value in row.items():
            if value is not None:
                _take(form, made[-1], name, str(value))
    return tuple(made)


def as_text(rows: Sequence[Row]) -> str:
    """Rows as the page carries them from before a what-if."""
    return json.dumps(rows, ensure_ascii=False, separators=(",", ":"))


def _rows_of(form: Form, text: str) -> tuple[Row, ...]:
    try:
        rows = json.loads(text)
        if not rows or not all(isinstance(cell, str) for row in rows for cell in row.values()):
            raise ValueError
        return checked_rows(form, rows)
    except (ValueError, AttributeError, TypeError, RecursionError):
        raise InputError("what was entered before can't be read. Leave the what-if, and begin it again.") from None


def _take(form: Form, row: Row, name: str, text: str) -> None:
    if not form.takes(name) or not text:
        return
    if len(text) > MOST_CHARACTERS:
        raise InputError(f"{name} has {len(text)} characters; no field takes more than {MOST_CHARACTERS}. Shorten it.")
    row[name] = text
