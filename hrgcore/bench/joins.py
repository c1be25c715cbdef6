"""The same grouping as joins, for a part of the rules: an adult's diagnosis to its root, CC score, and the split by CC score.

Tables are dense and made beforehand; what is timed begins with the wide table of text, as it does for hrgcore. Left out:
validation, spells, exceptions, unbundling, every other condition. Rows are chosen so that these make no difference.
"""

from __future__ import annotations

import csv
import os
from dataclasses import dataclass
from importlib import resources
from typing import Any

import numpy as np

from hrgcore.design import DEFAULT_DESIGN, Bundle
from hrgcore.design.alike import kinds_by_code
from hrgcore.design.steps import unpack

os.environ.setdefault("POLARS_MAX_THREADS", "1")  # is read when Polars is imported

import duckdb  # noqa: E402
import polars as pl  # noqa: E402

_UNBOUNDED = 999_999


@dataclass(frozen=True)
class Tables:
    """diagnoses: code, weight, root, cc_list. points: cc_list, code, points. excluded: primary, cc_list, code.

    procedures: code, weight. grid: procedure, diagnosis, method. splits: root, hrg, low, high (of the CC score).
    """

    diagnoses: pl.DataFrame
    points: pl.DataFrame
    excluded: pl.DataFrame
    procedures: pl.DataFrame
    grid: pl.DataFrame
    splits: pl.DataFrame


def dense_tables(bundle: Bundle) -> Tables:
    """The part of a design that joins can carry out, as dense tables."""
    a, codes = bundle.arrays, bundle.strings("icd10_codes")
    splits = _cc_splits()
    names = ["", *(row["root"] for row in _rows("roots"))]
    primaries, procedures = kinds_by_code(a, "icd10"), kinds_by_code(a, "opcs4")
    _, held, failed = unpack(a["steps"][primaries["root_chain"]])
    found = []
    for number, rule in enumerate(held):
        if rule == failed[number] and rule > 0:  # one rule, without conditions
            root = int(a["rules"]["outcome"][rule])
            if names[root] in set(splits["root"]):
                found.append((codes[number], int(primaries["hierarchy"][number]), names[root], int(a["roots"]["cc_list"][root])))
    lists, members = np.nonzero(a["cc_points"])
    excluded = [
        (codes[primary], int(entry["cc_list"]), codes[code])
        for primary in range(len(codes))
        for entry in a["exclusions"][a["exclusion_start"][primary] : a["exclusion_start"][primary + 1]]
        for code in range(entry["low"], entry["high"] + 1)
    ]
    excluded = [(p, own, c) for p, cc, c in excluded for own in (range(len(a["cc_points"])) if cc < 0 else (cc,))]
    return Tables(
        pl.DataFrame(found, ["primary", "weight", "root", "cc_list"], orient="row"),
        pl.DataFrame(
            {"cc_list": lists, "code": [codes[m] for m in members], "points": a["cc_points"][lists, members].astype(np.int64)}
        ),
        pl.DataFrame(excluded, {"primary": pl.String, "cc_list": pl.Int64, "code": pl.String}, orient="row").unique(),
        pl.DataFrame({"code": bundle.strings("opcs4_codes"), "procedure": procedures["hierarchy"].astype(np.int64)}),
        pl.DataFrame(
            [(p, d, int(a["grid"][p, d])) for p in range(13) for d in range(13)], ["procedure", "weight", "method"], orient="row"
        ),
        splits,
    )


