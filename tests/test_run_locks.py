"""Two runs into one folder."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest
from runs import broken, content_of, run

from hrgcore.errors import OutputError
from hrgcore.folders import MANIFEST, WORK
from hrgcore.run import job as job_module
from hrgcore.run import workplace
from hrgcore.run.workplace import Workplace

pytestmark = pytest.mark.usefixtures("small_parts")


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
