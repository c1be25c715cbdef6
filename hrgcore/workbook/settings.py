"""The `design.toml` of a design that comes from a workbook: what the mapping says, and the rest from the design in `from`."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from hrgcore.design.tables import Settings
from hrgcore.workbook.mapping import Plan

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def settings_text(plan: Plan, workbook: str, digest: str, rest: Settings | None) -> str:
    """The text of `design.toml`. Its comments name the files that it comes from, with their SHA-256."""
    settings = dict(plan.settings)
    choices: dict[str, Mapping[str, Any]] = {}
    if rest:
        settings = {"error_hrg": rest.error_hrg, "error_label": rest.error_label} | settings
        choices |= rest.choices
    choices |= plan.choices
    lines = [
        "# Made by hrgcore compile --workbook.",
        f"# Workbook: {_quoted(workbook)}, SHA-256 {digest}",
        f"# Mapping:  {_quoted(plan.path.name)}, SHA-256 {plan.digest}",
        *([f"# The rest: {_quoted(rest.id)} {_quoted(rest.version)}"] if rest else []),
        "format = 1",
        *(f"{name} = {_quoted(text)}" for name, text in settings.items()),
        "",
        "[choices]",
        *(f"{_key(name)} = {_value(choice)}" for name, choice in choices.items()),
    ]
    return "\n".join(lines) + "\n"


def _value(value: object) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(name)} = {_value(inner)}" for name, inner in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else _quoted(str(value))


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _quoted(name)


def _quoted(text: str) -> str:
    """As JSON writes text, which is as TOML reads it, but for one character that TOML wants escaped."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007F")
