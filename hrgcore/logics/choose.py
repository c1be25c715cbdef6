"""Which grouper and which result a logic has: attendances have procedures to be asked first."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa

from hrgcore.design import Bundle
from hrgcore.encode import Encoder
from hrgcore.logics.attend import AttendanceGrouper, GroupedAttendances
from hrgcore.logics.attend_result import AttendancesResult
from hrgcore.logics.fields import Logic, row_layout
from hrgcore.logics.group import RowGrouper
from hrgcore.logics.lists import without_lists
from hrgcore.logics.result import RowsResult, refuse_written_columns


def row_grouper(bundle: Bundle, logic: Logic, encoder: Encoder) -> RowGrouper:
    """What groups the rows of a logic."""
    return (AttendanceGrouper if logic.attendances else RowGrouper)(bundle, logic, encoder)


def grouped_rows(table: pa.Table, grouper: RowGrouper, pool: ThreadPoolExecutor, bundle: Bundle) -> RowsResult:
    """A table grouped.

    Raises InputError where it lacks a column, has one that the result writes, or one of a type that can't hold its field.
    """
    refuse_written_columns(grouper.logic, table.column_names)
    layout = row_layout(grouper.logic, table.column_names)
    cells, layout = without_lists(grouper.logic, table, layout)
    grouped = grouper.group(cells, layout, pool)
    if isinstance(grouped, GroupedAttendances):
        return AttendancesResult(table, cells, layout, grouped, grouper, bundle)
    return RowsResult(table, cells, layout, grouped, grouper, bundle)
