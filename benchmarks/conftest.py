"""Shared by all benchmarks: synthetic activity of several sizes, made once a run, and what every benchmark records."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from hrgcore import Grouper
from hrgcore.columns import apc_layout
from hrgcore.encode import order_spells
from hrgcore.synth import synthesise

SEED = 20_242_025
SIZES = {"10k": 10_000, "1m": 1_000_000, "20m": 20_000_000}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--slow", action="store_true", help="also run what takes minutes: 20 million episodes")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "slow: takes minutes; run with --slow")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--slow"):
        for item in items:
            if "slow" in item.keywords:
                item.add_marker(pytest.mark.skip(reason="takes minutes: give --slow"))


def sizes(*names: str) -> Any:
    """Run a benchmark at these sizes; it takes the fixture ``activity``."""
    params = [pytest.param(name, marks=pytest.mark.slow) if name == "20m" else name for name in names]
    return pytest.mark.parametrize("activity", params, indirect=True)


@dataclass(frozen=True)
class Activity:
    """Synthetic episodes of one size: the folders, and how many episodes and spells they hold.

    ``quoted`` is the CSV with quotes around every cell and CR LF, ``lists`` the Parquet with codes as lists.
    """

    parquet: Path
    csv: Path
    quoted: Path
    lists: Path
    rows: int
    spells: int

    @property
    def files(self) -> list[Path]:
        return sorted(self.parquet.glob("*.parquet"))

    def table(self) -> Any:
        return pq.read_table(self.files)


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Activity]:
    """Makes the activity of a size when it is first asked for."""
    done: dict[str, Activity] = {}

    def make(name: str) -> Activity:
        if name not in done:
            folder = tmp_path_factory.mktemp(f"activity-{name}")
            rows = SIZES[name]
            for kind in ("parquet", "csv"):
                synthesise(folder / kind, rows, SEED, format=kind)
            for kind, change in (("quoted", _quoted), ("lists", _lists)):
                (folder / kind).mkdir()
                for file in (folder / ("csv" if kind == "quoted" else "parquet")).iterdir():
                    change(file, folder / kind / file.name)
            files = sorted((folder / "parquet").iterdir())
            spells = sum(pc.count_distinct(pq.read_table(file, columns=["PROVSPNO"])["PROVSPNO"]).as_py() for file in files)
            done[name] = Activity(*(folder / kind for kind in ("parquet", "csv", "quoted", "lists")), rows, spells)
        return done[name]

    return make


def _quoted(source: Path, target: Path) -> None:
    """Quotes around every cell, CR LF: cells of the synthetic year have no comma or quote in them."""
    with source.open("rb") as lines, target.open("wb") as file:
        file.writelines(b'"' + line.rstrip(b"\n").replace(b",", b'","') + b'"\r\n' for line in lines)


def _lists(source: Path, target: Path) -> None:
    """Codes as lists, blank cells left out."""
    table = pq.read_table(source)
    for prefix in ("DIAG", "OPER"):
        names = [name for name in table.column_names if name.startswith(f"{prefix}_")]
        columns = [pa.concat_arrays(table[name].cast(pa.string()).chunks) for name in names]
        by_row = np.arange(len(names) * table.num_rows).reshape(len(names), -1).T.ravel()
        cells = pa.concat_arrays(columns).take(pa.array(by_row))
        given = pc.fill_null(pc.not_equal(cells, ""), False)
        counts = np.add.reduceat(given.to_numpy(zero_copy_only=False).astype(int), np.arange(0, len(by_row), len(names)))
        offsets = pa.array(np.concatenate([[0], np.cumsum(counts)]).astype(np.int32))
        lists = pa.ListArray.from_arrays(offsets, cells.filter(given))
        table = table.drop_columns(names).append_column(prefix, lists)
    pq.write_table(table, target, row_group_size=131_072, compression="zstd")


@pytest.fixture
def activity(request: pytest.FixtureRequest, made: Callable[[str], Activity]) -> Activity:
    return made(request.param)


@pytest.fixture(scope="session")
def grouper() -> Grouper:
    return Grouper(threads=1)


@pytest.fixture(scope="session")
def pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1)


@dataclass(frozen=True)
class Encoded:
    """Activity as the kernels take it."""

    episodes: Any
    order: Any

    @property
    def bytes_per_episode(self) -> float:
        return float(sum(part.nbytes for part in self.episodes) / len(self.episodes.rows))


@pytest.fixture(scope="session")
def encoded(grouper: Grouper, pool: ThreadPoolExecutor) -> Callable[[Any], Encoded]:
    """Encodes a table and orders its spells."""

    def encode(table: Any) -> Encoded:
        layout = apc_layout(table.column_names)
        episodes = grouper._encoder.encode(table, layout, pool)
        order = order_spells(table["PROCODET"], table["PROVSPNO"], episodes.rows["epiorder"], int(grouper._design.settings[1]))
        return Encoded(episodes, order)

    return encode


@pytest.fixture
def measure(benchmark: Any) -> Callable[..., Any]:
    """Runs a function some rounds and records rows and spells a second (by the median), with further figures."""

    def run(function: Callable[[], Any], rows: int, spells: int, rounds: int = 5, **figures: Any) -> Any:
        result = benchmark.pedantic(function, rounds=rounds, warmup_rounds=1)
        seconds = benchmark.stats.stats.median if benchmark.stats else float("nan")  # no stats with --benchmark-disable
        benchmark.extra_info |= {
            "rows": rows,
            "rows_per_second": rows / seconds,
            "spells_per_second": spells / seconds,
            "load": os.getloadavg()[0],
            "cores": os.cpu_count(),
            **figures,
        }
        return result

    return run


def single_episode(order: Any) -> Any:
    """Of an order of spells, those of one episode."""
    rows = order.rows[order.starts[:-1]][np.diff(order.starts) == 1]
    starts = np.arange(len(rows) + 1)
    for array in (rows, starts):
        array.flags.writeable = False
    return replace(order, rows=rows, starts=starts)


def python(code: str, **environment: str) -> str:
    """What a fresh Python prints when it runs ``code``."""
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, **environment}, capture_output=True, text=True, check=True
    )
    return done.stdout


def peak_mib(code: str) -> float:
    """Peak memory of a fresh Python that runs ``code``, in MiB."""
    unit = 1 if sys.platform == "darwin" else 1024
    return int(python(f"{code}\nimport resource; print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)")) * unit / 2**20
