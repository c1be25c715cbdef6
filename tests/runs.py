"""Runs for tests: activity with errors of all kinds as files, small parts, and what a folder of results comes to."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest
from designs import both

from hrgcore.errors import OutputError
from hrgcore.folders import JOURNAL, MANIFEST, TABLES, WORK
from hrgcore.read import read_input
from hrgcore.run import Job, Outcome, run_job
from hrgcore.selftest.spells import Input, example_of
from hrgcore.write import durable

GROUPER = both("small").grouper
PART = 40  #: episodes of a part
KINDS = ("parquet", "csv", "arrow", "arrows")
#: Of a manifest, what differs between two runs of the same.
_OF_THE_MOMENT = ("made", "seconds", "peak_memory_bytes")


def activity(spells: int = 120, seed: int = 3) -> pa.Table:
    """Episodes whose spells stand together, with codes as dictionaries, and texts that any format can hold."""
    table = Input(both("small").maker.spells(example_of(spells, seed)), together=True).table
    columns = []
    for name, column in zip(table.column_names, table.columns, strict=True):
        texts = pa.array([(text or "").replace("\0", "?") for text in column.to_pylist()])
        columns.append(texts if name in ("PROVSPNO", "EPIORDER") else texts.dictionary_encode())
    table = pa.Table.from_arrays(columns, table.column_names)
    return table.append_column("mine", pa.array([f"{row}, so" for row in range(len(table))]))


def shuffled(table: pa.Table, seed: int = 1) -> pa.Table:
    """The rows in any order."""
    return table.take(pa.array(np.random.default_rng(seed).permutation(len(table))))


def write(table: pa.Table, path: Path, batch: int = 17) -> Path:
    """Write a table in the format that the path's extension says, in small batches where it has such."""
    kind = path.suffix[1:]
    if kind == "parquet":
        pq.write_table(table, path, row_group_size=batch)
        return path
    plain = pa.Table.from_arrays([column.cast(pa.string()) for column in table.columns], table.column_names)
    if kind == "csv":
        pacsv.write_csv(plain, path)
        return path
    with (pa.ipc.new_file if kind == "arrow" else pa.ipc.new_stream)(str(path), plain.schema) as writer:
        writer.write_table(plain, max_chunksize=batch)
    return path


def run(source: Path | list[Path], output: Path, *, grouper: Any = GROUPER, **options: Any) -> Outcome:
    """A run as `hrgcore group` does it."""
    return run_job(Job(source if isinstance(source, list) else [source], output, **options), lambda: grouper)


def tables_of(output: Path) -> dict[str, pa.Table]:
    """The tables of a folder of Parquet, their parts put together."""
    return {name: pa.concat_tables([pq.read_table(path) for path in sorted((output / name).iterdir())]) for name in TABLES}


def content_of(output: Path) -> dict[str, Any]:
    """All files of a folder by name: their bytes, but for the manifest what must not differ between two runs of the same."""
    files: dict[str, Any] = {path.relative_to(output).as_posix(): path.read_bytes() for path in output.rglob("*") if path.is_file()}
    if "manifest.json" in files:
        manifest = json.loads(files["manifest.json"])
        files["manifest.json"] = {name: value for name, value in manifest.items() if name not in _OF_THE_MOMENT}
    return files


TABLE = activity()
ROWS = len(TABLE)


def the_same(output: Path, source: Path | list[Path]) -> None:
    """Assert that a folder holds what the whole table gives, in order, under the same types."""
    whole = GROUPER.group(read_input(source))
    for name, table in tables_of(output).items():
        assert table.schema.equals(getattr(whole, name).schema), name
        assert table.to_pylist() == getattr(whole, name).to_pylist(), name
    assert json.loads((output / MANIFEST).read_text())["counts"] == whole.counts


def break_at(monkeypatch: pytest.MonkeyPatch, at: int, error: BaseException) -> None:
    """From the ``at``-th time on that something is to reach the disk, it does not."""
    calls = iter(range(10**6))
    fsync = os.fsync

    def failing(handle: int) -> None:
        if next(calls) >= at:
            raise error
        fsync(handle)

    monkeypatch.setattr(durable.os, "fsync", failing)


def full_disk() -> OSError:
    return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def broken(source: Path | list[Path], output: Path, at: int = 40, **options: Any) -> dict[str, Any]:
    """Break a run; gives what it left."""
    with pytest.MonkeyPatch.context() as patch:
        break_at(patch, at, full_disk())
        with pytest.raises(OutputError):
            run(source, output, **options)
    return content_of(output)


def journal(output: Path) -> list[dict[str, Any]]:
    """The finished parts of an unfinished run."""
    lines = (output / WORK / JOURNAL).read_text().splitlines()
    return [entry for entry in map(json.loads, lines) if "part" in entry]


def spoil(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
