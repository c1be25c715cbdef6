"""A small result made by hand and a grouper that stands in for the real one: for tests of readers, writers and command lines."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from designs import both

from hrgcore.activity import Activity

MANDATORY = [
    *("PROCODET", "PROVSPNO", "EPIORDER", "STARTAGE", "SEX", "CLASSPAT", "ADMISORC", "ADMIMETH", "DISDEST", "DISMETH", "EPIDUR"),
    *("MAINSPEF", "TRETSPEF", "DIAG_01"),
]


@dataclass(frozen=True)
class FakeDesign:
    id: str = "fake"
    title: str = "A design for tests"
    release: str = "2024/25"
    version: str = "1"
    status: str = "open reconstruction, for tests"
    attribution: str = "nobody"
    digest: str = "ab" * 32


@dataclass
class FakeResult:
    episodes: pa.Table
    spells: pa.Table
    unbundled: pa.Table
    errors: pa.Table
    spell_of_episode: Any

    @property
    def counts(self) -> dict[str, Any]:
        flags = {"episodes": ("GroupingMethodFlag", "FCE_Reason"), "spells": ("SpellGroupingMethodFlag", "SpellReason")}
        found = {}
        for name, (flag, reason) in flags.items():
            table = getattr(self, name)
            failed = table.column(flag).to_pylist().count("U")
            reasons = Counter(table.column(reason).to_pylist())
            found[name] = {"total": len(table), "grouped": len(table) - failed, "failed": failed, "by_reason": dict(reasons)}
        return {**found, "unbundled": len(self.unbundled)}


def records(*rows: str, names: list[str] | None = None) -> pa.Table:
    """A table of text out of rows written with blanks between their cells; `.` is a blank cell."""
    cells = [["" if cell == "." else cell for cell in row.split()] for row in rows]
    names = names or MANDATORY
    return pa.table({name: pa.array([row[number] for row in cells], pa.string()) for number, name in enumerate(names)})


def unbundled_table(rows: list[tuple[int, int, str, int | None]]) -> pa.Table:
    return pa.table(
        {
            "Row": pa.array([row[0] for row in rows], pa.int64()),
            "Iteration": pa.array([row[1] for row in rows], pa.int32()),
            "UnbundledHRG": pa.array([row[2] for row in rows], pa.string()).dictionary_encode(),
            "Days": pa.array([row[3] for row in rows], pa.int32()),
        }
    )


def errors_table(rows: list[tuple[int, str, str, str]]) -> pa.Table:
    names = ("CodeType", "Code", "ErrorMessage")
    columns = {name: pa.array([row[at] for row in rows], pa.string()) for at, name in enumerate(names, 1)}
    return pa.table({"Row": pa.array([row[0] for row in rows], pa.int64()), **columns})


def group(table: pa.Table) -> FakeResult:
    """Every row is AA22C, unless DIAG_01 is blank: then UZ01Z with an error. A spell takes its first row's."""
    bad = [not code for code in table.column("DIAG_01").to_pylist()]
    keys = list(zip(table.column("PROCODET").to_pylist(), table.column("PROVSPNO").to_pylist(), strict=True))
    spells = list(dict.fromkeys(keys))
    spell_of_episode = np.array([spells.index(key) for key in keys], np.int64)
    spell_bad = [any(b for b, s in zip(bad, spell_of_episode, strict=True) if s == spell) for spell in range(len(spells))]

    def hrgs(failed: list[bool]) -> pa.Array:
        return pa.array(["UZ01Z" if flag else "AA22C" for flag in failed], pa.string()).dictionary_encode()

    def flags(failed: list[bool]) -> pa.Array:
        return pa.array(["U" if flag else "D" for flag in failed], pa.string()).dictionary_encode()

    def text(count: int, value: str = "") -> pa.Array:
        return pa.array([value] * count, pa.string())

    rows, many = len(bad), len(spells)
    episodes = table
    for name, column in {
        "FCE_HRG": hrgs(bad),
        "GroupingMethodFlag": flags(bad),
        "DominantProcedure": text(rows),
        "CalcEpidur": pa.array([3] * rows, pa.int32()),
        "SpellReportFlag": pa.array([True] * rows),
        "FCE_Reason": pa.array(["invalid field" if flag else "diagnosis-driven" for flag in bad], pa.string()),
        "FCE_RootRule": text(rows),
        "FCE_SplitRule": text(rows),
        "SpellHRG": hrgs([spell_bad[spell] for spell in spell_of_episode]),
    }.items():
        episodes = episodes.append_column(name, column)
    spell_table = pa.table(
        {
            "PROCODET": pa.array([key[0] for key in spells], pa.string()),
            "PROVSPNO": pa.array([key[1] for key in spells], pa.string()),
            "SpellHRG": hrgs(spell_bad),
            "SpellGroupingMethodFlag": flags(spell_bad),
            "SpellDominantProcedure": text(many),
            "SpellPDiag": text(many, "I10X"),
            "SpellSDiag": text(many),
            "SpellEpisodeCount": pa.array([1] * many, pa.int32()),
            "SpellLOS": pa.array([3] * many, pa.int32()),
            "SpellCCDays": pa.array([0] * many, pa.int32()),
            "SpellReason": text(many),
            "UnbundledHRGs": pa.array([["RD01Z", "VC04Z"]] * many, pa.list_(pa.string())),
        }
    )
    errors = errors_table([(row, "DIAG_01", "", "Primary Diagnosis is blank") for row, flag in enumerate(bad, 1) if flag])
    return FakeResult(episodes, spell_table, unbundled_table([]), errors, spell_of_episode)


class FakeExplanation:
    def __init__(self, rows: int) -> None:
        self.rows = rows

    def text(self) -> str:
        return f"{self.rows} episodes explained"

    def json(self) -> str:
        return f'{{"episodes": {self.rows}}}'

    def html(self) -> str:
        return f"<p>{self.rows}</p>"


class FakeGrouper:
    def __init__(self, design: str | Path = "fake", *, threads: int | None = None) -> None:
        self.design = FakeDesign()
        self.encoder = both("small").grouper.encoder

    def accepts(self, field: str, values: Any, *, logic: str = "apc") -> np.ndarray:
        return self.encoder.accepts(field, values)

    def group(self, data: pa.Table | Activity, *, logic: str = "apc") -> FakeResult:
        return group(data.table if isinstance(data, Activity) else data)

    def explain(self, episodes: pa.Table, *, logic: str = "apc") -> FakeExplanation:
        return FakeExplanation(episodes.num_rows)
