"""Why a row has its HRG: the reference engine's steps as an object, text, JSON or a page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hrgcore.design.tables import Tables
from hrgcore.encode.cells import without_views
from hrgcore.errors import InputError
from hrgcore.explain import Views, as_lists, hrg_labels, step_lines
from hrgcore.logics.fields import Logic, RowLayout, row_layout
from hrgcore.logics.lists import without_lists
from hrgcore.reasons import REASONS
from hrgcore.reference import RecordError, RowOutcome, RowReference, row_reference


@dataclass(frozen=True)
class RowExplanation(Views):
    """A row's result with its steps, the labels of its HRGs, and what the design that gave it says of itself."""

    logic: str
    result: RowOutcome
    labels: Mapping[str, str]
    design_id: str
    design_title: str
    design_status: str

    def to_dict(self) -> dict[str, Any]:
        """The explanation as plain dicts, lists, texts and numbers; reasons are in words."""
        row = asdict(self.result) | {"reason": REASONS[self.result.reason], "label": self.labels[self.result.hrg]}
        design = {"id": self.design_id, "title": self.design_title, "status": self.design_status}
        return {"logic": self.logic, "row": as_lists(row), "design": design}

    def html(self) -> str:
        """The explanation as a page that needs nothing else."""
        from hrgcore.html.explanation import row_page

        return row_page(self)

    def _lines(self) -> Iterator[tuple[int, str]]:
        yield 0, f"Row: {self._summary()}"
        for name, value in self.values():
            yield 1, f"{name}: {value}"
        yield from step_lines(self.result.steps, 1)

    def _summary(self) -> str:
        return f"{self.result.hrg} {self.labels[self.result.hrg]} ({self.how()})"

    def how(self) -> str:
        """Why it has its HRG, in words."""
        return REASONS[self.result.reason]

    def values(self) -> list[tuple[str, str]]:
        """What the result says of the row beside its HRG: (name, value), blank ones left out; and its errors."""
        values = [(name, "" if value is None else str(value)) for name, value in self.result.columns.items()]
        values += [
            (name, f"{found} {self.labels[found.hrg]}") for name, found in (("Unbundled HRG", one) for one in self.result.unbundled)
        ]
        values.append(("Rules", ", ".join(filter(None, (self.result.rule, self.result.split_rule)))))
        errors = [("Error", " ".join(filter(None, (one.field, one.code, one.message)))) for one in self.result.errors]
        return [(name, value) for name, value in values if value] + errors


class RowExplainer:
    """Explains rows of one logic under one design. Raises UsageError where the design has no tables of it."""

    def __init__(self, tables: Tables, logic: Logic) -> None:
        self.engine = row_reference(tables, logic.name)
        self._tables, self._logic = tables, logic

    def explain(self, row: Mapping[str, object], others: Sequence[Mapping[str, object]] = ()) -> RowExplanation:
        """Group a row (official column names) with every step. What contradicts ``others`` of its period is among the errors."""
        return self._explained(row, self._contradictions([row, *others])[0])

    def explain_all(self, rows: Sequence[Mapping[str, object]]) -> list[RowExplanation]:
        """Explain each row, held against the others of its period."""
        return [self._explained(row, errors) for row, errors in zip(rows, self._contradictions(rows), strict=True)]

    def _contradictions(self, rows: Sequence[Mapping[str, object]]) -> list[tuple[RecordError, ...]]:
        return self.engine.contradictions(rows) if isinstance(self.engine, RowReference) else [()] * len(rows)

    def _explained(self, row: Mapping[str, object], contradictions: tuple[RecordError, ...]) -> RowExplanation:
        result = self.engine.group(row, trace=True)
        result = replace(result, errors=result.errors + contradictions)
        labels = {one["hrg"]: one["label"] for one in self._tables.logics[self._logic.name]["hrgs"]}
        labels |= hrg_labels(self._tables, {result.hrg, *(found.hrg for found in result.unbundled)} - labels.keys())
        said = self._tables.settings
        return RowExplanation(self._logic.name, result, labels, said.id, said.title, said.status)


def official_rows(logic: Logic, table: pa.Table, row: int | None = None) -> list[Mapping[str, Any]]:
    """Row ``row`` of a table, from 0, by official column names, and then all others of its period.

    Raises InputError where no row is named and there is not the one.
    """
    if row is None and table.num_rows != 1:
        raise InputError(f"explain takes one row of {logic.title}; {table.num_rows} were given. Choose one.")
    rows, place = period_of(logic, table, row or 0)
    return [rows[place], *rows[:place], *rows[place + 1 :]]


def period_of(logic: Logic, table: pa.Table, row: int) -> tuple[list[Mapping[str, Any]], int]:
    """All rows of the period of row ``row`` by official column names, in their order, and its place among them."""
    layout = row_layout(logic, table.column_names)
    table, layout = without_lists(logic, without_views(table), layout)
    found = _of_period(logic, layout, table, row)
    return [_cells(logic, layout, table, at) for at in found], found.index(row)


def _of_period(logic: Logic, layout: RowLayout, table: pa.Table, row: int) -> list[int]:
    """The rows that have the keys of a row, itself among them."""
    if not logic.keys:
        return [row]
    same = None
    for key in logic.keys:
        texts = table.column(layout.columns[key.name][0]).cast(pa.string())
        equal = pc.fill_null(pc.equal(texts, texts[row]), False)
        same = equal if same is None else pc.and_(same, equal)
    found: list[int] = np.flatnonzero(np.asarray(same)).tolist()
    return found if row in found else [row]  # a null key is equal to none


def _cells(logic: Logic, layout: RowLayout, table: pa.Table, row: int) -> Mapping[str, Any]:
    """A row's cells by official names."""
    return {
        logic.by_name[field].place(place): table.column(name)[row].as_py()
        for field, names in layout.columns.items()
        for place, name in enumerate(names)
    }
