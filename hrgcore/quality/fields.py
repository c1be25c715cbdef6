"""What is known of an input's fields when its errors are counted: their names, their neighbours, and the values they accept."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from hrgcore.columns import APC_COLUMNS, MAX_CODES, apc_layout
from hrgcore.logics import ROW_LOGICS, row_layout

#: Which of some texts (an Arrow array) a field, by its official name, accepts. bool [texts]; False for fields that are not checked.
Accepts = Callable[[str, Any], np.ndarray]

_NUMBERED = ("DIAG_", "DIAG_4_", "OPER_", "OPERTN_", "OPERTN_4_")
_PLACE = re.compile(r"_[0-9]{2}$")


@dataclass(frozen=True)
class InputFields:
    """The fields of one input.

    ``columns`` has the official name of the field in each column of the input, in order; empty where a column is none.
    """

    columns: tuple[str, ...]
    names: frozenset[str]  # all names that headings of the logic may have, in capitals
    accepts: Accepts

    def beside(self, field: str, step: int) -> str:
        """The field that stands ``step`` columns to the right of another; empty where there is none."""
        at = self.columns.index(field) + step if field in self.columns else -1
        return self.columns[at] if 0 <= at < len(self.columns) else ""

    @property
    def places(self) -> dict[str, int]:
        """The first column, counted from 0, of each field; numbered ones count as one (`OPER`)."""
        found: dict[str, int] = {}
        for place, field in enumerate(self.columns):
            if field:
                found.setdefault(without_place(field), place)
        return found


def input_fields(logic: str, names: Sequence[str], accepts: Accepts) -> InputFields:
    """The fields of an input with columns of these names. Raises InputError where a column that the logic needs is missing."""
    own = dict(_apc_fields(names) if logic == "apc" else _row_fields(logic, names))
    return InputFields(tuple(own.get(name, "") for name in names), field_names(logic), accepts)


def without_place(field: str) -> str:
    """A field's name without the number of its column: `OPER` for `OPER_02`."""
    return _PLACE.sub("", field)


@cache
def field_names(logic: str) -> frozenset[str]:
    """All names, in capitals, that a column of a field of the logic may have."""
    if logic == "apc":
        single = [name for column in APC_COLUMNS for name in (column.name, *column.aliases)]
        return frozenset([*single, *(name for prefix in _NUMBERED for name in _numbered(prefix))])
    found: list[str] = []
    for one in ROW_LOGICS[logic].fields:
        for name in (one.name, *one.aliases):
            found += _numbered(f"{name}_") if one.many else [name]
    return frozenset(name.upper() for name in found)


def _numbered(prefix: str) -> list[str]:
    return [f"{prefix}{number:02d}" for number in range(1, MAX_CODES + 1)]


def _apc_fields(names: Sequence[str]) -> Iterator[tuple[str, str]]:
    layout = apc_layout(names)
    yield from ((name, field) for field, name in layout.fields.items())
    for prefix, columns, lists in (
        ("DIAG", layout.diagnoses, layout.diagnosis_lists),
        ("OPER", layout.procedures, layout.procedure_lists),
    ):
        yield from ((name, f"{prefix}_{place:02d}") for place, name in enumerate(() if lists else columns, 1))


def _row_fields(logic: str, names: Sequence[str]) -> Iterator[tuple[str, str]]:
    layout = row_layout(ROW_LOGICS[logic], names)
    for one in ROW_LOGICS[logic].fields:
        yield from ((name, one.place(place)) for place, name in enumerate(layout.columns[one.name]))
