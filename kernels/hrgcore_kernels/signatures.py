"""The types of what the entry points take, said without Numba: `hrgcore_kernels.accelerate` alone knows its own words for them.

A number is a NumPy type, an array an `Array`, and a NamedTuple a `Fields`.
"""

from typing import Any, NamedTuple

import numpy as np

from hrgcore_kernels import layout


class Array(NamedTuple):
    """An array: read-only, as Arrow's and memory-mapped buffers are, unless a kernel writes into it."""

    kind: np.dtype[Any]
    dimensions: int
    writable: bool
    strided: bool


class Fields(NamedTuple):
    """A NamedTuple."""

    own: type
    types: tuple[Any, ...]


def array(kind: str | np.dtype[np.void], dimensions: int = 1, *, writable: bool = False, strided: bool = False) -> Array:
    """The type of an array."""
    return Array(np.dtype(kind), dimensions, writable, strided)


def fields(own: type, *types: Any) -> Fields:
    """The type of a NamedTuple whose fields are of these types."""
    return Fields(own, types)


DESIGN = fields(
    layout.Design,
    array(layout.RULE),
    array(layout.TEST),
    array(layout.STEP),
    array(layout.DIAGNOSIS),
    array("i8", 2),
    array(layout.SCORE, 2),
    array(layout.PRIMARY),
    array(layout.PROCEDURE),
    array(layout.PROCEDURE_KIND),
    array("i8", 2),
    array(layout.SCORE, 2),
    array(layout.ROOT),
    array("i1", 2),
    array("i4"),
    array(layout.EXCLUSION),
    array("u1"),
    array("i8"),
    array("i8"),
    array("i4"),
    array(layout.GATE),
    array("i8"),
    array("i8"),
)
SCRATCH = fields(
    layout.Scratch,
    array(layout.RECORD, writable=True),
    array("i8", 2, writable=True),
    array("u2", writable=True),
    array("u2", writable=True),
    array("u1", writable=True),
    array("u1", writable=True),
    array("u1", writable=True),
    array("i8", writable=True),
    array("u4", writable=True),
    array("i4", writable=True),
    array("u4", writable=True),
    array("u4", writable=True),
    array("u4", writable=True),
    array("u4", writable=True),
    array("u4", writable=True),
    array("u4", writable=True),
    array("u4", writable=True),
    array("u4", writable=True),
    array("u4", writable=True),
)
EPISODES = fields(layout.Episodes, array(layout.EPISODE), array("u1", 2), array("u2"), array("u2"))
LOOKUPS = fields(layout.Lookups, array("u2"), array("u2"), array("u2"), array("u1", 2))
