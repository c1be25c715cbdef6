"""DuckDB as a host: relations in, results queried by name or registered."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hosts import SPELLS, as_text, digest, digests, digests_of_parts

from hrgcore import Grouper, InputError

duckdb = pytest.importorskip("duckdb", reason="needs DuckDB")

GROUPER = Grouper()


@pytest.mark.parametrize("text", [False, True], ids=["enum or dictionary", "text"])
def test_a_relation(activity: pa.Table, expected: dict[str, str], text: bool) -> None:
    spells = as_text(activity) if text else activity
    with duckdb.connect() as connection:
        relation = connection.from_arrow(spells)
        assert digests(GROUPER.group(relation)) == expected


def test_a_stream(activity: pa.Table, expected: dict[str, str]) -> None:
    with duckdb.connect() as connection:
        assert digests_of_parts(GROUPER.stream(connection.from_arrow(activity))) == expected


def test_a_query_of_a_table_with_enums(activity: pa.Table, expected: dict[str, str]) -> None:
    with duckdb.connect() as connection:
        connection.from_arrow(activity).create("year")
        connection.sql("CREATE TYPE sexes AS ENUM (SELECT DISTINCT SEX FROM year WHERE SEX IS NOT NULL)")
        relation = connection.sql("SELECT * REPLACE (SEX::sexes AS SEX) FROM year ORDER BY rowid")
        assert "ENUM" in str(dict(zip(relation.columns, relation.types, strict=True))["SEX"])
        assert digests(GROUPER.group(relation)) == expected


def test_results_are_queried_by_name(activity: pa.Table, expected: dict[str, str]) -> None:
    result = GROUPER.group(duckdb.sql("FROM activity"))
    spells = result.spells  # noqa: F841 - DuckDB finds it by its name
    assert duckdb.sql("SELECT count(*), count(SpellHRG) FROM spells").fetchall()[0] == (SPELLS, SPELLS)
    assert digest(duckdb.sql("FROM result")) == expected["episodes"]
    joined = duckdb.sql(
        "SELECT count(*) FROM result JOIN spells USING (PROCODET, PROVSPNO) WHERE result.SpellHRG = spells.SpellHRG"
    )
    assert joined.fetchall()[0][0] > 0.99 * activity.num_rows  # keys that are blank join nothing


def test_results_are_registered(activity: pa.Table) -> None:
    with duckdb.connect() as connection:
        for name in ("spells", "errors"):
            connection.register(name, getattr(GROUPER.group(activity.slice(0, 1000)), name))
        assert connection.sql("SELECT count(*) FROM spells WHERE SpellHRG = 'UZ01Z'").fetchall()[0][0] > 0
        assert connection.sql("SELECT count(*) FROM errors").fetchall()[0][0] > 0


def test_a_query_that_fails_on_its_way_fails_as_in_duckdb(activity: pa.Table) -> None:
    wrong = "CASE WHEN EPIORDER > 1 THEN ('a' || PROVSPNO)::INT END"
    with duckdb.connect() as connection:
        relation = connection.sql(f"SELECT * REPLACE ({wrong} AS EPIDUR) FROM activity")
        with pytest.raises((InputError, duckdb.Error)):
            GROUPER.group(relation)
