"""What two revisions' times are to each other, and how sure that is."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from random import Random
from typing import Any

from comparison.rounds import Taken
from hrgcore.bench.table import Cells, time_text

HEADINGS = ("benchmark", "A", "B", "B to A", "95% of it", "range", "CPU time, B to A", "what it comes to")
_DRAWS = 2000


@dataclass(frozen=True)
class Ratio:
    """Times of B to those of A of the same round: the median, an interval of 95% for it (bootstrap), the least and the greatest."""

    median: float
    low: float
    high: float
    least: float
    greatest: float

    @classmethod
    def of(cls, first: Sequence[float], second: Sequence[float]) -> Ratio:
        """Ratios by round; the same times give the same interval."""
        ratios = [b / a for a, b in zip(first, second, strict=True)]
        chance = Random(0)
        medians = sorted(statistics.median(chance.choices(ratios, k=len(ratios))) for _ in range(_DRAWS))
        edge = _DRAWS // 40
        return cls(statistics.median(ratios), medians[edge], medians[-edge - 1], min(ratios), max(ratios))


def verdict(time: Ratio, cpu: Ratio) -> str:
    """What the ratios of the times and of the CPU times come to: a difference is one that both show for sure.

    The one alone is soon led astray by what else the machine does, the other by threads that wait.
    """
    if time.high < 1 and cpu.high < 1:
        return "B is faster"
    return "B is slower" if time.low > 1 and cpu.low > 1 else "no difference seen"


def table(taken: dict[str, list[Taken]]) -> list[Cells]:
    """A row for each scenario; of one that a revision lacks, which."""
    return [HEADINGS, *(_row(name, *sides) for name, sides in taken.items())]


def document(taken: dict[str, list[Taken]]) -> list[dict[str, Any]]:
    """The same for JSON, with all figures."""
    entries = []
    for name, sides in taken.items():
        entry: dict[str, Any] = {"name": name, "lacking": {}, "sides": {}}
        for letter, side in zip("AB", sides, strict=True):
            if side.lacking:
                entry["lacking"][letter] = side.lacking
            else:
                entry["sides"][letter] = {"seconds": side.seconds, "cpu_seconds": side.cpu_seconds, **_of_last(side)}
        if not entry["lacking"]:
            first, second = sides
            entry["ratio"] = asdict(Ratio.of(first.seconds, second.seconds))
            entry["cpu_ratio"] = asdict(Ratio.of(first.cpu_seconds, second.cpu_seconds))
        entries.append(entry)
    return entries


def _of_last(side: Taken) -> dict[str, Any]:
    return {name: side.last[name] for name in ("rows", "spells", "bytes", "peak_bytes")}


def _row(name: str, first: Taken, second: Taken) -> Cells:
    if first.lacking or second.lacking:
        who = " and ".join(letter for letter, side in (("A", first), ("B", second)) if side.lacking)
        times = ["" if side.lacking else time_text(side.median) for side in (first, second)]
        return (name, *times, "", "", "", "", f"not in {who}")
    ratio, cpu = Ratio.of(first.seconds, second.seconds), Ratio.of(first.cpu_seconds, second.cpu_seconds)
    return (
        name,
        time_text(first.median),
        time_text(second.median),
        f"{ratio.median:.3f}",
        f"{ratio.low:.3f} to {ratio.high:.3f}",
        f"{ratio.least:.3f} to {ratio.greatest:.3f}",
        f"{cpu.median:.3f}",
        verdict(ratio, cpu),
    )