def by_polars(wide: pl.DataFrame, t: Tables) -> pl.DataFrame:
    """HRG of each row. Columns row, hrg."""
    rows = wide.lazy().with_row_index("row").rename({"DIAG_01": "primary"})
    roots = rows.select("row", "primary").join(t.diagnoses.lazy(), on="primary")
    weights = _long(rows, "OPER").join(t.procedures.lazy(), on="code").group_by("row").agg(pl.col("procedure").max())
    driven = roots.join(weights, on="row", how="left").with_columns(pl.col("procedure").fill_null(0))
    driven = driven.join(t.grid.lazy(), on=["procedure", "weight"]).filter((pl.col("method") == 2) | (pl.col("procedure") == 0))
    scores = (
        _long(rows, "DIAG")
        .join(driven.select("row", "primary", "cc_list"), on="row")
        .filter(pl.col("code") != pl.col("primary"))
        .join(t.points.lazy(), on=["cc_list", "code"])
        .unique(["row", "code"])
        .join(t.excluded.lazy(), on=["primary", "cc_list", "code"], how="anti")
        .group_by("row")
        .agg(pl.col("points").sum())
    )
    scored = driven.join(scores, on="row", how="left").with_columns(pl.col("points").fill_null(0))
    placed = scored.join(t.splits.lazy(), on="root").filter(pl.col("points").is_between(pl.col("low"), pl.col("high")))
    return placed.select("row", "hrg").sort("row").collect()


def by_duckdb(wide: Any, t: Tables) -> Any:
    """HRG of each row, from an Arrow table with a column ``row``. Columns row, hrg."""
    base = duckdb.connect()
    base.execute("SET threads = 1")
    tables = {"wide": wide, **{name: getattr(t, name).to_arrow() for name in t.__dataclass_fields__}}
    for name, table in tables.items():
        base.register(name, table)
    wide_part = "(SELECT row, COLUMNS('^{0}_[0-9]+$') FROM wide)"
    long = f"SELECT row, code FROM (UNPIVOT {wide_part} ON COLUMNS('^{{0}}') INTO NAME place VALUE code)"
    return base.sql(f"""
        WITH weights AS (
            SELECT row, max(procedure) procedure FROM ({long.format("OPER")}) JOIN procedures USING (code) GROUP BY row),
        driven AS (
            SELECT w.row, d.* FROM wide w JOIN diagnoses d ON d.primary = w.DIAG_01 LEFT JOIN weights USING (row)
            JOIN grid g ON g.weight = d.weight AND g.procedure = coalesce(weights.procedure, 0)
            WHERE g.method = 2 OR g.procedure = 0),
        pointed AS (
            SELECT DISTINCT row, code, points FROM ({long.format("DIAG")}) JOIN driven USING (row) JOIN points USING (cc_list, code)
            WHERE code <> driven.primary
            AND NOT EXISTS (
                FROM excluded e WHERE e.primary = driven.primary AND e.cc_list = driven.cc_list AND e.code = points.code)),
        scores AS (SELECT row, sum(points) score FROM pointed GROUP BY row)
        SELECT row, hrg FROM driven LEFT JOIN scores USING (row)
        JOIN splits s ON s.root = driven.root AND coalesce(score, 0) BETWEEN s.low AND s.high ORDER BY row
    """).to_arrow_table()


def _long(rows: pl.LazyFrame, prefix: str) -> pl.LazyFrame:
    names = [name for name in rows.collect_schema().names() if name.startswith(prefix)]
    long = rows.unpivot(names, index="row", value_name="code").drop("variable").drop_nulls("code")
    return long


def _cc_splits() -> pl.DataFrame:
    """Splits of the roots that the CC score alone splits."""
    rows = _rows("splits")
    own = {"root", "split", "cc", "label", "basis", "note"}
    mixed = {row["root"] for row in rows if any(value for name, value in row.items() if name not in own)}
    kept = [
        (row["root"], row["root"] + row["split"], *_bounds(row["cc"])) for row in rows if row["root"] not in mixed and row["cc"]
    ]
    return pl.DataFrame(kept, ["root", "hrg", "low", "high"], orient="row")


def _bounds(cell: str) -> tuple[int, int]:
    if cell.endswith("+"):
        return int(cell[:-1]), _UNBOUNDED
    low, _, high = cell.partition("-")
    return int(low), int(high or low)


def _rows(table: str) -> list[dict[str, str]]:
    text = resources.files("hrgcore_tables").joinpath(DEFAULT_DESIGN, f"{table}.csv").read_text("utf-8")
    return list(csv.DictReader(text.splitlines()))
