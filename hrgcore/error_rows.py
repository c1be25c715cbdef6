"""Every error of every record as rows of a table, worked out from the input again for the rows that failed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hrgcore import messages
from hrgcore.activity import Activity, CodeCells
from hrgcore.columns import CODED_FIELDS, Layout
from hrgcore.design import Bundle
from hrgcore.encode import Encoder
from hrgcore.encode.cells import without_blanks
from hrgcore.engine import Grouped
from hrgcore_kernels import codes as k
from hrgcore_kernels.text import CELL_BLANK

_SCHEMA = pa.schema([("Row", pa.int64()), ("CodeType", pa.string()), ("Code", pa.string()), ("ErrorMessage", pa.string())])

_NUMBER_FAILURES = {
    k.FAIL_EPIORDER: "EPIORDER",
    k.FAIL_STARTAGE: "STARTAGE",
    k.FAIL_EPIDUR: "EPIDUR",
    k.FAIL_CRITICALCAREDAYS: "CRITICALCAREDAYS",
    k.FAIL_REHABILITATIONDAYS: "REHABILITATIONDAYS",
    k.FAIL_SPCDAYS: "SPCDAYS",
}
_SPELL_FAILURES = {
    k.FAIL_DUPLICATE_EPIORDER: ("EPIORDER", messages.duplicated("EPIORDER")),
    k.FAIL_SEX_DISAGREES: ("SEX", messages.inconsistent("SEX")),
    k.FAIL_CLASSPAT_DISAGREES: ("CLASSPAT", messages.inconsistent("CLASSPAT")),
    k.FAIL_ADMISORC_DISAGREES: ("ADMISORC", messages.inconsistent("ADMISORC")),
    k.FAIL_ADMIMETH_DISAGREES: ("ADMIMETH", messages.inconsistent("ADMIMETH")),
    k.FAIL_AGE_DISAGREES: ("STARTAGE", messages.AGE_RISES),
}
_REASON_MESSAGES = {
    k.REASON_PROCEDURE_NOT_COVERED: messages.PROCEDURE_NOT_COVERED,
    k.REASON_DIAGNOSIS_NOT_COVERED: messages.DIAGNOSIS_NOT_COVERED,
    k.REASON_NO_RULE: messages.NO_RULE,
    k.REASON_NO_SPLIT: messages.NO_SPLIT,
}
_REASONS = range(k.REASON_EPISODE_FAILED + 1)
_OWN_MESSAGE = np.isin(_REASONS, [k.REASON_ERROR_CATEGORY, *_REASON_MESSAGES])


@dataclass(frozen=True)
class _Part:
    """Errors of one kind: input rows, and for each its field, code and message."""

    rows: np.ndarray
    fields: Any
    codes: Any
    messages: Any


def error_table(activity: Activity, layout: Layout, grouped: Grouped, encoder: Encoder, bundle: Bundle) -> pa.Table:
    """All errors by input row: Row (from 1), CodeType, Code (as given, without surrounding blanks), ErrorMessage."""
    parts = list(_Errors(activity, layout, grouped, encoder, bundle).parts())
    columns = [
        pa.concat_arrays([pa.array(part.rows + 1, pa.int64()) for part in parts]) if parts else pa.array([], pa.int64()),
        *(
            pa.concat_arrays([getattr(part, name) for part in parts]) if parts else pa.array([], pa.string())
            for name in ("fields", "codes", "messages")
        ),
    ]
    order = np.argsort(columns[0].to_numpy(), kind="stable")
    return pa.Table.from_arrays(columns, schema=_SCHEMA).take(pa.array(order))


class _Errors:
    def __init__(self, activity: Activity, layout: Layout, grouped: Grouped, encoder: Encoder, bundle: Bundle) -> None:
        self.activity, self.layout, self.grouped, self.encoder = activity, layout, grouped, encoder
        self.diagnoses, self.procedures = CodeCells.diagnoses(activity, layout), CodeCells.procedures(activity, layout)
        codes, names = bundle.strings("error_codes"), bundle.strings("error_names")
        self.categories = np.array(["", *(messages.category(code, name) for code, name in zip(codes[1:], names[1:], strict=True))])
        self.outcomes = bundle.arrays["rules"]["outcome"]
        # Few rows fail: they are looked for once.
        self.failed_rows = np.flatnonzero(grouped.episodes["failed"])
        self.failed_checks = grouped.episodes["failed"][self.failed_rows]

    def parts(self) -> Iterator[_Part]:
        yield from self._fields()
        yield from self._diagnoses()
        yield from self._procedures()
        yield from self._spell_checks()
        yield from self._outcomes()
        yield from self._unbundled()

    def _failed(self, bit: int) -> np.ndarray:
        found: np.ndarray = self.failed_rows[(self.failed_checks >> np.uint32(bit)) & 1 == 1]
        return found

    def _spell_checks(self) -> Iterator[_Part]:
        for bit, (field, message) in _SPELL_FAILURES.items():
            rows = self._failed(bit)
            if len(rows):
                yield _Part(rows, _same(field, rows), _same("", rows), _same(message, rows))

    def _fields(self) -> Iterator[_Part]:
        coded = {k.FAIL_CODED + place: field for place, field in enumerate(CODED_FIELDS)}
        for bit, field in (_NUMBER_FAILURES | coded).items():
            rows = self._failed(bit)
            if len(rows):
                yield _unreadable(field, self.activity.cells(self.layout.fields[field], pa.array(rows)), rows)

    def _diagnoses(self) -> Iterator[_Part]:
        rows = self._failed(k.FAIL_PRIMARY)
        if len(rows):
            yield _unreadable("DIAG_01", self.diagnoses.cells(0, rows), rows)
        yield from self._codes(self._failed(k.FAIL_DIAGNOSIS), "DIAG_", self.diagnoses, 1, self.encoder.icd10)

    def _procedures(self) -> Iterator[_Part]:
        yield from self._codes(self._failed(k.FAIL_PROCEDURE), "OPER_", self.procedures, 0, self.encoder.opcs4)

    def _codes(self, rows: np.ndarray, prefix: str, codes: CodeCells, first: int, parse: Any) -> Iterator[_Part]:
        """Invalid codes in the places from ``first`` on."""
        for place in range(first, codes.count) if len(rows) else ():
            cells = codes.cells(place, rows)
            faults = np.flatnonzero(_numbers(parse, cells) == 0)
            if len(faults):
                field = f"{prefix}{place + 1:02d}"
                invalid = rows[faults]
                given = _given(cells.take(pa.array(faults)))
                yield _Part(invalid, _same(field, invalid), given, _same(messages.invalid(field), invalid))

    def _outcomes(self) -> Iterator[_Part]:
        """Records that found no HRG, for all reasons but unbundled errors, and those whose primary diagnosis fails besides."""
        found = self.grouped.episodes
        besides = np.isin(_REASONS, [k.REASON_INVALID_FIELD, k.REASON_SPELL_DISAGREES])
        rows = np.flatnonzero((found["error"] != 0) & besides[found["reason"]] | _OWN_MESSAGE[found["reason"]])
        said = np.array([_REASON_MESSAGES.get(reason, "") for reason in _REASONS])[found["reason"][rows]]
        said = np.where(found["error"][rows] != 0, self.categories[found["error"][rows]], said)
        yield from self._at_fault(rows, found["error_at"][rows].astype(np.int64), said)

    def _unbundled(self) -> Iterator[_Part]:
        found = self.grouped.unbundled
        failed = found[found["hrg"] == 0]
        error = np.maximum(-self.outcomes[failed["rule"]].astype(np.int64), 0)
        said = np.where(error != 0, self.categories[error], messages.NO_SPLIT)
        by_itself = failed["at"] < 0
        rows = failed["row"][by_itself]
        if len(rows):
            yield _Part(rows, _same("", rows), _same("", rows), pa.array(said[by_itself], pa.string()))
        yield from self._at_fault(failed["row"][~by_itself], failed["at"][~by_itself].astype(np.int64), said[~by_itself])

    def _at_fault(self, rows: np.ndarray, at: np.ndarray, said: np.ndarray) -> Iterator[_Part]:
        """Errors of the code at place ``at`` among each row's procedures, or of its primary diagnosis where that is -1."""
        primary = at < 0
        if primary.any():
            own = rows[primary]
            given = _given(self.diagnoses.cells(0, own))
            yield _Part(own, _same("DIAG_01", own), _normal(given), pa.array(said[primary], pa.string()))
        rows, at, said = rows[~primary], at[~primary], said[~primary]
        taken = np.zeros(len(rows), np.int64)  # procedures seen so far: blank cells between them don't count
        for place in range(self.procedures.count) if len(rows) else ():
            cells = self.procedures.cells(place, rows)
            stands = _numbers(self.encoder.opcs4, cells) != CELL_BLANK
            hit = stands & (taken == at)
            taken += stands
            if hit.any():
                own = rows[hit]
                given = _normal(_given(cells.filter(pa.array(hit))))
                yield _Part(own, _same(f"OPER_{place + 1:02d}", own), given, pa.array(said[hit], pa.string()))


def _unreadable(field: str, cells: Any, rows: np.ndarray) -> _Part:
    """Errors of cells that are blank or invalid: the message says which."""
    given = _given(cells)
    said = pc.if_else(pc.equal(given, ""), messages.blank(field), messages.invalid(field))
    return _Part(rows, _same(field, rows), given, said)


def _numbers(parse: Any, cells: Any) -> np.ndarray:
    """Numbers of a chunked column."""
    parts = [parse(chunk) for chunk in cells.chunks]
    return np.concatenate(parts) if parts else np.empty(0, np.int32)


def _given(cells: Any) -> Any:
    """Cells as they were given, as text without surrounding blanks; blank ones are empty."""
    text = without_blanks(cells)
    return pa.concat_arrays(text.chunks) if text.num_chunks else pa.array([], pa.string())


def _normal(given: Any) -> Any:
    """Codes in normal form: capitals, without full stops."""
    return pc.ascii_upper(pc.replace_substring(given, ".", ""))


def _same(text: str, rows: np.ndarray) -> Any:
    return pa.repeat(pa.scalar(text, pa.string()), len(rows))
