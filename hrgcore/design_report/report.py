"""Putting the report on a design together, and writing it as JSON; `hrgcore.design_report.text` writes it for reading."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from hrgcore.design import DEFAULT_DESIGN, DesignInfo, load_design
from hrgcore.design.tables import Tables
from hrgcore.design_report import coverage
from hrgcore.design_report.activity import activity
from hrgcore.design_report.logics import logics
from hrgcore.design_report.reach import grouped_by_kernels
from hrgcore.design_report.text import as_text
from hrgcore.grouper import Grouper
from hrgcore.reference.design import Design
from hrgcore.witness import Witness, Witnesses, find_witnesses

SCHEMA_VERSION = 2
SAMPLE_EPISODES = 100_000
SAMPLE_SEED = 2024


@dataclass(frozen=True)
class DesignReport:
    """What a design is, covers and rests on. ``figures`` is plain dicts, lists, texts and numbers; ``witnesses`` reach its HRGs."""

    figures: dict[str, Any]
    witnesses: tuple[Witness, ...]

    def text(self) -> str:
        """The report for reading."""
        return as_text(self.figures)

    def to_dict(self) -> dict[str, Any]:
        """The figures, and the witnesses with their episodes."""
        return self.figures | {"witnesses": [asdict(witness) for witness in self.witnesses]}

    def json(self) -> str:
        """The report as JSON."""
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=1)


def report_design(
    design: str | Path = DEFAULT_DESIGN, *, episodes: int = SAMPLE_EPISODES, progress: Callable[[str], None] | None = None
) -> DesignReport:
    """The report on a design: an id, a bundle or a folder of tables. ``progress`` is told what is being done.

    Shares of activity rest on ``episodes`` synthetic episodes, the same in each run. Raises UsageError or DesignError.
    """
    say = progress or (lambda line: None)
    say("compiling")
    bundle = load_design(design)
    grouper = Grouper(design)
    tables = bundle.tables
    say("placing codes")
    lookups = Design(tables)
    figures: dict[str, Any] = {
        "schema": SCHEMA_VERSION,
        "design": _design(bundle.info),
        "counts": coverage.counts(tables),
        "coverage": coverage.Coverage(tables, lookups).by_scheme(),
    }
    witnesses = find_witnesses(tables, _counting(say))
    say("grouping the witnesses")
    figures["reachability"] = _reachability(grouper, witnesses)
    say("grouping rows of the other logics")
    figures["logics"] = logics(tables, grouper)
    say(f"grouping {episodes:,} synthetic episodes")
    figures["basis"] = _basis(tables, lookups) | {"activity": activity(grouper, bundle, episodes, SAMPLE_SEED)}
    return DesignReport(figures, witnesses.found)


def _design(info: DesignInfo) -> dict[str, str]:
    return {name: getattr(info, name) for name in ("id", "title", "release", "version", "digest", "status", "attribution")}


def _counting(say: Callable[[str], None]) -> Callable[[int, int], None]:
    """Says every 500 HRGs how far the search for witnesses is."""

    def count(done: int, total: int) -> None:
        if done % 500 == 1:
            say(f"finding witnesses, {done:,} of {total:,}")

    return count


def _reachability(grouper: Grouper, witnesses: Witnesses) -> dict[str, Any]:
    """How many HRGs have a witness that both engines group to them, and those that have none."""
    agreed = grouped_by_kernels(grouper, witnesses.found)
    unreached = [{"hrg": one.hrg, "why": one.why} for one in witnesses.unreached]
    differing = [
        {"hrg": one.hrg, "why": "the reference engine reaches it, the kernels do not"}
        for one, same in zip(witnesses.found, agreed, strict=True)
        if not same
    ]
    return {"hrgs": witnesses.total, "reached": sum(agreed), "unreached": [*unreached, *differing]}


def _basis(tables: Tables, lookups: Design) -> dict[str, Any]:
    return {
        "rows": coverage.rows_by_basis(tables),
        "hierarchies": coverage.hierarchies_by_basis(tables, lookups),
        "cc_lists": coverage.cc_lists_by_basis(tables),
    }
