"""All benchmarks of `hrgcore.bench`, at each size that they can bear; those that don't hang on a size, once.

Time is that of this process. Peak memory and, where the processor's counter can be read, instructions are those of a process that
does nothing else.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from conftest import SIZES

from hrgcore.bench.data import Data
from hrgcore.bench.measure import Runner, measure
from hrgcore.bench.scenario import Scenario
from hrgcore.bench.scenarios import SCENARIOS

_LONG = 10_000_000  # episodes of a size that only --slow runs


def _cases() -> Iterator[Any]:
    for scenario in SCENARIOS.values():
        for size, episodes in SIZES.items():
            if episodes <= scenario.most and (scenario.sized or size == "10k"):
                marks = [pytest.mark.slow] if episodes > _LONG else []
                yield pytest.param(scenario, size, id=f"{scenario.name}-{size}" if scenario.sized else scenario.name, marks=marks)


@pytest.mark.parametrize(("scenario", "size"), _cases())
def test_scenario(benchmark: Any, made: Callable[[str], Data], scenario: Scenario, size: str) -> None:
    if scenario.missing:
        pytest.skip(f"needs {' and '.join(scenario.missing)}")
    data = made(size)
    for kind in scenario.needs:
        data.add(kind)
    benchmark.group = f"{scenario.name.partition('-')[0]} {size}" if scenario.sized else scenario.name.partition("-")[0]
    prepared = scenario.prepare(data)
    rounds = 1 if SIZES[size] > _LONG else scenario.rounds
    found = benchmark.pedantic(prepared.run, rounds=rounds, warmup_rounds=0 if scenario.slow else 1)
    assert found == prepared.made
    if benchmark.stats:  # none with --benchmark-disable
        alone = measure(scenario, data, Runner(), rounds=1)
        seconds = benchmark.stats.stats.median
        benchmark.extra_info |= {
            "scenario": scenario.name,
            "about": scenario.about,
            "episodes": data.rows if scenario.sized else 0,
            "rows": prepared.rows,
            "spells": prepared.spells,
            "bytes": prepared.bytes,
            "rows_per_second": prepared.rows / seconds,
            "spells_per_second": prepared.spells / seconds,
            "cpu_seconds": alone.cpu_seconds,
            "peak_bytes": alone.peak_bytes,
            "instructions": alone.instructions,
            "load": os.getloadavg()[0],
            "cores": os.cpu_count(),
        }
