"""What --resume takes up and what it refuses: the same run only, and nothing is overwritten."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from runs import GROUPER, PART, ROWS, TABLE, broken, content_of, run, spoil, the_same, write

from hrgcore.errors import OutputError
from hrgcore.folders import UNFINISHED
from hrgcore.read import input_files
from hrgcore.run import job as job_module
from hrgcore.run import parts, workplace

pytestmark = pytest.mark.usefixtures("small_parts")


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
