"""A comparison as a page with pictures, and as text for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import pyarrow as pa

from hrgcore.analysis.compare import LONGEST, Comparison
from hrgcore.analysis.output import cards, labels_of, money, report_page, share, subchapters_of
from hrgcore.analysis.prices import ESTIMATE
from hrgcore.analysis.results import Results
from hrgcore.charts import bars, distribution, flows
from hrgcore.charts.figure import short
from hrgcore.design import Bundle
from hrgcore.html import Html, table, tag

CAUSES = 25  #: that are shown, each with an example explained
_FLOWS, _ROWS, _PROVIDERS = 18, 40, 20
Designs = tuple[Bundle | None, Bundle | None]


def compare_page(found: Comparison, results: Sequence[Results], designs: Designs, examples: Sequence[tuple[str, str]]) -> str:
    """The page. ``examples`` are explanations of spells that moved: (heading, text)."""
    labels = labels_of(designs[0]) | labels_of(designs[1])
    error = next((b.strings("hrg_codes")[0] for b in designs if b), "")
    parts: list[Html] = [
        tag("p", f"A: {results[0].name}, design {_design(results[0])}. B: {results[1].name}, design {_design(results[1])}."),
        cards(list(_headline(found))),
        *_warnings(found),
    ]
    moved = found.flows
    if len(moved):
        top = moved.slice(0, _FLOWS).to_pylist()
        named = [(row["SpellHRG_a"], row["SpellHRG_b"], row["spells"]) for row in top]
        seen = sum(flow[2] for flow in named)
        caption = (
            f"Spells by their HRG in A (left) and in B (right): the {len(named)} largest flows, "
            f"{share(seen, found.totals['moved'])} of the spells that moved. A band is as high as it has spells."
        )
        parts += [flows("Where spells moved", caption, named, bad=(error,)), _causes(found, examples)]
    parts += [*_by_part(found, subchapters_of(designs[0]) | subchapters_of(designs[1])), _stays(found)]
    if len(moved):
        parts += [_providers(found), *_money_parts(found), _flow_table(found, labels)]
    return report_page("Two groupings compared", parts, results)


def compare_text(found: Comparison) -> str:
    """The comparison in some lines: headline, causes, flows."""
    lines = [f"{name:<34}{value:>16}" for name, value in _headline(found)]
    lines += [str(line) for line in _only(found)]
    if len(found.causes):
        lines += ["", f"{'spells':>10}  cause"]
        lines += [
            f"{row['spells']:>10,}  {row['kind']}: {row['of']}: {_cut(row['explanation'])}"
            for row in found.causes.slice(0, 12).to_pylist()
        ]
        lines += ["", f"{'spells':>10}  {'from':<7}{'to':<7}"]
        lines += [
            f"{row['spells']:>10,}  {row['SpellHRG_a']:<7}{row['SpellHRG_b']:<7}" for row in found.flows.slice(0, 12).to_pylist()
        ]
        lines += ["", f"{'moved':>10}{'of':>12}  provider"]
        lines += [f"{row['moved']:>10,}{row['spells']:>12,}  {row['PROCODET']}" for row in found.providers.slice(0, 8).to_pylist()]
    return "\n".join(lines)


def _headline(found: Comparison) -> Iterator[tuple[str, str]]:
    totals = found.totals
    spells = totals["spells"]
    yield "spells in both", f"{spells:,.0f}"
    yield "spells that moved", f"{totals['moved']:,.0f}"
    yield "share that moved", share(totals["moved"], spells)
    yield "grouped in A", share(totals["grouped_a"], spells)
    yield "grouped in B", share(totals["grouped_b"], spells)
    if spells:
        yield "grouped, B less A", f"{100 * (totals['grouped_b'] - totals['grouped_a']) / spells:+.2f} points"
    moved = found.stays.column("moved").to_pylist()
    if any(moved):
        days = sum(row["days"] for row in found.flows.to_pylist())
        yield "mean days of moved spells", f"{days / sum(moved):.2f}"
    yield "mean days of all", f"{totals['days'] / spells:.2f}" if spells else "–"
    if "income_a" in totals:
        yield "income A, estimate", short(totals["income_a"], "£")
        yield "money moved, B less A, estimate", short(_change(totals), "£")
        yield "spells with a price in both", share(totals["priced"], spells)
        yield "excess days A, estimate", f"{totals['excess_a']:,.0f}"
        yield "excess days B, estimate", f"{totals['excess_b']:,.0f}"


def _only(found: Comparison) -> list[str]:
    return [
        f"{count:,} spells are only in {side} and are not compared" for count, side in zip(found.only, "AB", strict=True) if count
    ]


def _warnings(found: Comparison) -> list[Html]:
    return [tag("p", line, class_="note") for line in _only(found)]


def _design(results: Results) -> str:
    return f"{results.design.get('id')} {results.design.get('version', '')} ({str(results.design.get('digest', ''))[:8]})"


def _causes(found: Comparison, examples: Sequence[tuple[str, str]]) -> Html:
    rows = [
        (
            row["kind"],
            row["of"],
            f"{row['spells']:,}",
            row["explanation"],
            f"{row['from']} to {row['to']}, spell {row['example']:,}",
        )
        for row in found.causes.slice(0, CAUSES).to_pylist()
    ]
    shown = table(
        ("Cause", "Of", "Spells", "What differs", "Example"),
        rows,
        numbers=(2,),
        stack=True,
        caption="Why spells moved, the most spells first. An example's number is its place among the spells of A.",
    )
    told = [tag("details", tag("summary", heading), tag("pre", text)) for heading, text in examples]
    return tag("section", tag("h2", "Why they moved"), shown, *told, class_="card")


def _by_part(found: Comparison, names: dict[str, str]) -> Iterator[Html]:
    rows = found.chapters.to_pylist()
    changed = [row for row in rows if row["left"] or row["came"] or row["within"]]
    if changed:
        yield bars(
            "Spells that moved, by chapter",
            "Left: spells of the chapter in A that are in another in B. Came: the reverse. Within: their HRG differs and the"
            " chapter does not. Number of spells.",
            [row["part"] for row in changed],
            {key: [row[key] for row in changed] for key in ("left", "came", "within")},
        )
    body = [_part_row(row, row["part"]) for row in rows]
    body += [
        _part_row(row, f"{row['part']} {names.get(row['part'], '')}".strip())
        for row in found.subchapters.to_pylist()
        if row["left"] or row["came"] or row["within"]
    ]
    heads = ("Chapter, subchapter", "Spells A", "Spells B", "Change", "Left", "Came", "Within")
    shown = table(
        heads, body, numbers=range(1, 7), caption="Spells before and after by chapter, and by subchapter where any moved."
    )
    yield tag("section", tag("h2", "Chapters and subchapters"), shown, class_="card")
    yield _matrix(found)


def _part_row(row: dict[str, int], name: str) -> tuple[str, ...]:
    change = row["spells_b"] - row["spells_a"]
    return (
        name,
        f"{row['spells_a']:,}",
        f"{row['spells_b']:,}",
        f"{change:+,}",
        *(f"{row[k]:,}" for k in ("left", "came", "within")),
    )


def _matrix(found: Comparison) -> Html:
    """Moves from chapter to chapter."""
    cells: dict[tuple[str, str], int] = {}
    for row in found.flows.to_pylist():
        key = (row["SpellHRG_a"][:1], row["SpellHRG_b"][:1])
        cells[key] = cells.get(key, 0) + row["spells"]
    if not cells:
        return tag("p", "No spell moved.", class_="note")
    rows, columns = (sorted({key[side] for key in cells}) for side in (0, 1))
    body = [(row, *(f"{cells[row, column]:,}" if (row, column) in cells else "" for column in columns)) for row in rows]
    shown = table(
        ("from \\ to", *columns),
        body,
        numbers=range(1, len(columns) + 1),
        caption="Spells that moved, by chapter in A (rows) and in B (columns). matrix.parquet has each pair of HRGs.",
    )
    return tag("section", tag("h2", "From chapter to chapter"), shown, class_="card")


def _stays(found: Comparison) -> Html:
    names = [*map(str, range(LONGEST)), f"{LONGEST}+"]
    columns = {key: found.stays.column(key).to_pylist() for key in ("unmoved", "moved")}
    series = {key: [value / (sum(values) or 1) for value in values] for key, values in columns.items() if sum(values)}
    return distribution(
        "Length of stay of spells that moved, and of the others",
        "Share of the spells of each kind by days of stay (critical care, rehabilitation and palliative care days taken off).",
        names, series, x="days", y="share of spells", unit="%",
    )  # fmt: skip


def _providers(found: Comparison) -> Html:
    rows = [row for row in found.providers.slice(0, _PROVIDERS).to_pylist() if row["moved"]]
    return bars(
        "Share of spells that moved, by provider",
        f"The {len(rows)} providers with the most spells that moved; share of all spells of the provider.",
        [row["PROCODET"] for row in rows], {"moved": [row["moved"] / row["spells"] for row in rows]}, unit="%",
    )  # fmt: skip


def _money_parts(found: Comparison) -> Iterator[Html]:
    if "income_a" not in found.totals:
        return
    rows = found.flows.to_pylist()
    rows.sort(key=lambda row: -abs(_change(row)))
    yield tag("p", ESTIMATE, class_="note")
    yield bars(
        "Money moved by flow, an estimate",
        "Income in B less income in A of the spells that moved this way, the largest first. " + ESTIMATE,
        [f"{row['SpellHRG_a']} to {row['SpellHRG_b']}" for row in rows[:20]],
        {"change": [_change(row) for row in rows[:20]]}, unit="£",
    )  # fmt: skip
    providers = sorted(found.providers.to_pylist(), key=lambda row: -abs(_change(row)))[:_PROVIDERS]
    yield bars(
        "Money moved by provider, an estimate",
        "Income in B less income in A, the providers with the largest change.",
        [row["PROCODET"] for row in providers], {"change": [_change(row) for row in providers]}, unit="£",
    )  # fmt: skip


def _flow_table(found: Comparison, labels: dict[str, str]) -> Html:
    priced = "income_a" in found.totals
    rows = [
        (f"{row['SpellHRG_a']} {labels.get(row['SpellHRG_a'], '')}", f"{row['SpellHRG_b']} {labels.get(row['SpellHRG_b'], '')}",
         f"{row['spells']:,}", f"{row['days'] / row['spells']:.1f}", *([money(_change(row))] if priced else []))
        for row in found.flows.slice(0, _ROWS).to_pylist()
    ]  # fmt: skip
    heads = ("From", "To", "Spells", "Mean days", *(["Money moved (estimate)"] if priced else []))
    shown = table(heads, rows, numbers=(2, 3, 4), stack=True, caption=f"The {len(rows)} largest flows of {len(found.flows)}.")
    return tag("section", tag("h2", "Flows"), shown, class_="card")


def _change(row: Mapping[str, float]) -> float:
    return row["income_b"] - row["income_a"]


def _cut(text: str) -> str:
    return text if len(text) <= 110 else text[:109] + "…"


def tables_of(found: Comparison) -> dict[str, pa.Table]:
    """The figures behind the page, by name."""
    names = ("matrix", "flows", "causes", "chapters", "subchapters", "providers", "stays")
    return {name: getattr(found, name) for name in names}
