"""Activity as grouping takes it: what is encoded at once, and what is read again only where a result asks for it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from hrgcore.columns import Layout
from hrgcore.encode import Encoder
from hrgcore.encode.cells import take_rows, without_views
from hrgcore.encode.codes import longest_list, take_entries
from hrgcore_kernels.layout import Episodes


class Encoded(NamedTuple):
    """Activity as the kernels take it, and the two columns of the spell key (Arrow)."""

    episodes: Episodes
    provider: Any
    spell: Any


class Activity(ABC):
    """Rows of activity, from a table or from files. Call `encode` first: it finds what can't be read."""

    #: The columns' names, in their order.
    names: Sequence[str]

    @abstractmethod
    def encode(self, encoder: Encoder, layout: Layout, pool: ThreadPoolExecutor) -> Encoded:
        """Encode all rows.

        Raises InputError where the input can't be read, or a column is of a type that can't hold its field.
        """

    @property
    @abstractmethod
    def table(self) -> pa.Table:
        """All rows and columns."""

    def column(self, name: str) -> Any:
        """One column, chunked."""
        return self.table.column(name)

    def cells(self, name: str, rows: Any) -> Any:
        """Cells of some rows (an Arrow array of places from 0), as a chunked column."""
        return take_rows(self.column(name), rows)

    def entries(self, name: str, place: int, rows: Any) -> Any:
        """Entry ``place`` (from 0) of some rows of a column of lists, as a chunked column."""
        return take_entries(self.column(name), place, rows)

    def longest(self, name: str) -> int:
        """How many entries the longest list of a column of lists has."""
        return longest_list(self.column(name))


class TableActivity(Activity):
    """An Arrow table."""

    def __init__(self, table: pa.Table) -> None:
        self._table = without_views(table)
        self.names = table.column_names

    @property
    def table(self) -> pa.Table:
        """The table itself."""
        return self._table

    def encode(self, encoder: Encoder, layout: Layout, pool: ThreadPoolExecutor) -> Encoded:
        """Encode all rows."""
        keys = (self._table.column(layout.fields[field]) for field in ("PROCODET", "PROVSPNO"))
        return Encoded(encoder.encode(self._table, layout, pool), *keys)


@dataclass(frozen=True)
class CodeCells:
    """The diagnoses or the procedures of some activity by place, whether a place is a column or an entry of a list."""

    activity: Activity
    names: tuple[str, ...]
    lists: bool

    @classmethod
    def diagnoses(cls, activity: Activity, layout: Layout) -> CodeCells:
        """Of the diagnoses."""
        return cls(activity, layout.diagnoses, layout.diagnosis_lists)

    @classmethod
    def procedures(cls, activity: Activity, layout: Layout) -> CodeCells:
        """Of the procedures."""
        return cls(activity, layout.procedures, layout.procedure_lists)

    @property
    def count(self) -> int:
        """How many places there are."""
        return self.activity.longest(self.names[0]) if self.lists else len(self.names)

    def cells(self, place: int, rows: np.ndarray) -> Any:
        """The cells at ``place`` (from 0) of some rows, as a chunked column."""
        taken = pa.array(rows)
        return self.activity.entries(self.names[0], place, taken) if self.lists else self.activity.cells(self.names[place], taken)
