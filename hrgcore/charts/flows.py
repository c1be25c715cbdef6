"""Flows: from each name on the left to each name on the right, as bands whose height is how much goes that way."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from hrgcore.charts.figure import WIDTH, figure, rect, short, text
from hrgcore.html import Html, tag

_LEFT, _RIGHT, _THICK, _GAP = 170, WIDTH - 170, 10, 14


def flows(
    title: str,
    caption: str,
    found: Sequence[tuple[str, str, float]],
    *,
    sides: tuple[str, str] = ("from", "to"),
    bad: Collection[str] = (),
) -> Html:
    """A picture of flows (from, to, how much). Those to or from a name of ``bad`` have its colour."""
    sums = [_sums([(flow[0], flow[2]) for flow in found]), _sums([(flow[1], flow[2]) for flow in found])]
    most = max([1, *map(len, sums)])
    total = sum(flow[2] for flow in found) or 1
    height = 40 + max(260, 24 * most)
    scale = (height - 40 - _GAP * (most - 1)) / total
    tops = [_stacked(side, scale, height) for side in sums]
    shapes: list[Html] = [text(_LEFT, 12, sides[0], "end", "soft"), text(_RIGHT, 12, sides[1], "start", "soft")]
    used = [dict(side) for side in tops]
    for source, target, size in sorted(found, key=lambda flow: (tops[0][flow[0]], tops[1][flow[1]])):
        thick = size * scale
        y1, y2 = used[0][source], used[1][target]
        used[0][source], used[1][target] = y1 + thick, y2 + thick
        x1, x2, middle = _LEFT + _THICK, _RIGHT - _THICK, (_LEFT + _RIGHT) / 2
        path = (
            f"M{x1},{y1:.1f} C{middle},{y1:.1f} {middle},{y2:.1f} {x2},{y2:.1f} L{x2},{y2 + thick:.1f}"
            f" C{middle},{y2 + thick:.1f} {middle},{y1 + thick:.1f} {x1},{y1 + thick:.1f} Z"
        )
        marked = " bad" if source in bad or target in bad else ""
        shapes.append(tag("path", tag("title", f"{source} to {target}: {short(size)}"), d=path, class_=f"flow{marked}"))
    for side, (at, anchor, x) in enumerate(((_LEFT, "end", _LEFT - 6), (_RIGHT - _THICK, "start", _RIGHT + 6))):
        for name, size in sums[side].items():
            top = tops[side][name]
            shapes.append(rect(at, top, _THICK, size * scale, "f2" if name in bad else "f1"))
            shapes.append(text(x, top + size * scale / 2 + 4, f"{name}  {short(size)}", anchor))
    return figure(title, caption, height, *shapes)


def _sums(pairs: Sequence[tuple[str, float]]) -> dict[str, float]:
    sums: dict[str, float] = {}
    for name, size in pairs:
        sums[name] = sums.get(name, 0) + size
    return dict(sorted(sums.items(), key=lambda entry: -entry[1]))


def _stacked(side: dict[str, float], scale: float, height: float) -> dict[str, float]:
    """Where each name begins: spread over the height, none nearer to the next than its text is high."""
    needed = sum(max(size * scale, 0) for size in side.values())
    gap = (height - 40 - needed) / max(1, len(side) - 1) if len(side) > 1 else 0
    tops, y = {}, 24.0
    for name, size in side.items():
        tops[name] = y
        y += size * scale + gap
    return tops
