"""Makes the tables of synthetic activity: `python -m tools.synth FACTS DESIGN`, the national figures and a design's tables."""

from __future__ import annotations

import csv
import re
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np

from hrgcore.synth.kinds import group_of
from hrgcore.synth.mix import load_mix
from hrgcore.synth.tables import expand, group_values, read_rows
from tools.synth.calibrate import calibrate
from tools.synth.facts import HERE, OWN_KINDS, Activity, Rules, Way, activity, labels, of_kind, rows, usage
from tools.synth.fit import cell, share_out

TABLES = Path(__file__).parents[2] / "tables" / "hrgcore_tables" / "synth"
HEALTHY_BABIES = 430_000  #: births that the cost collection counts with the mother
YEAR_OF_USAGE = 22_000_000  #: episodes of the year that the usage of codes is counted in
MOST_CODES = 40  #: codes in a cell of a procedure kind


def main(facts: Path, design: Path) -> None:
    """Write the tables, draw from them, and write them anew with less of what came out too often."""
    capable = dict.fromkeys(usage(facts / "opcs4_codes.csv"), 1.0)
    for again in (True, False):
        make(facts, design, capable)
        ratio = calibrate(TABLES, YEAR_OF_USAGE, 5 if again else 8)["procedures"]
        for row, often in zip(read_rows("procedures"), ratio, strict=True):
            capable[row["code"]] = min(1.0, 1 / often)
        read_rows.cache_clear()
        load_mix.cache_clear()


def make(facts: Path, design: Path, capable: dict[str, float]) -> None:
    """Write the tables; ``capable`` is the share of a procedure's usage that may be dominant."""
    icd10, opcs4 = usage(facts / "icd10_codes.csv"), usage(facts / "opcs4_codes.csv")
    rules, label = Rules(design, icd10, opcs4), labels(facts)
    acts = activity(facts)
    acts.append(Activity("PB03", "short", (0, 0), HEALTHY_BABIES, 0, 500))
    wanted: dict[str, float] = defaultdict(float)
    for act in acts:
        wanted[act.root] += act.episodes
    sums = dict(wanted)
    for root in wanted:
        wanted[root] *= float(of_kind(root, "more") or 1)
    scale = sum(wanted.values()) / YEAR_OF_USAGE

    ways = _procedure_ways(rules, opcs4, wanted)
    diagnosed = _diagnosis_kinds(facts, rules, icd10, wanted)
    operated = {way.root for own in ways.values() for way in own} - set(diagnosed)
    pairs = [(code, way) for code, own in ways.items() for way in own if way.root in operated]
    roots = sorted(operated | set(diagnosed))
    number = {root: place for place, root in enumerate(roots)}
    target = np.array([wanted[root] for root in roots])

    codes = sorted(opcs4)
    at = {code: place for place, code in enumerate(codes)}
    capacity = np.array([opcs4[code] * capable[code] for code in codes]) * scale
    kind = np.array([number[way.root] for _, way in pairs])
    dominant = share_out(
        np.array([at[code] for code, _ in pairs]), kind, np.array([opcs4[code] + 0.1 for code, _ in pairs]), capacity, target
    )
    reached = np.bincount(kind, dominant, len(roots))
    episodes = np.where([root in operated for root in roots], reached, target)

    primaries = diagnosed | _primary_pools(facts, label, icd10, pairs)
    groups = group_values(list(icd10), rows(TABLES / "diagnosis_groups.csv"), "primary")
    share = dict(zip(icd10, np.array(groups, np.float64), strict=True))
    unfit = {row["icd10"] for row in rows(facts / "icd10_to_root_adult.csv") if row["root"] in ("UZ01", "UZ02", "UZ04")} - {"Z380"}
    system = dict(zip(icd10, group_values(list(icd10), rows(TABLES / "diagnosis_groups.csv"), "system"), strict=True))
    unborn = {code for code in icd10 if system[code] == "newborn"}
    own = [
        (code, root)
        for root, pool in primaries.items()
        if root in number
        for code in pool
        if code not in unfit and (code not in unborn or group_of(root)["system"] == "newborn")
    ]
    names = sorted(icd10)
    place = {code: number for number, code in enumerate(names)}
    first = share_out(
        np.array([place[code] for code, _ in own]),
        np.array([number[root] for _, root in own]),
        np.array([(icd10[code] + 0.1) * (share[code] + 0.001) for code, _ in own]),
        np.array([icd10[code] * scale * share[code] for code in names]) + 1e-3,
        episodes,
    )
    led_by = np.bincount([number[root] for _, root in own], first, len(roots))
    episodes = np.where([root in operated for root in roots], episodes, np.maximum(led_by, target / 4))
    by_kind: dict[str, dict[str, float]] = defaultdict(dict)
    for (code, root), weight in zip(own, first, strict=True):
        by_kind[root][code] = weight
    made = _write_kinds(roots, operated, pairs, dominant, by_kind, opcs4)
    ratio = {root: episodes[number[root]] / sums[root] for root in roots}
    body = [
        (
            act.root,
            act.setting,
            "{}-{}".format(*act.ages),
            round(act.episodes * ratio[act.root]),
            f"{act.cc:.1f}",
            _nights(act),
            "published",
        )
        for act in acts
        if act.root in made and act.episodes * ratio[act.root] >= 0.5
    ]
    _write("activity", ("kind", "setting", "ages", "episodes", "cc", "nights", "basis"), body)
    used, led = np.bincount([at[code] for code, _ in pairs], dominant, len(codes)), np.zeros(len(names))
    np.add.at(led, [place[code] for code, _ in own], first)
    _write_codes(
        "procedures",
        codes,
        opcs4,
        np.maximum(np.array([opcs4[code] for code in codes]) - used / scale, 0),
        _ranks(codes, pairs, dominant, acts),
    )
    _write_codes("diagnoses", names, icd10, np.maximum(np.array([icd10[code] for code in names]) - led / scale, 0))
    short = sorted(((target - episodes)[number[root]], root, wanted[root]) for root in roots)[-25:]
    print("episodes", episodes.sum(), "of", target.sum(), "operated", reached.sum())
    print("kinds whose codes are not used often enough:", [(root, round(lack), round(all_)) for lack, root, all_ in short])
    print(
        "without codes:", [(root, round(n)) for root, n in sorted(wanted.items(), key=lambda x: -x[1]) if root not in number][:60]
    )


