"""Synthetic activity: the same for the same seed, whole spells, as many episodes as asked for, and mostly fit to be grouped."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from hrgcore import Grouper, OutputError
from hrgcore.read import read_input
from hrgcore.synth import synthesise, write
from hrgcore.synth.mix import load_mix
from hrgcore.synth.tables import read_rows


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.mark.parametrize("format", ["parquet", "csv"])
def test_the_same_seed_gives_the_same_bytes_and_another_does_not(tmp_path: Path, format: str) -> None:
    for name, seed in (("one", 7), ("again", 7), ("other", 8)):
        synthesise(tmp_path / name, 2_000, seed, format=format)
    assert contents(tmp_path / "one") == contents(tmp_path / "again")
    assert contents(tmp_path / "one") != contents(tmp_path / "other")


def test_csv_and_parquet_hold_the_same_cells(tmp_path: Path) -> None:
    synthesise(tmp_path / "parquet", 2_000, 1)
    synthesise(tmp_path / "csv", 2_000, 1, format="csv")
    texts = [
        [["" if value is None else str(value) for value in row.values()] for row in read_input(tmp_path / name).to_pylist()]
        for name in ("parquet", "csv")
    ]
    assert texts[0] == texts[1]


def test_it_writes_as_many_episodes_as_asked_for_in_parts_of_whole_spells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(write, "PART_EPISODES", 700)
    paths = synthesise(tmp_path / "parts", 2_000, 3)
    tables = [pq.read_table(path) for path in paths]
    assert [table.num_rows for table in tables] == [700, 700, 600]
    keys = [{(row["PROCODET"], row["PROVSPNO"]) for row in table.select(["PROCODET", "PROVSPNO"]).to_pylist()} for table in tables]
    assert not (keys[0] & keys[1] or keys[1] & keys[2] or keys[0] & keys[2])


@pytest.mark.parametrize("names", ["official", "hes"])
def test_most_of_it_groups_and_some_of_it_fails(tmp_path: Path, names: str) -> None:
    synthesise(tmp_path / "made", 5_000, 5, names=names)
    counts = Grouper().group(tmp_path / "made").counts["episodes"]
    assert counts["total"] == 5_000
    assert 0.95 < counts["grouped"] / counts["total"] < 0.9995
    assert {"procedure-driven", "diagnosis-driven", "global exception", "invalid field"} <= set(counts["by_reason"])


def test_a_part_is_the_same_whatever_follows_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(write, "PART_EPISODES", 700)
    for name, episodes in (("short", 1_400), ("long", 2_800)):
        synthesise(tmp_path / name, episodes, 3)
    short, long = contents(tmp_path / "short"), contents(tmp_path / "long")
    assert len(long) == 4
    assert {name: long[name] for name in short} == short
    assert long["part-00000.parquet"] != long["part-00001.parquet"]


def test_memory_does_not_grow_with_the_number_of_episodes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(write, "PART_EPISODES", 10_000)
    synthesise(tmp_path / "tables are read once", 100, 1)
    peaks = []
    for parts in (2, 6):
        tracemalloc.start()
        synthesise(tmp_path / f"{parts} parts", parts * 10_000, 1)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.3 * peaks[0]


def test_spoilt_cells_are_few() -> None:
    rows = read_rows("errors")
    mix = load_mix()
    assert mix.errors.share == pytest.approx(0.003, rel=0.05)
    table = next(write._tables(20_000, 4, False))
    spoilt = sum(
        sum(str(value) == row["value"] for value in table[row["field"]].to_pylist())
        for row in rows
        if row["value"] in ("R69X6", "A58", "Y809")
    )
    assert 0 < spoilt < 0.003 * 20_000


def test_a_folder_with_something_in_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("mine")
    with pytest.raises(OutputError, match="not an empty folder"):
        synthesise(tmp_path, 100, 1)
    assert contents(tmp_path) == {"kept": b"mine"}
