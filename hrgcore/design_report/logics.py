"""What a design's tables of the other logics cover, reach and rest on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from hrgcore.design.logic_cases import RowCase, row_cases
from hrgcore.design.logic_tables import LogicTables
from hrgcore.design.logic_values import names_value
from hrgcore.design.row import BASES
from hrgcore.design.tables import Tables
from hrgcore.grouper import Grouper
from hrgcore.reference import RowReference


def logics(tables: Tables, grouper: Grouper) -> dict[str, Any]:
    """For each logic that the design has: values by field, HRGs that a row reaches in both engines, and rows by basis."""
    return {
        name: {
            "values": _values(own),
            "reachability": _reachability(tables, own, grouper),
            "rows": {table: _by_basis([row.basis for row in own[table]]) for table in own.rows},
        }
        for name, own in tables.logics.items()
    }


def _values(own: LogicTables) -> dict[str, dict[str, Any]]:
    """Of each coded field how many values it accepts, and those that no list names and no score has points for."""
    found = {}
    for one in own.logic.fields:
        if one.kind == "coded":
            rows, column = own.accepts(one.name)
            values = sorted({value for row in rows for value in row[column].split()})
            told = [row["values"] for table in ("lists", "scores") for row in own[table] if row["field"] == one.name]
            terms = " ".join(told).split()
            unused = [value for value in values if not any(names_value(term, value) for term in terms)]
            found[one.name] = {"accepted": len(values), "unused": unused}
    return found


def _reachability(tables: Tables, own: LogicTables, grouper: Grouper) -> dict[str, Any]:
    """The HRGs of the logic's own rules that some case of its rows reaches, in both engines; a row for each."""
    cases = list(row_cases(tables, own))
    name, engine = own.logic.name, RowReference(tables, own.logic.name)
    result = grouper.group(_table(cases), logic=name)
    column = "AttendanceHRG" if own.logic.attendances else f"{own.logic.prefix}_HRG"
    witnesses: dict[str, RowCase] = {}
    for case, hrg in zip(cases, result.rows.column(column).to_pylist(), strict=True):
        witnesses.setdefault(hrg, case)
    hrgs = [row["hrg"] for row in own["hrgs"]]
    reached = [hrg for hrg in hrgs if hrg in witnesses and engine.group(witnesses[hrg].cells).hrg == hrg]
    return {
        "cases": len(cases),
        "hrgs": len(hrgs),
        "reached": len(reached),
        "unreached": [hrg for hrg in hrgs if hrg not in reached],
        "witnesses": {hrg: dict(witnesses[hrg].cells) for hrg in reached},
    }


def _table(cases: Sequence[RowCase]) -> pa.Table:
    """Rows that are the cases, each of a period of its own where they have periods."""
    names = dict.fromkeys(name for case in cases for name in case.cells)
    columns = {name: pa.array([case.cells.get(name) for case in cases], pa.string()) for name in names}
    if "CCLocalID" in columns:
        columns["CCLocalID"] = pa.array([str(number) for number in range(len(cases))])
    return pa.table(columns)


def _by_basis(bases: Sequence[str]) -> dict[str, int]:
    counted = Counter(bases)
    return {basis: counted[basis] for basis in BASES}
