"""Taking the figures of benchmarks, each in a process of its own."""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from hrgcore.errors import HrgcoreError

from . import once
from .data import Data
from .scenario import Scenario

_COUNTER = "instructions:u"


class BenchmarkError(HrgcoreError):
    """A benchmark did not come to its end."""


class Lacking(BenchmarkError):
    """A revision lacks what a benchmark is about."""


@dataclass(frozen=True)
class Figures:
    """What one benchmark took. ``seconds`` and ``cpu_seconds`` are by run; ``instructions`` of one run, None where not counted.

    ``rows``, ``spells`` and ``bytes`` are those of `Prepared`; ``episodes`` is the size of the activity, 0 where that is
    no matter.
    """

    name: str
    about: str
    episodes: int
    rows: int
    spells: int
    bytes: int
    seconds: Sequence[float]
    cpu_seconds: Sequence[float]
    peak_bytes: int
    instructions: int | None = None

    @property
    def median(self) -> float:
        """The median of the seconds of a run."""
        return statistics.median(self.seconds)

    @property
    def rows_per_second(self) -> float:
        """By the median."""
        return self.rows / self.median

    def to_dict(self) -> dict[str, Any]:
        """All figures, as JSON takes them."""
        return {**asdict(self), "median": self.median, "rows_per_second": self.rows_per_second}


@dataclass(frozen=True)
class Runner:
    """A Python that has hrgcore, and the name of the module that runs one benchmark there."""

    python: str = sys.executable
    module: str = once.__name__
    environment: Mapping[str, str] = field(default_factory=lambda: _as_this_process())

    def run(self, scenario: Scenario, data: Data, runs: int, *before: str) -> dict[str, Any]:
        """What `once.timed` gives; ``before`` are words to be put before the command.

        Raises Lacking where the revision lacks what the benchmark is about, BenchmarkError where it fails.
        """
        command = [*before, self.python, "-m", self.module, scenario.name, str(data.folder), str(runs)]
        done = subprocess.run(command, env=dict(self.environment), capture_output=True, text=True)
        if done.returncode == 0:
            figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
            return figures
        said = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        kind = Lacking if done.returncode == once.LACKING else BenchmarkError
        raise kind(f"the benchmark {scenario.name} did not come to its end ({said}). Try it alone: --only {scenario.name}.")


def measure(scenario: Scenario, data: Data, runner: Runner | None = None, rounds: int | None = None) -> Figures:
    """Run a benchmark as often as it takes to tell, or ``rounds`` times; its instructions are counted where that is possible."""
    runner = runner or Runner()
    found = runner.run(scenario, data, rounds or scenario.rounds)
    counted = None if scenario.slow else _instructions(scenario, data, runner)
    return Figures(scenario.name, scenario.about, data.rows if scenario.sized else 0, **found, instructions=counted)


def _as_this_process() -> dict[str, str]:
    """The environment in which a process imports what this one does, whatever lies in the folder that it is started in."""
    path = os.pathsep.join(entry or os.getcwd() for entry in sys.path)
    return {**os.environ, "PYTHONPATH": path, "PYTHONSAFEPATH": "1"}


@cache
def counts_instructions() -> bool:
    """Whether `perf` is there and the processor's counter works."""
    perf = shutil.which("perf")
    return perf is not None and _counted(subprocess.run([*_perf("-"), "true"], capture_output=True, text=True).stderr) is not None


def _instructions(scenario: Scenario, data: Data, runner: Runner) -> int | None:
    """Instructions of one run: those of a process with two runs less those of one with one; None where they can't be counted."""
    if not counts_instructions():
        return None
    counts = []
    for runs in (1, 2):
        file = Path(data.folder) / "perf.txt"
        runner.run(scenario, data, runs, *_perf(str(file)))
        counts.append(_counted(file.read_text(encoding="utf-8")))
    one, two = counts
    return None if one is None or two is None else two - one


def _perf(output: str) -> list[str]:
    return ["perf", "stat", "-x,", "-e", _COUNTER, *([] if output == "-" else ["-o", output]), "--"]


def _counted(text: str) -> int | None:
    for line in text.splitlines():
        cells = line.split(",")
        if len(cells) > 2 and cells[2] == _COUNTER and cells[0].isdigit():
            return int(cells[0])
    return None
