"""The Numba types of what the entry points take."""

import numba
import numpy as np
from numba.core import types

from hrgcore_kernels import layout


def array(kind: str | np.dtype[np.void], dimensions: int = 1, *, writable: bool = False, strided: bool = False) -> types.Array:
    """The type of an array: read-only, as Arrow's and memory-mapped buffers are, unless a kernel writes into it."""
    return types.Array(numba.from_dtype(np.dtype(kind)), dimensions, "A" if strided else "C", readonly=not writable)


DESIGN = types.NamedTuple(
    [
        array(layout.RULE),
        array(layout.STEP),
        array(layout.DIAGNOSIS),
        array("i8", 2),
        array(layout.PROCEDURE),
        array("i8", 2),
        array(layout.ROOT),
        array("i1", 2),
        array("i4"),
        array(layout.EXCLUSION),
        array("u1", 2),
        array("i8", 3),
        array("i8"),
        array("i4"),
        array("i8"),
    ],
    layout.Design,
)
SCRATCH = types.NamedTuple(
    [
        array("i8", writable=True),
        array("u2", writable=True),
        array("u2", writable=True),
        array("u2", writable=True),
        array("i8", writable=True),
    ],
    layout.Scratch,
)
EPISODES = types.NamedTuple([array(layout.EPISODE), array("u1", 2), array("u2"), array("u2")], layout.Episodes)
