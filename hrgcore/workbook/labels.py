"""Whole labels as names of roots and labels of splits, so that the design composes what the workbook says, to the letter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hrgcore.design.labels import compose

Cells = Mapping[str, str]


def part_labels(labels: Sequence[str], splits: Sequence[Cells]) -> tuple[str, list[str]]:
    """The name of a root and the `label` of each of its splits, for the whole labels of its HRGs.

    The name is what the labels have in common, where labels composed of it and of the rest come out the same; the rest follows an
    ``=``, which keeps the split's conditions from writing phrases of their own. Else the name ends in ``{}``, where the rest goes,
    whatever it is.
    """
    for name in _stems(labels):
        rests = [_rest(name, label) for label in labels]
        written = ["" if not rest else f"={rest}" for rest in rests]
        if _exact(name, written, labels, splits):
            return name, written
    stem = next((stem for stem in _stems(labels) if all(label.startswith(stem) for label in labels) and "{}" not in stem), "")
    return f"{stem}{{}}", [f"={label.removeprefix(stem)}" for label in labels]


def _stems(labels: Sequence[str]) -> list[str]:
    """The words that the labels begin with, most words first; each without a comma behind it and with one."""
    words = [label.split(" ") for label in labels]
    common = 0
    while all(len(row) > common for row in words) and len({row[common] for row in words}) == 1:
        common += 1
    if len({row[common].rstrip(",") if len(row) > common else "" for row in words}) == 1:
        common += 1  # the same word, with a comma in some labels only
    texts = [" ".join(words[0][:count]).rstrip(",") for count in range(min(common, len(words[0])), 0, -1)]
    return [stem for text in texts for stem in (text, f"{text},")]


def _rest(name: str, label: str) -> str:
    rest = label.removeprefix(name)
    return (rest.removeprefix(", ") if rest.startswith(", ") else rest.removeprefix(" ")) if rest != label else label


def _exact(name: str, written: Sequence[str], labels: Sequence[str], splits: Sequence[Cells]) -> bool:
    rows = zip(written, labels, splits, strict=True)
    return all(compose(name, {**split, "label": text}) == label for text, label, split in rows)
