"""Runs that break off: what they leave, and that --resume comes to the same bytes."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from runs import TABLE, break_at, broken, content_of, full_disk, journal, run, shuffled, spoil, write

from hrgcore.errors import InputError, OutputError
from hrgcore.folders import JOURNAL, MANIFEST, UNFINISHED, WORK
from hrgcore.read import input_files
from hrgcore.run import job as job_module
from hrgcore.run.workplace import Workplace

pytestmark = pytest.mark.usefixtures("small_parts")
note = Workplace.note


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


def test_two_parts_are_written_at_the_same_time_and_noted_in_their_order(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first waits until the second is being written: one behind the other, this would not end."""
    begun, written = threading.Event(), Workplace.write

    def waiting(self: Workplace, part: Any, tally: Any) -> Any:
        if part.number == 1:
            begun.set()
        assert part.number != 0 or begun.wait(30), "the second part waits for the first"
        return written(self, part, tally)

    monkeypatch.setattr(Workplace, "write", waiting)
    noted: list[int] = []
    monkeypatch.setattr(Workplace, "note", lambda self, entry: noted.append(entry["part"]) or note(self, entry))
    run(source, tmp_path / "out")
    assert noted == list(range(len(noted))) and len(noted) > 2


def test_a_part_that_is_still_written_when_another_fails_leaves_nothing(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, written, ended = threading.Event(), Workplace.write, []

    def failing(self: Workplace, part: Any, tally: Any) -> Any:
        if part.number == 0:
            assert begun.wait(30)
            raise OutputError("No space left")
        begun.set()
        time.sleep(0.2)  # until the run is about to take away what it has written
        ended.append(part.number)
        return written(self, part, tally)

    monkeypatch.setattr(Workplace, "write", failing)
    with pytest.raises(OutputError, match="No space left"):
        run(source, tmp_path / "out")
    assert ended == [1] and not (tmp_path / "out").exists()


@pytest.mark.parametrize("finished", [False, True])
@pytest.mark.parametrize("older", ["without a format", "of another format"])
def test_a_run_of_another_version_is_not_continued(source: Path, tmp_path: Path, finished: bool, older: str) -> None:
    output = tmp_path / "out"
    run(source, output) if finished else broken(source, output)
    path = output / (MANIFEST if finished else f"{WORK}/{JOURNAL}")
    text = path.read_text()
    assert text.count('"journal": 2') == 1
    path.write_text(re.sub('"journal": 2,', '"journal": 1,' if older == "of another format" else "", text))
    before = content_of(output)
    with pytest.raises(OutputError, match="another version of hrgcore.*new folder"):
        run(source, output, resume=True)
    assert content_of(output) == before


def test_a_journal_whose_parts_lack_something_is_not_continued(source: Path, tmp_path: Path) -> None:
    """As journals from before errors were counted by kind."""
    output = tmp_path / "out"
    broken(source, output)
    lines = [json.loads(line) for line in (output / WORK / JOURNAL).read_text().splitlines()]
    without = [{name: value for name, value in line.items() if name != "quality"} for line in lines]
    (output / WORK / JOURNAL).write_text("".join(json.dumps(line) + "\n" for line in without))
    with pytest.raises(OutputError, match="journal of the run here is damaged.*new folder"):
        run(source, output, resume=True)


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


def stop_at_part(number: int, source: Path, output: Path) -> None:
    """Break a run at a part: those before are finished."""
    written = Workplace.write

    def failing(self: Workplace, part: Any, tally: Any) -> Any:
        if part.number == number:
            raise OutputError("No space left")
        return written(self, part, tally)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Workplace, "write", failing)
        with pytest.raises(OutputError, match="--resume continues the run"):
            run(source, output)


@pytest.mark.parametrize("resumed", [True, False])
def test_parts_that_the_journal_does_not_know_do_not_stay(tmp_path: Path, resumed: bool) -> None:
    """A killed run may leave some; and so does a run that finds spells apart after it has written parts."""
    path = write(TABLE if resumed else pa.concat_tables([TABLE, TABLE.slice(0, 1)]), tmp_path / "in.parquet")
    run(path, tmp_path / "whole")
    stop_at_part(1, path, tmp_path / "out")  # before it is seen that a spell comes back
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
