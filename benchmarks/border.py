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
    """Print the median time of each host, and its ratio to Arrow's in the same round: median, least and most."""
    with tempfile.TemporaryDirectory() as folder:
        data = Data.make(Path(folder) / "data", episodes, ())
        base, *hosts = (one for one in HOSTS if not one.missing)
        print(f"{episodes:,} episodes, {rounds} rounds, load {os.getloadavg()[0]:.2f} before")
        arrow = base.prepare(data)
        for host in hosts:
            held = host.prepare(data)
            pairs = [(_seconds(arrow), _seconds(held)) for _ in range(rounds + 1)][1:]
            ratios = sorted(own / other for other, own in pairs)
            print(
                f"{host.name:20} {statistics.median(own for _, own in pairs):6.3f} s"
                f"  {statistics.median(ratios):5.2f}  ({ratios[0]:.2f} to {ratios[-1]:.2f})",
                flush=True,
            )
            del held


def _seconds(prepared: Prepared) -> float:
    begun = time.perf_counter()
    if prepared.run() != prepared.made:
        raise AssertionError("a host gives other results")
    return time.perf_counter() - begun


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
