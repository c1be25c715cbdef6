"""Every error of every row as rows of a table, worked out from the input again for the rows that failed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hrgcore import messages
from hrgcore.design import Bundle
from hrgcore.encode.cells import take_rows, without_blanks
from hrgcore.encode.spells import number_keys
from hrgcore.logics.fields import Field, RowLayout
from hrgcore.logics.group import GroupedRows, RowGrouper
from hrgcore.logics.periods import broken, checks_of
from hrgcore_kernels import codes as k

SCHEMA = pa.schema([("Row", pa.int64()), ("CodeType", pa.string()), ("Code", pa.string()), ("ErrorMessage", pa.string())])


@dataclass(frozen=True)
class RowErrors:
    """Works out the errors of grouped rows. ``table`` is the input."""

    table: pa.Table
    layout: RowLayout
    grouped: GroupedRows
    grouper: RowGrouper
    bundle: Bundle

    def rows(self) -> pa.Table:
        """All errors by input row: Row (from 1), CodeType, Code (as given, without surrounding blanks), ErrorMessage."""
        found = pa.concat_tables([SCHEMA.empty_table(), *(part for part in self.parts() if part.num_rows)])
        return found.take(pa.array(np.argsort(found.column("Row").to_numpy(), kind="stable")))

    def parts(self) -> Iterator[pa.Table]:
        """Errors of one kind each, in the order in which those of a row are listed."""
        yield from self.fields()
        yield from self._outcomes()
        yield from self._periods()

    def fields(self) -> Iterator[pa.Table]:
        """Cells that can't be used."""
        failed = self.grouped.results["failed"]
        for one in self.grouper.logic.fields:
            rows = np.flatnonzero((failed >> np.uint64(self.grouper.logic.bit(one))) & np.uint64(1))
            for place, name in enumerate(self.layout.columns[one.name] if len(rows) else ()):
                cells = self.cells(name, rows)
                given = self.given(cells)
                blank = pc.equal(given, "").to_numpy(zero_copy_only=False)
                wrong = blank if one.must else np.zeros(len(rows), np.bool_)
                at = np.flatnonzero(wrong | self.grouper.failed(one, self.numbers(one, cells)))
                said = pc.if_else(pc.equal(given, ""), f"{one.label} is blank", f"{one.label} is invalid")
                taken = pa.array(at)
                yield error_rows(rows[at], one.place(place), given.take(taken), said.take(taken))

    def _outcomes(self) -> Iterator[pa.Table]:
        """Rows that no rule or an error category was found for."""
        found, own = self.grouped.results, self.grouper.logic.name
        rows = np.flatnonzero(found["reason"] == k.REASON_NO_RULE)
        yield error_rows(rows, "", same_text("", len(rows)), same_text(messages.NO_RULE, len(rows)))
        categories = self.categories()
        fields = self.bundle.arrays[f"{own}.rule_field"][found["rule"]]
        for rule in np.unique(found["rule"][found["error"] != 0]).tolist():
            rows = np.flatnonzero((found["rule"] == rule) & (found["error"] != 0))
            said = categories[found["error"][rows[0]]]
            place = int(fields[rows[0]])
            if place == 0:
                yield error_rows(rows, "", same_text("", len(rows)), same_text(said, len(rows)))
            else:
                yield from self._at(self.grouper.logic.fields[place - 1], rows, rule, said)

    def _periods(self) -> Iterator[pa.Table]:
        """Rows that contradict others of their period, or themselves."""
        logic = self.grouper.logic
        checks = checks_of(logic, self.bundle.arrays[f"{logic.name}.checks"])
        if not checks or not self.table.num_rows:
            return
        keys = [self.table.column(self.layout.columns[key.name][0]) for key in logic.keys]
        periods = number_keys(*keys)
        for key in keys:
            periods[np.asarray(pc.equal(self.given(key), ""))] = -1
        read: dict[str, tuple[np.ndarray, np.ndarray]] = {}

        def numbers_of(one: Field) -> tuple[np.ndarray, np.ndarray]:
            if one.name not in read:
                read[one.name] = self._usable(one)
            return read[one.name]

        for check, rows in broken(checks, periods, numbers_of):
            cells = self.cells(self.layout.columns[check.field.name][0], rows) if len(rows) else None
            if cells is not None:
                yield error_rows(rows, check.field.name, self.given(cells), same_text(check.message, len(rows)))

    def _usable(self, one: Field) -> tuple[np.ndarray, np.ndarray]:
        """The numbers of a field that stands in one column, or in none, and which of them can be used."""
        names = self.layout.columns[one.name]
        if not names:
            return np.zeros(self.table.num_rows, np.int32), np.zeros(self.table.num_rows, np.bool_)
        numbers = self.numbers(one, self.table.column(names[0]))
        return numbers, ~(self.grouper.failed(one, numbers) | (numbers == self.grouper.blank(one)))

    def _at(self, one: Field, rows: np.ndarray, rule: int, said: str) -> Iterator[pa.Table]:
        """Errors of the cells of a field that are on a list that the rule asks for; of its only cell, whatever that is."""
        own = self.grouper.logic.name
        words, mask = self.bundle.arrays[f"{own}.words"], self.bundle.arrays[f"{own}.rule_words"][rule]
        for place, name in enumerate(self.layout.columns[one.name]):
            cells = self.cells(name, rows)
            numbers = np.maximum(self.numbers(one, cells), 0)
            on = ((words[self.grouper.base(one) + numbers] & mask) != 0).any(axis=1)
            at = np.flatnonzero(on) if one.many else np.arange(len(rows))
            yield error_rows(rows[at], one.place(place), self.given(cells).take(pa.array(at)), same_text(said, len(at)))

    def categories(self) -> list[str]:
        """The messages of the error categories, by number."""
        names = zip(self.bundle.strings("error_codes"), self.bundle.strings("error_names"), strict=True)
        return [messages.category(*category) for category in names]

    def given(self, cells: Any) -> Any:
        """Cells as text without surrounding blanks; blank ones are empty."""
        text = without_blanks(cells)
        return pa.concat_arrays(text.chunks) if text.num_chunks else pa.array([], pa.string())

    def cells(self, name: str, rows: np.ndarray) -> Any:
        """Some cells of a column."""
        return take_rows(self.table.column(name), pa.array(rows))

    def numbers(self, one: Field, cells: Any) -> np.ndarray:
        """The numbers of some cells of a field."""
        parts = [self.grouper.numbers(one, chunk) for chunk in cells.chunks]
        return np.concatenate(parts) if parts else np.empty(0, np.int32)


def error_rows(rows: np.ndarray, field: str, codes: Any, said: Any) -> pa.Table:
    """Errors at one field, of input rows counted from 0."""
    columns = [pa.array(rows + 1, pa.int64()), same_text(field, len(rows)), codes.cast(pa.string()), said.cast(pa.string())]
    return pa.Table.from_arrays(columns, schema=SCHEMA)


def same_text(text: str, count: int) -> Any:
    """A text as often as need be."""
    return pa.repeat(pa.scalar(text, pa.string()), count)
