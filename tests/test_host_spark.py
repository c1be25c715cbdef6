"""Spark as a host, in local mode: the spells that every host groups, partitions of any shape, columns of any type, errors."""

from __future__ import annotations

import datetime
import itertools
import json
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

from hrgcore import Grouper, InputError, OutputError, UsageError
from hrgcore.design import bundle, load_design
from hrgcore.folders import tables_of
from hrgcore.logics import ROW_LOGICS
from hrgcore.run import Job, run_job
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
    columns["PROCODET"] = pc.if_else(
        pc.greater(rows, 29_900), pa.array([f"R{row % 5}" for row in range(30_000)]), columns["PROCODET"]
    )
    columns["PROCODET"] = pc.if_else(pc.greater(rows, 29_995), None, columns["PROCODET"])
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
    monkeypatch.setattr(hrgcore.spark.frames, "_ROWS", 8)
    grouper = Grouper(threads=1)
    monkeypatch.setattr(hrgcore.spark.worker, "_groupers", {"": grouper})
    table = numbered.slice(0, 1000)
    table = table.take(pc.sort_indices(table, [("PROCODET", "ascending"), ("PROVSPNO", "ascending")]))
    found = {}
    for name in tables_of("apc"):
        work: Any = hrgcore.spark.frames._Work("apc", name, (ROW,), "", None)  # type: ignore[arg-type]
        parts = pa.Table.from_batches(list(work(table.to_batches(max_chunksize=5))))
        found[name] = parts.rename_columns(["Row" if one == ROW and at == 0 else one for at, one in enumerate(parts.column_names)])
    assert_same(found, numbered.slice(0, 1000))


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


def files(table: pa.Table, folder: Path, cuts: tuple[int, ...] = ()) -> Path:
    """A table in files, of which all but the first begin with ``cuts``."""
    folder.mkdir()
    for number, (low, high) in enumerate(itertools.pairwise([0, *cuts, table.num_rows])):
        pq.write_table(table.slice(low, high - low), folder / f"year-{number}.parquet")
    return folder


def start_from(table: pa.Table, row: int, key: str = "PROVSPNO") -> int:
    """The first row from ``row`` on that begins a spell."""
    keys = table.column(key)
    return next(at for at in range(row, table.num_rows) if keys[at] != keys[at - 1])


def read_all(folder: Path, logic: str = "apc") -> dict[str, pa.Table]:
    return {
        name: pa.concat_tables([pq.read_table(part) for part in sorted((folder / name).iterdir())]) for name in tables_of(logic)
    }


