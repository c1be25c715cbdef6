"""The same work by Polars and by DuckDB joins, one thread, on rows where a part of the rules is enough; all must agree."""

from __future__ import annotations

import os

import pytest

os.environ.setdefault("POLARS_MAX_THREADS", "1")
pl = pytest.importorskip("polars")
pytest.importorskip("duckdb")

import pyarrow as pa  # noqa: E402
import pyarrow.compute as pc  # noqa: E402
import yardsticks  # noqa: E402

pytestmark = pytest.mark.benchmark(group="yardsticks: joins")
SIZE = "1m"


@pytest.fixture(scope="module")
def tables(grouper):
    return yardsticks.dense_tables(grouper)


@pytest.fixture(scope="module")
def rows(made, grouper, tables):
    """Diagnosis-driven single-episode spells whose primary diagnosis the joins can place, as plain text; and our HRGs."""
    table = made(SIZE).table()
    result = grouper.group(table)
    spell = result.spells.filter(pc.equal(result.spells["SpellEpisodeCount"], 1))["PROVSPNO"]
    placed = pa.array(tables.diagnoses["primary"].to_list())
    chosen = pc.and_(
        pc.and_(
            pc.equal(result.episodes["GroupingMethodFlag"].cast(pa.string()), "D"),
            pc.is_in(table["DIAG_01"].cast(pa.string()), placed),
        ),
        pc.is_in(table["PROVSPNO"], spell.combine_chunks()),
    )
    for name in table.column_names:  # joins take codes as they stand: no lower case, no full stops
        if name.startswith(("DIAG_", "OPER_")):
            known = pa.array(grouper._bundle.strings("icd10_codes" if name.startswith("DIAG_") else "opcs4_codes"))
            text = table[name].cast(pa.string())
            chosen = pc.and_(chosen, pc.or_(pc.is_null(text), pc.is_in(text, known)))
    table = table.filter(chosen)
    plain = [pa.field(f.name, pa.string()) if pa.types.is_dictionary(f.type) else f for f in table.schema]
    table = table.cast(pa.schema(plain)).combine_chunks()
    return table, grouper.group(table).episodes["FCE_HRG"].cast(pa.string()).to_pylist()


def test_hrgcore(measure, rows, grouper):
    table, expected = rows
    result = measure(lambda: grouper.group(table), table.num_rows, table.num_rows)
    assert result.episodes["FCE_HRG"].cast(pa.string()).to_pylist() == expected


def test_polars(measure, rows, tables):
    table, expected = rows
    codes = pl.from_arrow(_codes(table))
    found = measure(lambda: yardsticks.by_polars(codes, tables), table.num_rows, table.num_rows, rounds=2)
    assert found["hrg"].to_list() == expected


def test_duckdb(measure, rows, tables):
    table, expected = rows
    codes = _codes(table).append_column("row", pa.array(range(table.num_rows)))
    found = measure(lambda: yardsticks.by_duckdb(codes, tables), table.num_rows, table.num_rows, rounds=2)
    assert found["hrg"].to_pylist() == expected


def _codes(table):
    return table.select([name for name in table.column_names if name.startswith(("DIAG_", "OPER_"))])
