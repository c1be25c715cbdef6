"""One benchmark in a process of its own, as JSON on stdout: NAME FOLDER RUNS. With 0 runs it is prepared only.

A process of its own: its peak memory is that of this benchmark and nothing else, and it may belong to another revision of hrgcore.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path
from typing import Any

from .data import Data
from .scenario import Scenario

#: How a process ends that can't even prepare its benchmark, as where a revision lacks what it is about.
LACKING = 3


def timed(scenario: Scenario, data: Data, runs: int) -> dict[str, Any]:
    """Prepare a benchmark and run it so many times, after one run that is not counted (of a quick one): the figures."""
    prepared = scenario.prepare(data)
    seconds, cpu_seconds = [], []
    for number in range(runs if scenario.slow or not runs else runs + 1):
        begun, cpu_begun = time.perf_counter(), _cpu()
        made = prepared.run()
        seconds.append(time.perf_counter() - begun)
        cpu_seconds.append(_cpu() - cpu_begun)
        if made != prepared.made:
            raise AssertionError(f"{scenario.name}: run {number} made {made}, not {prepared.made}")
    return {
        "rows": prepared.rows,
        "spells": prepared.spells,
        "bytes": prepared.bytes,
        "seconds": seconds[-runs:],
        "cpu_seconds": cpu_seconds[-runs:],
        "peak_bytes": _peak(),
    }


def _cpu() -> float:
    """Seconds of processor time of this process, its threads and the processes it has waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def _peak() -> int:
    """The most memory that this process had, or the largest of those it has waited for."""
    unit = 1 if sys.platform == "darwin" else 1024
    of_others = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * unit
    try:  # what getrusage says of a process on Linux is no less than what the process had that started it
        status = Path("/proc/self/status").read_text(encoding="ascii")
        own = int(next(line for line in status.splitlines() if line.startswith("VmHWM:")).split()[1]) * 1024
    except (OSError, StopIteration):
        own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    return max(own, of_others)


def main(name: str, folder: str, runs: str) -> int:
    """Print the figures of a benchmark; gives the exit code."""
    try:
        from .scenarios import SCENARIOS

        figures = timed(SCENARIOS[name], Data.open(Path(folder)), int(runs))
    except (ImportError, AttributeError, TypeError, KeyError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return LACKING
    print(json.dumps(figures))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
