"""Spoiling one thing in the small design, so that a test can ask whether the fault is found where it was made."""

from __future__ import annotations

from small_design import small_texts

from hrgcore.design.compiler import compile_tables
from hrgcore.design.tables import read_texts
from hrgcore.errors import DesignError


def spoiled(file: str, old: str, new: str) -> tuple[dict[str, str], int]:
    """The small design's texts with ``old`` replaced by ``new`` in one file, and the line of it. An empty ``old``: at the end."""
    texts = small_texts()
    text = texts[file]
    if not old:
        texts[file] = text + new + "\n"
        return texts, text.count("\n") + 1
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {file}"
    texts[file] = text.replace(old, new)
    return texts, text[: text.index(old)].count("\n") + 1 + (1 if old.startswith("\n") else 0)


def reading_faults(texts: dict[str, str]) -> list[str]:
    """The faults that reading finds."""
    return read_texts(texts).faults


def compiling_faults(texts: dict[str, str]) -> list[str]:
    """The faults with which compiling ends; none where it succeeds."""
    try:
        compile_tables(read_texts(texts))
    except DesignError as error:
        return list(error.faults)
    return []
