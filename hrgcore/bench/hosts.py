"""What the border costs: the same text, grouped out of each host's own table; `benchmarks/border.py` sets them against Arrow."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa

from hrgcore import Grouper

from .data import Data
from .scenario import Prepared, Scenario

_MOST = 2_000_000


def _text(data: Data) -> Any:
    """The episodes, codes being plain text, in chunks as tools have them."""
    table = data.table()
    plain = [pa.field(one.name, pa.string()) if pa.types.is_dictionary(one.type) else one for one in table.schema]
    return table.cast(pa.schema(plain)).combine_chunks()


def _arrow(table: Any) -> Any:
    return table


def _polars(table: Any) -> Any:
    import polars as pl

    return pl.from_arrow(table)


def _duckdb(table: Any) -> Any:
    import duckdb

    return duckdb.from_arrow(table)


def _duckdb_table(table: Any) -> Any:
    import duckdb

    connection = duckdb.connect()
    connection.from_arrow(table).create("year")
    return connection.table("year")


def _duckdb_enums(table: Any) -> Any:
    """As docs/embedding.md advises: all text but the spell's number as ENUM."""
    import duckdb

    connection = duckdb.connect()
    connection.from_arrow(table).create("year")
    for name in (one.name for one in table.schema if pa.types.is_string(one.type) and one.name != "PROVSPNO"):
        if table.column(name).null_count < table.num_rows:
            connection.sql(f"CREATE TYPE {name} AS ENUM (SELECT DISTINCT {name} FROM year WHERE {name} IS NOT NULL)")
            connection.sql(f"ALTER TABLE year ALTER {name} TYPE {name}")
    return connection.table("year")


def _pandas(table: Any) -> Any:
    import pandas as pd

    return table.to_pandas(types_mapper=pd.ArrowDtype)


def _pandas_objects(table: Any) -> Any:
    frame = table.to_pandas()
    texts = [one.name for one in table.schema if pa.types.is_string(one.type)]
    return frame.astype(dict.fromkeys(texts, object))


def _nanoarrow(table: Any) -> Any:
    import nanoarrow

    return nanoarrow.Array(table.to_batches()[0])


def _arro3(table: Any) -> Any:
    import arro3.core

    return arro3.core.Table.from_arrow(table)


def _of(make: Callable[[Any], Any]) -> Callable[[Data], Prepared]:
    """All result tables made of what a host holds."""

    def prepare(data: Data) -> Prepared:
        table, grouper = _text(data), Grouper()
        held = make(table)

        def run() -> int:
            result = grouper.group(held)
            tables = (result.episodes, result.spells, result.unbundled, result.errors)
            return sum(found.num_rows for found in tables[:2])

        return Prepared(run, data.rows + data.spells, data.rows, data.spells, table.nbytes)

    return prepare


def given(host: str, data: Data) -> Prepared:
    """What a host by itself takes to give what it holds as an Arrow table."""
    held = _HELD[host](_text(data))

    def run() -> int:
        table = held.to_arrow_table() if "duckdb" in host else pa.table(held)  # the former by all threads, as we ask it
        return int(table.num_rows)

    return Prepared(run, data.rows, data.rows, data.spells)


def _library(data: Data) -> Prepared:
    """All result tables out of the C library."""
    from hrgcore.embed.build import build

    from .library import Caller, load

    table = _text(data)
    with tempfile.TemporaryDirectory() as folder:
        caller = Caller(load(build(Path(folder))))

    def run() -> int:
        found = caller.tables(table)
        return int(found["episodes"].num_rows + found["spells"].num_rows)

    return Prepared(run, data.rows + data.spells, data.rows, data.spells, table.nbytes)


_HELD: dict[str, Callable[[Any], Any]] = {
    "host-polars": _polars,
    "host-duckdb": _duckdb,
    "host-duckdb-table": _duckdb_table,
    "host-duckdb-enums": _duckdb_enums,
    "host-pandas": _pandas,
    "host-pandas-objects": _pandas_objects,
    "host-nanoarrow": _nanoarrow,
    "host-arro3": _arro3,
}
_TABLES = "to all result tables"


def _host(name: str, about: str, *wants: str) -> Scenario:
    return Scenario(name, f"{about} {_TABLES}", _of(_HELD[name]), wants=wants, most=_MOST)


HOSTS = (
    Scenario("host-arrow", f"an Arrow table of text {_TABLES}: what the other hosts are set against", _of(_arrow), most=_MOST),
    _host("host-polars", "a Polars frame", "polars"),
    _host("host-duckdb", "a DuckDB relation over Arrow", "duckdb"),
    _host("host-duckdb-table", "a table of text in DuckDB", "duckdb"),
    _host("host-duckdb-enums", "a table of codes as ENUM in DuckDB", "duckdb"),
    _host("host-pandas", "a pandas frame of Arrow types", "pandas"),
    _host("host-pandas-objects", "a pandas frame of Python's strings", "pandas"),
    _host("host-nanoarrow", "a nanoarrow array", "nanoarrow"),
    _host("host-arro3", "an arro3 table", "arro3"),
    Scenario("host-c", f"a C stream {_TABLES}, by the C library", _library, wants=("cffi",), programs=("gcc",), most=_MOST),
)
