"""What every page that hrgcore writes must be: HTML without an error, and complete in itself."""

from __future__ import annotations

import re


def check_page(page: str) -> None:
    """Raise where a page is not valid, or loads anything."""
    import html5lib

    html5lib.HTMLParser(strict=True).parse(page)
    assert not re.search(r"<(script|iframe|object|embed|link)\b", page)
    assert not re.search(r"""(?:src|href)\s*=\s*["'](?!#)""", page)
    assert not re.search(r"url\(|@import", page)
    assert "prefers-color-scheme: dark" in page
    for picture in re.findall(r"<figure.*?</figure>", page, re.S):
        assert "<title>" in picture and "aria-label=" in picture and re.search("<figcaption>.{20,}</figcaption>", picture, re.S)
        numbers = re.findall(r'(?:\bx|\by|x1|y1|x2|y2|cx|cy|width|height|d|points)="([^"]*)"', picture)
        assert not any("nan" in number or "inf" in number for number in numbers)
