"""Checks over the days of a critical care period: what contradicts itself there is listed with the rows, and stops no HRG."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from hrgcore.logics.fields import Field, Logic
from hrgcore.messages import in_period

#: What can be asked of a field. `same`: one value in all rows of a period; `once`: no value in two of them; `not_after`: no row in
#: which it is after another field.
CHECKS = ("same", "once", "not_after")


class Check(NamedTuple):
    """A check, of a field; ``other`` is the field that it must not be after."""

    kind: str
    field: Field
    other: Field | None

    @property
    def message(self) -> str:
        return in_period(self.kind, self.field.label, self.other.label if self.other else "")


def checks_of(logic: Logic, array: np.ndarray) -> list[Check]:
    """The checks of a design: kind, place of the field, place of the other one (-1: none); int64 [checks, 3]."""
    fields = logic.fields
    return [Check(CHECKS[kind], fields[at], fields[other] if other >= 0 else None) for kind, at, other in array.tolist()]


#: The numbers of a field's cells by row, and which of them can be used.
Cells = Callable[[Field], tuple[np.ndarray, np.ndarray]]


def broken(checks: list[Check], periods: np.ndarray, cells: Cells) -> Iterator[tuple[Check, np.ndarray]]:
    """Each check, and the rows that break it, ascending. ``periods`` [rows] numbers periods; -1: of none that could be named.

    Cells that are blank or not accepted take no part; all rows that contradict one another break a check.
    """
    for check in checks:
        numbers, usable = cells(check.field)
        if check.other is not None:
            others, usable_too = cells(check.other)
            yield check, np.flatnonzero(usable & usable_too & (numbers > others))
            continue
        rows = np.flatnonzero(usable & (periods >= 0))
        if check.kind == "once":
            days = periods[rows] << 32 | numbers[rows].astype(np.int64)
            _, place, count = np.unique(days, return_inverse=True, return_counts=True)
            yield check, rows[count[place] > 1]
            continue
        most = int(periods.max(initial=-1)) + 1
        low, high = np.full(most, np.iinfo(np.int64).max), np.full(most, -1)
        np.minimum.at(low, periods[rows], numbers[rows])
        np.maximum.at(high, periods[rows], numbers[rows])
        yield check, rows[low[periods[rows]] != high[periods[rows]]]
