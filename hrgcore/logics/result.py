"""The result of grouping rows by themselves, as Arrow tables: dense integers become text once, on the way out."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa

from hrgcore.decode import Decoder
from hrgcore.design import Bundle
from hrgcore.encode import Encoder
from hrgcore.encode.cells import take_rows
from hrgcore.errors import InputError
from hrgcore.logics.declared import ROW_LOGICS
from hrgcore.logics.errors import RowErrors
from hrgcore.logics.fields import Logic, RowLayout
from hrgcore.logics.flags import written_columns
from hrgcore.logics.group import GroupedRows, RowGrouper
from hrgcore.plain_parts import plain, records
from hrgcore.reasons import REASONS


def refuse_written_columns(logic: Logic, names: list[str]) -> None:
    """Raise InputError where an input has columns that the result writes itself."""
    clash = [name for name in names if name in logic.columns]
    if clash:
        raise InputError(f"the input: has columns {', '.join(clash)}, which the result writes too. Rename or drop them.")


@dataclass(frozen=True)
class RowsResult:
    """Grouped rows. Each table is made when it is first asked for.

    ``table`` is the input, ``cells`` what was read of it, under ``layout``; ``grouped`` holds the kernels' numbers.
    """

    table: pa.Table
    cells: pa.Table
    layout: RowLayout
    grouped: GroupedRows
    grouper: RowGrouper
    bundle: Bundle

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        """``rows``, for whatever takes Arrow."""
        return self.rows.__arrow_c_stream__(requested_schema)

    def __reduce__(self) -> tuple[Any, ...]:
        return _remake, (type(self), self.bundle, self.table, self.cells, self.layout, plain(self.grouped), self.logic.name)

    @property
    def logic(self) -> Logic:
        """The logic by which the rows were grouped."""
        return self.grouper.logic

    @property
    def hrgs(self) -> list[str]:
        """The HRGs that the numbers of results stand for; the first is the error HRG."""
        return self.bundle.strings(f"{self.logic.name}.hrg_codes")

    @cached_property
    def rows(self) -> pa.Table:
        """The input's rows and columns in their order, then what grouping gives: the HRG, why, and the rule that decided."""
        found, decode = self.grouped.results, Decoder(self.bundle)
        columns = {
            f"{self.logic.prefix}_HRG": pa.DictionaryArray.from_arrays(
                pa.array(found["hrg"].astype(np.int32)), pa.array(self.hrgs)
            ),
            **written_columns(self.logic, self.grouped.numbers),
            f"{self.logic.prefix}_Reason": decode.reason(found["reason"]),
            f"{self.logic.prefix}_Rule": self._rules(found["rule"]),
        }
        table = self.table
        for name, column in columns.items():
            table = table.append_column(name, column)
        return table

    @cached_property
    def errors(self) -> pa.Table:
        """One row an error: the input row from 1, the logic's keys, field, code as given, and message; in input order."""
        found = RowErrors(self.cells, self.layout, self.grouped, self.grouper, self.bundle).rows()
        rows = pa.array(found.column("Row").to_numpy() - 1)
        for place, key in enumerate(self.logic.keys, 1):
            found = found.add_column(place, key.name, take_rows(self.table.column(self.layout.columns[key.name][0]), rows))
        return found

    @property
    def counts(self) -> dict[str, Any]:
        """How many rows were grouped and failed, by reason, and on which evidence the grouped ones rest.

        That is of their rules, and the weakest of their rules and the lists and points that these test.
        """
        found = self.grouped.results
        rules = found["rule"][found["hrg"] != 0]
        bases = {"rule": "rule_basis", "weakest": "rule_rests"}
        evidence = {
            name: counted(np.array(self.bundle.logic_bases(self.logic.name, array))[rules]) for name, array in bases.items()
        }
        return {"rows": row_counts(found), "evidence": evidence}

    def _rules(self, rules: np.ndarray) -> Any:
        numbers = rules.astype(np.int32)
        texts = pa.array(self.bundle.logic_references(self.logic.name))
        return pa.DictionaryArray.from_arrays(pa.array(numbers, mask=numbers == 0), texts)


def _remake(
    kind: type[RowsResult],
    bundle: Bundle,
    table: pa.Table,
    cells: pa.Table,
    layout: RowLayout,
    grouped: GroupedRows,
    logic: str,
) -> RowsResult:
    """A result that was pickled."""
    from hrgcore.engine import kernel_lookups
    from hrgcore.logics.choose import row_grouper

    grouper = row_grouper(bundle, ROW_LOGICS[logic], Encoder(kernel_lookups(bundle)))
    return kind(table, cells, layout, records(grouped), grouper, bundle)


def counted(texts: np.ndarray) -> dict[str, int]:
    """How often each text stands there."""
    names, counts = np.unique(texts, return_counts=True)
    return dict(zip(names.tolist(), counts.tolist(), strict=True))


def row_counts(found: np.ndarray) -> dict[str, Any]:
    """How many results have an HRG and how many failed, by reason."""
    grouped = int((found["hrg"] != 0).sum())
    by_reason = np.bincount(found["reason"]).tolist()
    return {
        "total": len(found),
        "grouped": grouped,
        "failed": len(found) - grouped,
        "by_reason": {REASONS[reason]: count for reason, count in enumerate(by_reason) if count},
    }
