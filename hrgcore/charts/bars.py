"""Bars: one lying bar or several for each name, and standing ones for a distribution."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hrgcore.charts.figure import BOTTOM, LEFT, RIGHT, WIDTH, cut, figure, frame_y, height_of, line, rect, short, text, ticks
from hrgcore.html import Html

_MOST_LETTERS = 60


def bars(
    title: str,
    caption: str,
    names: Sequence[str],
    series: Mapping[str, Sequence[float]],
    *,
    unit: str = "",
    stacked: bool = False,
) -> Html:
    """A lying bar for each name and series; values below 0 go to the left. ``stacked`` puts the series of a name end to end."""
    values = list(series.values())
    columns = list(zip(*values, strict=True))
    sums = [sum(row) for row in columns] if stacked else [value for row in columns for value in row]
    high, low = max([0.0, *sums]), min([0.0, *sums])
    left = 16 + max((_wide(cut(name, _MOST_LETTERS)) for name in names), default=0)
    room = WIDTH - left - 70 - (60 if low < 0 else 0)
    scale = room / (high - low or 1)
    zero = left + (60 if low < 0 else 0) - low * scale
    thick = 16 if stacked or len(values) == 1 else 13
    step = 8 + (thick if stacked else thick * max(1, len(values)))
    shapes: list[Html] = []
    for place, (name, row) in enumerate(zip(names, columns, strict=True)):
        y = 6 + place * step
        shapes.append(text(left - 8, y + (step - 8) / 2 + 4, cut(name, _MOST_LETTERS), "end"))
        start = zero
        for number, value in enumerate(row, 1):
            hint = f"{name}: {short(value, unit)} {list(series)[number - 1]}"
            if stacked:
                shapes.append(rect(start, y, value * scale, thick, f"f{number}", hint))
                start += value * scale
                continue
            top = y + (number - 1) * thick
            shapes.append(rect(min(zero, zero + value * scale), top, abs(value) * scale, thick - 1, f"f{number}", hint))
            at = zero + value * scale
            shapes.append(
                text(at + (4 if value >= 0 else -4), top + thick / 2 + 4, short(value, unit), "start" if value >= 0 else "end")
            )
        if stacked:
            shapes.append(text(start + 4, y + thick / 2 + 4, short(sum(row), unit)))
    height = 10 + step * len(names)
    shapes.append(line(zero, 2, zero, height - 4, "axis"))
    return figure(title, caption, height, *shapes, keys=tuple(series) if len(series) > 1 else ())


def distribution(
    title: str, caption: str, names: Sequence[str], series: Mapping[str, Sequence[float]], *, x: str, y: str, unit: str = ""
) -> Html:
    """Standing bars side by side for values in order (``names``, on the axis ``x``); ``y`` says what their height is."""
    height, bottom = 260, 260 - BOTTOM
    marks = ticks(0, max((value for values in series.values() for value in values), default=0) or 1)
    shapes = frame_y(marks, bottom, unit, y)
    room = (WIDTH - LEFT - RIGHT) / max(1, len(names))
    thick = room * 0.84 / len(series)
    every = max(1, round(len(names) / 16))
    for place, name in enumerate(names):
        left = LEFT + place * room
        for number, (key, values) in enumerate(series.items(), 1):
            top = height_of(values[place], marks, bottom)
            hint = f"{name}: {short(values[place], unit)} {key}"
            shapes.append(rect(left + room * 0.08 + (number - 1) * thick, top, thick, bottom - top, f"f{number}", hint))
        last = place == len(names) - 1
        if last or (place % every == 0 and place + every <= len(names)):
            shapes.append(text(left + room / 2, bottom + 15, name, "middle", "soft"))
    shapes += [line(LEFT, bottom, WIDTH - RIGHT, bottom, "axis"), text((LEFT + WIDTH) / 2, height - 8, x, "middle", "soft")]
    return figure(title, caption, height, *shapes, keys=tuple(series) if len(series) > 1 else ())


def _wide(name: str) -> float:
    """About how wide a name is; fonts differ, so rather too wide."""
    return sum(8.6 if letter.isupper() or letter.isdigit() else 6.8 for letter in name)
