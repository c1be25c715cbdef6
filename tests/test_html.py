"""Pages that people look at: text that can't break out, colours that can be read, and frames that validate."""

from __future__ import annotations

import re

import pytest

from hrgcore.html import Html, basis, definitions, page, stylesheet, table, tag

_HOSTILE = "\"><script>alert('x')</script>&"


def test_what_is_put_into_an_element_is_text() -> None:
    made = tag("p", _HOSTILE, tag("b", 3), None, title=_HOSTILE, hidden=True, open=False, lang=None, aria_label="a", for_="b")
    quoted = "&quot;&gt;&lt;script&gt;alert(&#x27;x&#x27;)&lt;/script&gt;&amp;"
    assert made == f'<p title="{quoted}" hidden aria-label="a" for="b">{quoted}<b>3</b></p>'
    assert tag("br") == "<br>" and tag("i") == "<i></i>"


def test_parts_escape_what_they_are_given() -> None:
    for part in (
        table([_HOSTILE], [[_HOSTILE]], label=_HOSTILE, caption=_HOSTILE),
        definitions([(_HOSTILE, _HOSTILE)]),
        basis(_HOSTILE),
    ):
        assert isinstance(part, Html) and "<script" not in part


def test_a_page_needs_nothing_else() -> None:
    made = page(_HOSTILE, [tag("h1", "A")], footer="f", header="h", style=".x { color: red }")
    assert made.startswith('<!DOCTYPE html>\n<html lang="en">') and "<script" not in made
    assert not re.search(r"https?:|url\(|@import", made) and ".x { color: red }" in made
    assert '<main id="content"' in made and '<a href="#content"' in made


def _palettes() -> list[dict[str, str]]:
    """The colours in light, and in dark."""
    return [
        dict(re.findall(r"(--[a-z-]+): (#[0-9a-f]{6})", block))
        for block in re.findall(r":root \{(.*?)\}", stylesheet(), re.DOTALL)[:2]
    ]


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one: str, other: str) -> float:
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("number", [0, 1], ids=["light", "dark"])
def test_text_can_be_read(number: int) -> None:
    """WCAG AA: 4.5:1 for text, 3:1 for the edges of what can be operated."""
    colours = _palettes()[number]
    grounds = ("--ground", "--card", "--sunk")
    pairs = [(ink, on) for ink in ("--ink", "--soft", "--accent", "--good", "--bad", "--moved") for on in grounds]
    pairs += [("--on-accent", "--accent"), *((ink, f"{ink}-tint") for ink in ("--good", "--bad", "--moved"))]
    pairs += [("--ink", f"--{tint}") for tint in ("tint", "good-tint", "bad-tint", "moved-tint")] + [("--accent", "--tint")]
    assert {pair: ratio for pair in pairs if (ratio := _contrast(*(colours[name] for name in pair))) < 4.5} == {}
    assert all(_contrast(colours["--edge"], colours[on]) >= 3 for on in grounds)
