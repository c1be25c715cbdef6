"""The tables under hrgcore_tables/synth as rows and arrays, and the small notation of their cells."""

from __future__ import annotations

import csv
from bisect import bisect_left
from collections.abc import Sequence
from functools import cache
from importlib import resources

import numpy as np
import numpy.typing as npt

Row = dict[str, str]
Numbers = npt.NDArray[np.float64]


@cache
def read_rows(table: str) -> list[Row]:
    """The rows of a table that comes with hrgcore."""
    text = resources.files("hrgcore_tables").joinpath("synth", f"{table}.csv").read_text("utf-8")
    return list(csv.DictReader(text.splitlines()))


def numbers(rows: Sequence[Row], column: str) -> Numbers:
    """A column of numbers; blank is 0."""
    return np.array([float(row[column] or 0) for row in rows])


def weighted(cell: str) -> list[tuple[str, float]]:
    """`a*3 b` is a with weight 3 and b with weight 1."""
    terms = (term.partition("*") for term in cell.split())
    return [(name, float(weight or 1)) for name, _, weight in terms]


def expand(cell: str, codes: Sequence[str]) -> list[int]:
    """Places in sorted ``codes`` of those that a cell names: `J45 K20-K31 !K300` (categories, codes, ranges; `!` takes away)."""
    found: set[int] = set()
    for term in sorted(cell.split(), key=lambda term: term.startswith("!")):
        first, _, last = term.removeprefix("!").partition("-")
        places = range(bisect_left(codes, first), bisect_left(codes, (last or first) + "~"))
        found = found.difference(places) if term.startswith("!") else found.union(places)
    return sorted(found)


def group_values(codes: Sequence[str], rows: Sequence[Row], column: str) -> list[str]:
    """The value of a column of a table of groups for each code (sorted or not): the last row that names a code counts."""
    order = sorted(range(len(codes)), key=lambda place: codes[place])
    names = [codes[place] for place in order]
    found = [""] * len(codes)
    for row in rows:
        for place in expand(row["codes"], names):
            found[order[place]] = row[column]
    return found
