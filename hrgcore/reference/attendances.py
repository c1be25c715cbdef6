"""Grouping one attendance in plain Python: by its procedures, without diagnoses, else by the rules of attendances."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hrgcore.columns import CODED_FIELDS
from hrgcore.design.tables import Tables
from hrgcore.reasons import METHODS
from hrgcore.reference import roots
from hrgcore.reference.design import Design
from hrgcore.reference.facts import Facts, Record
from hrgcore.reference.record import Code, Episode, normalised
from hrgcore.reference.results import RecordError, Unbundled
from hrgcore.reference.row_values import RowRead
from hrgcore.reference.rows import RowOutcome, RowReference
from hrgcore.reference.trace import Recorder, Trace
from hrgcore.reference.unbundling import unbundle
from hrgcore_kernels import codes

_NO_DIAGNOSIS = Code("none", "", "", 0)  # on no list, with no points
_OUTPATIENT = "O"


@dataclass(frozen=True)
class _Found:
    """What results have for an attendance, besides its own HRG."""

    hrg: str
    reason: int
    method: str
    dominant: str = ""
    root_rule: str = ""
    split_rule: str = ""


class AttendanceReference:
    """Groups attendances under one design. Raises UsageError where the design has no tables of them."""

    def __init__(self, tables: Tables, logic: str = "nac") -> None:
        self._rows = RowReference(tables, logic)
        self.logic = self._rows.logic
        self._design = Design(tables)
        self._error_hrg = tables.settings.error_hrg

    def group(self, row: Mapping[str, object], *, trace: bool = False) -> RowOutcome:
        """Group an attendance, given by official column names (missing ones are blank)."""
        steps = Trace() if trace else Recorder()
        read = self._rows.reader.read(row)
        own = self._rows.group_read(read, steps)
        if own.reason == codes.REASON_INVALID_FIELD:
            return self._outcome(_Found(self._error_hrg, own.reason, METHODS[0]), own, own.errors, (), steps)
        record = _record(read)
        found, errors = self._found(record, own, steps)
        episode = Episode(0, record.coded, {"REHABILITATIONDAYS": 0, "SPCDAYS": 0}, (), record.procedures, (), "", "")
        unbundled = unbundle(self._design, episode, Facts(self._design, record, _NO_DIAGNOSIS), steps)
        if unbundled.error_rule is not None and found.hrg != self._error_hrg:
            found = _Found(self._error_hrg, codes.REASON_UNBUNDLED_ERROR, METHODS[0], root_rule=unbundled.error_rule.reference)
        return self._outcome(found, own, errors + unbundled.errors, unbundled.hrgs, steps)

    def _found(self, record: Record, own: RowOutcome, trace: Recorder) -> tuple[_Found, tuple[RecordError, ...]]:
        outcome = roots.group_attendance(self._design, record, trace)
        if outcome is None:
            trace.step("outcome", "No procedure leads: the HRG is that of the attendance itself.", outcome=own.hrg)
            method = _OUTPATIENT if own.hrg != self._error_hrg else METHODS[0]
            return _Found(own.hrg, own.reason, method, root_rule=own.rule), own.errors
        rule = outcome.root_rule.reference if outcome.root_rule else ""
        if outcome.error is not None:
            return _Found(self._error_hrg, outcome.reason, METHODS[0], root_rule=rule), (outcome.error,)
        assert outcome.split_rule is not None
        dominant = outcome.dominant.text if outcome.dominant else ""
        return _Found(outcome.hrg, outcome.reason, METHODS[outcome.method], dominant, rule, outcome.split_rule.reference), ()

    def _outcome(
        self, found: _Found, own: RowOutcome, errors: tuple[RecordError, ...], unbundled: tuple[Unbundled, ...], trace: Recorder
    ) -> RowOutcome:
        columns = {"GroupingMethodFlag": found.method, "DominantProcedure": found.dominant or None, "AttendanceHRG": own.hrg}
        steps = tuple(trace.steps)
        return RowOutcome(found.hrg, found.reason, found.root_rule, errors, columns, steps, found.split_rule, unbundled)


def _record(read: RowRead) -> Record:
    """An attendance as the tables of admitted care see it: a stay of 0 days without diagnoses."""
    coded = {name: values[0][1] for name, values in read.values.items() if name in CODED_FIELDS}
    procedures = tuple(Code(normalised(read.given[column]), value, column, 0) for column, value in read.values.get("OPER", []))
    return Record(read.numbers["startage"], 0, coded, (_NO_DIAGNOSIS,), (), procedures, scored=False)


def row_reference(tables: Tables, logic: str) -> RowReference | AttendanceReference:
    """The reference engine of a logic. Raises UsageError where the design has no tables of it."""
    own = tables.logics.get(logic)
    return AttendanceReference(tables, logic) if own is not None and own.logic.attendances else RowReference(tables, logic)
