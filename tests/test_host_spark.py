"""Spark as a host, in local mode: the spells that every host groups, partitions of any shape, columns of any type, errors."""

from __future__ import annotations

import datetime
import os
import re
import shutil
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hosts import as_text, canonical, digest

from hrgcore import Grouper, InputError, UsageError
from hrgcore.folders import tables_of
from hrgcore.synth import synthesise

pytest.importorskip("pyspark", reason="needs PySpark")
if shutil.which("java") is None and "JAVA_HOME" not in os.environ:
    pytest.skip("needs Java", allow_module_level=True)

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

import hrgcore.spark

ROW = "NUMBER"  # a column of the tests by which rows are told apart


@pytest.fixture(scope="module")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    os.environ["PYSPARK_PYTHON"] = sys.executable
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    settings = {
        "spark.ui.enabled": "false",
        "spark.driver.host": "127.0.0.1",
        "spark.sql.shuffle.partitions": "3",
        "spark.sql.warehouse.dir": str(tmp_path_factory.mktemp("warehouse")),
    }
    builder = SparkSession.builder.master("local[2]")
    for name, value in settings.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("OFF")
    yield session
    session.stop()


@pytest.fixture(scope="module")
def numbered(activity: pa.Table) -> pa.Table:
    return with_rows(as_text(activity))


def with_rows(table: pa.Table) -> pa.Table:
    return table.append_column(ROW, pa.array(range(1, table.num_rows + 1), pa.int64()))


def frame(spark: SparkSession, table: pa.Table, folder: Path) -> DataFrame:
    pq.write_table(table, folder / "in.parquet")
    return spark.read.parquet(str(folder / "in.parquet"))


def fetched(df: DataFrame, folder: Path) -> pa.Table:
    """A data frame's rows, by way of Parquet."""
    df.write.mode("overwrite").parquet(str(folder / "out"))
    found = pq.read_table(folder / "out")
    return found.rename_columns(["Row" if name == ROW and place == 0 else name for place, name in enumerate(found.column_names)])


def tables(df: DataFrame, folder: Path, logic: str = "apc") -> dict[str, pa.Table]:
    found = hrgcore.spark.group(df, logic, rows_by=[ROW])
    return {name: fetched(getattr(found, name), folder) for name in tables_of(logic)}


def assert_same(found: dict[str, pa.Table], table: pa.Table, logic: str = "apc") -> None:
    expected = Grouper().group(table, logic=logic)
    for name, one in found.items():
        wanted = getattr(expected, name)
        assert one.column_names == wanted.column_names, name
        assert canonical(one, sort=True) == canonical(wanted, sort=True), name


def test_the_spells_of_all_hosts(spark: SparkSession, numbered: pa.Table, activity: pa.Table, tmp_path: Path) -> None:
    found = tables(frame(spark, numbered, tmp_path).repartition(5), tmp_path)
    whole = Grouper().group(activity)
    for name, table in found.items():
        assert table.num_rows
        assert digest(table, sort=True) == digest(getattr(whole, name), sort=True), name


def test_schemas_are_known_beforehand(spark: SparkSession, numbered: pa.Table, tmp_path: Path) -> None:
    df = frame(spark, numbered.slice(0, 10), tmp_path)
    found = hrgcore.spark.group(df)
    kinds = {one.name: one.dataType.simpleString() for one in found.spells.schema.fields}
    assert kinds["SpellHRG"] == "string" and kinds["SpellLOS"] == "bigint" and kinds["UnbundledHRGs"] == "array<string>"
    assert found.episodes.columns[: len(df.columns)] == df.columns
    assert found.errors.columns[:3] == ["EPIORDER", "PROCODET", "PROVSPNO"]


def test_partitions_of_any_shape(spark: SparkSession, numbered: pa.Table, tmp_path: Path) -> None:
    """One spell of 20,000 episodes, one provider of nine tenths of the rows, keys that are null, tiny batches, empty partitions."""
    few = numbered.slice(0, 30_000).drop_columns(ROW)
    rows = pa.array(range(few.num_rows))
    giant = pc.less(rows, 20_000)
    columns = {name: few.column(name) for name in few.column_names}
    columns["PROCODET"] = pc.if_else(pc.less(rows, 27_000), "RXX", few.column("PROCODET"))
    columns["PROCODET"] = pc.if_else(pc.greater(rows, 29_900), None, columns["PROCODET"])
    columns["PROVSPNO"] = pc.if_else(giant, "giant", few.column("PROVSPNO"))
    # Null and empty keys are one spell, keys that differ in blanks are not.
    columns["PROVSPNO"] = pc.if_else(pc.greater(rows, 29_950), pa.scalar(None, pa.string()), columns["PROVSPNO"])
    columns["PROVSPNO"] = pc.if_else(pc.greater(rows, 29_980), "", columns["PROVSPNO"])
    columns["PROVSPNO"] = pc.if_else(pc.greater(rows, 29_990), " ", columns["PROVSPNO"])
    table = with_rows(pa.table(columns))
    df = frame(spark, table, tmp_path)
    names = {"spark.sql.execution.arrow.maxRecordsPerBatch": "100", "spark.sql.adaptive.enabled": "false"}
    for name, value in names.items():
        spark.conf.set(name, value)
    try:
        assert_same(tables(df.repartition(7, F.rand(1)), tmp_path), table)
        alone = df.filter("PROVSPNO = 'giant'")  # two of three partitions are empty
        assert fetched(hrgcore.spark.group(alone).spells, tmp_path).num_rows == 1
        assert fetched(hrgcore.spark.group(df.filter("false")).spells, tmp_path).num_rows == 0
    finally:
        for name in names:
            spark.conf.unset(name)


