"""Data frames of Spark grouped: rows of a spell are brought together, and each partition is grouped as a stream."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from hrgcore.columns import KEY_FIELDS, apc_layout
from hrgcore.design import DEFAULT_DESIGN, Bundle, load_design
from hrgcore.encode.cells import take_rows
from hrgcore.errors import InputError, UsageError
from hrgcore.folders import tables_of
from hrgcore.grouper import Grouper
from hrgcore.logics import ROW_LOGICS, row_layout
from hrgcore.spark.worker import send, worker_grouper

if TYPE_CHECKING:
    from pyspark import Broadcast
    from pyspark.sql import DataFrame

#: Rows that are grouped at once: Spark's batches are smaller, and what a call costs by itself should not count.
_ROWS = 100_000


@dataclass(frozen=True)
class SparkResult:
    """The tables of a result, as data frames named as in Python's results. Nothing runs before one is asked for its rows.

    Of admitted care: ``episodes``, ``spells``, ``unbundled`` and ``errors``; of the other logics ``rows`` and ``errors``, and of
    `nac` ``unbundled``.
    """

    tables: dict[str, DataFrame]

    def __getattr__(self, name: str) -> DataFrame:
        tables = self.__dict__.get("tables", {})
        if name not in tables:
            raise AttributeError(f"no table {name!r}. There are {', '.join(tables)}.")
        found: DataFrame = tables[name]
        return found


def group(
    df: DataFrame, logic: str = "apc", design: str | Path | Bundle = DEFAULT_DESIGN, *, rows_by: Sequence[str] | None = None
) -> SparkResult:
    """Group a Spark data frame; ``logic`` and ``design`` are those of `hrgcore.Grouper`.

    Episodes of a spell, and rows of a critical care period, need not stand together: they are brought into one partition. No order
    of rows is kept. Columns are those of Python's tables, text as plain strings, with one difference: rows of a data frame have no
    numbers, so ``unbundled`` and ``errors`` have in the place of ``Row`` the columns ``rows_by`` of the input, by which the caller
    tells rows apart (by default EPIORDER, which with the spell key names an episode; none for the other logics). Rows of one key
    are taken in their order.

    Raises, before any job runs, UsageError for an unknown logic, design or column of ``rows_by``, InputError where the data frame
    lacks a column or has one that can't be grouped or carried, DesignError where the design has no tables for the logic.
    """
    from pyspark.sql.pandas.types import from_arrow_type
    from pyspark.sql.types import StructField, StructType

    loaded = load_design(design)
    found = _tried(loaded, logic, _arrow_schema(df))
    if logic == "apc":
        fields = apc_layout(df.columns).fields
        keys, names = [fields[key] for key in KEY_FIELDS], [fields["EPIORDER"]]
    else:
        columns = row_layout(ROW_LOGICS[logic], df.columns).columns
        keys, names = [columns[key.name][0] for key in ROW_LOGICS[logic].keys], []
    chosen = tuple(names if rows_by is None else rows_by)
    _refuse_clashes(df, found, logic, chosen)
    sent = send(df.sparkSession, loaded)
    together = _together(df, keys, chosen) if keys else df
    carried = {field.name: field for field in df.schema.fields}
    frames: dict[str, DataFrame] = {}
    for name in tables_of(logic):
        work = _Work(logic, name, chosen, loaded.info.digest, sent)
        made = _plain(_named(getattr(found, name), found.table, chosen))
        schema = StructType(
            [
                carried[one.name] if one.name in chosen or name in ("episodes", "rows") and one.name in carried
                else StructField(one.name, from_arrow_type(one.type))
                for one in made.schema
            ]
        )  # fmt: skip
        frames[name] = together.mapInArrow(work, schema)
    return SparkResult(frames)


def _arrow_schema(df: DataFrame) -> pa.Schema:
    from pyspark.sql.pandas.types import to_arrow_type

    fields = []
    for field in df.schema.fields:
        if "." in field.name or "`" in field.name:
            raise InputError(f"the data frame: Spark can't send a column named {field.name} to Python. Rename it, without . and `.")
        try:
            fields.append(pa.field(field.name, to_arrow_type(field.dataType, timezone="UTC")))
        except Exception as error:  # of a kind that differs between versions of Spark
            raise InputError(
                f"the data frame: column {field.name} is of type {field.dataType.simpleString()}, which Spark can't send to Python"
                f" ({type(error).__name__}). Cast or drop it."
            ) from None
    return pa.schema(fields)


def _tried(loaded: Bundle, logic: str, schema: pa.Schema) -> Any:
    """The result of one row of nulls: what columns it has, and whether columns can be read at all."""
    nulls = pa.Table.from_arrays([pa.nulls(1, field.type) for field in schema], schema=schema)
    try:
        found = Grouper(loaded, threads=1).group(nulls, logic=logic)
        for name in tables_of(logic):
            getattr(found, name)
    except pa.ArrowException as error:
        raise InputError(
            f"the data frame: a column that grouping reads is of a type that can't hold its field ({error})."
        ) from None
    return found


def _refuse_clashes(df: DataFrame, found: Any, logic: str, chosen: tuple[str, ...]) -> None:
    """Raise where names would stand twice: Spark does not look at letter case."""
    unknown = [name for name in chosen if name not in df.columns]
    if unknown:
        raise UsageError(f"rows_by: the data frame has no column {', '.join(unknown)}. Name columns of it, letter case included.")
    first = getattr(found, tables_of(logic)[0]).column_names[len(df.columns) :]
    written = {name.upper() for name in first}
    clash = [name for name in df.columns if name.upper() in written]
    if clash:
        raise InputError(f"the data frame: has columns {', '.join(clash)}, which the result writes too. Rename or drop them.")
    for name in tables_of(logic):
        table = getattr(found, name)
        if "Row" in table.column_names:
            taken = {column.upper() for column in table.column_names[1:]}
            twice = [column for column in chosen if column.upper() in taken]
            if twice:
                raise UsageError(f"rows_by: {', '.join(twice)} is a column of {name} already. Leave it out, or rename it.")


def _together(df: DataFrame, keys: list[str], chosen: tuple[str, ...]) -> DataFrame:
    """Rows of one key in one partition, one behind the other. Keys differ where their text does; null is the empty text.

    Those of one key stand in order of ``chosen``: where episodes have the same EPIORDER, it hangs on the order which one reports.
    """
    from pyspark.sql.functions import coalesce, lit

    texts = [coalesce(df[key].cast("string"), lit("")) for key in keys]
    return df.repartition(*texts).sortWithinPartitions(*texts, *(df[name] for name in chosen))


@dataclass(frozen=True)
class _Work:
    """What a Python worker does with the batches of a partition: one table of their result."""

    logic: str
    table: str
    chosen: tuple[str, ...]
    digest: str
    sent: Broadcast[bytes]

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for result in worker_grouper(self.digest, self.sent).stream(_joined(batches), logic=self.logic):
            yield from _plain(_named(getattr(result, self.table), result.table, self.chosen)).to_batches()


def _joined(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.Table]:
    """Batches joined to tables of `_ROWS` rows and more."""
    waiting: list[pa.RecordBatch] = []
    for batch in batches:
        waiting.append(batch)
        if sum(one.num_rows for one in waiting) >= _ROWS:
            yield pa.Table.from_batches(waiting).combine_chunks()
            waiting = []
    if waiting:
        yield pa.Table.from_batches(waiting).combine_chunks()


def _named(table: pa.Table, rows: pa.Table, chosen: tuple[str, ...]) -> pa.Table:
    """The table with columns of the input instead of the numbers of its rows, if it has these."""
    if table.column_names[0] != "Row":
        return table
    places = pa.array(table.column("Row").to_numpy() - 1)
    table = table.drop_columns("Row")
    for place, name in enumerate(chosen):
        table = table.add_column(place, name, take_rows(rows.column(name), places))
    return table


def _plain(table: pa.Table) -> pa.Table:
    """Dictionaries as plain text, which is what Spark has."""
    for place, field in enumerate(table.schema):
        if pa.types.is_dictionary(field.type):
            table = table.set_column(place, field.name, table.column(place).cast(field.type.value_type))
    return table
