"""Whole pages: the frame that all share, and the style that they carry."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.resources import files

from hrgcore.html.markup import Content, Html, joined, tag


@cache
def stylesheet() -> str:
    """The style of all pages, light and dark as the reader's system is set."""
    return files(__package__).joinpath("style.css").read_text(encoding="utf-8")


def page(
    title: str, parts: Sequence[Content], *, footer: Content = None, header: Content = None, head: Content = None, style: str = ""
) -> Html:
    """A page of the parts, with a skip link and landmarks.

    Its style stands in it, so that it needs no other file (``style`` is added to it), unless ``head`` has a style of its own.
    """
    own = tag("style", Html(stylesheet() + style)) if head is None else head
    meta = joined(
        [
            tag("meta", charset="utf-8"),
            tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
            tag("meta", name="color-scheme", content="light dark"),
        ]
    )
    body = tag(
        "body",
        tag("a", "Skip to content", href="#content", class_="skip"),
        tag("header", header, class_="top") if header is not None else None,
        tag("main", joined(parts, "\n"), id="content", tabindex="-1"),
        tag("footer", footer) if footer is not None else None,
    )
    return Html(f'<!DOCTYPE html>\n<html lang="en">\n<head>{meta}{tag("title", title)}\n{own}</head>\n{body}\n</html>\n')


def design_footer(design: str, title: str, status: str) -> Html:
    """What a design says of itself, for the foot of a page."""
    return joined([tag("p", tag("b", f"Design {design}"), f": {title}"), tag("p", " ".join(status.split()))])
