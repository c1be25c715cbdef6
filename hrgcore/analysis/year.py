"""A year at a glance: what a result holds, by HRG and provider, and what it rests on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hrgcore.analysis.prices import EPISODE_FIELDS, Prices, settings_of
from hrgcore.analysis.results import Results, summed, text, together, whole
from hrgcore.analysis.scores import CcScores
from hrgcore.design import Bundle
from hrgcore.design.tables import BASES

LONGEST, HIGHEST = 30, 20  #: days, and points, from which spells are counted together
_KEYS = ("PROCODET", "SpellHRG")
_SPELLS = (
    "SpellHRG",
    "SpellGroupingMethodFlag",
    "SpellReason",
    "SpellPDiag",
    "SpellLOS",
    "SpellRootRule",
    "SpellSplitRule",
    "UnbundledHRGs",
)
_RULES = ("SpellReason", "SpellRootRule", "SpellSplitRule")


@dataclass(frozen=True)
class Year:
    """A result in figures.

    ``cube`` has a row for each provider and HRG: spells, days, spells without a night among those admitted as emergencies or to
    stay (`admitted`, `zero_stay`), secondary diagnoses (`depth`, and its squares), spells with unbundled HRGs, CC scores (and
    their squares) of the spells whose root is split by them (`cc_split`), money.
    ``stays`` and ``scores`` are distributions, ``reasons`` counts spells, ``errors`` rows by provider and kind, ``bases`` spells
    by the weaker basis of their root's and their split's rule.
    """

    name: str
    release: str
    cube: pa.Table
    stays: pa.Table
    scores: pa.Table
    reasons: pa.Table
    errors: pa.Table
    bases: pa.Table

    def total(self, column: str) -> float:
        """The sum of a column of ``cube``."""
        return float(pc.sum(self.cube.column(column)).as_py() or 0)

    @property
    def grouped(self) -> int:
        """How many spells are not in the error HRG."""
        return int(pc.sum(self.cube.column("grouped")).as_py() or 0)


def year_of(results: Results, bundle: Bundle | None, prices: Prices | None = None) -> Year:
    """The figures of a result, part by part."""
    cc = CcScores(bundle) if bundle else None
    stays = np.zeros((2, LONGEST + 1), np.int64)
    scores = np.zeros(HIGHEST + 1, np.int64)

    def part(number: int) -> tuple[pa.Table, pa.Table, Any, Any]:
        layout = results.layout
        found = results.part(number, _SPELLS, (*EPISODE_FIELDS, *layout.diagnoses))
        spells = found.spells
        days = whole(spells.column("SpellLOS"))
        setting, admission = settings_of(found)
        grouped = pc.not_equal(text(spells.column("SpellGroupingMethodFlag")), "U").to_numpy(zero_copy_only=False)
        one = np.ones(len(spells), np.int64)
        admitted = (setting == 1).astype(np.int64)
        columns: dict[str, Any] = {key: text(spells.column(key)) for key in _KEYS}
        columns |= {"spells": one, "grouped": grouped.astype(np.int64), "days": days, "days_squared": days * days}
        columns |= {"admitted": admitted, "zero_stay": admitted * (days == 0), "emergency": admission}
        lists = spells.column("UnbundledHRGs")
        columns["unbundled"] = _has_any(lists)
        score, split, depth = cc.scores(results, found, found.episodes) if cc else (one * 0, one * 0, _depth(results, found))
        columns |= {"depth": depth, "depth_squared": depth * depth, "cc": score * split, "cc_squared": score * score * split}
        columns["cc_split"] = split
        if prices is not None:
            money, excess = prices.of(spells.column("SpellHRG"), days, setting, admission)
            columns |= {"priced": (~np.isnan(money)).astype(np.int64), "income": np.nan_to_num(money), "excess_days": excess}
        rules = summed(pa.table({**{name: text(spells.column(name)) for name in _RULES}, "spells": one}), _RULES)
        capped = np.minimum(days, LONGEST) + (LONGEST + 1) * admission
        counts = (
            np.bincount(capped, minlength=stays.size),
            np.bincount(np.minimum(score, HIGHEST)[split > 0], minlength=HIGHEST + 1),
        )
        return summed(pa.table(columns), _KEYS), rules, *counts

    cubes, rules = [], []
    for cube, rule, of_stays, of_scores in results.map(part):
        cubes.append(cube)
        rules.append(rule)
        stays += of_stays.reshape(stays.shape)
        scores += of_scores
        if len(cubes) == 8:
            cubes, rules = [together(cubes, _KEYS)], [together(rules, _RULES)]
    rule_table = together(rules, _RULES)
    return Year(
        results.path.resolve().name,
        str(results.design.get("release", "")),
        together(cubes, _KEYS).sort_by([(key, "ascending") for key in _KEYS]),
        pa.table({"days": np.arange(LONGEST + 1), "elective": stays[0], "emergency": stays[1]}),
        pa.table({"score": np.arange(HIGHEST + 1), "spells": scores}),
        summed(rule_table.select(["SpellReason", "spells"]), ("SpellReason",)).sort_by([("spells", "descending")]),
        _errors(results),
        _bases(rule_table, bundle),
    )


def by_prefix(year: Year, length: int) -> pa.Table:
    """The cube by the first characters of the HRG."""
    part = pc.utf8_slice_codeunits(year.cube.column("SpellHRG"), 0, length)
    return summed(year.cube.drop_columns(list(_KEYS)).append_column("part", part), ("part",)).sort_by("part")


def _has_any(lists: Any) -> Any:
    """Whether a spell has unbundled HRGs; in CSV they stand as text."""
    if pa.types.is_string(lists.type):
        return pc.not_equal(text(lists), "").cast(pa.int64())
    return pc.greater(pc.fill_null(pc.list_value_length(lists), 0), 0).cast(pa.int64())


def _depth(results: Results, part: Any) -> Any:
    """How many secondary diagnoses a spell's episodes have, where no design says which codes are valid."""
    depth = np.zeros(len(part.spells), np.int64)
    for name in results.layout.diagnoses[1:]:
        filled = pc.not_equal(text(part.episodes.column(name)), "").to_numpy(zero_copy_only=False)
        depth += np.bincount(part.spell_of_episode[filled], minlength=len(depth))
    return depth


def _errors(results: Results) -> pa.Table:
    keys = ("PROCODET", "ErrorMessage")
    parts = []
    for rows in results.read_parts("errors", keys):
        parts.append(
            summed(pa.table({**{key: text(rows.column(key)) for key in keys}, "rows": np.ones(len(rows), np.int64)}), keys)
        )
    return together(parts, keys).sort_by([("rows", "descending"), ("PROCODET", "ascending"), ("ErrorMessage", "ascending")])


def _bases(rules: pa.Table, bundle: Bundle | None) -> pa.Table:
    counts = dict.fromkeys(BASES, 0)
    if bundle:
        place = {name: BASES.index(basis) for name, basis in zip(bundle.rule_references, bundle.rule_bases, strict=True) if name}
        for row in rules.to_pylist():
            if row["SpellRootRule"]:
                weaker = max(place[row[name]] for name in ("SpellRootRule", "SpellSplitRule") if row[name] in place)
                counts[BASES[weaker]] += row["spells"]
    return pa.table({"basis": list(counts), "spells": list(counts.values())})
