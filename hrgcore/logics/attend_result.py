"""The result of grouping attendances: rows, unbundled HRGs and errors as Arrow tables."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hrgcore import messages
from hrgcore.decode import Decoder
from hrgcore.logics.attend import GroupedAttendances
from hrgcore.logics.errors import RowErrors, error_rows, same_text
from hrgcore.logics.result import RowsResult, counted, row_counts
from hrgcore.reasons import METHODS
from hrgcore_kernels import codes as k
from hrgcore_kernels.text import CELL_BLANK

METHOD_LETTERS = f"{METHODS}O"
_REASON_MESSAGES = {
    k.REASON_PROCEDURE_NOT_COVERED: messages.PROCEDURE_NOT_COVERED,
    k.REASON_NO_RULE: messages.NO_RULE,
    k.REASON_NO_SPLIT: messages.NO_SPLIT,
}


@dataclass(frozen=True)
class AttendancesResult(RowsResult):
    """Grouped attendances. Each table is made when it is first asked for."""

    grouped: GroupedAttendances

    @property
    def hrgs(self) -> list[str]:
        """The HRGs that numbers stand for: those of admitted care, then those of attendances."""
        return [*self.bundle.strings("hrg_codes"), *self.bundle.strings(f"{self.logic.name}.hrg_codes")[1:]]

    @cached_property
    def rows(self) -> pa.Table:
        """The input's rows and columns in their order, then what grouping gives: the HRG, why, and the rules that decided."""
        found, base, decode = self.grouped.attendances, self.grouped.results, Decoder(self.bundle)
        hrgs = pa.array(self.hrgs)
        own = np.where(base["hrg"] > 0, base["hrg"] + np.int32(len(self.bundle.strings("hrg_codes")) - 1), 0).astype(np.int32)
        letters = pa.array(list(METHOD_LETTERS))
        columns = [
            pa.DictionaryArray.from_arrays(pa.array(found["hrg"].astype(np.int32)), hrgs),
            pa.DictionaryArray.from_arrays(pa.array(found["method"].astype(np.int8)), letters),
            decode.procedure(found["dominant"]),
            pa.DictionaryArray.from_arrays(pa.array(own), hrgs),
            decode.reason(found["reason"]),
            self._root_rules(),
            decode.rule(found["split_rule"]),
        ]
        table = self.table
        for name, column in zip(self.logic.columns, columns, strict=True):
            table = table.append_column(name, column)
        return table

    @cached_property
    def unbundled(self) -> pa.Table:
        """One row an unbundled HRG: ``Row`` counts input rows from 1, ``Iteration`` from 1 within the row."""
        return Decoder(self.bundle).unbundled_rows(self.grouped.unbundled, {})

    @cached_property
    def errors(self) -> pa.Table:
        """One row an error: the input row from 1, field, code as given, and message; in input order."""
        return AttendanceErrors(self.cells, self.layout, self.grouped, self.grouper, self.bundle).rows()

    @property
    def counts(self) -> dict[str, Any]:
        """How many rows were grouped and failed, by reason, the unbundled HRGs, and on which evidence the grouped ones rest."""
        found = self.grouped.attendances
        by_itself = found["method"] == k.METHOD_OUTPATIENT
        rests = [
            np.array(self.bundle.logic_bases(self.logic.name))[self.grouped.results["rule"][by_itself]],
            np.array(self.bundle.rule_bases)[found["root_rule"][(found["hrg"] != 0) & ~by_itself]],
        ]
        evidence = {"root": counted(np.concatenate(rests))}
        return {"rows": row_counts(found), "unbundled": len(self.grouped.unbundled), "evidence": evidence}

    def _root_rules(self) -> Any:
        """The rules that led to roots, or to the HRG of the attendance itself."""
        admitted, own = self.bundle.rule_references, self.bundle.logic_references(self.logic.name)
        found = self.grouped.attendances
        by_itself = found["method"] == k.METHOD_OUTPATIENT
        numbers = np.where(by_itself, self.grouped.results["rule"] + len(admitted), found["root_rule"]).astype(np.int32)
        return pa.DictionaryArray.from_arrays(pa.array(numbers, mask=numbers == 0), pa.array([*admitted, *own]))


@dataclass(frozen=True)
class AttendanceErrors(RowErrors):
    """Works out the errors of grouped attendances: those of fields, of procedures, of unbundled HRGs."""

    grouped: GroupedAttendances

    def parts(self) -> Iterator[pa.Table]:
        yield from self.fields()
        found = self.grouped.attendances
        categories = self.categories()
        rows = np.flatnonzero((found["reason"] != k.REASON_UNBUNDLED_ERROR) & (found["error"] != 0))
        yield from self._at_fault(rows, found["error_at"][rows], [categories[error] for error in found["error"][rows]])
        rows = np.flatnonzero(np.isin(found["reason"], list(_REASON_MESSAGES)))
        said = [_REASON_MESSAGES[reason] for reason in found["reason"][rows].tolist()]
        yield from self._at_fault(rows, found["error_at"][rows], said)
        failed = self.grouped.unbundled[self.grouped.unbundled["hrg"] == 0]
        errors = np.maximum(-self.bundle.arrays["rules"]["outcome"][failed["rule"]].astype(np.int64), 0)
        said = [categories[error] if error else messages.NO_SPLIT for error in errors.tolist()]
        yield from self._at_fault(failed["row"], failed["at"], said)

    def _at_fault(self, rows: np.ndarray, at: np.ndarray, said: list[str]) -> Iterator[pa.Table]:
        """Errors of the procedure at place ``at`` among each row's (blank cells don't count), or of no field where that is -1."""
        told = pa.array(said, pa.string())
        nowhere = np.flatnonzero(at < 0)
        yield error_rows(rows[nowhere], "", same_text("", len(nowhere)), told.take(pa.array(nowhere)))
        one = self.grouper.logic.by_name["OPER"]
        taken = np.zeros(len(rows), np.int64)  # procedures seen so far
        for place, name in enumerate(self.layout.columns[one.name] if len(rows) else ()):
            cells = self.cells(name, rows)
            stands = self.numbers(one, cells) != CELL_BLANK
            hit = pa.array(np.flatnonzero(stands & (taken == at)))
            taken += stands
            given = pc.ascii_upper(pc.replace_substring(self.given(cells).take(hit), ".", ""))
            yield error_rows(rows[np.asarray(hit)], one.place(place), given, told.take(hit))
