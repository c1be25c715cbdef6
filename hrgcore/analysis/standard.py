"""Providers against all others, for the HRGs that they have: indirect standardisation by root."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hrgcore.analysis.results import summed


@dataclass(frozen=True)
class Standardised:
    """A figure of providers, held against what it would be if each root had the figure of all providers together.

    ``table`` has a row a provider: `cases`, `observed`, `expected`, `ratio` of the two. ``variance`` is that of a case within
    roots, over the square of the mean, so that the ratio's variance is about it divided by cases.
    """

    table: pa.Table
    variance: float


def standardised(cube: pa.Table, figure: str, cases: str, squares: str | None = None) -> Standardised:
    """Standardise a sum of ``cube`` by its count of ``cases``, within roots.

    ``squares`` are the sums of its squares; what is yes or no of each case needs none.
    """
    root = pc.utf8_slice_codeunits(cube.column("SpellHRG"), 0, 4)
    columns = {"PROCODET": cube.column("PROCODET"), "root": root, "cases": cube.column(cases), "figure": cube.column(figure)}
    columns["squares"] = cube.column(squares or figure)
    cells = summed(pa.table(columns), ("PROCODET", "root"))
    roots, place = np.unique(np.array(cells.column("root").to_pylist()), return_inverse=True)
    own = {name: cells.column(name).to_numpy().astype(float) for name in ("cases", "figure", "squares")}
    all_of = {name: np.bincount(place, values, len(roots)) for name, values in own.items()}
    n = np.maximum(all_of["cases"], 1)
    rate = all_of["figure"] / n
    spread = np.maximum(all_of["squares"] / n - rate**2, 0)
    expected = own["cases"] * rate[place]
    table = summed(
        pa.table({"PROCODET": cells.column("PROCODET"), "cases": own["cases"], "observed": own["figure"], "expected": expected}),
        ("PROCODET",),
    )
    ratio = np.divide(
        table.column("observed").to_numpy(), table.column("expected").to_numpy(),
        out=np.ones(len(table)), where=table.column("expected").to_numpy() > 0,
    )  # fmt: skip
    total, mean = own["cases"].sum(), own["figure"].sum() / max(own["cases"].sum(), 1)
    variance = float((all_of["cases"] * spread).sum() / max(total, 1) / mean**2) if mean else 0.0
    return Standardised(table.append_column("ratio", pa.array(ratio)).sort_by("PROCODET"), variance)


def casemix(cube: pa.Table, weight: str, cases: str) -> pa.Table:
    """How heavy each provider's casemix is: the mean of all providers' figure of its HRGs, over that of all spells; 1 is as all."""
    hrgs, place = np.unique(np.array(cube.column("SpellHRG").to_pylist()), return_inverse=True)
    counts, sums = cube.column(cases).to_numpy().astype(float), cube.column(weight).to_numpy().astype(float)
    n = np.maximum(np.bincount(place, counts, len(hrgs)), 1)
    mean = np.bincount(place, sums, len(hrgs)) / n
    table = pa.table({"PROCODET": cube.column("PROCODET"), "spells": counts, "weight": counts * mean[place]})
    found = summed(table, ("PROCODET",))
    overall = sums.sum() / max(counts.sum(), 1)
    index = found.column("weight").to_numpy() / np.maximum(found.column("spells").to_numpy(), 1) / (overall or 1)
    return found.append_column("index", pa.array(index)).sort_by([("index", "descending")])
