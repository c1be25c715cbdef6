"""Checks that the arrays of a bundle have in common. Each raises ValueError naming the array that does not hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from hrgcore.design.steps import NONE, unpack

Arrays = Mapping[str, np.ndarray]
#: Type and shape of arrays; a name in a shape is a size that must be the same wherever it stands, `name+1` one more.
Shapes = dict[str, tuple[np.dtype[Any], tuple[int | str, ...]]]


def sizes_of(arrays: Arrays, declared: Shapes, prefix: str = "") -> dict[str, int]:
    """The sizes that the shapes of arrays name, once all are there and fit. ``prefix`` begins the names of the arrays."""
    sizes: dict[str, int] = {}
    for name, (kind, shape) in declared.items():
        array = arrays.get(prefix + name)
        if array is None or array.dtype != kind or array.ndim != len(shape):
            raise ValueError(prefix + name)
        for expected, found in zip(shape, array.shape, strict=True):
            if isinstance(expected, str):
                size, plus, _ = expected.partition("+")
                expected = sizes.setdefault(size, found - bool(plus)) + bool(plus)
            if expected != found:
                raise ValueError(prefix + name)
    return sizes


def check_bounds(arrays: Arrays, name: str, field: str, low: int, high: int) -> None:
    """All values of a field of an array (blank: of the array) must lie from ``low`` to ``high``."""
    values = arrays[name][field] if field else arrays[name]
    if values.size and not (low <= int(values.min()) and int(values.max()) <= high):
        raise ValueError(f"{name} {field}")


def check_starts(arrays: Arrays, name: str, end: int) -> None:
    """Where things begin in another array, and its end."""
    starts = arrays[name]
    if len(starts) < 2 or starts[0] != 0 or starts[-1] != end or (np.diff(starts) < 0).any():
        raise ValueError(name)


def check_characters(arrays: Arrays, name: str) -> None:
    """All texts must be UTF-8, and none be cut within a character (whose later bytes are 10xxxxxx)."""
    data, offsets = arrays[f"{name}.bytes"], arrays[f"{name}.offsets"]
    data.tobytes().decode()
    if (data[offsets[offsets < data.size]] & 0xC0 == 0x80).any():
        raise ValueError(f"{name}.offsets")


def check_steps(steps: np.ndarray, starts: np.ndarray, tests: int, rules: int) -> None:
    """A walk must end, and within the block of its table: steps lead to one of the rules, or further on in their block.

    ``starts`` is where blocks begin, and the end; ``tests`` and ``rules`` are how many there are. Raises ValueError.
    """
    test, *leads = unpack(steps)
    ends, places = np.repeat(starts[1:], np.diff(starts)), np.arange(len(steps))
    if (test >= tests).any():
        raise ValueError("steps test")
    for lead in leads:
        if lead[0] != NONE or (lead >= rules).any() or (places - lead >= ends)[lead < 0].any():
            raise ValueError("steps lead")
