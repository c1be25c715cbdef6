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
from hrgcore.bench.hosts import HOSTS, given
from hrgcore.bench.scenario import Prepared


def main(episodes: int = 1_000_000, rounds: int = 7) -> None:
    """Print the median time of each host, its ratio to Arrow's in the same round (median, least and most), and that of CPU time.

    The ratio of CPU time tells where the machine has other work, too. Behind them stands what the host by itself takes to give an
    Arrow table, in ratio to the same, of both kinds of time: what grouping out of it can't do without.
    """
    with tempfile.TemporaryDirectory() as folder:
        data = Data.make(Path(folder) / "data", episodes, ())
        base, *hosts = (one for one in HOSTS if not one.missing)
        print(f"{episodes:,} episodes, {rounds} rounds, load {os.getloadavg()[0]:.2f} before")
        arrow = base.prepare(data)
        for host in hosts:
            turns = [host.prepare(data), *([] if host.name == "host-c" else [given(host.name, data)])]
            taken = [[_seconds(turn) for turn in (arrow, *turns)] for _ in range(rounds + 1)][1:]
            times, *own = (sorted(one[at][0] / one[0][0] for one in taken) for at in range(1, len(turns) + 1))
            cpu, *own_cpu = (statistics.median(one[at][1] / one[0][1] for one in taken) for at in range(1, len(turns) + 1))
            print(
                f"{host.name:20} {statistics.median(one[1][0] for one in taken):6.3f} s"
                f"  {statistics.median(times):5.2f}  ({times[0]:.2f} to {times[-1]:.2f})  CPU {cpu:.2f}"
                + "".join(f"  itself {statistics.median(one):.2f}, CPU {its:.2f}" for one, its in zip(own, own_cpu, strict=True)),
                flush=True,
            )
            del turns


def _seconds(prepared: Prepared) -> tuple[float, float]:
    begun, cpu = time.perf_counter(), time.process_time()
    if prepared.run() != prepared.made:
        raise AssertionError("a host gives other results")
    return time.perf_counter() - begun, time.process_time() - cpu


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
