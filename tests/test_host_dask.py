"""Dask as a host: parts of whole spells, grouped by processes that each open the design once."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hosts import digests_of_parts

from hrgcore import Grouper
from hrgcore.result import Result
from hrgcore.stream import whole_spells

dask = pytest.importorskip("dask", reason="needs Dask")

GROUPER = Grouper(threads=1)


def group(grouper: Grouper, part: pa.Table) -> Result:
    return grouper.group(part)


@pytest.mark.parametrize("scheduler", ["threads", "processes"])
def test_delayed(activity: pa.Table, expected: dict[str, str], scheduler: str) -> None:
    parts = whole_spells(activity.to_batches(max_chunksize=32_768))
    results = [dask.delayed(group)(GROUPER, part) for part in parts]
    assert digests_of_parts(dask.compute(*results, scheduler=scheduler, num_workers=2)) == expected
