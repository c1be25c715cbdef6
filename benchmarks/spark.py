"""What Spark costs: Parquet to Parquet through a Spark data frame, and by files, against one process on the same cores, as ratios.

python benchmarks/spark.py [EPISODES] [CORES] [ROUNDS]

Needs Java. The yardsticks are Spark's own: what it takes without any grouping, its rows going to Python and back untouched.
"""

from __future__ import annotations

import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from hrgcore import Grouper
from hrgcore.run import Job, run_job
from hrgcore.stream import whole_spells
from hrgcore.synth import synthesise

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

_KEY = ("PROCODET", "PROVSPNO")
_FILE_ROWS = 250_000


def main(episodes: int = 1_000_000, cores: int = 1, rounds: int = 3) -> None:
    """Print the median seconds of each case, and one process's in ratio to them: 1 is as quick, 0.1 takes ten times as long."""
    if hasattr(os, "sched_setaffinity"):  # Java's and Python's own helpers stay on these cores, too
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:cores])
    pa.set_cpu_count(cores)
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "year"
        synthesise(made, episodes, 1)
        print(f"{episodes:,} episodes, {cores} cores, {rounds} rounds, load {os.getloadavg()[0]:.2f} before")
        session = _session(cores, Path(folder))
        whole = _whole_files(made, Path(folder) / "files")
        alone = _alone(made, Path(folder) / "alone.parquet", cores)
        frames = {**_cases(session.read.parquet(str(made)), Path(folder) / "written"), **alone}
        runs = {f"{name}, all tables": _into_folder(run, Path(folder) / "out") for name, run in _runs(session, whole, cores)}
        # One behind the other: Spark ends Python workers that have had nothing to do for a minute, and starting is not measured.
        seconds = {**_medians(frames, rounds), **_medians(runs, rounds)}
        session.stop()
        for name, own in seconds.items():
            base = seconds[f"one process, {name.rsplit(', ')[-1]}"]
            print(f"{name:50} {own:6.2f} s  {base / own:5.2f}")


def _medians(cases: dict[str, Callable[[], None]], rounds: int) -> dict[str, float]:
    """The seconds that each case takes, the cases being run by turns; the first round is not counted."""
    taken: dict[str, list[float]] = {name: [] for name in cases}
    for _ in range(rounds + 1):
        for name, run in cases.items():
            begun = time.perf_counter()
            run()
            taken[name].append(time.perf_counter() - begun)
    return {name: statistics.median(times[1:]) for name, times in taken.items()}


def _session(cores: int, folder: Path) -> SparkSession:
    from pyspark.sql import SparkSession

    os.environ["PYSPARK_PYTHON"] = sys.executable
    settings = {
        "spark.ui.enabled": "false",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.memory": "4g",
        "spark.local.dir": str(folder / "local"),
        "spark.sql.shuffle.partitions": str(4 * cores),
    }
    builder = SparkSession.builder.master(f"local[{cores}]")
    for name, value in settings.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    return session


def _alone(made: Path, target: Path, cores: int) -> dict[str, Callable[[], None]]:
    grouper = Grouper(threads=cores)

    def spells() -> None:
        pq.write_table(grouper.group(made).spells, target)

    def episodes() -> None:
        pq.write_table(grouper.group(made).episodes, target)

    return {"one process, spells": spells, "one process, episodes": episodes}


def _whole_files(made: Path, folder: Path) -> Path:
    """The year as files of whole spells, of about `_FILE_ROWS` but for the last."""
    folder.mkdir()
    batches = (batch for file in sorted(made.iterdir()) for batch in pq.ParquetFile(file).iter_batches())
    held: list[pa.Table] = []

    def write() -> None:
        pq.write_table(pa.concat_tables(held), folder / f"year-{len(list(folder.iterdir())):05d}.parquet", compression="zstd")
        held.clear()

    for table in whole_spells(batches):
        held.append(table)
        if sum(one.num_rows for one in held) >= _FILE_ROWS:
            write()
    if held:
        write()
    return folder


def _runs(session: SparkSession, made: Path, cores: int) -> Iterator[tuple[str, Callable[[Path], object]]]:
    """A run of all tables with errors and manifest, as `hrgcore group` makes it: by Spark's workers, and without Spark."""
    import hrgcore.spark

    yield "grouped in Spark by files", lambda target: hrgcore.spark.group_files(session, made, target)
    yield "one process", lambda target: run_job(Job([made], target, threads=cores), lambda: Grouper(threads=cores))


def _into_folder(run: Callable[[Path], object], target: Path) -> Callable[[], None]:
    def anew() -> None:
        shutil.rmtree(target, ignore_errors=True)
        run(target)

    return anew


def _cases(df: DataFrame, target: Path) -> dict[str, Callable[[], None]]:
    import hrgcore.spark

    found = hrgcore.spark.group(df)
    together = df.repartition(*_KEY).sortWithinPartitions(*_KEY)
    frames = {
        "Spark alone: read and write, episodes": df,
        "Spark alone: to Python and back, episodes": df.mapInArrow(_untouched, df.schema),
        "Spark alone: keys together, to Python, back, episodes": together.mapInArrow(_untouched, df.schema),
        "Spark alone: keys together, to Python, spells": together.mapInArrow(_counted, "rows long"),
        "grouped in Spark, episodes": found.episodes,
        "grouped in Spark, spells": found.spells,
    }

    def writes(frame: DataFrame) -> Callable[[], None]:
        return lambda: frame.write.mode("overwrite").parquet(str(target))

    return {name: writes(frame) for name, frame in frames.items()}


def _untouched(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    yield from batches


def _counted(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    yield pa.record_batch({"rows": [sum(batch.num_rows for batch in batches)]})


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
