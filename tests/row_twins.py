"""Rows of the logics beside admitted care for both engines: made at random, as tables, and what each engine says of them."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache

import pyarrow as pa
from designs import both

from hrgcore.logics import ROW_LOGICS, Field, Logic
from hrgcore.logics.result import RowsResult
from hrgcore.reasons import REASONS
from hrgcore.reference import AttendanceReference, RowReference, row_reference
from hrgcore.reference.rows import RowOutcome

Cells = Mapping[str, object]
STARTER = both("starter")
LOGICS = tuple(ROW_LOGICS)
#: A day of paediatric and one of neonatal critical care.
_DAY = {"PROCODET": "A", "CCLocalID": "1", "CCDate": "20240501"}
CHILD = {**_DAY, "CCUF": "04"}
BABY = {**_DAY, "CCUF": "13", "GestLen": "30", "PERWT": "1.5"}
MANY = 6  # columns of a field that may stand in many
_JUNK = ("", " ", "-", "x", "0", "00", "1", "7", "1.5", "999", "-1", "+1", "٣", "1e3", "12345678901", "20240230", "a1", "01 ")
_DATES = ("20240101", "20240102", "20240131", "20240229", "20231231", "20230229", "20241301", "2024-01-01", "18991231", "", "1")


@cache
def reference(logic: str) -> RowReference | AttendanceReference:
    """The reference engine of a logic under the open design."""
    return row_reference(STARTER.bundle.tables, logic)


def columns_of(logic: Logic) -> list[str]:
    """The columns that made rows have."""
    return [one.place(place) for one in logic.fields for place in range(MANY if one.many else 1)]


def table_of(logic: Logic, rows: Sequence[Cells]) -> pa.Table:
    """Rows as a table of text."""
    names = dict.fromkeys([*columns_of(logic), *(name for row in rows for name in row)])
    return pa.table({name: pa.array([row.get(name) for row in rows], pa.string()) for name in names})


def group(logic: Logic, table: pa.Table) -> RowsResult:
    """What the kernels make of a table."""
    result: RowsResult = STARTER.grouper.group(table, logic=logic.name)
    return result


def told(result: RowsResult) -> list[tuple[object, ...]]:
    """Each row's result and errors, in the form of `expected`."""
    errors: dict[int, list[tuple[str, str, str]]] = {}
    for row, field, code, message in zip(
        *(result.errors.column(name).to_pylist() for name in ("Row", "CodeType", "Code", "ErrorMessage")), strict=True
    ):
        errors.setdefault(row, []).append((field, code, message))
    columns = [result.rows.column(name).to_pylist() for name in result.logic.columns]
    unbundled: dict[int, list[tuple[str, str, str]]] = {}
    if result.logic.attendances:
        for one in result.unbundled.to_pylist():
            unbundled.setdefault(one["Row"], []).append((one["UnbundledHRG"], one["RootRule"], one["SplitRule"] or ""))
    return [(*values, errors.get(row, []), unbundled.get(row, [])) for row, values in enumerate(zip(*columns, strict=True), 1)]


def expected(logic: Logic, outcome: RowOutcome) -> tuple[object, ...]:
    """A row's result and errors as the reference engine has them."""
    errors = [(error.field, error.code, error.message) for error in outcome.errors]
    rules = [outcome.rule or None, *([outcome.split_rule or None] if logic.attendances else [])]
    unbundled = [(one.hrg, one.rule, one.split_rule) for one in outcome.unbundled]
    return (outcome.hrg, *outcome.columns.values(), REASONS[outcome.reason], *rules, errors, unbundled)


def expected_rows(logic: Logic, rows: Sequence[Cells]) -> list[tuple[object, ...]]:
    """The same of rows that stand together: what they have against one another is among their errors."""
    engine = reference(logic.name)
    outcomes = [engine.group(row) for row in rows]
    if isinstance(engine, RowReference):
        against = engine.contradictions(rows)
        outcomes = [replace(one, errors=one.errors + more) for one, more in zip(outcomes, against, strict=True)]
    return [expected(logic, one) for one in outcomes]


class Maker:
    """Makes rows of a logic: most of their cells are accepted, some blank, a few spoilt."""

    def __init__(self, logic: Logic, seed: int, spoilt: float = 0.02) -> None:
        self._logic, self._random, self._spoilt = logic, random.Random(seed), spoilt
        own = STARTER.bundle.tables.logics[logic.name]
        self._accepts = {
            one.name: [value for row in own.accepts(one.name)[0] for value in row[own.accepts(one.name)[1]].split()]
            for one in logic.fields
        }
        self._codes = {scheme: STARTER.bundle.tables.code_list(scheme) for scheme in ("icd10", "opcs4")}
        # Few enough that they stand twice, and one behind the other: sites and methods, imaging, what counts as an intervention.
        listed = [code for code in self._codes["opcs4"] if STARTER.reference.design.procedure_lists.lists(code)]
        chapters = ("U", "X", "Y", "Z", "W", "M")
        self._likely = [code for chapter in chapters for code in [one for one in listed if one[0] == chapter][seed % 7 :: 40][:9]]
        self._listed = {
            one.name: [value for row in own["lists"] if row["field"] == one.name for value in row["values"].split()]
            for one in logic.fields
        }

    def rows(self, count: int) -> list[dict[str, str]]:
        return [self._row() for _ in range(count)]

    def _row(self) -> dict[str, str]:
        row: dict[str, str] = {}
        for one in self._logic.fields:
            for place in range(MANY if one.many else 1):
                blank = self._random.random() < (0.6 if one.many else 0.15 if not one.must else 0.01)
                row[one.place(place)] = "" if blank else self._cell(one)
        return row

    def _cell(self, one: Field) -> str:
        pick = self._random.choice
        if one.kind == "date":
            return pick(_DATES if self._random.random() < 0.3 else _DATES[:4])
        if self._random.random() < self._spoilt:
            return pick(_JUNK)
        if one.kind == "key":
            return pick("AB") if one.name == "PROCODET" else str(self._random.randrange(300))
        if one.kind in self._codes:
            code = pick(self._codes[one.kind])
            likely = self._listed[one.name]
            if one.kind == "opcs4" and self._random.random() < 0.6:
                return pick(self._likely)
            return pick(likely).partition("-")[0] if likely and self._random.random() < 0.1 else code
        if one.kind == "coded":
            value = pick(self._accepts[one.name])
            spell = self._random.random()
            if one.forgives_zero and spell < 0.3:
                value = value.removeprefix("0")
            return f" {value}" if spell > 0.99 else value
        low, _, high = self._accepts[one.name][0].partition("-")
        least, most = int(low), int(high)
        number = pick([least, most, least + 1, *(self._random.randint(least, min(most, least + 4)) for _ in range(6))])
        number = self._random.randint(least, most) if self._random.random() < 0.3 else number
        if one.kind == "thousandths":
            return f"{number // 1000}.{number % 1000:03d}".rstrip("0").rstrip(".")
        return str(number)
