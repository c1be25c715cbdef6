"""Why spells moved between two designs: their roots, their splits, their CC lists or their checks, in the words of the tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from hrgcore.analysis.results import ranked
from hrgcore.design import Bundle
from hrgcore.design.tables import Row

ROOT, SPLIT, CC, CHECK, FACTS = "root", "split", "CC score", "checks", "other facts"
_MOST_CODES = 12
MOST = 1 << 30  #: more than any number that a condition tests


class CauseFinder:
    """Finds the cause of a move between two designs; either may be absent, and then less can be told."""

    def __init__(self, a: Bundle | None, b: Bundle | None) -> None:
        self.sides = [_Side(bundle) for bundle in (a, b)]
        self.known = a is not None and b is not None

    def of(self, move: Mapping[str, str]) -> tuple[str, str, str]:
        """(kind, what of, explanation) of a row of moves: HRGs, methods and rules of both sides."""
        hrg = [move["SpellHRG_a"], move["SpellHRG_b"]]
        if (move["SpellGroupingMethodFlag_a"] == "U") != (move["SpellGroupingMethodFlag_b"] == "U"):
            return CHECK, f"{move['SpellReason_a'] or '-'} to {move['SpellReason_b'] or '-'}", "grouped under one design only"
        if hrg[0][:4] != hrg[1][:4]:
            return ROOT, f"{hrg[0][:4]} to {hrg[1][:4]}", self._root(move)
        if not self.known:
            return SPLIT, hrg[0][:4], "another split of the same root, or another CC score"
        return self._split(move, hrg[0][:4])

    def _root(self, move: Mapping[str, str]) -> str:
        rules = [move["SpellRootRule_a"], move["SpellRootRule_b"]]
        rows = [side.rows.get(rule) for side, rule in zip(self.sides, rules, strict=True)]
        said = [f"{rule} ({_short(row)})" if row else rule for rule, row in zip(rules, rows, strict=True)]
        if rows[0] and rows[1] and rows[0]["codes"] == rows[1]["codes"] and rows[0]["root"] != rows[1]["root"]:
            return f"{said[0]}: its root is {rows[1]['root']} now, was {rows[0]['root']}"
        return f"decided by {said[0]} before, by {said[1]} now"

    def _split(self, move: Mapping[str, str], root: str) -> tuple[str, str, str]:
        before, after = (side.splits.get(root, {}) for side in self.sides)
        changes = [
            f"{root}{name} {column} {before[name][column] or 'any'} -> {after[name][column] or 'any'}"
            for name in before
            if name in after
            for column in before[name].cells
            if column not in ("note", "basis") and before[name][column] != after[name][column]
        ]
        rows = [side.rows.get(move[f"SpellSplitRule_{at}"]) for side, at in zip(self.sides, "ab", strict=True)]
        if (changes or before.keys() != after.keys()) and not _apart(rows):
            return SPLIT, root, "splits.csv: " + ("; ".join(changes) or "other splits")
        name = self.sides[0].cc_list.get(root[:2], "")
        codes = self._codes(name, self.sides[1].cc_list.get(root[:2], ""))
        if codes and rows[0] and rows[1] and rows[0]["cc"] != rows[1]["cc"]:
            return CC, name, f"CC list {name}: {codes}"
        return FACTS, root, "the same splits met other facts: lists, interventions or scores"

    def _codes(self, before: str, after: str) -> str:
        """The codes whose points differ between two CC lists."""
        points = [side.points(name) for side, name in zip(self.sides, (before, after), strict=True)]
        changed = [code for code in sorted({*points[0], *points[1]}) if points[0].get(code, 0) != points[1].get(code, 0)]
        said = ", ".join(f"{code} {points[0].get(code, 0)} -> {points[1].get(code, 0)}" for code in changed[:_MOST_CODES])
        return said + (f" and {len(changed) - _MOST_CODES} more" if len(changed) > _MOST_CODES else "")


def causes(moves: pa.Table, finder: CauseFinder) -> pa.Table:
    """Causes by how many spells they moved: kind, of, explanation, spells, days, where an example stands, its HRGs."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for move in ranked(moves, "spells").to_pylist():
        kind, of, explanation = finder.of(move)
        entry = found.setdefault(
            (kind, of),
            {
                "kind": kind,
                "of": of,
                "explanation": explanation,
                "spells": 0,
                "days": 0,
                "example": move["spell"],
                "from": move["SpellHRG_a"],
                "to": move["SpellHRG_b"],
            },
        )
        entry["spells"] += move["spells"]
        entry["days"] += move["days"]
    schema = pa.schema(
        [
            ("kind", pa.string()),
            ("of", pa.string()),
            ("explanation", pa.string()),
            ("spells", pa.int64()),
            ("days", pa.int64()),
            ("example", pa.int64()),
            ("from", pa.string()),
            ("to", pa.string()),
        ]
    )
    return ranked(pa.Table.from_pylist(list(found.values()), schema), "spells")


class _Side:
    """What one design says: its rows by reference, splits by root and name, CC lists."""

    def __init__(self, bundle: Bundle | None) -> None:
        self.rows: dict[str, Row] = {}
        self.splits: dict[str, dict[str, Row]] = {}
        self.cc_list: dict[str, str] = {}
        self._bundle = bundle
        if bundle is None:
            return
        for table in ("diagnosis_roots", "procedure_roots", "exceptions", "splits"):
            self.rows |= {row.reference: row for row in bundle.tables[table]}
        for row in bundle.tables["splits"]:
            self.splits.setdefault(row["root"], {})[row["split"]] = row
        self.cc_list = {row["subchapter"]: row["cc_list"] for row in bundle.tables["subchapters"]}
        self._places = {name: at for at, name in enumerate(sorted({row["list"] for row in bundle.tables["cc_lists"]}))}
        self._codes = bundle.strings("icd10_codes")

    def points(self, name: str) -> dict[str, int]:
        """The points of the codes on a CC list."""
        if self._bundle is None or name not in self._places:
            return {}
        points = self._bundle.arrays["cc_points"][self._places[name]]
        return {self._codes[at]: int(points[at]) for at in np.flatnonzero(points).tolist()}


def _apart(rows: Sequence[Row | None]) -> bool:
    """Whether no CC score is within both rows: then it is the score that has changed."""
    bounds = [range_of(row["cc"]) if row else (0, MOST) for row in rows]
    return max(low for low, _ in bounds) > min(high for _, high in bounds)


def range_of(text: str) -> tuple[int, int]:
    """The least and the greatest number that a condition such as `4`, `0-18` or `19+` takes."""
    low, dash, high = text.strip().partition("-")
    if not low:
        return 0, MOST
    return int(low.rstrip("+")), int(high) if dash else MOST if low.endswith("+") else int(low)


def _short(row: Row) -> str:
    codes = row["codes"]
    return codes if len(codes) <= 40 else codes[:39] + "…"
