"""Pictures: that they say what they are given, where it stands, and hold whatever text there is."""

from __future__ import annotations

import re

import pytest
from report_pages import check_page

from hrgcore.analysis.output import share
from hrgcore.charts import STYLE, FunnelPoint, bars, distribution, flows, funnel, lines
from hrgcore.charts.figure import WIDTH, frame_y, short, ticks
from hrgcore.charts.funnel import OUTER, limits
from hrgcore.html import page


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [(0, "", "0"), (950, "", "950"), (9999, "", "9,999"), (12300, "", "12.3k"), (1.5e6, "£", "£1.5M"), (-2e9, "£", "-£2bn"),
     (0.123, "%", "12.3%"), (2.5, "", "2.5")],
)  # fmt: skip
def test_numbers_are_short(value: float, unit: str, text: str) -> None:
    assert short(value, unit) == text


@pytest.mark.parametrize(("low", "high"), [(0, 1), (0, 7.3), (-5, 12), (0.94, 1.07), (0, 1e7), (3, 3), (0, 0)])
def test_ticks_hold_what_they_are_for(low: float, high: float) -> None:
    found = ticks(low, high)
    assert found[0] <= low + 1e-9 and found[-1] >= high - 1e-6 * abs(high) and 2 <= len(found) <= 12
    assert len({round(b - a, 9) for a, b in zip(found, found[1:], strict=False)}) == 1


@pytest.mark.parametrize(("low", "high"), [(26381, 26496), (100, 102), (0.481, 0.4812), (9_999_000, 10_000_500), (0, 1), (-3, 7)])
@pytest.mark.parametrize("unit", ["", "%"])
def test_an_axis_says_where_its_lines_are(low: float, high: float, unit: str) -> None:
    marks = ticks(low, high)
    said = re.findall(r">([^<]*)</text>", "".join(frame_y(marks, 200, unit, "y")))[1:]
    factor = {"k": 1e3, "M": 1e6, "%": 0.01}
    read = [float(text.rstrip("kM%").replace(",", "")) * factor.get(text[-1], 1) for text in said]
    assert read == pytest.approx(marks, rel=1e-9, abs=1e-12) and len(set(said)) == len(marks)


def test_names_of_bars_have_the_room_that_they_need() -> None:
    names = ["FD", "LB Urological and Male Reproductive System Procedures", "X" * 90]
    for shown in (names[:1], names[:2], names):
        picture = bars("t", "a caption of some length", shown, {"x": [3, 2, 1][: len(shown)]})
        written = re.findall(r'<text x="([\d.]+)"[^>]*text-anchor="end">([^<]*)</text>', picture)
        assert all(float(x) >= 6.5 * len(text) for x, text in written)
        assert [text for _, text in written[:2]] == shown[:2]
    assert written[2][1] == "X" * 59 + "…"


@pytest.mark.parametrize(
    "names", [["a" * 60, "b"], ["first-of-three", "the second one", "last" * 30], [f"y-{n}" for n in range(12)]]
)
def test_names_under_lines_stand_within_the_picture_and_apart(names: list[str]) -> None:
    picture = lines("t", "a caption of some length", names, {"x": list(range(len(names)))}, x="x", y="y")
    written = re.findall(r'<text x="([\d.]+)" y="211.0" text-anchor="(\w+)" class="soft">([^<]*)<', picture)
    assert len(written) == len(names)
    wide = [(float(x), {"start": 0, "middle": 0.5, "end": 1}[anchor], 6.5 * len(name)) for x, anchor, name in written]
    edges = [edge for x, part, width in wide for edge in (x - part * width, x + (1 - part) * width)]
    assert edges == sorted(edges) and edges[0] >= 0 and edges[-1] <= WIDTH


def test_values_of_bars_stand_apart() -> None:
    picture = bars("t", "a caption of some length", ["a", "b"], {"x": [0, 0], "y": [0, 1], "z": [5, 0]})
    heights = sorted(float(y) for y in re.findall(r'<text x="[\d.]+" y="([\d.]+)" text-anchor="start">', picture))
    assert len(heights) == 6 and all(b - a >= 12 for a, b in zip(heights, heights[1:], strict=False))


def test_bars_are_as_long_as_their_values() -> None:
    picture = bars("t", "a caption of some length", ["a", "b"], {"x": [10, 20]})
    widths = [float(width) for width in re.findall(r'<rect[^>]*width="([\d.]+)"', picture)]
    assert widths[1] == pytest.approx(2 * widths[0], abs=0.2)


def test_bands_of_flows_are_as_high_as_their_spells() -> None:
    picture = flows("t", "a caption of some length", [("a", "b", 30), ("a", "c", 10)], bad=("c",))
    heights = [float(height) for height in re.findall(r'<rect[^>]*height="([\d.]+)"', picture)]
    assert heights[0] == pytest.approx(heights[1] + heights[2], abs=0.2) and heights[1] == pytest.approx(3 * heights[2], abs=0.3)


def test_a_point_beyond_the_limits_is_marked_and_named() -> None:
    low, high = limits(1.0, 0.5, 400, OUTER)
    points = [FunnelPoint("inside", 400, high - 0.001), FunnelPoint("outside", 400, high + 0.001)]
    picture = funnel("t", "a caption of some length", points, centre=1.0, variance=0.5, x="spells", y="ratio")
    assert picture.count('class="dot out"') == 1 and ">outside</text>" in picture and ">inside</text>" not in picture
    assert low == pytest.approx(2 - high)


def test_pages_of_pictures_hold_hostile_text_and_nothing_at_all() -> None:
    name = '<script>alert("x")</script>&\''
    pictures = [
        bars(name, f"{name} and a caption", [name], {name: [1], "y": [2]}, stacked=True),
        bars("none", "a caption of some length", [], {"x": []}),
        bars("below", "a caption of some length", ["a", "b"], {"x": [-4, 3]}, unit="£"),
        distribution(name, f"{name} and a caption", [name], {name: [0]}, x=name, y=name),
        flows(name, f"{name} and a caption", [(name, name, 1)]),
        funnel(name, f"{name} and a caption", [FunnelPoint(name, 1, 9)], centre=1, variance=0, x=name, y=name),
        funnel(name, f"{name} and a caption", [], centre=1, variance=0.1, x=name, y=name),
        lines(name, f"{name} and a caption", [name, "b"], {name: [1, 1]}, x=name, y=name),
    ]
    check_page(page(name, pictures, style=STYLE))


def test_a_share_is_all_or_nothing_only_where_it_is() -> None:
    said = [share(part, 10_000) for part in (0, 1, 5, 5000, 9994, 9999, 10_000)]
    assert said == ["0.0%", "<0.1%", "0.1%", "50.0%", "99.9%", ">99.9%", "100.0%"] and share(0, 0) == "–"