def test_parts_of_a_partition(monkeypatch: pytest.MonkeyPatch, numbered: pa.Table) -> None:
    """Spells that the edges of batches cut, as in a worker."""
    monkeypatch.setattr(hrgcore.spark, "_ROWS", 700)
    grouper = Grouper(threads=1)
    monkeypatch.setattr(hrgcore.spark, "_groupers", {"": grouper})
    table = numbered.slice(0, 5000)
    table = table.take(pc.sort_indices(table, [("PROCODET", "ascending"), ("PROVSPNO", "ascending")]))
    found = {}
    for name in tables_of("apc"):
        work: Any = hrgcore.spark._Work("apc", name, (ROW,), "", None)  # type: ignore[arg-type]
        parts = pa.Table.from_batches(list(work(table.to_batches(max_chunksize=100))))
        found[name] = parts.rename_columns(["Row" if one == ROW and at == 0 else one for at, one in enumerate(parts.column_names)])
    assert_same(found, numbered.slice(0, 5000))


def test_columns_of_all_types_are_carried(spark: SparkSession, numbered: pa.Table, tmp_path: Path) -> None:
    df = frame(spark, numbered.slice(0, 50), tmp_path)
    moment = datetime.datetime(2024, 7, 1, 12, 30)
    extra = {
        "boolean": F.lit(True),
        "byte": F.lit(1).cast("byte"),
        "short": F.lit(2).cast("short"),
        "long": F.lit(3).cast("long"),
        "float": F.lit(0.5).cast("float"),
        "double": F.lit(0.25),
        "decimal": F.lit(Decimal("12.340")),
        "binary": F.lit(bytearray(b"\x00\xff")),
        "date": F.lit(moment.date()),
        "timestamp": F.lit(moment),
        "ntz": F.lit(moment).cast("timestamp_ntz"),
        "interval": F.lit(datetime.timedelta(days=1, seconds=2)),
        "array": F.array(F.lit(1), F.lit(None)),
        "map": F.create_map(F.lit("a"), F.lit(1)),
        "struct": F.struct(F.lit(1).alias("one"), F.lit("x").alias("two")),
        "nothing": F.lit(None).cast("string"),
        "a blank": F.lit("kept"),
    }
    wide = df.select("*", *(column.alias(name) for name, column in extra.items()))
    found = hrgcore.spark.group(wide).episodes
    assert found.schema.fields[: len(wide.columns)] == wide.schema.fields
    names = [f"`{name.replace('`', '``')}`" for name in (ROW, *extra)]
    assert found.select(names).orderBy(ROW).collect() == wide.select(names).orderBy(ROW).collect()


@pytest.mark.parametrize("logic", ["em", "nac", "pcc"])
def test_other_logics(spark: SparkSession, tmp_path: Path, logic: str) -> None:
    made = pq.read_table(synthesise(tmp_path / logic, 400, 1, logic=logic))
    table = with_rows(as_text(made))
    df = frame(spark, table, tmp_path)
    assert_same(tables(df, tmp_path, logic), table, logic)
    plan = hrgcore.spark.group(df, logic).rows._jdf.queryExecution().toString()
    assert ("RepartitionByExpression" in plan) == (logic == "pcc")


def test_errors_before_any_job(spark: SparkSession, numbered: pa.Table, tmp_path: Path) -> None:
    df = frame(spark, numbered.slice(0, 5), tmp_path)
    wrong: list[tuple[Any, type[Exception], str]] = [
        (lambda: hrgcore.spark.group(df, "apx"), UsageError, "unknown logic 'apx'"),
        (lambda: hrgcore.spark.group(df, design="none"), UsageError, "unknown design 'none'"),
        (lambda: hrgcore.spark.group(df.drop("SEX")), InputError, "no column SEX"),
        (lambda: hrgcore.spark.group(df.withColumn("spellhrg", F.lit(""))), InputError, "has columns spellhrg, which the result"),
        (lambda: hrgcore.spark.group(df.withColumn("a.b", F.lit(1))), InputError, "a column named a.b"),
        (
            lambda: hrgcore.spark.group(df.withColumn("m", F.expr("make_ym_interval(1)"))),
            InputError,
            "column m is of type interval",
        ),
        (lambda: hrgcore.spark.group(df, rows_by=["nowhere"]), UsageError, "has no column nowhere"),
        (lambda: hrgcore.spark.group(df, rows_by=["PROCODET"]), UsageError, "PROCODET is a column of unbundled already"),
        (lambda: hrgcore.spark.group(df.withColumn("SEX", F.array(F.lit(1)))), InputError, "can't be read as text"),
    ]
    spark.sparkContext.setJobGroup("wrong", "what is wrong is found before a job runs")
    for call, kind, says in wrong:
        with pytest.raises(kind, match=re.escape(says)):
            call()
    assert not spark.sparkContext.statusTracker().getJobIdsForGroup("wrong")
    with pytest.raises(AttributeError, match="no table 'rows'. There are episodes, spells"):
        _ = hrgcore.spark.group(df).rows


def test_the_document(spark: SparkSession, numbered: pa.Table, tmp_path: Path) -> None:
    """What docs/spark.md shows is run."""
    text = (Path(__file__).parents[1] / "docs" / "spark.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    table = numbered.slice(0, 500)
    pq.write_table(table, tmp_path / "year.parquet")
    for name in ("year.parquet", "spells"):  # Spark has a working directory of its own
        block = block.replace(f'"{name}"', repr(str(tmp_path / name)))
    exec(block, {"spark": spark})
    assert canonical(pq.read_table(tmp_path / "spells").select(["PROCODET", "PROVSPNO", "SpellHRG"]), sort=True) == canonical(
        Grouper().group(table).spells.select(["PROCODET", "PROVSPNO", "SpellHRG"]), sort=True
    )
