"""The trace of a grouping: an ordered tree of steps, and the recorder that writes it (or, for speed, writes nothing)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hrgcore.design.conditions import Condition, Lists, describe
from hrgcore.design.tables import Row


@dataclass(frozen=True)
class Step:
    """One thing that was looked at: what came of it, by which row of the tables, and what that row rests on.

    ``outcome`` is `passed`, `failed` or a value; ``rule`` (`splits.csv:12`) and ``basis`` are empty where no row is concerned.
    """

    kind: str
    text: str
    rule: str = ""
    basis: str = ""
    outcome: str = ""
    children: tuple[Step, ...] = ()


class Recorder:
    """Takes steps and forgets them. `Trace` keeps them; grouping is the same code with either."""

    keeps = False  #: whether what is recorded is kept
    steps: Sequence[Step] = ()

    def branch(self) -> Recorder:
        """A recorder for the children of a step that is still to be written."""
        return self

    def step(
        self, kind: str, text: str, *values: object, row: Row | None = None, outcome: object = "", under: Recorder | None = None
    ) -> None:
        """Record a step; ``values`` fill the `{}` of ``text``, and ``under`` has its children."""

    def tried(self, kind: str, row: Row, failed: Condition | None, found: object) -> None:
        """Record that a rule was tried: the condition that failed with what was found instead, or None where all hold."""


class Trace(Recorder):
    """Keeps the steps it is given."""

    keeps = True

    def __init__(self) -> None:
        self.steps: list[Step] = []

    def branch(self) -> Recorder:
        return Trace()

    def step(
        self, kind: str, text: str, *values: object, row: Row | None = None, outcome: object = "", under: Recorder | None = None
    ) -> None:
        words = text.format(*(_words(value) for value in values))
        children = tuple(under.steps) if under is not None else ()
        self.steps.append(Step(kind, words, row.reference if row else "", row.basis if row else "", _words(outcome), children))

    def tried(self, kind: str, row: Row, failed: Condition | None, found: object) -> None:
        name = _rule_name(row)
        if failed is None:
            cells = list(map(describe, row.conditions))
            text = f"{name}: {', '.join(cells)}: holds." if cells else f"{name}: no conditions."
        elif isinstance(failed, Lists):
            text = f"{name}: {describe(failed)}: {'it is there' if failed.negated else 'not there'}."
        else:
            text = f"{name}: {describe(failed)}: it is {found}."
        self.step(kind, "{}", text, row=row, outcome="passed" if failed is None else "failed")


def _rule_name(row: Row) -> str:
    """What a rule leads to: an HRG, a root or an error category."""
    return row["root"] + row["split"] or row["error"] or row["hrg"]


def _words(value: object) -> str:
    if isinstance(value, frozenset):
        return " ".join(sorted(map(str, value))) or "none"
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "none"
    return str(value)
