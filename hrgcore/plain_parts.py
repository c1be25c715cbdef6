"""Records of results on their way to another process, as plain arrays: NumPy's record arrays don't survive every pickler."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np

Parts = TypeVar("Parts")


def plain(parts: Parts) -> Parts:
    """A dataclass or named tuple of arrays, its arrays of records as plain structured ones."""
    return _each(parts, lambda array: array.view(np.dtype((np.void, array.dtype)), np.ndarray))


def records(parts: Parts) -> Parts:
    """The reverse of `plain`."""
    return _each(parts, lambda array: array.view(np.recarray))


def _each(parts: Parts, change: Callable[[np.ndarray], np.ndarray]) -> Parts:
    def changed(value: Any) -> Any:
        return change(value) if isinstance(value, np.ndarray) and value.dtype.names else value

    if dataclasses.is_dataclass(parts) and not isinstance(parts, type):
        return dataclasses.replace(parts, **{one.name: changed(getattr(parts, one.name)) for one in dataclasses.fields(parts)})
    made: Any = type(parts)
    fields: Any = parts
    return cast(Parts, made(*map(changed, fields)))
