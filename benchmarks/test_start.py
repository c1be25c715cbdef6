"""Starting: what a person waits for before and around a small job, in a fresh process each time."""

from __future__ import annotations

import itertools
import subprocess
import sys

import pyarrow.parquet as pq
import pytest
from conftest import python

pytestmark = pytest.mark.benchmark(group="start")
EPISODES = 500  # about as many as the official sample


@pytest.fixture(scope="module")
def sample(made, tmp_path_factory):
    path = tmp_path_factory.mktemp("sample") / "sample.parquet"
    pq.write_table(made("10k").table().slice(0, EPISODES), path)
    return path


def test_help(measure):
    measure(lambda: subprocess.run([sys.executable, "-m", "hrgcore", "--help"], check=True, capture_output=True), 1, 1)


def test_import(measure):
    measure(lambda: python("import hrgcore"), 1, 1)


def test_warm_group(measure, sample):
    code = f"import hrgcore; print(hrgcore.Grouper().group({str(sample)!r}).spells.num_rows)"
    spells = int(python(code))
    measure(lambda: python(code), EPISODES, spells)


def test_cold_group(benchmark, sample, tmp_path):
    """Nothing cached: kernels and design are compiled."""
    code = f"import hrgcore; hrgcore.Grouper().group({str(sample)!r}).spells"
    count = itertools.count()
    benchmark.pedantic(lambda: python(code, HRGCORE_CACHE=str(tmp_path / str(next(count)))), rounds=1)
    if benchmark.stats:
        seconds = benchmark.stats.stats.median
        benchmark.extra_info |= {"rows": EPISODES, "rows_per_second": EPISODES / seconds, "spells_per_second": EPISODES / seconds}


def test_explain(measure, sample, grouper):
    table = pq.read_table(sample).slice(0, 1)
    measure(lambda: grouper.explain(table), 1, 1, rounds=20)
