"""Changes of CC points and of the bounds of splits: what each spell's official split says of its score, its age and its stay.

A spell whose official HRG is of our root, and whose row of `splits` differs from ours in one range alone, says that its number
lies in the official row's range. Points of codes and bounds of rows are changed, the best first, until no change settles more.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from hrgcore.analysis.causes import MOST, range_of
from hrgcore.analysis.edits import Edits
from hrgcore.analysis.propose import LEAST, NOTE, Proposal
from hrgcore.analysis.results import Numbers
from hrgcore.design import Bundle
from hrgcore.design.tables import Row

MOST_POINTS = 3
_MOST_CHANGES = 200  # of one list


@dataclass
class Evidence:
    """Spells of one root on both sides. ``row`` and ``official`` are the places of their rows in ``rows``; ``facts`` by column.

    ``pair_spell`` and ``pair_code`` are their secondary diagnoses: places of spells, numbers of codes.
    """

    rows: list[Row]
    ours: Numbers
    official: Numbers
    facts: dict[str, Numbers]
    pair_spell: Numbers
    pair_code: Numbers
    spell: Numbers = field(default_factory=lambda: np.empty(0, np.int64))


@dataclass
class _Ranges:
    """The ranges of all rows in one column, which change as bounds do."""

    low: Numbers
    high: Numbers

    @classmethod
    def of(cls, rows: list[Row], column: str) -> _Ranges:
        bounds = [range_of(row[column]) for row in rows]
        return cls(np.array([low for low, _ in bounds], np.int64), np.array([high for _, high in bounds], np.int64))


def propose_scores(evidence: Evidence, bundle: Bundle) -> list[Proposal]:
    """Proposals for CC lists and splits."""
    lists = {row["subchapter"]: row["cc_list"] for row in bundle.tables["subchapters"]}
    families = {column: _families(evidence.rows, column) for column in evidence.facts}
    names = sorted(set(lists.values()))
    list_of = np.array([names.index(lists[row["root"][:2]]) for row in evidence.rows], np.int64)
    proposals: list[Proposal] = []
    ranges = {column: _Ranges.of(evidence.rows, column) for column in evidence.facts}
    for place, name in enumerate(names):
        rows = np.flatnonzero(list_of == place)
        own = np.isin(evidence.ours, rows) & (families["cc"][evidence.ours] == families["cc"][evidence.official])
        if own.any() and (evidence.ours[own] != evidence.official[own]).any():
            proposals += _of_list(name, own, evidence, ranges["cc"], families["cc"], bundle)
    for column in evidence.facts:
        if column != "cc":
            same = families[column][evidence.ours] == families[column][evidence.official]
            bounds = _bounds(evidence.official[same], evidence.facts[column][same], ranges[column], families[column])
            proposals += _split_proposals([bound for bound in bounds if bound.gain >= LEAST], column, evidence)
    return proposals


@dataclass(frozen=True)
class _Bound:
    """The bound between two rows: the upper one begins at ``now``, and better at ``better``."""

    upper: int
    lower: int
    now: int
    better: int
    gain: int


def _of_list(
    name: str, own: npt.NDArray[np.bool_], ev: Evidence, ranges: _Ranges, family: Numbers, bundle: Bundle
) -> list[Proposal]:
    """Points and bounds of one list, the best change first."""
    names = sorted({row["list"] for row in bundle.tables["cc_lists"]})
    at = np.flatnonzero(own)
    place = np.full(len(own), -1, np.int64)
    place[at] = np.arange(len(at))
    pairs = own[ev.pair_spell]
    spell, code = place[ev.pair_spell[pairs]], ev.pair_code[pairs]
    points = (
        bundle.arrays["cc_points"][names.index(name)].astype(np.int64)
        if name in names
        else np.zeros(bundle.arrays["cc_points"].shape[1], np.int64)
    )
    before = points.copy()
    value, official = ev.facts["cc"][at].copy(), ev.official[at]
    gains: dict[int, int] = defaultdict(int)
    bounds: dict[tuple[int, int], _Bound] = {}
    for _ in range(_MOST_CHANGES if name else 1):
        low, high = ranges.low[official], ranges.high[official]
        best_code = _best_code(spell, code, points, value, low, high) if name else (0, 0, 0)
        best_bound = max(_bounds(official, value, ranges, family), key=lambda bound: bound.gain, default=None)
        if max(best_code[0], best_bound.gain if best_bound else 0) < LEAST:
            break
        if best_bound and best_bound.gain > best_code[0]:
            ranges.low[best_bound.upper], ranges.high[best_bound.lower] = best_bound.better, best_bound.better - 1
            key = (best_bound.upper, best_bound.lower)
            earlier = bounds.get(key)
            first, so_far = (earlier.now, earlier.gain) if earlier else (best_bound.now, 0)
            bounds[key] = _Bound(*key, first, best_bound.better, so_far + best_bound.gain)
        else:
            gain, number, new = best_code
            touched = spell[code == number]
            value[touched] += new - points[number]
            points[number] = new
            gains[number] += gain
    proposals = _split_proposals(list(bounds.values()), "cc", ev)
    changed = np.flatnonzero(points != before)
    if len(changed):
        proposals.append(_list_proposal(name, changed, before, points, sum(gains.values()), ev, at, bundle))
    return proposals


def _best_code(spell: Numbers, code: Numbers, points: Numbers, value: Numbers, low: Numbers, high: Numbers) -> tuple[int, int, int]:
    """(gain, code, new points) of the code whose points, changed, settle most on balance."""
    agree = (low <= value) & (value <= high)
    best = (0, 0, 0)
    for new in range(MOST_POINTS + 1):
        moved = value[spell] + new - points[code]
        after = (low[spell] <= moved) & (moved <= high[spell])
        change = after.astype(np.int64) - agree[spell]
        net = np.bincount(code, change, len(points))
        lost = np.bincount(code, change < 0, len(points))
        net[(net < LEAST) | (net < lost) | (points == new)] = 0  # what breaks half of what it mends is no cause
        number = int(net.argmax())
        if net[number] > best[0]:
            best = (int(net[number]), number, new)
    return best


def _bounds(official: Numbers, value: Numbers, ranges: _Ranges, family: Numbers) -> list[_Bound]:
    """For each two rows of a family whose ranges touch, the bound between them that most spells agree with."""
    wrong = official[(value < ranges.low[official]) | (value > ranges.high[official])]
    found = []
    order = np.argsort(official, kind="stable")
    starts = np.searchsorted(official[order], np.arange(len(family) + 1))
    for upper in np.unique(np.concatenate([np.flatnonzero(family == family[row]) for row in np.unique(wrong)] or [wrong])).tolist():
        below = np.flatnonzero((family == family[upper]) & (ranges.high == ranges.low[upper] - 1))
        for lower in below.tolist():
            above, under = (value[order[starts[row] : starts[row + 1]]] for row in (upper, lower))
            floor, ceiling = (
                int(ranges.low[lower]) + 1,
                int(min(ranges.high[upper], max([*above.tolist(), *under.tolist(), 0]) + 1)),
            )
            if ceiling < floor or len(above) + len(under) < LEAST:
                continue
            tries = np.arange(floor, ceiling + 1)
            right = np.searchsorted(np.sort(under), tries)  # below each bound
            right = right + len(above) - np.searchsorted(np.sort(above), tries)
            now = int(ranges.low[upper])
            if floor <= now <= ceiling:
                gain = right - right[now - floor]
                best = int(gain.argmax())
                if gain[best] > 0:
                    found.append(_Bound(upper, lower, now, int(tries[best]), int(gain[best])))
    return found


def _split_proposals(bounds: list[_Bound], column: str, ev: Evidence) -> list[Proposal]:
    """One proposal for each root whose bounds are better elsewhere."""
    by_root: dict[str, list[_Bound]] = defaultdict(list)
    for bound in bounds:
        if bound.now != bound.better:
            by_root[ev.rows[bound.upper]["root"]].append(bound)
    proposals = []
    for root, own in by_root.items():
        edits = Edits()
        new: dict[int, list[int]] = {}
        for bound in own:
            new.setdefault(bound.upper, list(range_of(ev.rows[bound.upper][column])))[0] = bound.better
            new.setdefault(bound.lower, list(range_of(ev.rows[bound.lower][column])))[1] = bound.better - 1
        said = []
        for place, (low, high) in sorted(new.items()):
            row = ev.rows[place]
            text = f"{low}+" if high == MOST else str(low) if low == high else f"{low}-{high}"
            edits.change(row, column, text)
            said.append(f"{row.reference} {root}{row['split']} {column} {row[column]} becomes {text}")
        places = np.isin(ev.ours, list(new)) & (ev.ours != ev.official)
        example = int(ev.spell[np.flatnonzero(places)[0]]) if places.any() else 0
        gain = sum(bound.gain for bound in own)
        proposals.append(Proposal("split", root, "; ".join(said), gain, edits, roots=frozenset({root}), example=example))
    return proposals


def _list_proposal(
    name: str, changed: Numbers, before: Numbers, after: Numbers, gain: int, ev: Evidence, at: Numbers, bundle: Bundle
) -> Proposal:
    codes = bundle.strings("icd10_codes")
    rows = [row for row in bundle.tables["cc_lists"] if row["list"] == name]
    edits = Edits()
    named = [codes[number] for number in changed.tolist()]
    for row in rows:
        own = [code for code in named if code in row.codes["codes"]]
        if own:
            edits.take_away(row, own)
    for points in sorted({int(after[number]) for number in changed.tolist()} - {0}):
        own = [codes[number] for number in changed.tolist() if after[number] == points]
        edits.add("cc_lists", {"list": name, "points": str(points), "codes": " ".join(own), "basis": "observed", "note": NOTE})
    says = ", ".join(f"{codes[n]} {before[n]} becomes {after[n]}" for n in changed.tolist())
    roots = frozenset(row["root"] for row in (ev.rows[place] for place in np.unique(ev.ours[at]).tolist()))
    hit = np.isin(ev.pair_code, changed) & (ev.ours != ev.official)[ev.pair_spell] & np.isin(ev.pair_spell, at)
    example = int(ev.spell[ev.pair_spell[np.flatnonzero(hit)[0]]]) if hit.any() else 0
    return Proposal("CC", name, f"cc_lists.csv, points on {name}: {says}", gain, edits, roots=roots, example=example)


def _families(rows: list[Row], column: str) -> Numbers:
    """Rows of a root and step that differ in this column alone have one number."""
    numbers: dict[tuple[str, ...], int] = {}
    apart = {column, "split", "label", "basis", "note"}
    keys = [tuple(text for name, text in row.cells.items() if name not in apart) for row in rows]
    return np.array([numbers.setdefault(key, len(numbers)) for key in keys], np.int64)