def test_files_of_the_spells_of_all_hosts(
    spark: SparkSession, activity: pa.Table, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same rows in the same order, by files of several parts, one of them empty; and a manifest that says the same."""
    monkeypatch.setattr("hrgcore.run.parts.PART_EPISODES", 25_000)
    middle = start_from(activity, 40_000)
    made = files(activity, tmp_path / "year", (middle, middle, start_from(activity, 70_000)))
    outcome = hrgcore.spark.group_files(spark, made, tmp_path / "out")
    whole = Grouper().group(activity)
    for name, table in read_all(tmp_path / "out").items():
        assert digest(table) == digest(getattr(whole, name)), name
    run_job(Job([made], tmp_path / "one"), Grouper)
    found, one = (json.loads((tmp_path / name / "manifest.json").read_bytes()) for name in ("out", "one"))
    assert outcome.counts == found["counts"] == one["counts"] and outcome.quality == found["quality"] == one["quality"]
    assert found["inputs"] == one["inputs"] and found["design"] == one["design"]
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"manifest.json", *tables_of("apc")}
    assert len(found["outputs"]) == 4 * len(list((tmp_path / "out" / "episodes").iterdir())) > 4 * 4
    assert found["run"]["spells"] == "together" and found["options"]["spark"] == spark.version


def test_files_without_rows_and_csv(spark: SparkSession, numbered: pa.Table, tmp_path: Path) -> None:
    nothing = files(numbered.slice(0, 0), tmp_path / "nothing")
    hrgcore.spark.group_files(spark, nothing, tmp_path / "empty")
    assert {name: table.num_rows for name, table in read_all(tmp_path / "empty").items()} == dict.fromkeys(tables_of("apc"), 0)
    some = files(numbered.slice(0, 300), tmp_path / "some")
    hrgcore.spark.group_files(spark, some, tmp_path / "text", format="csv")
    run_job(Job([some], tmp_path / "one", format="csv"), Grouper)
    for name in tables_of("apc"):
        own, other = ((tmp_path / made / name / "part-00000.csv").read_bytes() for made in ("text", "one"))
        assert own == other, name


@pytest.mark.parametrize("logic", ["em", "nac", "pcc"])
def test_files_of_other_logics(spark: SparkSession, tmp_path: Path, logic: str) -> None:
    table = pq.read_table(synthesise(tmp_path / "made", 900, 1, logic=logic))
    field = {"em": "INV_01", "nac": "SEX", "pcc": "DISMETH"}[logic]
    wrong = pa.array([*table.column(field).to_pylist()[:-1], "?"])
    table = table.set_column(table.schema.get_field_index(field), field, wrong)
    keys = ROW_LOGICS[logic].keys
    made = files(table, tmp_path / "year", (start_from(table, 300, keys[-1].name) if keys else 300,))
    hrgcore.spark.group_files(spark, made, tmp_path / "out", logic)
    whole = Grouper().group(table, logic=logic)
    assert whole.errors["Row"].to_pylist()[-1] == 900
    for name, own in read_all(tmp_path / "out", logic).items():
        assert canonical(own) == canonical(getattr(whole, name)), name


def test_files_under_a_design_of_one_s_own(spark: SparkSession, numbered: pa.Table, tmp_path: Path) -> None:
    """The manifest says where the design is, for explain to find it."""
    made, own = files(numbered.slice(0, 300), tmp_path / "year"), tmp_path / "own.hrgcore"
    bundle.write(load_design("hrg4plus-2425-open"), own)
    hrgcore.spark.group_files(spark, made, tmp_path / "out", design=own)
    assert json.loads((tmp_path / "out" / "manifest.json").read_bytes())["options"]["design"] == str(own)


def test_what_is_refused_before_any_task(
    spark: SparkSession, numbered: pa.Table, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def tasks(*_: Any) -> None:
        raise AssertionError("tasks are made")

    monkeypatch.setattr("hrgcore.spark.files._tasks", tasks)
    pq.write_table(numbered.slice(0, 10).drop_columns("SEX"), tmp_path / "lacks.parquet")
    with pytest.raises(InputError, match="no column SEX"):
        hrgcore.spark.group_files(spark, tmp_path / "lacks.parquet", tmp_path / "out")
    with pytest.raises(UsageError, match="Spark Connect"):
        hrgcore.spark.group_files(object(), tmp_path / "lacks.parquet", tmp_path / "out")  # type: ignore[arg-type]
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "own").touch()
    with pytest.raises(OutputError, match="not empty"):  # and nobody waits for inputs to be read
        hrgcore.spark.group_files(spark, tmp_path / "nowhere", tmp_path / "full")


def test_files_that_are_refused(spark: SparkSession, numbered: pa.Table, tmp_path: Path) -> None:
    """With the file's name, and with nothing left behind."""
    table = numbered.slice(0, 400)
    cut = tmp_path / "cut"
    cut.mkdir()
    several = table.filter(pc.equal(table["PROVSPNO"], most_common(table["PROVSPNO"])))
    for number, one in enumerate((table.slice(0, 100), pa.concat_tables([table.slice(100), several.slice(0, 1)]))):
        pq.write_table(one, cut / f"{number}.parquet")
    apart = tmp_path / "apart"
    apart.mkdir()
    pq.write_table(pa.concat_tables([several.slice(0, 1), table.slice(200), several.slice(1)]), apart / "one.parquet")
    pq.write_table(table.slice(0, 10), tmp_path / "whole.parquet")
    damaged = tmp_path / "damaged.parquet"
    content = bytearray((tmp_path / "whole.parquet").read_bytes())
    content[4:200] = bytes(196)
    damaged.write_bytes(content)
    (tmp_path / "text.csv").write_text("PROCODET,PROVSPNO\nRXX,1\n", encoding="utf-8")
    wrong: list[tuple[Path, type[Exception], str, dict[str, Any]]] = [
        (cut, InputError, "0.parquet and", {}),
        (cut, InputError, "have rows of the same spell", {}),
        (apart, InputError, "one.parquet: spells (or critical care periods) don't stand together", {}),
        (damaged, InputError, "damaged.parquet: not a readable Parquet file", {}),
        (tmp_path / "text.csv", InputError, "text.csv: is no Parquet file", {}),
        (tmp_path / "nowhere", InputError, "no such file", {}),
        (tmp_path / "whole.parquet", UsageError, "unknown logic 'apx'", {"logic": "apx"}),
        (tmp_path / "whole.parquet", UsageError, "unknown format 'xml'", {"format": "xml"}),
        (tmp_path / "whole.parquet", UsageError, "unknown design 'none'", {"design": "none"}),
    ]
    for source, kind, says, options in wrong:
        with pytest.raises(kind, match=re.escape(says)):
            hrgcore.spark.group_files(spark, source, tmp_path / "out", **options)
        assert not (tmp_path / "out").exists(), says


def most_common(column: Any) -> Any:
    found = pc.value_counts(column).to_pylist()
    return max(found, key=lambda one: one["counts"])["values"]


def test_the_document(spark: SparkSession, numbered: pa.Table, tmp_path: Path) -> None:
    """What docs/spark.md shows is run."""
    text = (Path(__file__).parents[1] / "docs" / "spark.md").read_text(encoding="utf-8")
    shown = "".join(re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL))
    table = numbered.slice(0, 500)
    files(table, tmp_path / "year")
    for name in ("year", "grouped", "spells"):  # Spark has a working directory of its own
        shown = re.sub(rf'(?<!\[)"{name}"', repr(str(tmp_path / name)), shown)
    printed: list[Any] = []
    exec(shown, {"spark": spark, "print": printed.append})
    whole = Grouper().group(table).spells
    assert printed[0] == whole.num_rows and len(printed[1]) == 3
    for made in (tmp_path / "spells", tmp_path / "grouped" / "spells"):
        names = ["PROCODET", "PROVSPNO", "SpellHRG"]
        assert canonical(pq.read_table(made).select(names), sort=True) == canonical(whole.select(names), sort=True), made
