"""Lines: how figures go from year to year."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hrgcore.charts.figure import BOTTOM, LEFT, RIGHT, WIDTH, cut, figure, frame_y, height_of, line, short, text, ticks
from hrgcore.html import Html, tag

_LETTER = 7.5  # about the width of a letter


def lines(
    title: str, caption: str, names: Sequence[str], series: Mapping[str, Sequence[float]], *, x: str, y: str, unit: str = ""
) -> Html:
    """A line for each of up to five series over ``names`` in order; the vertical axis need not begin at 0."""
    height, bottom = 240, 240 - BOTTOM
    values = [value for row in series.values() for value in row]
    marks = ticks(min(values), max(values))
    shapes = frame_y(marks, bottom, unit, y)
    room = (WIDTH - LEFT - RIGHT - 60) / max(1, len(names) - 1)
    places = [LEFT + 30 + number * room for number in range(len(names))]
    letters = max(4, int(room / _LETTER))
    for number, (place, name) in enumerate(zip(places, names, strict=True)):
        anchor = "middle" if 0 < number < len(names) - 1 else "end" if number else "start"  # none sticks out of the picture
        shift = {"start": -24, "middle": 0, "end": 24}[anchor]
        shapes.append(text(place + shift, bottom + 15, cut(name, letters), anchor, "soft"))
    for number, (key, row) in enumerate(series.items(), 1):
        at = [(place, height_of(value, marks, bottom)) for place, value in zip(places, row, strict=True)]
        shapes.append(tag("polyline", points=" ".join(f"{px:.1f},{py:.1f}" for px, py in at), class_=f"line l{number}"))
        for (px, py), name, value in zip(at, names, row, strict=True):
            hint = tag("title", f"{key}, {name}: {short(value, unit)}")
            shapes.append(tag("circle", hint, cx=f"{px:.1f}", cy=f"{py:.1f}", r=3.5, class_=f"f{number}"))
    shapes += [line(LEFT, bottom, WIDTH - RIGHT, bottom, "axis"), text((LEFT + WIDTH) / 2, height - 8, x, "middle", "soft")]
    return figure(title, caption, height, *shapes, keys=tuple(series) if len(series) > 1 else ())
