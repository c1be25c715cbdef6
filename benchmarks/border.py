"""What the border costs: grouping out of each host against grouping the same Arrow table, by turns in one process, as ratios.

python benchmarks/border.py [EPISODES] [ROUNDS]
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

from hrgcore.bench.data import Data
from hrgcore.bench.hosts import HOSTS
from hrgcore.bench.scenario import Prepared


def main(episodes: int = 1_000_000, rounds: int = 7) -> None:
    """Print the median time of each host, its ratio to Arrow's in the same round (median, least and most), and that of CPU time.

    The ratio of CPU time tells where the machine has other work, too.
    """
    with tempfile.TemporaryDirectory() as folder:
        data = Data.make(Path(folder) / "data", episodes, ())
        base, *hosts = (one for one in HOSTS if not one.missing)
        print(f"{episodes:,} episodes, {rounds} rounds, load {os.getloadavg()[0]:.2f} before")
        arrow = base.prepare(data)
        for host in hosts:
            held = host.prepare(data)
            pairs = [(_seconds(arrow), _seconds(held)) for _ in range(rounds + 1)][1:]
            ratios = sorted(own[0] / other[0] for other, own in pairs)
            cpu = statistics.median(own[1] / other[1] for other, own in pairs)
            print(
                f"{host.name:20} {statistics.median(own[0] for _, own in pairs):6.3f} s"
                f"  {statistics.median(ratios):5.2f}  ({ratios[0]:.2f} to {ratios[-1]:.2f})  CPU {cpu:.2f}",
                flush=True,
            )
            del held


def _seconds(prepared: Prepared) -> tuple[float, float]:
    begun, cpu = time.perf_counter(), time.process_time()
    if prepared.run() != prepared.made:
        raise AssertionError("a host gives other results")
    return time.perf_counter() - begun, time.process_time() - cpu


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
