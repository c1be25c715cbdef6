"""The report on a design as text: lines of at most 100 columns where names allow."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from textwrap import wrap
from typing import Any

from hrgcore.design.tables import BASES, RULE_TABLES

_WIDTH = 100
_METHODS = {
    "P": "procedure",
    "D": "diagnosis",
    "M": "multiple trauma",
    "B": "burn",
    "G": "global exception",
    "U": "failed",
}
_SCHEMES = {"icd10": "ICD-10", "opcs4": "OPCS-4"}
_PLACES = {
    "rooted": "lead to a root in every case",
    "conditional": "lead to a root in some cases only",
    "error_category": "fail with an error category",
    "never_dominant": "are never dominant",
    "unplaced": "have no place",
}


def as_text(figures: Mapping[str, Any]) -> str:
    """The figures of a report as text."""
    sections = (_design, _counts, _coverage, _reachability, _rows, _hierarchies, _cc_lists, _activity, _logics)
    return "\n\n".join(filter(None, ("\n".join(section(figures)) for section in sections)))


def _design(figures: Mapping[str, Any]) -> Iterator[str]:
    design = figures["design"]
    yield f"{design['id']}  {design['title']}"
    yield f"release {design['release']}, version {design['version']}, digest {design['digest'][:16]}"
    yield from wrap(" ".join(design["status"].split()), _WIDTH)


def _counts(figures: Mapping[str, Any]) -> Iterator[str]:
    counts = figures["counts"]
    yield "Size"
    for kind in ("codes", "roots", "hrgs"):
        parts = (f"{number:,} {_SCHEMES.get(name, name)}" for name, number in counts[kind].items())
        yield f"  {kind if kind != 'hrgs' else 'HRGs'}: {', '.join(parts)}"
    yield from _wrapped("rules: " + ", ".join(f"{number:,} in {table}" for table, number in counts["rules"].items()))


def _coverage(figures: Mapping[str, Any]) -> Iterator[str]:
    yield "Coverage: where the design places the codes"
    for scheme, found in figures["coverage"].items():
        yield f"  {_SCHEMES[scheme]}, {found['codes']:,} codes, of which"
        for place, number in found["places"].items():
            yield f"    {number:7,} {_share(number, found['codes'])}  {_PLACES[place]}"
        if found["unplaced"]:
            yield from _wrapped(f"without a place: {' '.join(found['unplaced'][:40])}{' …' if len(found['unplaced']) > 40 else ''}")
        if "unbundled" in found:
            yield f"    {found['unbundled']:7,}         give an unbundled HRG as well, or may"


def _reachability(figures: Mapping[str, Any]) -> Iterator[str]:
    found = figures["reachability"]
    yield "Reachability: HRGs with a witness, a spell that both engines group to them"
    yield f"  {found['reached']:,} of {found['hrgs']:,} ({_percent(found['reached'], found['hrgs'])})"
    for one in found["unreached"]:
        yield from _wrapped(f"{one['hrg']}: {one['why']}")


def _rows(figures: Mapping[str, Any]) -> Iterator[str]:
    yield "Rows of each table by what they rest on"
    yield from _table([(table, own) for table, own in figures["basis"]["rows"].items() if sum(own.values())])
    rules = [figures["basis"]["rows"][table] for table in RULE_TABLES]
    yield from _table([("all rules", {basis: sum(own[basis] for own in rules) for basis in BASES})], heading=False)


def _hierarchies(figures: Mapping[str, Any]) -> Iterator[str]:
    yield "Codes by what their hierarchy rests on"
    yield from _table(list(figures["basis"]["hierarchies"].items()))


def _cc_lists(figures: Mapping[str, Any]) -> Iterator[str]:
    lists = figures["basis"]["cc_lists"]
    yield f"CC lists by what their rows rest on ({len(lists):,} lists)"
    kinds: Counter[str] = Counter()
    for own in lists.values():
        kinds[" and ".join(basis for basis in BASES if own[basis]) or "without rows"] += 1
    for kind, number in kinds.most_common():
        yield f"  {number:5,}  {kind}"


def _activity(figures: Mapping[str, Any]) -> Iterator[str]:
    found = figures["basis"]["activity"]
    grouped, total = found["grouped"], found["episodes"]
    yield f"Activity: {total:,} synthetic episodes (seed {found['seed']}), {grouped:,} grouped, by what their HRG rests on"
    named = {"root": "the root's rule", "split": "the split's rule", "weakest": "the weaker of both"}
    yield from _table([(name, found[which]) for which, name in named.items()])
    yield "  (What the hierarchies and the grid rest on, by which a procedure or the diagnosis drives, comes on top: see above.)"
    yield "  how the root was found:"
    for method, number in found["method"].items():
        yield f"    {number:7,} {_share(number, total)}  {method} {_METHODS[method]}"
    for reason, number in sorted(found["failed"].items(), key=lambda pair: -pair[1]):
        yield f"    {number:7,} {_share(number, total)}    failed: {reason}"
    yield "  by chapter of the HRG, the weaker of both:"
    yield from _table([(chapter, own["weakest"]) for chapter, own in found["chapters"].items()])


def _logics(figures: Mapping[str, Any]) -> Iterator[str]:
    for name, found in figures["logics"].items():
        reach = found["reachability"]
        yield f"{name.upper()}: {reach['cases']:,} cases of rows that its rules tell apart"
        yield f"  HRGs that both engines reach: {reach['reached']:,} of {reach['hrgs']:,}"
        if reach["unreached"]:
            yield from _wrapped(f"not reached: {' '.join(reach['unreached'])}")
        for field, values in found["values"].items():
            told = values["accepted"] - len(values["unused"])
            yield f"  {field}: {values['accepted']:,} values, {told:,} of them on lists or with points"
        yield from _table([(table, own) for table, own in found["rows"].items() if sum(own.values())])
        yield ""


def _table(rows: Iterable[tuple[str, Mapping[str, int]]], heading: bool = True) -> Iterator[str]:
    """Counts by basis as shares of their sum, a row a line."""
    if heading:
        yield f"  {'':20}{'all':>9}" + "".join(f"{basis:>12}" for basis in BASES)
    for name, own in rows:
        total = sum(own.values())
        yield f"  {name:20}{total:9,}" + "".join(f"{_percent(own[basis], total):>12}" for basis in BASES)


def _wrapped(line: str) -> list[str]:
    return wrap(line, _WIDTH, initial_indent="  ", subsequent_indent="      ", break_long_words=False)


def _share(number: int, total: int) -> str:
    return f"{_percent(number, total):>7}"


def _percent(number: int, total: int) -> str:
    """A share; 100% and 0% only where it is all or nothing."""
    if number in (0, total):
        return f"{100 if number else 0}%"
    return f"{min(max(100 * number / total, 0.1), 99.9):.1f}%"
