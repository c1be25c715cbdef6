"""What all pictures share: the frame with its caption, their style in light and dark, scales and how numbers are written."""

from __future__ import annotations

from math import floor, log10

from hrgcore.html import Html, tag
from hrgcore.html.markup import Content

WIDTH = 760  #: of every picture, in its own units; the page scales it
LEFT, RIGHT, TOP, BOTTOM = 62, 18, 14, 44

STYLE = """
:root { --s1: #1f6fa8; --s2: #c05a12; --s3: #2f7d4f; --s4: #7c4fa3; --s5: #8a6a00; --grid: #e4e0d6; }
@media (prefers-color-scheme: dark) {
  :root { --s1: #6fb7ea; --s2: #f2a065; --s3: #7fcf9c; --s4: #c3a0e6; --s5: #e2c35a; --grid: #2b343e; }
}
figure.chart { margin: 0 0 1rem; }
figure.chart svg { display: block; width: 100%; max-width: 60rem; height: auto; }
@media (max-width: 40rem) { figure.chart svg { min-width: 44rem; } }
figure.chart figcaption { color: var(--soft); font-size: .9rem; margin-top: .35rem; max-width: 60rem; }
figure.chart .title { font-weight: 600; color: var(--ink); margin: 0 0 .4rem; font-size: 1rem; }
figure.chart text { fill: var(--ink); font-size: 12px; }
figure.chart text.soft { fill: var(--soft); }
.key { display: inline-block; margin-right: 1rem; }
.key::before { content: ""; display: inline-block; width: .8em; height: .8em; margin-right: .35em; background: currentColor; }
.grid { stroke: var(--grid); stroke-width: 1; } .axis { stroke: var(--edge); stroke-width: 1; }
.f1 { fill: var(--s1); color: var(--s1); } .f2 { fill: var(--s2); color: var(--s2); } .f3 { fill: var(--s3); color: var(--s3); }
.f4 { fill: var(--s4); color: var(--s4); } .f5 { fill: var(--s5); color: var(--s5); }
.l1 { stroke: var(--s1); } .l2 { stroke: var(--s2); } .l3 { stroke: var(--s3); } .l4 { stroke: var(--s4); }
.l5 { stroke: var(--s5); }
.line { fill: none; stroke-width: 2; } .flow { fill: var(--s1); opacity: .35; } .flow.bad { fill: var(--bad); }
.limit { fill: none; stroke: var(--edge); stroke-width: 1; } .limit.outer { stroke-dasharray: 5 3; }
.dot { fill: var(--s1); opacity: .75; } .dot.out { fill: var(--bad); opacity: 1; }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(10rem, 1fr)); gap: .75rem; margin: 0 0 1rem; }
.cards > div { background: var(--card); border: 1px solid var(--line); border-radius: var(--radius); padding: .6rem .9rem; }
.cards b { display: block; font-size: 1.35rem; font-variant-numeric: tabular-nums; }
.cards span { color: var(--soft); font-size: .875rem; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; font-size: .85rem; }
"""


def figure(title: str, caption: str, height: float, *shapes: Content, keys: tuple[str, ...] = ()) -> Html:
    """A picture of ``height`` under its title; ``caption`` says what is seen, ``keys`` name the series, in order of colour.

    Narrow screens scroll it sideways, so that what is written in it can be read.
    """
    picture = tag("svg", tag("title", title), *shapes, viewBox=f"0 0 {WIDTH} {height:.0f}", role="img", aria_label=title)
    legend = tag("p", *(tag("span", tag("span", key, class_="soft"), class_=f"key f{n}") for n, key in enumerate(keys, 1)))
    room = tag("div", picture, class_="scroll", tabindex="0", role="region", aria_label=f"Picture: {title}")
    parts = (tag("p", title, class_="title"), legend if keys else None, room, tag("figcaption", caption))
    return tag("figure", *parts, class_="chart card")


def text(x: float, y: float, content: str, anchor: str = "start", class_: str | None = None) -> Html:
    """A line of text; ``anchor`` is start, middle or end."""
    return tag("text", content, x=f"{x:.1f}", y=f"{y:.1f}", text_anchor=anchor, class_=class_)


def line(x1: float, y1: float, x2: float, y2: float, class_: str = "grid") -> Html:
    """A straight line."""
    return tag("line", x1=f"{x1:.1f}", y1=f"{y1:.1f}", x2=f"{x2:.1f}", y2=f"{y2:.1f}", class_=class_)


def rect(x: float, y: float, width: float, height: float, class_: str, hint: str = "") -> Html:
    """A rectangle; ``hint`` shows where a pointer rests."""
    inner = tag("title", hint) if hint else None
    size = {"width": f"{max(width, 0):.1f}", "height": f"{max(height, 0):.1f}"}
    return tag("rect", inner, x=f"{x:.1f}", y=f"{y:.1f}", class_=class_, **size)


def ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Two or more round numbers from at or below ``low`` to at or above ``high``."""
    span = high - low or abs(high) or 1.0
    raw = span / about
    unit = 10.0 ** floor(log10(raw))
    step = next(unit * factor for factor in (1, 2, 2.5, 5, 10) if unit * factor >= raw * 0.999)
    first = floor(low / step + 1e-9)
    found = [first * step]
    while len(found) < 2 or found[-1] < high - step * 1e-6:
        found.append((first + len(found)) * step)
    return found


def short(value: float, unit: str = "", digits: int = 3) -> str:
    """A number in few characters: `950`, `12.3k`, `1.2M`; with ``unit`` `%` a share of 1 as a percentage, `£` in front."""
    if unit == "%":
        return f"{100 * value:.{digits}g}%"
    sign, size = "-" if value < 0 else "", abs(value)
    for limit, letter in ((1e9, "bn"), (1e6, "M"), (1e4, "k")):
        if size >= limit:
            return f"{sign}{unit}{size / (1e3 if letter == 'k' else limit):.{digits}g}{letter}"
    whole = size == int(size) or digits <= len(str(int(size)))
    body = f"{size:,.0f}" if whole else f"{size:,.{digits}g}"
    return f"{sign}{unit}{body}"


def cut(name: str, letters: int) -> str:
    """A name of at most so many letters."""
    return name if len(name) <= letters else name[: letters - 1].rstrip() + "…"


def frame_y(marks: list[float], bottom: float, unit: str, title: str) -> list[Html]:
    """Lines and numbers of a vertical axis from ``TOP`` to ``bottom``, with its title above."""
    low, high = marks[0], marks[-1]
    shapes: list[Html] = [text(4, TOP - 2, title, "start", "soft")]
    digits = next(n for n in range(3, 13) if all(short(mark, unit, n) == short(mark, unit, 12) for mark in marks))
    for mark in marks:
        y = bottom - (mark - low) / (high - low) * (bottom - TOP - 8)
        shapes += [line(LEFT, y, WIDTH - RIGHT, y), text(LEFT - 6, y + 4, short(mark, unit, digits), "end", "soft")]
    return shapes


def height_of(value: float, marks: list[float], bottom: float) -> float:
    """Where a value stands on the axis of `frame_y`."""
    return bottom - (value - marks[0]) / (marks[-1] - marks[0]) * (bottom - TOP - 8)
