"""A result held against HRGs that somebody else gave: where they agree, where not, and where the fault most likely lies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from hrgcore.analysis.official import Official, joined
from hrgcore.analysis.results import Numbers, Results, ranked, summed, text, whole
from hrgcore.design import Bundle
from hrgcore.design.tables import BASES
from hrgcore.errors import InputError

CHECKS, DOMINANCE, ROOT, CC, SPLIT = "validation", "dominance", "root", "CC score or its bounds", "split"
_SPELLS = (
    "SpellHRG",
    "SpellGroupingMethodFlag",
    "SpellDominantProcedure",
    "SpellPDiag",
    "SpellLOS",
    "SpellReason",
    "SpellRootRule",
    "SpellSplitRule",
)
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Matched:
    """Spells in both: ours and the official HRG, what decided ours, `spell` (its place in the result from 1), and the `fault`."""

    spells: pa.Table
    unmatched: tuple[int, int]  # spells of the official table, of the result, that the other has not
    episodes: tuple[int, int] | None  # matched, agreeing

    @property
    def agree(self) -> Flags:
        """Whether each spell has the same HRG on both sides."""
        found: Flags = pc.equal(self.spells.column("SpellHRG"), self.spells.column("official")).to_numpy(zero_copy_only=False)
        return found

    def by(self, column: str) -> pa.Table:
        """Spells, how many agree, and the share, by a column."""
        table = pa.table(
            {
                column: self.spells.column(column),
                "spells": np.ones(len(self.spells), np.int64),
                "agree": self.agree.astype(np.int64),
            }
        )
        found = summed(table, (column,))
        share = pc.divide(found.column("agree").cast(pa.float64()), found.column("spells"))
        return ranked(found.append_column("share", share), "spells")

    def disagreements(self) -> pa.Table:
        """Pairs of HRGs that differ: official, ours, fault, spells, the place of the first spell."""
        keys = ("official", "SpellHRG", "fault")
        wrong = self.spells.filter(pa.array(~self.agree))
        table = wrong.select([*keys, "spell"]).append_column("spells", pa.array(np.ones(len(wrong), np.int64)))
        return ranked(summed(table, keys, "spell"), "spells")


def match(official: Official, results: Results, bundle: Bundle) -> Matched:
    """Match the spells, or where only episodes have official HRGs those, and find the faults. Raises InputError where none fits."""
    episodes = _episodes(official, results)
    if official.spells is None:
        raise InputError(
            f"{official.path}: has HRGs of episodes alone, and spells are reconciled. Give a table with the HRG of the spell too."
        )
    spells = pa.concat_tables(results.map(lambda number: _part(results, number)))
    at = pc.index_in(spells.column("key"), value_set=official.spells.column("key").combine_chunks())
    known = pc.is_valid(at)
    if not pc.any(known).as_py():
        raise InputError(
            f"{official.path}: none of its spells is in {results.name}. Are provider and spell number the same in both?"
        )
    at = at.filter(known).combine_chunks()
    spells = spells.filter(known).append_column("official", official.spells.column("hrg").take(at))
    given = {name: official.spells.column(name).take(at) for name in ("method", "dominant") if name in official.spells.column_names}
    spells = _with_facts(spells, bundle, given)
    return Matched(spells, (len(official.spells) - len(spells), results.starts[-1] - len(spells)), episodes)


def _part(results: Results, number: int) -> pa.Table:
    part = results.part(number, ("PROCODET", "PROVSPNO", *_SPELLS))
    columns: dict[str, Any] = {"key": joined(part.spells.column("PROCODET"), part.spells.column("PROVSPNO"))}
    columns |= {name: text(part.spells.column(name)) for name in _SPELLS if name != "SpellLOS"}
    columns["SpellLOS"] = whole(part.spells.column("SpellLOS"))
    columns["spell"] = np.arange(len(part.spells), dtype=np.int64) + part.first_spell + 1
    return pa.table(columns)


def _episodes(official: Official, results: Results) -> tuple[int, int] | None:
    if official.episodes is None:
        return None
    keys = official.episodes.column("key").combine_chunks()
    hrgs = official.episodes.column("hrg")

    def count(number: int) -> tuple[int, int]:
        rows = results.part(number, (), ("EPIORDER", "FCE_HRG")).episodes
        at = pc.index_in(joined(rows.column("PROCODET"), rows.column("PROVSPNO"), rows.column("EPIORDER")), value_set=keys)
        known = pc.is_valid(at)
        same = pc.equal(hrgs.take(at.filter(known).combine_chunks()), text(rows.column("FCE_HRG")).filter(known))
        return pc.sum(known).as_py() or 0, pc.sum(same).as_py() or 0

    counts = list(results.map(count))
    return sum(known for known, _ in counts), sum(same for _, same in counts)


def _with_facts(spells: pa.Table, bundle: Bundle, given: dict[str, Any]) -> pa.Table:
    """With the official chapter and root, the basis of what decided ours, and the fault."""
    place = {name: BASES.index(basis) for name, basis in zip(bundle.rule_references, bundle.rule_bases, strict=True) if name}

    def weaker(rules: Sequence[str]) -> str:
        own = [place[rule] for rule in rules if rule in place]
        return BASES[max(own)] if own else "none"

    rules = [spells.column(name).to_pylist() for name in ("SpellRootRule", "SpellSplitRule")]
    known: dict[tuple[str, ...], str] = {pair: weaker(pair) for pair in set(zip(*rules, strict=True))}
    columns = {
        "chapter": pc.utf8_slice_codeunits(spells.column("official"), 0, 1),
        "root": pc.utf8_slice_codeunits(spells.column("official"), 0, 4),
        "basis": pa.array([known[pair] for pair in zip(*rules, strict=True)], pa.string()),
        "fault": pa.array(_faults(spells, bundle, given), pa.string()),
    }
    for name, column in columns.items():
        spells = spells.append_column(name, column)
    return spells


def _faults(spells: pa.Table, bundle: Bundle, given: dict[str, Any]) -> list[str]:
    error = bundle.strings("hrg_codes")[0]
    splits = {row["root"] + row["split"]: row for row in bundle.tables["splits"]}
    ours, theirs = (spells.column(name).to_pylist() for name in ("SpellHRG", "official"))
    own = {"method": spells.column("SpellGroupingMethodFlag"), "dominant": spells.column("SpellDominantProcedure")}
    driven: Numbers = np.zeros(len(spells), np.int64)
    for name, column in given.items():
        driven |= pc.not_equal(column, own[name]).to_numpy(zero_copy_only=False).astype(np.int64)
    found = []
    for one, other, differs in zip(ours, theirs, driven.tolist(), strict=True):
        if one == other:
            found.append("")
        elif error in (one, other):
            found.append(CHECKS)
        elif one[:4] != other[:4]:
            found.append(DOMINANCE if differs else ROOT)
        else:
            rows = splits.get(one), splits.get(other)
            columns = (
                {c for c in rows[0].cells if rows[0][c] != rows[1][c]} - {"split", "basis", "note", "label"}
                if rows[0] and rows[1]
                else set()
            )
            found.append(CC if columns == {"cc"} else SPLIT)
    return found