def _procedure_ways(rules: Rules, opcs4: dict[str, int], wanted: dict[str, float]) -> dict[str, list[Way]]:
    found = {code: [way for way in rules.procedure(code) if wanted.get(way.root)] for code in opcs4}
    names = sorted(opcs4)
    for row in OWN_KINDS:
        for root in wanted:
            if root.startswith(row["kinds"]):
                for code in expand(row["procedures"], names):
                    found[names[code]].append(Way(root, (), ()))
    return found


def _diagnosis_kinds(facts: Path, rules: Rules, icd10: dict[str, int], wanted: dict[str, float]) -> dict[str, list[str]]:
    """The primary diagnoses of each root that diagnoses lead to: of adults as published, of children by the design's rules."""
    found: dict[str, set[str]] = defaultdict(set)
    for row in rows(facts / "icd10_to_root_adult.csv"):
        if row["icd10"] in icd10 and wanted.get(row["root"]):
            found[row["root"]].add(row["icd10"])
    for code in icd10:
        for way in rules.diagnosis(code):
            if wanted.get(way.root) and (way.root[0] == "P" or way.root not in found or way.root == "KB01"):
                found[way.root].add(code)
    names = sorted(icd10)
    for row in OWN_KINDS:
        for root in wanted:
            if row["diagnoses"] and root.startswith(row["kinds"]):
                found[root] = {names[place] for place in expand(row["diagnoses"], names)}
    return {root: sorted(codes) for root, codes in found.items()}


