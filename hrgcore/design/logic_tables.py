"""The tables of a logic of single rows, in a folder of a design that is named after it (`em/rules.csv`), as typed rows.

Format: tables/README.md, "The other logics".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hrgcore.design.codes import SCHEMES, CodeCell, parse_code_cell
from hrgcore.design.conditions import Condition, parse_conditions
from hrgcore.design.csv_lines import read_lines
from hrgcore.design.row import Row, check_basis, read_step
from hrgcore.logics import ROW_LOGICS, Logic

#: The scope in which rules look for the lists that a row's values are on.
LISTS = "lists"
#: Each table's own columns: (must be there, may be there); rules add the logic's facts, its scores and `lists`.
LOGIC_SCHEMA: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "fields": (("field", "accepts"), ()),
    "lists": (("list", "field", "values"), ()),
    "scores": (("score", "component", "points", "field", "values"), ()),
    "hrgs": (("hrg", "label"), ()),
    "rules": (("hrg",), ("step", "field")),
    "checks": (("check", "field"), ("other",)),
}
#: Tables that a logic may do without.
_MAY_LACK = ("checks",)


@dataclass(frozen=True)
class LogicTables:
    """The tables of one logic. ``names`` are those of its files, without `.csv`."""

    logic: Logic
    rows: Mapping[str, list[Row]]
    value_sets: list[Row]  # of admitted care: what `fields` does not tell of a coded field of the same name

    def __getitem__(self, table: str) -> list[Row]:
        return self.rows[table]

    @property
    def names(self) -> list[str]:
        return [f"{self.logic.name}/{table}" for table in LOGIC_SCHEMA]

    def accepts(self, field: str) -> tuple[list[Row], str]:
        """The rows that say what a field accepts, and in which column they say it."""
        own = [row for row in self["fields"] if row["field"] == field]
        shared = [row for row in self.value_sets if row["field"] == field]
        return (own, "accepts") if own or not shared else (shared, "values")

    @property
    def scores(self) -> tuple[str, ...]:
        """The names of its scores, in order of the table."""
        return tuple(dict.fromkeys(row["score"] for row in self["scores"]))

    @property
    def ranges(self) -> tuple[str, ...]:
        """The facts that rules may test as numbers, in the order in which the kernels hold them."""
        return (*self.logic.ranges, *self.scores)


def read_logics(texts: Mapping[str, str], value_sets: list[Row], faults: list[str]) -> dict[str, LogicTables]:
    """The logics that the texts of a design's files, by name, have tables of; ``value_sets`` are the rows of that table."""
    folders = {name.partition("/")[0] for name in texts if "/" in name}
    return {name: _read_logic(logic, texts, value_sets, faults) for name, logic in ROW_LOGICS.items() if name in folders}


def _read_logic(logic: Logic, texts: Mapping[str, str], value_sets: list[Row], faults: list[str]) -> LogicTables:
    rows: dict[str, list[Row]] = {}
    for table in ("fields", "lists", "scores", "hrgs", *_MAY_LACK):
        rows[table] = _read_table(logic, table, texts, (), faults)
    ranges = (*logic.ranges, *dict.fromkeys(row["score"] for row in rows["scores"]))
    rows["rules"] = _read_table(logic, "rules", texts, ranges, faults)
    return LogicTables(logic, rows, value_sets)


def _read_table(logic: Logic, table: str, texts: Mapping[str, str], ranges: tuple[str, ...], faults: list[str]) -> list[Row]:
    name = f"{logic.name}/{table}"
    if table in _MAY_LACK and f"{name}.csv" not in texts:
        return []
    must, may = LOGIC_SCHEMA[table]
    conditions = (*ranges, LISTS) if table == "rules" else ()
    found = []
    for line, cells in read_lines(f"{name}.csv", texts.get(f"{name}.csv"), (*must, "basis"), (*may, "note", *conditions), faults):
        row = _read_row(logic, name, line, cells, ranges, faults)
        if row is not None:
            found.append(row)
    return found


def _read_row(logic: Logic, name: str, line: int, cells: dict[str, str], ranges: tuple[str, ...], faults: list[str]) -> Row | None:
    before = len(faults)
    where = f"{name}.csv:{line}"
    check_basis(where, cells, faults)
    conditions: tuple[Condition, ...] = ()
    codes: dict[str, CodeCell] = {}
    field = cells.get("field", "")
    if field and field not in logic.by_name:
        faults.append(f"{where}: {field} is no field of {logic.name}; they are {', '.join(logic.by_name)}.")
    elif field and "values" in cells and logic.by_name[field].kind in SCHEMES:
        try:
            codes["values"] = parse_code_cell(cells["values"], SCHEMES[logic.by_name[field].kind])
        except ValueError as error:
            faults.append(f"{where}: values: {error}.")
    if name.endswith("/rules"):
        try:
            conditions = parse_conditions(cells, ranges, (LISTS,))
        except ValueError as error:
            faults.append(f"{where}: {error}.")
    step = read_step(where, cells, faults)
    return Row(name, line, cells, codes, conditions, step) if len(faults) == before else None
