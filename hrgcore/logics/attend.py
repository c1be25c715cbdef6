"""Grouping attendances: their own rules first, then their procedures by the tables of admitted care."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from hrgcore.columns import CODED_FIELDS
from hrgcore.design import Bundle
from hrgcore.encode import Encoder
from hrgcore.encode.cells import Known
from hrgcore.encode.codes import wide_codes
from hrgcore.engine import kernel_design
from hrgcore.logics.fields import Logic, RowLayout
from hrgcore.logics.group import GroupedRows, RowGrouper
from hrgcore_kernels import text
from hrgcore_kernels.attend import group_attendances
from hrgcore_kernels.layout import UNBUNDLED, count_facts
from hrgcore_kernels.row_layout import ATTENDANCE

_PROCEDURES = "OPER"
_AGE = "startage"


@dataclass(frozen=True)
class GroupedAttendances(GroupedRows):
    """Besides: ``attendances`` are ATTENDANCE, ``unbundled`` UNBUNDLED, in order of their rows. HRGs have their own numbers there:
    those of admitted care, then those of attendances.
    """

    attendances: np.ndarray
    unbundled: np.ndarray


class AttendanceGrouper(RowGrouper):
    """Groups tables of attendances under one design."""

    def __init__(self, bundle: Bundle, logic: Logic, encoder: Encoder) -> None:
        super().__init__(bundle, logic, encoder)
        self._encoder = encoder
        self._admitted = kernel_design(bundle)
        self._coded = [one.name for one in logic.fields if one.name in CODED_FIELDS]
        self._fields = np.array([CODED_FIELDS.index(name) for name in self._coded], np.int64)
        self._first_hrg = len(bundle.arrays["hrg_codes.offsets"]) - 1

    def join(self, parts: list[Any]) -> GroupedAttendances:
        """Blocks put together; rows of unbundled HRGs are then counted from the whole."""
        whole = super().join(parts)
        starts = np.cumsum([0, *(len(part.results) for part in parts)])
        for part, start in zip(parts, starts, strict=False):
            part.unbundled["row"] += start
        attendances = np.concatenate([np.zeros(0, ATTENDANCE), *(part.attendances for part in parts)])
        unbundled = np.concatenate([np.zeros(0, UNBUNDLED), *(part.unbundled for part in parts)])
        return GroupedAttendances(whole.results, whole.numbers, attendances, unbundled)

    def block(self, batch: pa.RecordBatch, layout: RowLayout, known: dict[str, Known]) -> GroupedAttendances:
        """Group rows that stand together."""
        base, rows = self._grouped(batch, layout, known)
        count = batch.num_rows
        coded = np.zeros((count, len(self._coded)), np.uint8)
        for place, name in enumerate(self._coded):
            column = layout.columns[name][0]
            coded[:, place] = np.maximum(self._encoder.field(batch.column(column), int(self._fields[place])), 0)
        codes, ends = wide_codes(batch, layout.columns[_PROCEDURES], self._parse, known, keep_first=False)
        results = np.zeros(count, ATTENDANCE).view(np.recarray)
        unbundled = np.empty(len(codes) + count, UNBUNDLED).view(np.recarray)
        counts = np.zeros(1, np.int64)
        ages = rows.facts[:, self.logic.ranges.index(_AGE)].copy()
        for array in (base.results, ages, coded, codes, ends):
            array.flags.writeable = False
        group_attendances(
            self._admitted,
            base.results.view(np.recarray),
            ages,
            coded,
            self._fields,
            codes,
            ends,
            self._first_hrg,
            results,
            unbundled,
            counts,
            np.zeros(count_facts(self._admitted), np.int64),
        )
        plain = results.view(np.ndarray).view(ATTENDANCE)
        return GroupedAttendances(base.results, base.numbers, plain, unbundled[: int(counts[0])].view(np.ndarray).copy())

    def _parse(self, offsets: np.ndarray, data: np.ndarray, validity: np.ndarray, bit: int, out: np.ndarray) -> None:
        text.parse_opcs4(offsets, data, validity, bit, self._encoder.lookups.opcs4, np.empty(text.LONGEST_CODE, np.uint8), out)
