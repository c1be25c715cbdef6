"""Tables as Parquet and CSV, folders that may take results, and the manifest."""

from __future__ import annotations

import hashlib
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from io_fakes import FakeDesign, FakeResult, group, records

from hrgcore.errors import InputError, OutputError
from hrgcore.folders import TABLES
from hrgcore.write.folder import check_folder, table_bytes
from hrgcore.write.manifest import build_manifest, describe_input, peak_memory


@pytest.fixture
def result() -> FakeResult:
    return group(records("RXX 1 1 50 1 1 19 11 19 1 3 100 100 I10X", 'RXX 2,"x" 1 50 1 1 19 11 19 1 3 100 100 .'))


def test_parquet_round_trip(tmp_path, result) -> None:
    for name in TABLES:
        table = getattr(result, name)
        assert pq.read_table(pa.BufferReader(table_bytes(table, "parquet", tmp_path))).equals(table)


def test_parquet_tells_the_range_of_keys_and_not_of_codes(tmp_path, result) -> None:
    group = pq.ParquetFile(pa.BufferReader(table_bytes(result.episodes, "parquet", tmp_path))).metadata.row_group(0)
    ranges = {group.column(at).path_in_schema: group.column(at).is_stats_set for at in range(group.num_columns)}
    assert ranges["PROVSPNO"] and not ranges["FCE_HRG"]


@pytest.mark.parametrize("values", [["", "a", "", "b"], [None, "a", "c", "b"]], ids=["twice", "null"])
def test_parquet_has_the_same_bytes_each_time(tmp_path, values) -> None:
    """Arrow writes what stood in memory for dictionaries that hold a value twice."""
    indices = pa.array([1, 3, None, 0, 2, 2] * 20, pa.int8())
    whole = pa.DictionaryArray.from_arrays(indices, pa.array(values))
    table = pa.table({"a": pa.chunked_array([whole[:50], whole[50:]])})
    found = set()
    for size in range(1, 300):
        _ = bytes(range(256)) * size  # other rubbish in memory
        found.add(bytes(table_bytes(table, "parquet", tmp_path)))
    assert len(found) == 1
    read = pq.read_table(pa.BufferReader(found.pop()))
    assert read.to_pydict() == table.to_pydict() and read.schema.equals(table.schema)


def test_csv_has_lists_dictionaries_and_quotes(tmp_path, result) -> None:
    text = {name: bytes(table_bytes(getattr(result, name), "csv", tmp_path)).decode().splitlines() for name in TABLES}
    assert text["spells"][0].startswith("PROCODET,PROVSPNO,SpellHRG")
    assert text["spells"][2].startswith('RXX,"2,""x""",UZ01Z,U,') and text["spells"][2].endswith("RD01Z|VC04Z")
    assert text["errors"][1] == "2,DIAG_01,,Primary Diagnosis is blank"
    assert len(text["unbundled"]) == 1  # headings


def test_a_folder_with_anything_in_it_is_refused(tmp_path) -> None:
    check_folder(tmp_path)
    check_folder(tmp_path / "new")
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(OutputError, match="not empty"):
        check_folder(tmp_path)
    with pytest.raises(OutputError, match="is a file"):
        check_folder(tmp_path / "notes.txt")


def test_nested_columns_in_csv(tmp_path, result) -> None:
    nested = result.episodes.append_column("caller", pa.array([{"secret": "9434765919"}] * 2))
    with pytest.raises(OutputError, match="type that csv can't hold") as caught:
        table_bytes(nested, "csv", tmp_path)
    assert "9434765919" not in str(caught.value)
    table_bytes(nested, "parquet", tmp_path)


def test_a_manifest_has_what_a_run_is_defended_with(tmp_path, result) -> None:
    source = tmp_path / "in.csv"
    source.write_bytes(b"a,b\n")
    manifest = build_manifest(
        result.counts,
        FakeDesign(),
        inputs=[describe_input(source)],
        logic="apc",
        options={"format": "csv"},
        seconds={"read": 0.12345},
    )
    json.dumps(manifest)
    assert manifest["design"]["digest"] == "ab" * 32 and "reconstruction" in manifest["design"]["status"]
    assert manifest["inputs"] == [
        {"name": str(source), "role": "data", "bytes": 4, "sha256": hashlib.sha256(b"a,b\n").hexdigest()},
    ]
    assert {"hrgcore", "python", "numba", "numpy", "pyarrow"} <= set(manifest["versions"])
    assert manifest["counts"] == result.counts
    assert manifest["seconds"] == {"read": 0.123}
    assert manifest["peak_memory_bytes"] == pytest.approx(peak_memory(), rel=0.5)


def test_an_input_that_went_away(tmp_path) -> None:
    with pytest.raises(InputError, match="can't be read"):
        describe_input(tmp_path / "absent.csv")
