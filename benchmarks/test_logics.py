"""The logics beside admitted care: synthetic rows, as a table in memory, to result numbers; one thread."""

from __future__ import annotations

import pyarrow.parquet as pq
import pytest
from conftest import SEED, SIZES

from hrgcore.logics import ROW_LOGICS
from hrgcore.synth import synthesise

pytestmark = pytest.mark.benchmark(group="logics")


@pytest.mark.parametrize("size", ["10k", "1m"])
@pytest.mark.parametrize("logic", ROW_LOGICS)
def test_rows(measure, grouper, tmp_path, logic, size):
    table = pq.read_table(synthesise(tmp_path / "made", SIZES[size], SEED, logic=logic))
    result = measure(lambda: grouper.group(table, logic=logic), SIZES[size], SIZES[size])
    assert len(result.grouped.results) == SIZES[size]
