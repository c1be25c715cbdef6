"""Funnels: each provider's figure against how much it rests on, within the limits that chance alone would keep."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

from hrgcore.charts.figure import BOTTOM, LEFT, RIGHT, WIDTH, figure, frame_y, height_of, line, short, text, ticks
from hrgcore.html import Html, tag

INNER, OUTER = 1.96, 3.09  #: standard deviations of the limits of 95% and 99.8%
_STEPS = 60
_NAMED = 8  # so many of those outside are named


@dataclass(frozen=True)
class FunnelPoint:
    """A provider: its figure, and the number that its precision grows with."""

    name: str
    size: float
    value: float


def limits(centre: float, variance: float, size: float, deviations: float) -> tuple[float, float]:
    """The limits of a figure of ``size`` whose variance is ``variance / size``."""
    half = deviations * sqrt(variance / size) if size > 0 else 0.0
    return max(0.0, centre - half), centre + half


def funnel(
    title: str, caption: str, points: Sequence[FunnelPoint], *, centre: float, variance: float, x: str, y: str, unit: str = ""
) -> Html:
    """A funnel plot: points, the figure of all (``centre``), and limits of 95% and 99.8%."""
    height, bottom = 320, 320 - BOTTOM
    widest = max((point.size for point in points), default=1) * 1.05 or 1
    values = [point.value for point in points] or [centre]
    around = [limits(centre, variance, widest, OUTER)[0], centre, limits(centre, variance, widest / 4, OUTER)[1]]
    marks = ticks(min(values + around), max(values + around))
    across = ticks(0, widest)
    room = (WIDTH - LEFT - RIGHT) / across[-1]
    shapes = frame_y(marks, bottom, unit, y)
    for mark in across:
        shapes.append(text(LEFT + mark * room, bottom + 15, short(mark), "middle", "soft"))
    for deviations, class_ in ((INNER, "limit"), (OUTER, "limit outer")):
        for side in (0, 1):
            path = []
            for step in range(1, _STEPS + 1):
                size = across[-1] * (step / _STEPS) ** 2
                value = limits(centre, variance, size, deviations)[side]
                if marks[0] <= value <= marks[-1]:
                    path.append(f"{LEFT + size * room:.1f},{height_of(value, marks, bottom):.1f}")
            if len(path) > 1:
                shapes.append(tag("polyline", points=" ".join(path), class_=class_))
    middle = height_of(centre, marks, bottom)
    shapes.append(line(LEFT, middle, WIDTH - RIGHT, middle, "axis"))
    named = sorted((p for p in points if _outside(p, centre, variance)), key=lambda p: -_distance(p, centre, variance))[:_NAMED]
    for point in points:
        at = (LEFT + point.size * room, height_of(point.value, marks, bottom))
        class_ = "dot out" if _outside(point, centre, variance) else "dot"
        hint = f"{point.name}: {short(point.value, unit)}, {x} {short(point.size)}"
        shapes.append(tag("circle", tag("title", hint), cx=f"{at[0]:.1f}", cy=f"{at[1]:.1f}", r=4, class_=class_))
    taken: list[tuple[float, float]] = []
    for point in named:
        at = (LEFT + point.size * room, height_of(point.value, marks, bottom))
        if all(abs(at[0] - x0) > 50 or abs(at[1] - y0) > 13 for x0, y0 in taken):  # names that would cover others are left out
            taken.append(at)
            right = at[0] > WIDTH - 80
            shapes.append(text(at[0] + (-7 if right else 7), at[1] + 4, point.name, "end" if right else "start"))
    shapes += [line(LEFT, bottom, WIDTH - RIGHT, bottom, "axis"), text((LEFT + WIDTH) / 2, height - 8, x, "middle", "soft")]
    return figure(title, caption, height, *shapes)


def _outside(point: FunnelPoint, centre: float, variance: float) -> bool:
    low, high = limits(centre, variance, point.size, OUTER)
    return not low <= point.value <= high


def _distance(point: FunnelPoint, centre: float, variance: float) -> float:
    return abs(point.value - centre) * sqrt(point.size / variance) if variance > 0 else abs(point.value - centre)
