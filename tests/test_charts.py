"""Pictures: that they say what they are given, where it stands, and hold whatever text there is."""

from __future__ import annotations

import re

import pytest
from report_pages import check_page

from hrgcore.charts import STYLE, FunnelPoint, bars, distribution, flows, funnel, lines
from hrgcore.charts.figure import short, ticks
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
