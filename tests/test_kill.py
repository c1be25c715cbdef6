"""Runs killed at random moments: what is left says what it is, and a resumed run ends with the same bytes.

HRGCORE_TEST_KILLS sets how many runs are killed (12 by default).
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from runs import activity, content_of, shuffled, write

from hrgcore.errors import InputError
from hrgcore.folders import MANIFEST, WORK
from hrgcore.read import input_files

KILLS = int(os.environ.get("HRGCORE_TEST_KILLS", "12"))

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="runs are forked from a process that has everything loaded")

#: Forks a run for each line that it reads, and says its number; ends it for good once the next line comes.
NURSERY = """
import json, os, sys
from pathlib import Path
from hrgcore import Grouper
from hrgcore.errors import HrgcoreError
from hrgcore.run import Job, parts, run_job
grouper = Grouper(threads=2)
parts.PART_EPISODES = 60
print("ready", flush=True)
for line in sys.stdin:
    job = json.loads(line)
    child = os.fork()
    if child == 0:
        try:
            run_job(Job([Path(job["source"])], Path(job["output"]), format=job["format"], resume=job["resume"]), lambda: grouper)
        except HrgcoreError as error:
            print(error, file=sys.stderr, flush=True)
            os._exit(error.exit_code)
        os._exit(0)
    print(child, flush=True)
    sys.stdin.readline()
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


class Nursery:
    """Where runs come from."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", NURSERY], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )
        assert self._answer() == "ready"

    def run(self, source: Path, output: Path, format: str, resume: bool, kill_after: float | None) -> int:
        """Run, and kill that after some seconds; gives its exit code."""
        self._say(json.dumps({"source": str(source), "output": str(output), "format": format, "resume": resume}))
        child = int(self._answer())
        if kill_after is not None:
            time.sleep(kill_after)
            os.kill(child, signal.SIGKILL)  # it may have ended, but it is waited for only below: the number is still its own
        self._say("")
        return int(self._answer())

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(60)

    def _say(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")

    def _answer(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    made = Nursery()
    yield made
    made.close()


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Inputs whose spells stand together, and apart."""
    folder = tmp_path_factory.mktemp("kill")
    table: pa.Table = activity(400, 5)
    return {
        "together": write(table, folder / "together.parquet", 100),
        "apart": write(shuffled(table), folder / "apart.parquet", 100),
    }


@pytest.mark.skipif(os.environ.get("NUMBA_DISABLE_JIT") == "1", reason="kills at moments of a run at its usual speed")
def test_killed_at_any_moment(nursery: Nursery, sources: dict[str, Path], tmp_path: Path) -> None:
    chance = random.Random(time.time_ns())
    expected: dict[tuple[str, str], tuple[dict[str, Any], float]] = {}
    left = {"nothing": 0, "unfinished": 0, "finished": 0}
    killed = number = 0
    while killed < KILLS:
        number += 1
        order, format = chance.choice(["together", "apart"]), chance.choice(["parquet", "csv"])
        source = sources[order]
        if (order, format) not in expected:
            whole = tmp_path / f"{order}-{format}"
            started = time.monotonic()
            assert nursery.run(source, whole, format, False, None) == 0
            expected[order, format] = content_of(whole), time.monotonic() - started
        content, seconds = expected[order, format]
        output = tmp_path / f"out-{number}"
        resume = False
        for _ in range(chance.choice([1, 1, 1, 2, 3])):  # some are killed again while they are resumed
            code = nursery.run(source, output, format, resume, chance.uniform(0, 1.1 * seconds))
            assert code in (0, -signal.SIGKILL)
            killed += code != 0
            left[what_is_left(output, content)] += 1
            resume = True
        assert nursery.run(source, output, format, True, None) == 0
        assert content_of(output) == content, f"run {number}: {order}, {format}"
    print(f"{killed} runs killed, of {number} begun; left behind: {left}")
    assert left["unfinished"] > 0 or KILLS < 5


def what_is_left(output: Path, content: dict[str, Any]) -> str:
    """What a killed run has left, which must say so itself."""
    if not output.exists() or not any(output.iterdir()):
        return "nothing"
    if (output / MANIFEST).exists():
        found = {name: value for name, value in content_of(output).items() if name in content}
        assert found == content
        return "finished"
    assert (output / WORK).is_dir()
    with pytest.raises(InputError, match="not finished"):
        input_files(output)
    return "unfinished"
