"""Synthetic activity: the same for the same seed, whole spells, as many episodes as asked for, and mostly fit to be grouped."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from hrgcore import Grouper, OutputError
from hrgcore.read import read_input
from hrgcore.synth import synthesise, write


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
    assert 0.85 < counts["grouped"] / counts["total"] < 0.99
    assert {"procedure-driven", "diagnosis-driven", "global exception", "invalid field"} <= set(counts["by_reason"])


def test_a_folder_with_something_in_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("mine")
    with pytest.raises(OutputError, match="not an empty folder"):
        synthesise(tmp_path, 100, 1)
    assert contents(tmp_path) == {"kept": b"mine"}
