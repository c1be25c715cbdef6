"""Runs of `hrgcore group`: parts, order, memory, resuming, locks, faults of the disk and of the input."""

from __future__ import annotations

import errno
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.dataset as ds
import pytest
from runs import GROUPER, KINDS, PART, activity, content_of, run, shuffled, tables_of, write

from hrgcore.activity import TableActivity
from hrgcore.cli.main import main
from hrgcore.encode.spells import SpellKeys
from hrgcore.errors import InputError, OutputError
from hrgcore.folders import JOURNAL, MANIFEST, TABLES, UNFINISHED, WORK
from hrgcore.read import input_files, read_input
from hrgcore.read.batches import ActivityStream
from hrgcore.run import apart as apart_path
from hrgcore.run import job as job_module
from hrgcore.run import parts, workplace
from hrgcore.run.ahead import ahead
from hrgcore.run.workplace import Workplace
from hrgcore.stream import SpellReturns, whole_spells
from hrgcore.write import durable

TABLE = activity()
ROWS = len(TABLE)


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "PART_EPISODES", PART)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return write(TABLE, tmp_path / "in.parquet")


@pytest.fixture(params=["together", "apart"])
def either(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """An input of either order."""
    return write(TABLE if request.param == "together" else shuffled(TABLE), tmp_path / f"{request.param}.parquet")


def the_same(output: Path, source: Path | list[Path]) -> None:
    """Assert that a folder holds what the whole table gives, in order, under the same types."""
    whole = GROUPER.group(read_input(source))
    for name, table in tables_of(output).items():
        assert table.schema.equals(getattr(whole, name).schema), name
        assert table.to_pylist() == getattr(whole, name).to_pylist(), name
    assert json.loads((output / MANIFEST).read_text())["counts"] == whole.counts


# What comes out -------------------------------------------------------------------------------------------------------------------


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


# Where parts are cut --------------------------------------------------------------------------------------------------------------


def cuts(batches: list[TableActivity], size: int = PART) -> list[tuple[int, int]]:
    return [(part.start, part.content.count) for part in parts.parts_of_spells(lambda: iter(batches), size)]


def tables(table: pa.Table, size: int) -> list[pa.Table]:
    return [table.slice(start, size) for start in range(0, len(table), size)]


def rows(table: pa.Table, size: int) -> list[TableActivity]:
    return [TableActivity(part) for part in tables(table, size)]


@pytest.mark.parametrize("size", [1, 10, PART, ROWS, 2 * ROWS])
def test_the_cut_hangs_on_the_rows_alone(size: int) -> None:
    expected = cuts([TableActivity(TABLE)], size)
    for batch in (1, 2, 7, size, 10 * size):
        assert cuts(rows(TABLE, batch), size) == expected
    keys = TABLE.column("PROVSPNO").to_pylist()
    assert [start for start, _ in expected] == [0, *np.cumsum([count for _, count in expected])[:-1].tolist()]
    assert sum(count for _, count in expected) == ROWS
    for start, count in expected[:-1]:
        assert count >= size and keys[start + count] != keys[start + count - 1]
        assert count == size or keys[start + size - 1] == keys[start + count - 1]  # no longer than its last spell needs


def test_parts_of_rows() -> None:
    found = [(part.start, part.content.count) for part in parts.parts_of_rows(rows(TABLE, 33), 50)]
    assert found == [(start, min(50, ROWS - start)) for start in range(0, ROWS, 50)]


@pytest.mark.parametrize(
    "cut", [whole_spells, lambda batches: parts.parts_of_spells(lambda: map(TableActivity, batches), 2)], ids=["stream", "run"]
)
def test_a_giant_spell_is_looked_at_once(cut: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Each batch costs the same, however many rows wait already."""
    looked_at = []
    of = SpellKeys.of

    def counting(provider: Any, spell: Any) -> SpellKeys:
        looked_at.append(len(provider))
        return of(provider, spell)

    monkeypatch.setattr(SpellKeys, "of", staticmethod(counting))
    giant = pa.concat_tables([TABLE.slice(0, 1)] * 300)
    (whole,) = cut(tables(giant, 3))
    assert (whole.content.count if isinstance(whole, parts.Part) else whole.num_rows) == 300
    assert sum(looked_at) <= 300 + 100


def test_a_spell_that_comes_back_is_noticed() -> None:
    with pytest.raises(SpellReturns):
        cuts(rows(pa.concat_tables([TABLE, TABLE.slice(0, 1)]), 10))


# Working ahead --------------------------------------------------------------------------------------------------------------------


def test_working_ahead_keeps_order_and_bounds() -> None:
    made: list[int] = []

    def items() -> Iterator[int]:
        for item in range(20):
            made.append(item)
            yield item

    stream = ahead(items(), 2)
    assert next(stream) == 0
    time.sleep(0.3)
    assert len(made) <= 1 + 2 + 1  # taken, room, and one under way
    assert [0, *stream] == list(range(20))


def test_errors_come_through_and_closing_ends_the_thread() -> None:
    closed = threading.Event()

    def items() -> Iterator[int]:
        try:
            yield 1
            yield 2
            raise ZeroDivisionError
        finally:
            closed.set()

    with pytest.raises(ZeroDivisionError):
        list(ahead(items()))
    assert closed.is_set()
    closed.clear()
    stream = ahead(items(), 1)
    next(stream)
    before = threading.active_count()
    stream.close()
    assert closed.is_set() and threading.active_count() < before


# Broken runs ----------------------------------------------------------------------------------------------------------------------


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


def says_unfinished(output: Path) -> None:
    assert (output / UNFINISHED).is_file() and not (output / MANIFEST).exists()
    for path in (output, output / "episodes", output / "episodes" / "part-00000.parquet"):
        with pytest.raises(InputError, match="not finished.*--resume"):
            input_files(path)
    with pytest.raises(OutputError, match="unfinished run.*--resume"):
        run(output.parent / "in.parquet", output)


@pytest.mark.parametrize("format", ["parquet", "csv"])
def test_a_full_disk_leaves_nothing_or_a_run_to_resume(either: Path, tmp_path: Path, format: str) -> None:
    run(either, tmp_path / "whole", format=format)
    expected, at, left = content_of(tmp_path / "whole"), 0, {"nothing": 0, "something": 0}
    while True:
        output = tmp_path / f"out-{at}"
        with pytest.MonkeyPatch.context() as patch:
            break_at(patch, at, full_disk())
            try:
                run(either, output, format=format)
                assert at > 20
                break
            except OutputError as error:
                assert "No space left" in str(error)
                assert not output.exists() or "--resume continues the run" in str(error)
        left["something" if output.exists() else "nothing"] += 1
        if output.exists():
            says_unfinished(output)
        run(either, output, format=format, resume=True)
        assert content_of(output) == expected
        at += 7 if either.stem == "together" else 13
    assert left["nothing"] > 0 and left["something"] > 1


@pytest.mark.skipif(sys.platform == "win32", reason="has no such limit")
@pytest.mark.parametrize("order", ["together", "apart"])
def test_a_limit_on_the_size_of_files(tmp_path: Path, order: str) -> None:
    """The system itself refuses to write: more than 3 KiB to a file, be it a part or a temporary file."""
    path = write(TABLE if order == "together" else shuffled(TABLE), tmp_path / "in.parquet")
    code = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)",
        "from hrgcore import Grouper; Grouper()",  # what is cached, is cached before
        "resource.setrlimit(resource.RLIMIT_FSIZE, (3072, resource.RLIM_INFINITY))",
        f"from hrgcore.cli.main import main; sys.exit(main(['group', {str(path)!r}, '-o', {str(tmp_path / 'out')!r}]))",
    )
    done = subprocess.run([sys.executable, "-c", "; ".join(code)], capture_output=True, text=True, timeout=300)
    said = [line for line in done.stderr.splitlines() if "overflow encountered" not in line]  # kernels as plain Python
    assert (done.returncode, len(said)) == (5, 1 if order == "together" else 2), done.stderr
    assert "File too large" in said[-1] and not (tmp_path / "out").exists()


def test_interrupted_with_parts_done(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(source, tmp_path / "whole")
    with pytest.MonkeyPatch.context() as patch:
        break_at(patch, 40, KeyboardInterrupt())
        with pytest.raises(KeyboardInterrupt):
            run(source, tmp_path / "out")
    says_unfinished(tmp_path / "out")
    run(source, tmp_path / "out", resume=True)
    assert content_of(tmp_path / "out") == content_of(tmp_path / "whole")


def test_finished_parts_are_not_grouped_again(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done = len(journal(tmp_path / "out")) if broken(source, tmp_path / "out") else 0
    assert done > 1
    grouped: list[int] = []
    group = job_module.group_part
    monkeypatch.setattr(job_module, "group_part", lambda *given: grouped.append(given[2].number) or group(*given))
    run(source, tmp_path / "out", resume=True)
    assert grouped == list(range(done, grouped[-1] + 1))


def journal(output: Path) -> list[dict[str, Any]]:
    """The finished parts of an unfinished run."""
    lines = (output / WORK / JOURNAL).read_text().splitlines()
    return [entry for entry in map(json.loads, lines) if "part" in entry]


def spoil(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("harm", [spoil, Path.unlink, lambda path: path.write_bytes(b"")])
@pytest.mark.parametrize("part", [0, 1])
def test_a_damaged_part_is_made_again(either: Path, tmp_path: Path, harm: Callable[[Path], None], part: int) -> None:
    run(either, tmp_path / "whole")
    broken(either, tmp_path / "out")
    harm(tmp_path / "out" / "spells" / f"part-{part:05d}.parquet")
    said: list[str] = []
    run(either, tmp_path / "out", resume=True, say=said.append)
    assert content_of(tmp_path / "out") == content_of(tmp_path / "whole")
    assert any(f"part-{part:05d}.parquet is gone or not as it was written" in line for line in said)


@pytest.mark.parametrize("harm", ["last line", "garbage", "empty", "gone"])
def test_a_damaged_journal_costs_parts_and_no_more(source: Path, tmp_path: Path, harm: str) -> None:
    run(source, tmp_path / "whole")
    broken(source, tmp_path / "out")
    path = tmp_path / "out" / WORK / JOURNAL
    content = path.read_bytes()
    path.unlink()
    if harm != "gone":
        path.write_bytes({"last line": content[:-40], "garbage": b"\xff{]\n", "empty": b""}[harm])
    run(source, tmp_path / "out", resume=True)
    assert content_of(tmp_path / "out") == content_of(tmp_path / "whole")


@pytest.mark.parametrize("resumed", [True, False])
def test_parts_that_the_journal_does_not_know_do_not_stay(tmp_path: Path, resumed: bool) -> None:
    """A killed run may leave some; and so does a run that finds spells apart after it has written parts."""
    path = write(TABLE if resumed else pa.concat_tables([TABLE, TABLE.slice(0, 1)]), tmp_path / "in.parquet")
    run(path, tmp_path / "whole")
    broken(path, tmp_path / "out", at=40 if resumed else 15)
    stray = tmp_path / "out" / "episodes" / "part-00999.parquet"
    stray.write_bytes(b"")
    run(path, tmp_path / "out", resume=True)
    assert not stray.exists() and content_of(tmp_path / "out") == content_of(tmp_path / "whole")


def test_files_of_others_in_the_folder_stay(source: Path, tmp_path: Path) -> None:
    broken(source, tmp_path / "out")
    (tmp_path / "out" / "notes.txt").write_text("mine")
    (tmp_path / "out" / "episodes" / "notes.txt").write_text("mine")
    run(source, tmp_path / "out", resume=True)
    assert (tmp_path / "out" / "notes.txt").read_text() == (tmp_path / "out" / "episodes" / "notes.txt").read_text() == "mine"


# The same run only ----------------------------------------------------------------------------------------------------------------


class OtherDesign:
    """The grouper under a design of another digest."""

    def __init__(self) -> None:
        self.design = type("Design", (), {**vars(GROUPER.design), "digest": "00"})()
        self.encoder = GROUPER.encoder

    def group(self, data: Any, *, logic: str = "apc") -> Any:
        return GROUPER.group(data, logic=logic)


@pytest.mark.parametrize("finished", [False, True])
@pytest.mark.parametrize("other", ["format", "design", "version", "pyarrow", "part size", "inputs", "one more", "content", "rdf"])
def test_another_run_is_not_resumed(source: Path, tmp_path: Path, other: str, finished: bool) -> None:
    output = tmp_path / "out"
    if finished:
        run(source, output)
    before = content_of(output) if finished else broken(source, output)
    sources, options = [source], dict[str, Any]()
    with pytest.MonkeyPatch.context() as patch:
        if other == "format":
            options["format"] = "csv"
        elif other == "design":
            options["grouper"] = OtherDesign()
        elif other in ("version", "pyarrow"):
            name = {"version": "hrgcore"}.get(other, other)
            found = job_module.versions()
            patch.setattr(job_module, "versions", lambda: {**found, name: "0.0.0"})
        elif other == "part size":
            patch.setattr(parts, "PART_EPISODES", PART + 1)
        elif other == "inputs":
            write(TABLE.slice(1), source)
        elif other == "one more":
            sources.append(source)
        elif other == "content":
            flip_a_byte(source)
        elif other == "rdf":
            (tmp_path / "x.rdf").write_text("COMMA DELIMITED\nsex,SEX,3,,,,\n")
            options["rdf"] = tmp_path / "x.rdf"
        said = {"content": "in.parquet is not what the run here has read", "one more": "other inputs"}.get(other, f"other.*{other}")
        with pytest.raises(OutputError, match=said):
            run(sources, output, resume=True, **options)
    assert content_of(output) == before


def flip_a_byte(source: Path) -> None:
    """The same number of bytes, another content, and still readable."""
    content = source.read_bytes()
    source.write_bytes(content.replace(b"parquet-cpp", b"parquet-abc"))
    assert source.read_bytes() != content and source.stat().st_size == len(content)


def test_resuming_a_finished_run_changes_nothing(either: Path, tmp_path: Path) -> None:
    run(either, tmp_path / "out")
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*")}
    said: list[str] = []
    outcome = run(either, tmp_path / "out", resume=True, say=said.append)
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*")} == before
    assert said == ["the run was finished already; its files are whole"] and outcome.counts["episodes"]["total"] == ROWS
    spoil(tmp_path / "out" / "errors" / "part-00001.parquet")
    with pytest.raises(OutputError, match="part-00001.parquet is gone or not as it was written"):
        run(either, tmp_path / "out", resume=True)


def test_killed_when_all_but_the_tidying_was_done(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(source, tmp_path / "whole")
    monkeypatch.setattr(workplace, "clean", lambda _: None)
    run(source, tmp_path / "out")
    assert (tmp_path / "out" / UNFINISHED).exists() and input_files(tmp_path / "out")
    monkeypatch.undo()
    monkeypatch.setattr(parts, "PART_EPISODES", PART)
    run(source, tmp_path / "out", resume=True)
    assert content_of(tmp_path / "out") == content_of(tmp_path / "whole")


def test_with_nothing_to_resume_a_run_begins(source: Path, tmp_path: Path) -> None:
    run(source, tmp_path / "out", resume=True)
    the_same(tmp_path / "out", source)


def test_nothing_is_overwritten_unasked(source: Path, tmp_path: Path) -> None:
    run(source, tmp_path / "out")
    before = content_of(tmp_path / "out")
    with pytest.raises(OutputError, match="not empty"):
        run(source, tmp_path / "out")
    assert content_of(tmp_path / "out") == before
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    for resume in (False, True):
        with pytest.raises(OutputError, match="not empty"):
            run(source, tmp_path / "mine", resume=resume)
    assert content_of(tmp_path / "mine") == {"notes.txt": b"mine"}


# Two runs into one folder ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("resume", [False, True])
def test_two_runs_refuse_each_other(source: Path, tmp_path: Path, resume: bool) -> None:
    with Workplace.claim(tmp_path / "out", {}, "parquet", False, list) as place:
        with pytest.raises(OutputError, match="another run .process .* writes" if resume else "unfinished run"):
            run(source, tmp_path / "out", resume=resume)
        place.finish({"mine": True})
    assert json.loads((tmp_path / "out" / MANIFEST).read_text()) == {"mine": True}


def test_of_two_that_begin_at_once_one_goes_on(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both have found the folder free."""
    for module in (workplace, job_module):
        monkeypatch.setattr(module, "check_folder" if module is workplace else "refuse_unusable", lambda *_: None)
    with (
        Workplace.claim(tmp_path / "out", {}, "parquet", False, list),
        pytest.raises(OutputError, match="another run has just begun here"),
    ):
        run(source, tmp_path / "out")


def leave_lock(output: Path, host: str) -> None:
    """A lock as a killed run leaves it."""
    (output / WORK / "lock").write_text(json.dumps({"process": 2**22 + 1, "host": host, "started": 1}))


def test_the_lock_of_a_dead_run_is_taken_over(source: Path, tmp_path: Path) -> None:
    run(source, tmp_path / "whole")
    broken(source, tmp_path / "out")
    leave_lock(tmp_path / "out", "another-machine")
    with pytest.raises(OutputError, match="on another-machine. was at work here. If it is dead, remove"):
        run(source, tmp_path / "out", resume=True)
    leave_lock(tmp_path / "out", socket.gethostname())
    run(source, tmp_path / "out", resume=True)
    assert content_of(tmp_path / "out") == content_of(tmp_path / "whole")


# Inputs that go away or change ----------------------------------------------------------------------------------------------------


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
    add = Workplace.add

    def changing(self: Workplace, part: Any) -> None:
        add(self, part)
        os.utime(two[1], ns=(1, 1))

    monkeypatch.setattr(Workplace, "add", changing)
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


# The command ----------------------------------------------------------------------------------------------------------------------


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
