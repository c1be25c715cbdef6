"""HTML that can't be broken by what is put into it: whatever is not `Html` is text, and is escaped."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

#: Elements without content or end.
_VOID = frozenset({"br", "hr", "img", "input", "link", "meta", "wbr", "col"})


class Html(str):
    """Text that is HTML already."""

    __slots__ = ()


Content = str | int | float | None  #: `Html` as it stands, anything else as text; None is nothing


def escaped(content: Content) -> Html:
    """Content as HTML."""
    if content is None:
        return Html()
    return content if isinstance(content, Html) else Html(escape(str(content)))


def joined(contents: Iterable[Content], between: str = "") -> Html:
    """Contents one after the other."""
    return Html(escape(between).join(map(escaped, contents)))


def tag(name: str, /, *contents: Content, **attributes: Content | bool) -> Html:
    """An element.

    Attributes that Python can't name are written with ``_``: `class_`, `aria_label`, `for_`. True is an attribute without value;
    False and None leave it out.
    """
    written = "".join(_attribute(key, value) for key, value in attributes.items() if value is not None and value is not False)
    if name in _VOID:
        return Html(f"<{name}{written}>")
    return Html(f"<{name}{written}>{joined(contents)}</{name}>")


def _attribute(key: str, value: Content | bool) -> str:
    name = key.rstrip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{escape(str(value))}"'
