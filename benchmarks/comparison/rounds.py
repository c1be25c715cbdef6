"""Rounds: a process of one revision, then one of the other, on the same activity and by the same scenarios."""

from __future__ import annotations

import shutil
import statistics
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import hrgcore.bench
from comparison.environments import Environment
from hrgcore.bench.data import Data
from hrgcore.bench.measure import Lacking, Runner
from hrgcore.bench.scenario import Scenario

_SCENARIOS = "hrgcore_compared"  # the name under which both revisions import this tree's scenarios
_RUNS = 3  # in a process; its figure is the best of them


@dataclass
class Taken:
    """What one revision took for one scenario: a figure a round. ``lacking`` says why there is none."""

    seconds: list[float] = field(default_factory=list)
    cpu_seconds: list[float] = field(default_factory=list)
    last: dict[str, Any] = field(default_factory=dict)
    lacking: str = ""

    def add(self, figures: dict[str, Any]) -> None:
        self.seconds.append(min(figures["seconds"]))
        self.cpu_seconds.append(min(figures["cpu_seconds"]))
        self.last = figures

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)


@contextmanager
def runners(environments: Sequence[Environment]) -> Iterator[list[Runner]]:
    """A runner for each environment, with a copy of this tree's scenarios beside it."""
    with TemporaryDirectory(prefix="hrgcore-scenarios-") as folder:
        shutil.copytree(Path(hrgcore.bench.__file__).parent, Path(folder) / _SCENARIOS)
        yield [Runner(one.python, f"{_SCENARIOS}.once", one.variables(Path(folder))) for one in environments]


def take_turns(
    sides: Sequence[Runner], scenarios: Sequence[Scenario], data: Data, rounds: int, say: Callable[[str], None]
) -> dict[str, list[Taken]]:
    """Figures by scenario, for each side: a first process that is not counted (it compiles), then so many rounds."""
    taken = {one.name: [Taken() for _ in sides] for one in scenarios}
    for number in range(rounds + 1):
        say(f"round {number} of {rounds}" if number else "first processes, not counted")
        for scenario in scenarios:
            for side, own in zip(sides, taken[scenario.name], strict=True):
                if not own.lacking:
                    _turn(side, scenario, data, own, counted=number > 0)
    return taken


def _turn(side: Runner, scenario: Scenario, data: Data, taken: Taken, counted: bool) -> None:
    try:
        figures = side.run(scenario, data, _RUNS if counted else 1)
    except Lacking as error:
        taken.lacking = str(error)
    else:
        if counted:
            taken.add(figures)
