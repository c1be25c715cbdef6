"""Why a row has its HRG: the reference engine's steps as an object, text, JSON or a page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from html import escape
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hrgcore.design.tables import Tables
from hrgcore.encode.cells import without_views
from hrgcore.errors import InputError
from hrgcore.explain import Views, as_lists, as_page, definitions, hrg_labels, step_lines, steps_html
from hrgcore.logics.fields import Logic, RowLayout, row_layout
from hrgcore.logics.lists import without_lists
from hrgcore.reasons import REASONS
from hrgcore.reference import RowOutcome, RowReference, row_reference


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
        title = f"Why this row has {self.result.hrg}"
        summary = f"<p>{escape(self._summary())}</p>"
        parts = [f"<h1>{escape(title)}</h1>", summary, definitions(self._values()), steps_html(self.result.steps)]
        return as_page(title, parts, self.design_id, self.design_title, self.design_status)

    def _lines(self) -> Iterator[tuple[int, str]]:
        yield 0, f"Row: {self._summary()}"
        for name, value in self._values():
            yield 1, f"{name}: {value}"
        yield from step_lines(self.result.steps, 1)

    def _summary(self) -> str:
        return f"{self.result.hrg} {self.labels[self.result.hrg]} ({REASONS[self.result.reason]})"

    def _values(self) -> list[tuple[str, str]]:
        values = [(name, "" if value is None else str(value)) for name, value in self.result.columns.items()]
        values += [
            (name, f"{found} {self.labels[found.hrg]}") for name, found in (("Unbundled HRG", one) for one in self.result.unbundled)
        ]
        values.append(("Rules", ", ".join(filter(None, (self.result.rule, self.result.split_rule)))))
        errors = [("Error", " ".join(filter(None, (one.field, one.code, one.message)))) for one in self.result.errors]
        return [(name, value) for name, value in values if value] + errors


def explain_row(tables: Tables, logic: Logic, table: pa.Table, row: int | None = None) -> RowExplanation:
    """Group one row of a table with every step: ``row``, from 0. What contradicts the others of its period is among the errors.

    Raises InputError where no row is named and there is not the one.
    """
    if row is None and table.num_rows != 1:
        raise InputError(f"explain takes one row of {logic.title}; {table.num_rows} were given. Choose one.")
    layout = row_layout(logic, table.column_names)
    table, layout = without_lists(logic, without_views(table), layout)
    rows = [_cells(logic, layout, table, at) for at in _of_period(logic, layout, table, row or 0)]
    engine = row_reference(tables, logic.name)
    result = engine.group(rows[0], trace=True)
    if isinstance(engine, RowReference):
        result = replace(result, errors=result.errors + engine.contradictions(rows)[0])
    labels = {row["hrg"]: row["label"] for row in tables.logics[logic.name]["hrgs"]}
    labels |= hrg_labels(tables, {result.hrg, *(found.hrg for found in result.unbundled)} - labels.keys())
    said = tables.settings
    return RowExplanation(logic.name, result, labels, said.id, said.title, said.status)


def _of_period(logic: Logic, layout: RowLayout, table: pa.Table, row: int) -> list[int]:
    """The row, and then all others that have its keys."""
    if not logic.keys:
        return [row]
    same = None
    for key in logic.keys:
        texts = table.column(layout.columns[key.name][0]).cast(pa.string())
        equal = pc.fill_null(pc.equal(texts, texts[row]), False)
        same = equal if same is None else pc.and_(same, equal)
    return [row, *(at for at in np.flatnonzero(np.asarray(same)).tolist() if at != row)]


def _cells(logic: Logic, layout: RowLayout, table: pa.Table, row: int) -> Mapping[str, Any]:
    """A row's cells by official names."""
    return {
        logic.by_name[field].place(place): table.column(name)[row].as_py()
        for field, names in layout.columns.items()
        for place, name in enumerate(names)
    }
