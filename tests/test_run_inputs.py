"""Inputs that go away, change, or have a fault far down, while they are read."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from runs import GROUPER, ROWS, TABLE, broken, content_of, run, shuffled, write

from hrgcore.errors import InputError
from hrgcore.folders import JOURNAL, UNFINISHED, WORK
from hrgcore.read.batches import ActivityStream
from hrgcore.run.workplace import Workplace

pytestmark = pytest.mark.usefixtures("small_parts")


@pytest.fixture
def two(tmp_path: Path) -> list[Path]:
    return [write(TABLE.slice(0, 200), tmp_path / "1.parquet"), write(TABLE.slice(200), tmp_path / "2.parquet")]


@pytest.mark.parametrize("order", ["together", "apart"])
def test_an_input_that_vanishes(tmp_path: Path, order: str, monkeypatch: pytest.MonkeyPatch) -> None:
    table = TABLE if order == "together" else shuffled(TABLE)
    paths = [write(table.slice(0, 100), tmp_path / "1.parquet"), write(table.slice(100), tmp_path / "2.parquet")]
    run(paths, tmp_path / "whole")
    content = paths[1].read_bytes()
    with pytest.MonkeyPatch.context() as patch:
        batches = ActivityStream.batches
        passes = iter(range(10))

        def vanishing(self: ActivityStream, encoder: Any) -> Iterator[Any]:
            last = next(passes) == (0 if order == "together" else 2)
            for number, batch in enumerate(batches(self, encoder)):
                if last and number == 0:
                    wait_for(tmp_path / "out" / WORK / JOURNAL, b"digests") if order == "apart" else time.sleep(0.3)
                    paths[1].unlink()
                yield batch

        patch.setattr(ActivityStream, "batches", vanishing)
        with pytest.raises(InputError, match="2.parquet: can't be read .No such file or directory.. Was it moved"):
            run(paths, tmp_path / "out")
    if (tmp_path / "out").exists():
        assert (tmp_path / "out" / UNFINISHED).exists()
    paths[1].write_bytes(content)
    run(paths, tmp_path / "out", resume=True)
    assert content_of(tmp_path / "out") == content_of(tmp_path / "whole")


def wait_for(path: Path, content: bytes, seconds: float = 1.0) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until and not (path.is_file() and content in path.read_bytes()):
        time.sleep(0.01)


def test_an_input_that_vanished_before_a_run_is_resumed(two: list[Path], tmp_path: Path) -> None:
    before = broken(two, tmp_path / "out")
    two[1].unlink()
    with pytest.raises(InputError, match="2.parquet: no such file"):
        run(two, tmp_path / "out", resume=True)
    assert content_of(tmp_path / "out") == before


@pytest.mark.parametrize("kind", ["parquet", "csv"])
def test_an_input_that_changes_while_it_is_read(tmp_path: Path, kind: str) -> None:
    path = write(TABLE, tmp_path / f"in.{kind}")
    stream = ActivityStream(path)
    batches = stream.batches(GROUPER.encoder)
    next(batches)
    os.utime(path, ns=(1, 1))
    with pytest.raises(InputError, match="has changed since the run began"):
        list(batches)
    with pytest.raises(InputError, match="has changed since the run began"):
        next(stream.batches(GROUPER.encoder))


def test_of_an_input_that_changed_nothing_is_kept(two: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some parts may be of what it was before, some of what it is now."""
    written = Workplace.write

    def changing(self: Workplace, part: Any, tally: Any) -> Any:
        entry = written(self, part, tally)
        os.utime(two[1], ns=(1, 1))
        return entry

    monkeypatch.setattr(Workplace, "write", changing)
    monkeypatch.setattr("hrgcore.read.batches._BATCH_ROWS", 20)
    with pytest.raises(InputError, match="2.parquet: has changed since the run began"):
        run(two, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_bad_row_far_down_is_named_and_can_be_told_from_a_result(tmp_path: Path, capsys: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr("hrgcore.read.byte_blocks._BLOCK_BYTES", 1500)
    path = write(TABLE, tmp_path / "in.csv")
    path.write_bytes(path.read_bytes() + b"9434765919,1\n")
    with pytest.raises(InputError, match=rf"row {ROWS + 1} \(line {ROWS + 2}\) has 2 columns") as caught:
        run(path, tmp_path / "out")
    assert "9434765919" not in str(caught.value)
    if (tmp_path / "out").exists():
        assert (tmp_path / "out" / UNFINISHED).exists() and "--resume" in str(caught.value)
