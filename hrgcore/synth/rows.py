"""Drawing rows of the logics beside admitted care from templates, one table a logic: so many of each as there are nationally."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from hrgcore.logics import ROW_LOGICS, Field
from hrgcore.synth.tables import numbers, read_rows

#: Columns that a field of many columns gets.
MANY = {"INV": 12, "TREAT": 12, "CCAC": 20, "OPER": 12, "DIAG": 14}
_FIRST_DAY = date(2024, 4, 1)
_DAYS = 365

_CALENDAR = np.array([f"{_FIRST_DAY + timedelta(days=day):%Y%m%d}" for day in range(2 * _DAYS)], object)


def draw_rows(logic: str, rng: np.random.Generator, count: int, first: int) -> pa.Table:
    """``count`` rows of a logic as a table of text; keys are numbered from ``first`` on."""
    templates = read_rows(f"rows_{logic}")
    weights = numbers(templates, "weight")
    drawn = np.searchsorted(np.cumsum(weights / weights.sum())[:-1], rng.random(count), side="right")
    order = np.argsort(drawn, kind="stable")
    cuts = np.searchsorted(drawn[order], np.arange(len(templates) + 1))
    columns = _columns(logic, count)
    days = rng.integers(0, _DAYS, count)
    for template, low, high in zip(templates, cuts[:-1], cuts[1:], strict=True):
        rows = order[low:high]
        for one in ROW_LOGICS[logic].fields if len(rows) else ():
            _fill(one, template[one.name], rows, columns, rng, days)
    for one in ROW_LOGICS[logic].keys:
        columns[one.name][:] = [
            f"SYN{number % 97:02d}" if one.name == "PROCODET" else str(number) for number in range(first, first + count)
        ]
    return pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()})


def _columns(logic: str, count: int) -> dict[str, npt.NDArray[np.object_]]:
    names = [one.place(place) for one in ROW_LOGICS[logic].fields for place in range(MANY[one.name] if one.many else 1)]
    return {name: np.full(count, None, object) for name in names}


def _fill(
    one: Field,
    cell: str,
    rows: npt.NDArray[np.int64],
    columns: dict[str, npt.NDArray[np.object_]],
    rng: np.random.Generator,
    days: npt.NDArray[np.int64],
) -> None:
    """Fill the cells of a field of some rows.

    A cell names values, one of which is drawn: `01|02`, of numbers `19-90`; of many columns one for each column, blanks between
    them. A day is `+0-5`: so many after the row's first day.
    """
    for place, slot in enumerate(cell.split()):
        low, _, high = slot.removeprefix("+").partition("-")
        if one.kind == "date":
            after = rng.integers(int(low), int(high or low) + 1, len(rows))
            values = _CALENDAR[days[rows] + after]
        elif one.kind in ("number", "age", "thousandths"):
            found = rng.integers(int(low), int(high or low) + 1, len(rows))
            values = np.array(
                [f"{value / 1000:.3f}" if one.kind == "thousandths" else str(value) for value in found.tolist()], object
            )
        else:
            texts = np.array(slot.split("|"), object)
            values = texts[rng.integers(0, len(texts), len(rows))]
        columns[one.place(place)][rows] = values
