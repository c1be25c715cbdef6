"""A year at a glance as a page with pictures, and as text for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from hrgcore.analysis.output import cards, labels_of, report_page, share, subchapters_of
from hrgcore.analysis.prices import ESTIMATE
from hrgcore.analysis.results import Results, ranked, summed
from hrgcore.analysis.standard import Standardised, casemix, standardised
from hrgcore.analysis.year import HIGHEST, LONGEST, Year, by_prefix
from hrgcore.charts import FunnelPoint, bars, distribution, funnel, lines
from hrgcore.charts.figure import short
from hrgcore.design import Bundle
from hrgcore.html import Html, table, tag

_PROVIDERS, _ERRORS = 25, 15
#: The funnels: figure, cases, squares, title, what the figure is.
FUNNELS = {
    "depth": ("depth", "spells", "depth_squared", "Depth of coding", "secondary diagnoses of a spell's episodes"),
    "cc": ("cc", "cc_split", "cc_squared", "CC scores", "CC score, of spells whose root is split by it"),
    "zero_stay": ("zero_stay", "admitted", None, "Stays without a night", "spells without a night, of those that are no day cases"),
    "unbundled": ("unbundled", "spells", None, "Spells with unbundled HRGs", "spells with at least one unbundled HRG"),
    "stay": ("days", "spells", "days_squared", "Length of stay", "days of stay"),
}


def year_page(years: Sequence[Year], results: Sequence[Results], bundle: Bundle | None) -> str:
    """The page of one year, or of several: the last in full, and how figures went."""
    year = years[-1]
    parts: list[Html] = [
        tag("p", f"{year.name}, design {results[-1].design.get('id')} {results[-1].design.get('version', '')}."),
        cards(list(headline(year))),
        *_trends(years),
        *_volumes(year, subchapters_of(bundle)),
        *_grouping(year, bundle is not None),
        *_distributions(year, bundle is not None),
        *_casemix(year),
        *_funnels(year),
        *_errors(year),
        _hrgs(year, labels_of(bundle)),
    ]
    return report_page("A year at a glance" if len(years) == 1 else "Years at a glance", parts, results)


def headline(year: Year) -> Iterator[tuple[str, str]]:
    """The figures that matter most."""
    spells = year.total("spells")
    yield "spells", f"{spells:,.0f}"
    yield "grouped", share(year.grouped, spells)
    yield "providers", f"{pc.count_distinct(year.cube.column('PROCODET')).as_py():,}"
    yield "HRGs", f"{pc.count_distinct(year.cube.column('SpellHRG')).as_py():,}"
    yield "emergencies and others not elective", share(year.total("emergency"), spells)
    yield "mean days", f"{year.total('days') / spells:.2f}" if spells else "–"
    yield "secondary diagnoses a spell", f"{year.total('depth') / spells:.2f}" if spells else "–"
    if year.total("cc_split"):
        yield "mean CC score where HRGs ask for it", f"{year.total('cc') / year.total('cc_split'):.2f}"
    yield "spells with unbundled HRGs", share(year.total("unbundled"), spells)
    if "income" in year.cube.column_names:
        yield "income, estimate", short(year.total("income"), "£")
        yield "spells with a price", share(year.total("priced"), spells)
        yield "excess days, estimate", f"{year.total('excess_days'):,.0f}"


def year_text(years: Sequence[Year]) -> str:
    """Headlines, a column a year."""
    columns = [dict(headline(year)) for year in years]
    lines = [f"{'':<38}" + "".join(f"{year.name[:16]:>18}" for year in years)] if len(years) > 1 else []
    names = dict.fromkeys(name for column in columns for name in column)
    lines += [f"{name:<38}" + "".join(f"{column.get(name, '–'):>18}" for column in columns) for name in names]
    chapters = by_prefix(years[-1], 1).to_pylist()
    lines += ["", f"{'chapter':<12}{'spells':>12}{'mean days':>12}{'emergency':>12}"]
    lines += [
        f"{row['part']:<12}{row['spells']:>12,}{row['days'] / row['spells']:>12.2f}{share(row['emergency'], row['spells']):>12}"
        for row in chapters
    ]
    return "\n".join(lines)


def _trends(years: Sequence[Year]) -> Iterator[Html]:
    if len(years) < 2:
        return
    names = [year.name for year in years]

    def rates(figure: str, cases: str) -> list[float]:
        return [year.total(figure) / (year.total(cases) or 1) for year in years]

    axis = {"x": "result, in the order given"}
    yield lines("Spells", "Spells of each result.", names, {"spells": [y.total("spells") for y in years]}, y="spells", **axis)
    shares = {
        "not elective": rates("emergency", "spells"),
        "with unbundled HRGs": rates("unbundled", "spells"),
        "no night, of those admitted": rates("zero_stay", "admitted"),
    }
    yield lines("Shares of spells", "How these shares went from result to result.", names, shares, y="share", unit="%", **axis)
    means = {"secondary diagnoses": rates("depth", "spells"), "days": rates("days", "spells"), "CC score": rates("cc", "cc_split")}
    yield lines(
        "Means of a spell",
        "Secondary diagnoses, days, and CC score where the HRG's root is split by it.",
        names,
        means,
        y="mean",
        **axis,
    )
    tables = [{row["part"]: row["spells"] for row in by_prefix(year, 1).to_pylist()} for year in years]
    rows = [(part, *(f"{own.get(part, 0):,}" for own in tables)) for part in sorted({p for own in tables for p in own})]
    shown = table(("Chapter", *names), rows, numbers=range(1, len(names) + 1), caption="Spells by chapter.")
    yield tag("section", tag("h2", "Chapters from result to result"), shown, class_="card")


def _volumes(year: Year, names: dict[str, str]) -> Iterator[Html]:
    chapters = by_prefix(year, 1).to_pylist()
    split = {"elective": [r["spells"] - r["emergency"] for r in chapters], "not elective": [r["emergency"] for r in chapters]}
    yield bars(
        "Spells by chapter",
        "Number of spells by the chapter of their HRG; elective by method of admission.",
        [row["part"] for row in chapters],
        split,
        stacked=True,
    )
    own = ranked(by_prefix(year, 2), "spells", 25).to_pylist()
    split = {"elective": [r["spells"] - r["emergency"] for r in own], "not elective": [r["emergency"] for r in own]}
    yield bars(
        "The largest subchapters",
        f"Number of spells of the {len(own)} largest subchapters. subchapters.parquet has all.",
        [f"{row['part']} {names.get(row['part'], '')}".strip() for row in own],
        split,
        stacked=True,
    )


def _grouping(year: Year, known: bool) -> Iterator[Html]:
    rows = year.reasons.to_pylist()
    spells = year.total("spells") or 1
    yield bars(
        "How spells were grouped",
        "Share of spells by grouping method, or by why they failed.",
        [row["SpellReason"] or "none" for row in rows],
        {"share": [row["spells"] / spells for row in rows]},
        unit="%",
    )
    if known:
        rows = [row for row in year.bases.to_pylist() if row["spells"]]
        grouped = sum(row["spells"] for row in rows) or 1
        yield bars(
            "What results rest on",
            "Share of grouped spells by the weaker basis of the two rules that decided them: that of the"
            " root and that of the split.",
            [row["basis"] for row in rows],
            {"share": [row["spells"] / grouped for row in rows]},
            unit="%",
        )


def _distributions(year: Year, known: bool) -> Iterator[Html]:
    columns = {name: year.stays.column(name).to_pylist() for name in ("elective", "emergency")}
    series = {
        ("not elective" if name == "emergency" else name): [v / (sum(values) or 1) for v in values]
        for name, values in columns.items()
    }
    yield distribution(
        "Length of stay",
        "Share of spells of each admission by days of stay (critical care, rehabilitation and palliative care days taken off).",
        [*map(str, range(LONGEST)), f"{LONGEST}+"],
        series,
        x="days",
        y="share of spells",
        unit="%",
    )
    counts = year.scores.column("spells").to_pylist()
    if known and sum(counts):
        yield distribution(
            "CC scores",
            "Spells whose HRG's root is split by CC score, by that score.",
            [*map(str, range(HIGHEST)), f"{HIGHEST}+"],
            {"spells": [count / sum(counts) for count in counts]},
            x="CC score",
            y="share of spells",
            unit="%",
        )


def _casemix(year: Year) -> Iterator[Html]:
    priced = "income" in year.cube.column_names
    rows = casemix_of(year).to_pylist()
    shown = rows if len(rows) <= _PROVIDERS else [*rows[: _PROVIDERS // 2 + 1], *rows[-(_PROVIDERS // 2) :]]
    what = "mean price of its HRGs (an estimate)" if priced else "mean stay of its HRGs"
    yield bars(
        "Casemix of providers",
        f"The {what} over all providers, weighted by the provider's spells: how far above or below that of all spells."
        + (f" The heaviest and lightest {len(shown)} of {len(rows)} providers." if len(shown) < len(rows) else ""),
        [f"{row['PROCODET']} ({short(row['spells'])} spells)" for row in shown],
        {"difference": [row["index"] - 1 for row in shown]},
        unit="%",
    )
    if priced:
        yield tag("p", ESTIMATE, class_="note")


def casemix_of(year: Year) -> pa.Table:
    """The casemix index of providers: by price where there are prices, else by stay."""
    return casemix(year.cube, *(("income", "priced") if "income" in year.cube.column_names else ("days", "spells")))


def funnels_of(year: Year) -> dict[str, Standardised]:
    """The standardised figures of providers behind the funnels; none of what no spell has."""
    return {name: standardised(year.cube, *of[:3]) for name, of in FUNNELS.items() if year.total(of[1])}


def _funnels(year: Year) -> Iterator[Html]:
    for name, found in funnels_of(year).items():
        title, what = FUNNELS[name][3:]
        points = [FunnelPoint(row["PROCODET"], row["cases"], row["ratio"]) for row in found.table.to_pylist() if row["cases"]]
        caption = (
            f"Each point is a provider: its {what}, against what it would have if each root had the figure of all providers (1)."
            " Lines: 95% and, dashed, 99.8% of chance. Real providers spread wider than chance; a point outside is worth a look,"
            " and no more."
        )
        yield funnel(
            f"{title}, standardised by root",
            caption,
            points,
            centre=1.0,
            variance=found.variance,
            x="spells",
            y="observed over expected",
        )


def _errors(year: Year) -> Iterator[Html]:
    if not len(year.errors):
        yield tag("p", "No row has an error.", class_="note")
        return
    kinds = ranked(summed(year.errors.drop_columns(["PROCODET"]), ("ErrorMessage",)), "rows", _ERRORS).to_pylist()
    yield bars(
        "Errors by kind",
        f"Rows that list an error, the {len(kinds)} most frequent kinds.",
        [row["ErrorMessage"] for row in kinds],
        {"rows": [row["rows"] for row in kinds]},
    )
    spells = {row["PROCODET"]: row["spells"] for row in summed(year.cube.drop_columns(["SpellHRG"]), ("PROCODET",)).to_pylist()}
    by: dict[str, dict[str, int]] = {}
    for row in year.errors.to_pylist():
        by.setdefault(row["PROCODET"], {})[row["ErrorMessage"]] = row["rows"]
    most = sorted(by.items(), key=lambda entry: -sum(entry[1].values()) / (spells.get(entry[0]) or 1))[:_PROVIDERS]
    heads = [row["ErrorMessage"] for row in kinds[:5]]
    rows = [
        (
            provider,
            f"{sum(own.values()):,}",
            f"{1000 * sum(own.values()) / (spells.get(provider) or 1):.1f}",
            *(f"{own.get(head, 0):,}" for head in heads),
        )
        for provider, own in most
    ]
    shown = table(
        ("Provider", "Errors", "Per 1,000 spells", *heads),
        rows,
        numbers=range(1, 3 + len(heads)),
        caption=f"The {len(rows)} providers with the most errors for their size. errors.parquet has all.",
    )
    yield tag("section", tag("h2", "Errors by provider"), shown, class_="card")


def _hrgs(year: Year, labels: dict[str, str]) -> Html:
    own = ranked(summed(year.cube.drop_columns(["PROCODET"]), ("SpellHRG",)), "spells", 25).to_pylist()
    rows = [
        (
            f"{row['SpellHRG']} {labels.get(row['SpellHRG'], '')}",
            f"{row['spells']:,}",
            f"{row['days'] / row['spells']:.2f}",
            share(row["emergency"], row["spells"]),
        )
        for row in own
    ]
    shown = table(
        ("HRG", "Spells", "Mean days", "Not elective"),
        rows,
        numbers=(1, 2, 3),
        caption="The largest HRGs. cube.parquet has all by provider.",
    )
    return tag("section", tag("h2", "Largest HRGs"), shown, class_="card")


def tables_of(years: Sequence[Year]) -> dict[str, pa.Table]:
    """The figures behind the page, by name; with several years each has a column `result`."""
    found: dict[str, list[pa.Table]] = {}
    for year in years:
        own = {
            "cube": year.cube,
            "chapters": by_prefix(year, 1),
            "subchapters": by_prefix(year, 2),
            "stays": year.stays,
            "scores": year.scores,
            "reasons": year.reasons,
            "errors": year.errors,
            "bases": year.bases,
            "casemix": casemix_of(year),
        }
        own |= {f"funnel_{name}": funnel.table for name, funnel in funnels_of(year).items()}
        for name, one in own.items():
            found.setdefault(name, []).append(one.add_column(0, "result", pa.array([year.name] * len(one), pa.string())))
    return {name: pa.concat_tables(parts) for name, parts in found.items()}
