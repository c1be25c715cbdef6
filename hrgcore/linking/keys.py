"""Keys by which rows are joined to spells: which columns they are, and their cells as text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from hrgcore.columns import KEY_FIELDS, find_headings
from hrgcore.errors import InputError

#: The columns of a spell and those of rows that hold the same, where nothing else is said.
SPELL_KEY: Mapping[str, str] = {name: name for name in KEY_FIELDS}


def find_columns(names: Sequence[str], wanted: Sequence[str], source: str) -> dict[str, str]:
    """Those of the ``wanted`` columns that are among ``names``, with the name they have there; letter case does not matter.

    HES names don't stand for official ones here: a spell identifier of one kind must not meet one of another.
    """
    found = find_headings(names, source)
    return {name: found[name.strip().upper()] for name in wanted if name.strip().upper() in found}


def all_columns(names: Sequence[str], wanted: Sequence[str], source: str, remedy: str) -> list[str]:
    """The names that the ``wanted`` columns have. Raises InputError, with the columns there are, where one is missing."""
    found = find_columns(names, wanted, source)
    missing = [name for name in wanted if name not in found]
    if missing:
        raise InputError(f"{source}: no column {', '.join(missing)}. Its columns are {', '.join(names)}. {remedy}")
    return [found[name] for name in wanted]


def key_cells(table: pa.Table, columns: Sequence[str], source: str) -> pa.Table:
    """The cells of key columns as text, as they stand; nulls are empty. Columns of the result are numbered, `0` and on.

    Raises InputError where a column holds what is no key, such as lists.
    """
    cells = {}
    for place, name in enumerate(columns):
        cells[str(place)] = pc.fill_null(as_text(table.column(name), name, source), "")
    return pa.table(cells)


def as_text(column: Any, name: str, source: str) -> Any:
    """A column as text. Raises InputError for a type that has none."""
    try:
        return column.cast(pa.large_string())
    except pa.ArrowException:
        raise InputError(f"{source}: column {name} is of type {column.type}, which can't be joined on. Give text.") from None


def is_blank(keys: pa.Table) -> Any:
    """Whether a key has a cell of nothing but blanks: a boolean for each row."""
    blank = [pc.equal(pc.utf8_trim_whitespace(column), "") for column in keys.columns]
    found = blank[0]
    for other in blank[1:]:
        found = pc.or_(found, other)
    return found
