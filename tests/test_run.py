"""Runs of `hrgcore group`: what comes out, whatever the order, the reader, the batches and the threads; and the command."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds
import pytest
from runs import GROUPER, KINDS, ROWS, TABLE, broken, content_of, run, shuffled, tables_of, the_same, write

from hrgcore.cli.main import main
from hrgcore.errors import InputError
from hrgcore.folders import MANIFEST, TABLES
from hrgcore.read import input_files, read_input
from hrgcore.read.batches import ActivityStream
from hrgcore.run import apart as apart_path

pytestmark = pytest.mark.usefixtures("small_parts")


# What comes out ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("order", ["together", "apart"])
def test_parts_come_to_what_the_whole_table_gives(tmp_path: Path, kind: str, order: str) -> None:
    path = write(TABLE if order == "together" else shuffled(TABLE), tmp_path / f"in.{kind}")
    said: list[str] = []
    outcome = run(path, tmp_path / "out", say=said.append)
    the_same(tmp_path / "out", path)
    manifest = json.loads((tmp_path / "out" / MANIFEST).read_text())
    assert outcome.spells == manifest["run"]["spells"] == order
    assert bool(said) == (order == "apart")
    assert manifest["run"]["parts"] == len(list((tmp_path / "out" / "episodes").iterdir())) > 5
    assert {path.name for path in (tmp_path / "out").iterdir()} == {*TABLES, MANIFEST}


def test_whether_one_spell_comes_back_at_the_end_decides(tmp_path: Path) -> None:
    path = write(pa.concat_tables([TABLE, TABLE.slice(0, 1)]), tmp_path / "in.parquet")
    assert run(path, tmp_path / "out").spells == "apart"
    the_same(tmp_path / "out", path)


@pytest.mark.parametrize("kind", ["parquet", "csv"])
def test_batches_do_not_matter(tmp_path: Path, kind: str) -> None:
    """Other batches give the same parts with the same content; CSV to the byte."""
    found = []
    for batch in (1, 5, 1000):
        write(TABLE, tmp_path / f"in.{kind}", batch)
        run(tmp_path / f"in.{kind}", tmp_path / str(batch), format="csv")
        found.append({name: content for name, content in content_of(tmp_path / str(batch)).items() if name != MANIFEST})
    assert found[0] == found[1] == found[2]


def test_readers_do_not_matter(tmp_path: Path) -> None:
    found = []
    for kind in KINDS:
        run(write(TABLE, tmp_path / f"in.{kind}"), tmp_path / kind, format="csv")
        found.append({name: content for name, content in content_of(tmp_path / kind).items() if name != MANIFEST})
    assert found[0] == found[1] == found[2] == found[3]


def test_threads_do_not_matter(either: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hrgcore.engine._SLICE_EPISODES", 7)
    found = []
    for threads in (1, 2, 3):
        monkeypatch.setattr(GROUPER, "_threads", threads)
        run(either, tmp_path / str(threads))
        found.append(content_of(tmp_path / str(threads)))
    assert found[0] == found[1] == found[2]


@pytest.mark.parametrize("piles", [1, 3, 50])
def test_piles_do_not_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, piles: int) -> None:
    path = write(shuffled(TABLE), tmp_path / "in.parquet")
    monkeypatch.setattr(apart_path, "_MOST_PILES", piles)
    monkeypatch.setattr(ActivityStream, "rows_about", property(lambda _: 10**9))
    run(path, tmp_path / "out")
    the_same(tmp_path / "out", path)


def test_several_files_and_folders_in_order(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for number, start in enumerate(range(0, ROWS, 100)):
        write(TABLE.slice(start, 100), tmp_path / "in" / f"part-{number}.parquet")
    run(tmp_path / "in", tmp_path / "out")
    the_same(tmp_path / "out", tmp_path / "in")
    run([tmp_path / "in" / "part-0.parquet", tmp_path / "in" / "part-1.parquet"], tmp_path / "two")
    assert tables_of(tmp_path / "two")["episodes"].num_rows == 200


def test_a_stream_of_files_is_their_table(tmp_path: Path) -> None:
    """Columns in another order, and of other types, as `read_input` takes them."""
    numbers = pa.array([int(text) if text.isdigit() else None for text in TABLE.column("EPIDUR").cast(pa.string()).to_pylist()])
    other = TABLE.set_column(TABLE.column_names.index("EPIDUR"), "EPIDUR", numbers)
    write(TABLE, tmp_path / "1.parquet")
    write(other.select(sorted(other.column_names)), tmp_path / "2.parquet")
    batches = [rows.table for rows in ActivityStream(tmp_path).batches(GROUPER.encoder)]
    assert pa.concat_tables(batches).equals(read_input(tmp_path))
    assert max(batch.num_rows for batch in batches) <= ROWS
    write(TABLE.drop_columns("SEX"), tmp_path / "3.parquet")
    with pytest.raises(InputError, match="3.parquet: its columns are not those of .* it lacks SEX"):
        ActivityStream(tmp_path)


@pytest.mark.parametrize("kind", KINDS)
def test_an_input_without_rows(tmp_path: Path, kind: str) -> None:
    outcome = run(write(TABLE.slice(0, 0), tmp_path / f"in.{kind}"), tmp_path / "out")
    assert outcome.counts["episodes"]["total"] == 0
    assert {name: table.num_rows for name, table in tables_of(tmp_path / "out").items()} == dict.fromkeys(TABLES, 0)


def test_other_tools_read_the_parts(source: Path, tmp_path: Path) -> None:
    run(source, tmp_path / "out")
    assert ds.dataset(tmp_path / "out" / "episodes").count_rows() == ROWS
    polars = pytest.importorskip("polars")
    assert polars.read_parquet(tmp_path / "out" / "episodes" / "*.parquet").height == ROWS
    duckdb = pytest.importorskip("duckdb")
    spells = tmp_path / "out" / "spells" / "*.parquet"
    assert duckdb.sql(f"select sum(SpellEpisodeCount) from '{spells}'").fetchall() == [(ROWS,)]


def test_a_folder_of_results_stands_for_its_episodes(source: Path, tmp_path: Path) -> None:
    run(source, tmp_path / "out")
    assert input_files(tmp_path / "out") == sorted((tmp_path / "out" / "episodes").iterdir())


# The command ---------------------------------------------------------------------------------------------------------------------


def test_the_command_says_which_way_was_taken(tmp_path: Path, capsys: Any) -> None:
    write(shuffled(TABLE), tmp_path / "in.parquet")
    assert main(["group", str(tmp_path / "in.parquet"), "-o", str(tmp_path / "out")]) == 0
    out, err = capsys.readouterr()
    assert "they stood apart" in out
    assert err == "hrgcore: note: the input's spells don't stand together: they are brought together by way of temporary files\n"
    spell = TABLE.column("PROVSPNO")[0].as_py()
    assert main(["explain", str(tmp_path / "out"), "--spell", spell]) == 0


def test_the_command_resumes(source: Path, tmp_path: Path, capsys: Any) -> None:
    broken(source, tmp_path / "out")
    assert main(["group", str(source), "-o", str(tmp_path / "out")]) == 5
    assert "Continue that with --resume" in capsys.readouterr().err
    assert main(["explain", str(tmp_path / "out"), "--spell", "1"]) == 3
    assert main(["group", str(source), "-o", str(tmp_path / "out"), "--resume"]) == 5  # this was another design's
    assert "other design" in capsys.readouterr().err
