"""The stages by themselves, one thread: text to numbers, rows to spells, and the kernels.

What lies inside of hrgcore is imported where it is used: a revision that lacks some of it has the other benchmarks all the same.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa

from .data import Data
from .scenario import Prepared, Scenario


@cache
def _one_thread() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1)


@cache
def _design() -> tuple[Any, Any]:
    """The embedded design as the kernels take it, and its encoder."""
    from hrgcore import engine
    from hrgcore.design import DEFAULT_DESIGN, load_design
    from hrgcore.encode import Encoder

    bundle = load_design(DEFAULT_DESIGN)
    return engine.kernel_design(bundle), Encoder(engine.kernel_lookups(bundle))


def _encode(table: Any) -> Any:
    from hrgcore.columns import apc_layout

    return _design()[1].encode(table, apc_layout(table.column_names), _one_thread())


def _order(table: Any, episodes: Any) -> Any:
    from hrgcore.encode import order_spells

    return order_spells(table["PROCODET"], table["PROVSPNO"], episodes.rows["epiorder"], int(_design()[0].settings[1]))


def _spells_grouped(episodes: Any, order: Any) -> int:
    from hrgcore import engine

    return len(engine.group(_design()[0], episodes, order, _one_thread()).spells)


def _bytes(episodes: Any) -> int:
    return sum(part.nbytes for part in episodes)


def _kernel(data: Data) -> Prepared:
    table = data.table()
    episodes = _encode(table)
    order = _order(table, episodes)
    del table
    return Prepared(lambda: _spells_grouped(episodes, order), data.spells, data.rows, data.spells, _bytes(episodes))


def _kernel_single(data: Data) -> Prepared:
    table = data.table()
    order = _order(table, _encode(table))
    table = table.take(pa.array(order.rows[order.starts[:-1]][np.diff(order.starts) == 1]))
    episodes = _encode(table)
    order = _order(table, episodes)
    rows = table.num_rows
    del table
    return Prepared(lambda: _spells_grouped(episodes, order), rows, rows, rows)


def _of_table(plain: bool) -> Callable[[Data], Prepared]:
    def prepare(data: Data) -> Prepared:
        table = data.table()
        if plain:
            fields = [pa.field(f.name, pa.string()) if pa.types.is_dictionary(f.type) else f for f in table.schema]
            table = table.cast(pa.schema(fields))
        return Prepared(lambda: len(_encode(table).rows), data.rows, data.rows, data.spells, table.nbytes)

    return prepare


def _of_files(kind: str) -> Callable[[Data], Prepared]:
    def prepare(data: Data) -> Prepared:
        from hrgcore.columns import apc_layout
        from hrgcore.read import open_input

        def run() -> int:
            opened = open_input(data.path(kind))
            return len(opened.encode(_design()[1], apc_layout(opened.names), _one_thread()).episodes.rows)

        return Prepared(run, data.rows, data.rows, data.spells, data.bytes(kind))

    return prepare


def _spells(data: Data) -> Prepared:
    table = data.table()
    episodes = _encode(table)
    return Prepared(lambda: int(_order(table, episodes).count), data.spells, data.rows, data.spells)


STAGES = (
    Scenario("kernel", "encoded episodes to results, one thread", _kernel),
    Scenario("kernel-single", "the same, spells of one episode only", _kernel_single),
    Scenario("encode", "Arrow dictionaries to numbers, one thread", _of_table(False)),
    Scenario("encode-text", "Arrow strings to numbers, one thread", _of_table(True), most=2_000_000),
    Scenario("encode-csv", "CSV files to numbers, one thread", _of_files("csv"), needs=("csv",)),
    Scenario("encode-quoted", "quoted CSV files to numbers, one thread", _of_files("quoted"), needs=("quoted",), most=2_000_000),
    Scenario("encode-parquet", "Parquet files to numbers, one thread", _of_files("parquet")),
    Scenario("encode-lists", "Parquet files of lists to numbers, one thread", _of_files("lists"), needs=("lists",)),
    Scenario("spells", "rows to spells, one thread", _spells),
)
