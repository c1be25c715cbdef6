"""pyarrow as a host: the same spells as a table, batches, a reader and a dataset give the same bytes."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from hosts import SPELLS, as_text, digest, digests, digests_of_parts

from hrgcore import Grouper, InputError
from hrgcore.foreign import DatasetActivity
from hrgcore.synth import synthesise

GROUPER = Grouper()


def test_the_spells_that_hosts_group(activity: pa.Table, expected: dict[str, str]) -> None:
    result = GROUPER.group(activity)
    assert result.spells.num_rows == SPELLS < activity.num_rows
    assert len({*expected.values()}) == 4 and digests(result) == expected
    assert result.unbundled.num_rows and result.errors.num_rows


def test_a_digest_is_of_cells_and_nothing_else(activity: pa.Table, expected: dict[str, str]) -> None:
    spells = GROUPER.group(activity).spells
    cut = pa.concat_tables([as_text(spells.slice(0, 70)), as_text(spells.slice(70))])
    assert digest(cut) == expected["spells"]
    los = spells.column_names.index("SpellLOS")
    more = spells.set_column(los, "SpellLOS", pc.add(spells.column(los), pa.array([1] + [0] * (len(spells) - 1))))
    assert digest(more) != expected["spells"]
    turned = spells.take(pa.array(range(len(spells) - 1, -1, -1)))
    assert digest(turned) != expected["spells"] and digest(turned, sort=True) == digest(spells, sort=True)


def test_a_stream_gives_the_same_bytes(activity: pa.Table, expected: dict[str, str]) -> None:
    assert digests_of_parts(GROUPER.stream(activity.to_batches(max_chunksize=20_000))) == expected


def test_the_file_of_the_spells(activity_file: Path, expected: dict[str, str]) -> None:
    assert digests(GROUPER.group(activity_file)) == expected


def test_batches_readers_and_tables(activity: pa.Table, expected: dict[str, str]) -> None:
    batches = activity.to_batches()
    reader = pa.RecordBatchReader.from_batches(activity.schema, batches)
    assert digests(GROUPER.group(reader)) == expected
    assert digests(GROUPER.group(as_text(activity))) == expected
    assert digests(GROUPER.group(pa.Table.from_batches(batches).combine_chunks().to_batches()[0])) == expected


def test_a_table_is_not_copied(activity: pa.Table) -> None:
    given, taken = (table.column("PROVSPNO").chunk(0).buffers() for table in (activity, GROUPER.group(activity).episodes))
    assert [buffer and buffer.address for buffer in given] == [buffer and buffer.address for buffer in taken]


# Datasets -------------------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def dataset(activity: pa.Table, tmp_path_factory: pytest.TempPathFactory) -> ds.Dataset:
    """The spells in four files, and a column more that grouping does not need."""
    folder = tmp_path_factory.mktemp("dataset")
    table = as_text(activity).append_column("Mine", pa.array(range(len(activity))))
    for number, start in enumerate(range(0, len(table), 30_000)):
        pq.write_table(table.slice(start, 30_000), folder / f"part-{number}.parquet")
    return ds.dataset(folder)


def test_a_dataset(dataset: ds.Dataset, activity: pa.Table, expected: dict[str, str]) -> None:
    result = GROUPER.group(dataset)
    assert digests(result) == expected
    assert result.episodes.column("Mine").to_pylist() == list(range(len(activity)))
    assert digests_of_parts(GROUPER.stream(dataset)) == expected
    assert digests(GROUPER.group(dataset.scanner())) == expected


def test_of_a_dataset_only_what_is_needed_is_read(dataset: ds.Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    scan = DatasetActivity._scan
    monkeypatch.setattr(DatasetActivity, "_scan", lambda self, names: read.extend(names) or scan(self, names))
    result = GROUPER.group(dataset)
    assert result.spells.num_rows == SPELLS and result.errors.num_rows and "Mine" not in read
    assert "Mine" in result.episodes.column_names and len(read) == len({*read}) == len(dataset.schema.names)


def test_of_other_logics_a_dataset_is_read_whole(tmp_path: Path) -> None:
    (path,) = synthesise(tmp_path / "em", 300, 1, logic="em")
    assert GROUPER.group(ds.dataset(path), logic="em").rows.to_pylist() == GROUPER.group(path, logic="em").rows.to_pylist()


def test_a_dataset_that_lacks_a_file_is_an_error(activity: pa.Table, tmp_path: Path) -> None:
    pq.write_table(activity.slice(0, 100), tmp_path / "one.parquet")
    dataset = ds.dataset(tmp_path)
    (tmp_path / "one.parquet").unlink()
    for use in (GROUPER.group, lambda data: list(GROUPER.stream(data))):
        with pytest.raises(InputError, match="gives no Arrow table"):
            use(dataset)


def test_a_partitioned_dataset_out(dataset: ds.Dataset, tmp_path: Path, expected: dict[str, str]) -> None:
    """As docs/embedding.md shows it: part by part, in the memory of a few batches."""
    parts = (part.episodes for part in GROUPER.stream(dataset))
    for number, table in enumerate(parts):
        partitions = ds.partitioning(pa.schema([("SEX", pa.string())]), flavor="hive")
        ds.write_dataset(
            table,
            tmp_path / "out",
            format="parquet",
            partitioning=partitions,
            basename_template=f"{number}-{{i}}.parquet",
            existing_data_behavior="overwrite_or_ignore",
        )
    again = ds.dataset(tmp_path / "out", partitioning="hive").to_table().sort_by("Mine")
    assert {path.name for path in (tmp_path / "out").iterdir()} >= {"SEX=1", "SEX=2"}
    assert digest(again) == expected["episodes"]


# Damaged Arrow --------------------------------------------------------------------------------------------------------------------


def _strings(kind: pa.DataType, offsets: list[int], body: bytes) -> pa.Array:
    of = np.int64 if kind == pa.large_string() else np.int32
    return pa.Array.from_buffers(kind, len(offsets) - 1, [None, pa.py_buffer(np.array(offsets, of)), pa.py_buffer(body)])


def _indices(values: list[int], kind: pa.DataType) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(values, kind), pa.array(["J459"]), safe=False)


def _lists(offsets: list[int]) -> pa.Array:
    values = pa.array(["J459", "I10X"])
    buffers = [None, pa.py_buffer(np.array(offsets, np.int32))]
    return pa.Array.from_buffers(pa.list_(pa.string()), len(offsets) - 1, buffers, children=[values])


def _view(length: int, start: bytes, buffer: int, offset: int, bodies: list[bytes]) -> pa.Array:
    view = np.frombuffer(struct.pack("<i4sii", length, start, buffer, offset) * 2, np.uint8)
    return pa.Array.from_buffers(pa.string_view(), 2, [None, pa.py_buffer(view), *map(pa.py_buffer, bodies)])


DAMAGED = {
    "offsets behind the end": lambda: _strings(pa.string(), [0, 2_000_000_000, 4], b"J459"),
    "offsets that fall": lambda: _strings(pa.large_string(), [0, 4, 0], b"J459"),
    "lists that fall": lambda: _lists([0, 40_000_000, 2]),
    "no UTF-8": lambda: _strings(pa.string(), [0, 4, 4], b"J4\xff9"),
    "an index too large": lambda: _indices([0, 7], pa.int8()),
    "an index below 0": lambda: _indices([-1, 0], pa.int32()),
    "an index too large, unsigned": lambda: _indices([0, 4_000_000_000], pa.uint32()),
    "a view of no buffer": lambda: _view(20, b"J459", 3, 0, [b"J459" * 6]),
    "a view behind the end": lambda: _view(20, b"J459", 0, 10, [b"J459" * 6]),
    "a view without UTF-8": lambda: _view(4, b"J4\xff9", 0, 0, [b"J459"]),
}


@pytest.mark.parametrize("how", ["table", "stream", "array"])
@pytest.mark.parametrize("what", DAMAGED)
def test_damaged_arrow_is_an_error(activity: pa.Table, what: str, how: str) -> None:
    table = activity.slice(0, 2).unify_dictionaries().combine_chunks()
    table = table.set_column(table.column_names.index("DIAG_01"), "DIAG_01", DAMAGED[what]())
    with pytest.raises(InputError, match="Arrow data is damaged"):
        if how == "stream":
            list(GROUPER.stream(iter([table])))
        else:
            GROUPER.group(table if how == "table" else table.to_batches()[0].to_struct_array())


def test_headings_that_stand_twice_are_an_error(activity: pa.Table, tmp_path: Path) -> None:
    table = activity.slice(0, 10).append_column("sex", activity.column("SEX").slice(0, 10))
    pq.write_table(table, tmp_path / "twice.parquet")
    for data in (table, ds.dataset(tmp_path)):
        with pytest.raises(InputError, match="heading 'sex' stands twice"):
            GROUPER.group(data)