def _primary_pools(facts: Path, label: dict[str, str], icd10: dict[str, int], pairs: list[tuple[str, Way]]) -> dict[str, list[str]]:
    """The primary diagnoses that go with each root of procedures: primaries.csv, and what the root's own rules ask for."""
    names = sorted(icd10)
    asked: dict[str, set[str]] = defaultdict(set)
    free: set[str] = set()
    for _, way in pairs:
        if way.diagnoses:
            asked[way.root] |= frozenset.intersection(*way.diagnoses) or way.diagnoses[0]
        else:
            free.add(way.root)
    found = {}
    pools = [(re.compile(row["kinds"]), re.compile(row["label"]), row["codes"]) for row in rows(HERE / "primaries.csv")]
    for root in sorted({way.root for _, way in pairs}):
        pool = next(
            (
                {names[place] for place in expand(codes, names)}
                for kinds, words, codes in pools
                if kinds.match(root) and words.search(label[root])
            ),
            set(),
        )
        if asked[root] and root not in free:
            pool = (pool & asked[root]) or asked[root]
        if not pool:
            print("no primary diagnosis:", root, label[root])
        found[root] = sorted(pool)
    return found


def _write_kinds(roots, operated, pairs, dominant, by_kind, opcs4) -> set[str]:  # type: ignore[no-untyped-def]
    """kinds.csv and sets.csv: the codes that a kind is drawn from, and those that must stand beside its procedure."""
    sets: dict[frozenset[str], str] = {}
    ways: dict[tuple[str, tuple[str, ...]], dict[str, float]] = defaultdict(dict)
    for (code, way), weight in zip(pairs, dominant, strict=True):
        names = tuple(sets.setdefault(one, f"s{len(sets) + 1}") for one in way.lists if code not in one)
        ways[way.root, names][code] = weight
    out, used = [], set()
    for root in roots:
        led = by_kind[root]
        primary = cell(
            list(led), np.array(list(led.values())), 0.003 if root in operated else 0, MOST_CODES if root in operated else 10_000
        )
        for (own, names), codes in sorted(ways.items()):
            if own == root and root in operated:
                text = cell(list(codes), np.array(list(codes.values())), 0.0005, 400)
                if text:
                    used |= set(names)
                    out.append((root, text, " ".join(names), primary, "judgement"))
                    primary = ""
        if root not in operated and primary:
            out.append((root, "", "", primary, "judgement"))
    _write("kinds", ("kind", "procedures", "with", "primary", "basis"), out)
    rows_ = []
    for codes, name in sets.items():
        own = sorted(codes)
        text = cell(own, np.array([opcs4.get(code, 0) + 0.6 for code in own]), 0.02, 12)
        if name in used:
            rows_.append((name, text, "judgement"))
    _write("sets", ("set", "procedures", "basis"), rows_)
    return {row[0] for row in out}


def _ranks(codes: list[str], pairs, dominant, acts: list[Activity]) -> dict[str, int]:  # type: ignore[no-untyped-def]
    """How much of an operation each procedure is: the mean unit cost, in hundreds, of the kinds that it dominates."""
    cost, episodes = defaultdict(float), defaultdict(float)
    for act in acts:
        cost[act.root] += act.cost * act.episodes
        episodes[act.root] += act.episodes
    found: dict[str, float] = defaultdict(float)
    total: dict[str, float] = defaultdict(float)
    for (code, way), weight in zip(pairs, dominant, strict=True):
        for key in (code, code[:3]):
            found[key] += (weight + 0.01) * cost[way.root] / episodes[way.root]
            total[key] += weight + 0.01
    return {code: round(next((found[key] / total[key] for key in (code, code[:3]) if key in total), 0) / 100) for code in codes}


def _nights(act: Activity) -> str:
    """Mean nights of an episode, from its unit cost."""
    days = {"long": max(2.4, min(act.cost / 600, 45)), "elective": max(0.8, min(act.cost / 2300, 20)), "short": 0.5}
    return f"{days.get(act.setting, 0):.1f}"


def _write_codes(table: str, codes: list[str], used: dict[str, int], rest, *ranks: dict[str, int]) -> None:  # type: ignore[no-untyped-def]
    body = [
        (code, used[code], f"{left:.0f}", f"{left:.0f}", *(more[code] for more in ranks), "published")
        for code, left in zip(codes, rest, strict=True)
    ]
    _write(table, ("code", "usage", "residual", "weight", *(["rank"] if ranks else []), "basis"), body)


def _write(table: str, heading: tuple[str, ...], body: list[tuple[object, ...]]) -> None:
    with (TABLES / f"{table}.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(heading)
        writer.writerows(body)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
