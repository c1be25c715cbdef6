"""nanoarrow and arro3 as hosts, which give arrays and streams by the Arrow C data interface and nothing else."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest
from hosts import digest, digests, digests_of_parts

from hrgcore import Grouper, InputError

GROUPER = Grouper()


class Bare:
    """Gives an array by the interface, and has no other method."""

    def __init__(self, batch: pa.RecordBatch) -> None:
        self._batch = batch

    def __arrow_c_array__(self, requested_schema: Any = None) -> Any:
        return self._batch.__arrow_c_array__(requested_schema)


@pytest.fixture(scope="module")
def whole(activity: pa.Table) -> pa.RecordBatch:
    """The spells as one batch."""
    return activity.unify_dictionaries().combine_chunks().to_batches()[0]


def test_an_array(whole: pa.RecordBatch, expected: dict[str, str]) -> None:
    assert digests(GROUPER.group(Bare(whole))) == expected
    assert digests(GROUPER.group(whole.to_struct_array())) == expected


def test_a_stream_of_arrays(activity: pa.Table, expected: dict[str, str]) -> None:
    assert digests_of_parts(GROUPER.stream(map(Bare, activity.to_batches()))) == expected


def test_an_array_is_not_copied(whole: pa.RecordBatch) -> None:
    episodes = GROUPER.group(Bare(whole)).episodes
    given, taken = whole.column("STARTAGE"), episodes.column("STARTAGE").chunk(0)
    assert taken.buffers()[1].address == given.buffers()[1].address


def test_what_is_no_table_is_an_error() -> None:
    for data in (pa.array([1, 2]), pa.array([{"SEX": "1"}, None]), pa.chunked_array([[1]]), 7, object()):
        with pytest.raises(InputError, match="gives no Arrow table|can't be read"):
            GROUPER.group(data)
        with pytest.raises(InputError, match="gives no Arrow table|can't be read"):
            list(GROUPER.stream(data))
    with pytest.raises(InputError, match="a str can't be read"):
        list(GROUPER.stream("month"))


def test_nanoarrow(whole: pa.RecordBatch, activity: pa.Table, expected: dict[str, str]) -> None:
    nanoarrow = pytest.importorskip("nanoarrow", reason="needs nanoarrow")
    assert digests(GROUPER.group(nanoarrow.Array(whole))) == expected
    assert digests(GROUPER.group(nanoarrow.c_array(whole))) == expected
    assert digests_of_parts(GROUPER.stream(nanoarrow.ArrayStream(activity))) == expected
    result = nanoarrow.ArrayStream(GROUPER.group(activity)).read_all()
    assert digest(pa.table(result)) == expected["episodes"]


def test_arro3(whole: pa.RecordBatch, activity: pa.Table, expected: dict[str, str]) -> None:
    arro3 = pytest.importorskip("arro3.core", reason="needs arro3-core")
    assert digests(GROUPER.group(arro3.Table.from_arrow(activity))) == expected
    assert digests(GROUPER.group(arro3.RecordBatch.from_arrow(whole))) == expected
    assert digests_of_parts(GROUPER.stream(arro3.RecordBatchReader.from_arrow(activity))) == expected
    assert digest(arro3.Table.from_arrow(GROUPER.group(activity))) == expected["episodes"]
