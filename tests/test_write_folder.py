"""Result folders: formats, the manifest, and that nothing which looks whole is left when writing fails."""

from __future__ import annotations

import errno
import hashlib
import json
import os

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from io_fakes import FakeDesign, FakeResult, group, records

from hrgcore.errors import InputError, OutputError, UsageError
from hrgcore.write import staging
from hrgcore.write.folder import check_folder, write_folder
from hrgcore.write.manifest import build_manifest, describe_input, peak_memory


@pytest.fixture
def result() -> FakeResult:
    return group(records("RXX 1 1 50 1 1 19 11 19 1 3 100 100 I10X", 'RXX 2,"x" 1 50 1 1 19 11 19 1 3 100 100 .'))


def names(folder) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_parquet_round_trip(tmp_path, result) -> None:
    paths = write_folder(result, tmp_path / "new" / "out", "parquet", {"logic": "apc"})
    assert names(tmp_path / "new" / "out") == {
        "episodes.parquet",
        "spells.parquet",
        "unbundled.parquet",
        "errors.parquet",
        "manifest.json",
    }
    for table in ("episodes", "spells", "unbundled", "errors"):
        assert pq.read_table(paths[table]).to_pydict() == getattr(result, table).to_pydict()


def test_csv_has_lists_dictionaries_and_quotes(tmp_path, result) -> None:
    paths = write_folder(result, tmp_path / "out", "csv", {})
    spells = paths["spells"].read_text().splitlines()
    assert spells[0].startswith("PROCODET,PROVSPNO,SpellHRG")
    assert spells[2].startswith('RXX,"2,""x""",UZ01Z,U,') and spells[2].endswith("RD01Z|VC04Z")
    assert paths["errors"].read_text().splitlines()[1] == "2,DIAG_01,,Primary Diagnosis is blank"


def test_the_manifest_lists_outputs(tmp_path, result) -> None:
    paths = write_folder(result, tmp_path / "out", "csv", {"logic": "apc"})
    manifest = json.loads(paths["manifest"].read_text())
    assert manifest["logic"] == "apc"
    episodes = manifest["outputs"][0]
    assert episodes == {"name": "episodes.csv", "rows": 2, "bytes": paths["episodes"].stat().st_size}


def test_a_folder_with_anything_in_it_is_refused(tmp_path, result) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(OutputError, match="not empty"):
        write_folder(result, tmp_path, "parquet", {})
    with pytest.raises(OutputError, match="not empty"):
        write_folder(result, tmp_path, "parquet", {}, overwrite=True)
    with pytest.raises(OutputError, match="is a file"):
        check_folder(tmp_path / "notes.txt")
    assert names(tmp_path) == {"notes.txt"}


def test_overwriting_replaces_results_of_either_format(tmp_path, result) -> None:
    write_folder(result, tmp_path / "out", "csv", {"run": 1})
    with pytest.raises(OutputError, match="not empty"):
        write_folder(result, tmp_path / "out", "parquet", {})
    paths = write_folder(result, tmp_path / "out", "parquet", {"run": 2}, overwrite=True)
    assert names(tmp_path / "out") == {"episodes.parquet", "spells.parquet", "unbundled.parquet", "errors.parquet", "manifest.json"}
    assert json.loads(paths["manifest"].read_text())["run"] == 2


def test_an_unknown_format(tmp_path, result) -> None:
    with pytest.raises(UsageError, match="unknown format 'xlsx'"):
        write_folder(result, tmp_path / "out", "xlsx", {})


@pytest.mark.parametrize("at", range(5))
def test_a_full_disk_leaves_nothing(tmp_path, result, monkeypatch, at: int) -> None:
    calls = iter(range(100))

    def full(_: int) -> None:
        if next(calls) == at:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(staging.os, "fsync", full)
    with pytest.raises(OutputError, match="No space left"):
        write_folder(result, tmp_path / "out", "parquet", {})
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("at", range(5))
@pytest.mark.parametrize("error", [OSError(errno.EACCES, "Permission denied"), KeyboardInterrupt()])
def test_a_rename_that_fails_leaves_nothing(tmp_path, result, monkeypatch, at: int, error: BaseException) -> None:
    replace, calls = os.replace, iter(range(100))

    def failing(source, target) -> None:
        if next(calls) == at:
            raise error
        replace(source, target)

    monkeypatch.setattr(staging.os, "replace", failing)
    with pytest.raises(OutputError if isinstance(error, OSError) else KeyboardInterrupt):
        write_folder(result, tmp_path / "out", "csv", {})
    assert not (tmp_path / "out").exists()


def test_the_manifest_comes_last(tmp_path, result, monkeypatch) -> None:
    replace, order = os.replace, []
    monkeypatch.setattr(staging.os, "replace", lambda source, target: (order.append(target.name), replace(source, target)))
    write_folder(result, tmp_path / "out", "parquet", {})
    assert order[-1] == "manifest.json" and len(order) == 5


def test_nested_columns_in_csv(tmp_path, result) -> None:
    nested = pa.array([{"secret": "9434765919"}] * 2)
    result.episodes = result.episodes.append_column("caller", nested)
    with pytest.raises(OutputError, match="type that csv can't hold") as caught:
        write_folder(result, tmp_path / "out", "csv", {})
    assert "9434765919" not in str(caught.value)
    assert not (tmp_path / "out").exists()
    write_folder(result, tmp_path / "out", "parquet", {})


def test_a_manifest_has_what_a_run_is_defended_with(tmp_path, result) -> None:
    source = tmp_path / "in.csv"
    source.write_bytes(b"a,b\n")
    manifest = build_manifest(
        result, FakeDesign(), inputs=[describe_input(source)], logic="apc", options={"format": "csv"}, seconds={"read": 0.12345}
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
