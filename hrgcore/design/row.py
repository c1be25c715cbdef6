"""A line of a design table, and what all lines have in common: basis and step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hrgcore.design.codes import CodeCell
from hrgcore.design.conditions import Condition

BASES = ("published", "observed", "derived", "calibrated", "judgement")


@dataclass(frozen=True)
class Row:
    """One line of a table. ``codes`` holds its parsed code cells by column, ``conditions`` what a rule asks."""

    table: str
    line: int
    cells: Mapping[str, str]
    codes: Mapping[str, CodeCell]
    conditions: tuple[Condition, ...]
    step: int

    def __getitem__(self, column: str) -> str:
        """The text of a cell; empty where the table has no such column."""
        return self.cells.get(column, "")

    @property
    def basis(self) -> str:
        return self.cells["basis"]

    @property
    def reference(self) -> str:
        """How results and explanations name this row: `splits.csv:12`."""
        return f"{self.table}.csv:{self.line}"


def check_basis(where: str, cells: Mapping[str, str], faults: list[str]) -> None:
    """Fault a row that does not say what it rests on."""
    if cells["basis"] not in BASES:
        faults.append(f"{where}: basis {cells['basis']!r} is none of {', '.join(BASES)}.")


def read_step(where: str, cells: Mapping[str, str], faults: list[str]) -> int:
    """The step of a rule; 1 where none is given."""
    step = cells.get("step", "").strip() or "1"
    if not step.isascii() or not step.isdigit() or len(step) > 3:
        faults.append(f"{where}: step {step!r} is not a whole number from 0 to 999.")
        return 1
    return int(step)
