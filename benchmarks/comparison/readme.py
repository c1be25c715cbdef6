"""The block of the README that holds figures: written by this tool alone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

from comparison.rounds import Taken
from hrgcore.bench.measure import BenchmarkError, Figures
from hrgcore.bench.scenarios import SCENARIOS
from hrgcore.bench.table import markdown, rows

BEGIN, END = "<!-- figures: written by benchmarks/compare --readme -->", "<!-- end of figures -->"
#: What the README shows.
SHOWN = (
    *("command", "csv", "parquet", "lists", "stream", "kernel", "start", "explain"),
    *("pyarrow-csv", "pyarrow-parquet", "joins-hrgcore", "joins-polars", "joins-duckdb"),
)


def block(
    commit: str, episodes: int, taken: Mapping[str, Taken], about: Mapping[str, object], versions: Mapping[str, str], today: date
) -> str:
    """The lines between the two marks, and these: a table, and on what it was taken."""
    figures = [
        Figures(name, SCENARIOS[name].about, episodes if SCENARIOS[name].sized else 0, **{**one.last, **_times(one)})
        for name, one in taken.items()
        if not one.lacking
    ]
    packages = ", ".join(f"{name} {version}" for name, version in versions.items() if name != "hrgcore")
    rounds = len(next(iter(taken.values())).seconds)
    taken_on = (
        f"{about['processor']}, {about['cores']} cores, {about['system']}; Python {about['python']}, {packages}; commit"
        f" {commit[:7]}, {today.isoformat()}. Times are medians of {rounds} processes, of each its best run;"
        f" the load was {about['load']} before."
    )
    return "\n".join([BEGIN, "", markdown(rows(figures)), "", taken_on, "", END])


def rewrite(readme: Path, new: str) -> None:
    """Put a new block in place of the old. Raises BenchmarkError where the README has no marks."""
    text = readme.read_text(encoding="utf-8")
    before, begun, rest = text.partition(BEGIN)
    _, ended, after = rest.partition(END)
    if not (begun and ended):
        raise BenchmarkError(f"{readme}: has not the lines {BEGIN} and {END}. Put them where the figures are to stand.")
    readme.write_text(before + new + after, encoding="utf-8")


def _times(one: Taken) -> dict[str, list[float]]:
    return {"seconds": one.seconds, "cpu_seconds": one.cpu_seconds}
