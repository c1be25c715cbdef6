"""From files to results, all cores; beside it, pyarrow merely reading the same files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from hrgcore import Grouper

from .data import Data
from .scenario import Prepared, Scenario


def _hrgs(kind: str) -> Callable[[Data], Prepared]:
    def prepare(data: Data) -> Prepared:
        grouper = Grouper()
        return Prepared(
            lambda: len(grouper.group(data.path(kind)).grouped.spells), data.spells, data.rows, data.spells, data.bytes(kind)
        )

    return prepare


def _tables(kind: str) -> Callable[[Data], Prepared]:
    def prepare(data: Data) -> Prepared:
        grouper = Grouper()
        return Prepared(
            lambda: _made(grouper.group(data.path(kind))), data.rows + data.spells, data.rows, data.spells, data.bytes(kind)
        )

    return prepare


def _made(result: Any) -> int:
    """Make all tables of a result; gives how many episodes and spells they have."""
    tables = (result.episodes, result.spells, result.unbundled, result.errors)
    return sum(table.num_rows for table in tables[:2])


def _stream(data: Data) -> Prepared:
    grouper = Grouper()

    def batches() -> Iterator[pa.RecordBatch]:
        for file in data.files("parquet"):
            with pq.ParquetFile(file) as opened:
                yield from opened.iter_batches(131_072)

    def run() -> int:
        return sum(_made(result) for result in grouper.stream(batches()))

    return Prepared(run, data.rows + data.spells, data.rows, data.spells, data.bytes("parquet"))


def _read_csv(data: Data) -> Prepared:
    names = pa.csv.open_csv(data.files("csv")[0]).schema.names
    options = pa.csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()))

    def run() -> int:
        return sum(pa.csv.read_csv(file, convert_options=options).num_rows for file in data.files("csv"))

    return Prepared(run, data.rows, data.rows, data.spells, data.bytes("csv"))


def _read_parquet(kind: str) -> Callable[[Data], Prepared]:
    def prepare(data: Data) -> Prepared:
        files = data.files(kind)
        texts = [field.name for field in pq.read_schema(files[0]) if pa.types.is_dictionary(field.type)]
        lists = [f"{name}.list.element" for name in ("DIAG", "OPER") if kind == "lists"]

        def run() -> int:
            return int(pq.read_table(files, read_dictionary=[*texts, *lists]).num_rows)

        return Prepared(run, data.rows, data.rows, data.spells, data.bytes(kind))

    return prepare


FILES = (
    *(
        scenario
        for kind, what in (("csv", "CSV"), ("quoted", "quoted CSV"), ("parquet", "Parquet"), ("lists", "Parquet of lists"))
        for scenario in (
            Scenario(kind, f"{what} files to all result tables", _tables(kind), needs=(kind,), rounds=3),
            Scenario(f"{kind}-hrgs", f"{what} files to HRGs as numbers", _hrgs(kind), needs=(kind,), rounds=3),
        )
    ),
    Scenario("stream", "Parquet batches to result tables, batch by batch", _stream, rounds=3),
    Scenario("pyarrow-csv", "pyarrow reads the CSV files", _read_csv, needs=("csv",), rounds=3, yardstick=True),
    Scenario("pyarrow-parquet", "pyarrow reads the Parquet files", _read_parquet("parquet"), rounds=3, yardstick=True),
    Scenario(
        "pyarrow-lists", "pyarrow reads the Parquet of lists", _read_parquet("lists"), needs=("lists",), rounds=3, yardstick=True
    ),
)
