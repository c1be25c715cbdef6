"""Parts that pages have in common: tables, names with values, and what a rule rests on."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from hrgcore.html.markup import Content, Html, joined, tag

_MEANINGS = {
    "published": "published by NHS England or in the NHS Data Dictionary",
    "observed": "the official grouper was seen to do so",
    "derived": "inferred from published labels",
    "calibrated": "chosen so that national counts come out",
    "judgement": "a choice of whoever made the design; no source at hand",
}

_LONG = 24  # characters


def basis(name: str) -> Html:
    """What a row of a design rests on, as a mark with its meaning."""
    return tag("span", name, class_=f"basis {name}" if name in _MEANINGS else "basis", title=_MEANINGS.get(name))


def definitions(values: Iterable[tuple[Content, Content]]) -> Html:
    """Names and values; long values have a line of their own where names stand in several columns."""
    return tag("dl", *(tag("div", tag("dt", name), tag("dd", value), class_=_width(value)) for name, value in values))


def _width(value: Content) -> str | None:
    return "wide" if not isinstance(value, Html) and len(str(value)) > _LONG else None


def table(
    headings: Sequence[str],
    rows: Iterable[Sequence[Content]],
    *,
    label: str | None = None,
    caption: Content = None,
    numbers: Collection[int] = (),
    stack: bool = False,
) -> Html:
    """A table that scrolls sideways where it is too wide; the columns ``numbers`` (from 0) are aligned as numbers.

    With ``stack`` cells stand below one another on narrow screens, each behind its heading.
    ``label``, or else the caption, says what it is to those who don't see it.
    The first cell of a row is its heading.
    """

    def aligned(column: int) -> str | None:
        return "number" if column in numbers else None

    head = tag("tr", *(tag("th", text, scope="col", class_=aligned(column)) for column, text in enumerate(headings)))
    body = [
        tag(
            "tr",
            *(
                tag(
                    "td" if column else "th",
                    cell,
                    scope=None if column else "row",
                    class_=aligned(column),
                    data_heading=headings[column] if stack and column and cell else None,
                )
                for column, cell in cells
            ),
        )
        for cells in (list(enumerate(row)) for row in rows)
    ]
    inner = tag("table", tag("caption", caption) if caption is not None else None, tag("thead", head), tag("tbody", joined(body)))
    return tag(
        "div", inner, class_="scroll stack" if stack else "scroll", tabindex="0", role="region", aria_label=label or str(caption)
    )
