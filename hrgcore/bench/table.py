"""Figures as a table: plain for a terminal, Markdown for a page."""

from __future__ import annotations

from collections.abc import Sequence

from .measure import Figures

HEADINGS = ("benchmark", "episodes", "time", "rows a second", "CPU time", "peak memory", "instructions a row", "what it does")
_TO_THE_LEFT = ("benchmark", "what it does")
_INSTRUCTIONS = HEADINGS.index("instructions a row")

Cells = Sequence[str]


def rows(figures: Sequence[Figures]) -> list[Cells]:
    """The headings and a row for each benchmark; the column of instructions only where some were counted."""
    table = [HEADINGS, *(_row(one) for one in figures)]
    if any(one.instructions is not None for one in figures):
        return list(table)
    return [(*cells[:_INSTRUCTIONS], *cells[_INSTRUCTIONS + 1 :]) for cells in table]


def plain(table: Sequence[Cells]) -> str:
    """A table in columns."""
    widths = [max(len(cells[place]) for cells in table) for place in range(len(table[0]))]
    put = [str.ljust if heading in _TO_THE_LEFT else str.rjust for heading in table[0]]
    lines = ("  ".join(put[place](cell, widths[place]) for place, cell in enumerate(cells)) for cells in table)
    return "\n".join(line.rstrip() for line in lines)


def markdown(table: Sequence[Cells]) -> str:
    """A table in Markdown."""
    rule = ["---" if heading in _TO_THE_LEFT else "---:" for heading in table[0]]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (table[0], rule, *table[1:]))


def time_text(seconds: float) -> str:
    """A time, in the unit that suits it."""
    return f"{seconds:.2f} s" if seconds >= 1 else f"{seconds * 1e3:.1f} ms"


def rate_text(rate: float) -> str:
    """So many a second."""
    return f"{rate / 1e6:.2f} M" if rate >= 1e5 else f"{rate:,.0f}"


def _row(one: Figures) -> Cells:
    many = one.rows > 1
    cpu = sorted(one.cpu_seconds)[len(one.cpu_seconds) // 2]
    return (
        one.name,
        f"{one.episodes:,}" if one.episodes else "",
        time_text(one.median),
        rate_text(one.rows_per_second) if many else "",
        time_text(cpu),
        f"{one.peak_bytes / 2**20:,.0f} MiB",
        "" if one.instructions is None else f"{one.instructions / one.rows:,.0f}",
        one.about,
    )
