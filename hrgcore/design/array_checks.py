"""Checks that the arrays of a bundle have in common. Each raises ValueError naming the array that does not hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from hrgcore.design.steps import NONE

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


def check_steps(tests: np.ndarray, steps: np.ndarray, starts: np.ndarray) -> None:
    """A walk must end, and within the block of its table: no step leads past its block's last one, which always holds.

    ``tests`` are those of steps, whose numbers must have been checked; ``starts`` is where blocks begin, and the end.
    Raises ValueError.
    """
    always = ((tests["mask"] == 0) & (tests["low"] == 0))[steps["test"]]
    if steps["rule"][0] != NONE or not always[0]:
        raise ValueError("steps rule")
    ends = np.repeat(starts[1:], np.diff(starts))
    places = np.arange(len(steps))
    last = places == ends - 1
    if (~last & (places + steps["fail"] >= ends)).any():
        raise ValueError("steps fail")
    if (last & ~(always & (steps["rule"] >= 0))).any():
        raise ValueError("steps rule")
