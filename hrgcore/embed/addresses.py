"""Memory that C names by its address, as arrays in compiled code.

Kernels are compiled for arrays that are read-only or not, so arrays are made with the very types of `hrgcore_kernels.signatures`:
Numba's own `carray` makes writable ones alone.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np

from hrgcore_kernels.accelerate import numba_type
from hrgcore_kernels.signatures import Array, Fields

_PLACES = 3  # of an array in a table: its address and its lengths


def table_of(arrays: Sequence[np.ndarray]) -> np.ndarray:
    """Where contiguous arrays of one or two dimensions are: int64 [arrays, 3], address and lengths (1 for a second that it lacks).

    The table keeps none of them alive.
    """
    return np.array([(array.ctypes.data, *(*array.shape, 1)[:2]) for array in map(_contiguous, arrays)], np.int64)


@functools.cache
def array_at(kind: Array) -> Any:
    """A Numba function of an address and a tuple of lengths, int64s, that gives the array there."""
    from numba.core import cgutils, types
    from numba.extending import intrinsic

    own = numba_type(kind)

    @intrinsic
    def found(_, address, lengths):  # type: ignore[no-untyped-def]
        def code(context, builder, signature, given):  # type: ignore[no-untyped-def]
            return _array(context, builder, own, given[0], cgutils.unpack_tuple(builder, given[1]))  # type: ignore[no-untyped-call]

        return own(types.int64, types.UniTuple(types.int64, kind.dimensions)), code  # type: ignore[no-untyped-call]

    return found


@functools.cache
def fields_at(kind: Fields) -> Any:
    """A Numba function of the address of the `table_of` a NamedTuple's arrays that gives the NamedTuple."""
    from numba.core import cgutils, types
    from numba.extending import intrinsic

    own, arrays = numba_type(kind), [numba_type(array) for array in kind.types]

    @intrinsic
    def found(_, address):  # type: ignore[no-untyped-def]
        def code(context, builder, signature, given):  # type: ignore[no-untyped-def]
            table = builder.inttoptr(given[0], cgutils.intp_t.as_pointer())

            def number(place: int) -> Any:
                return builder.load(builder.gep(table, [cgutils.intp_t(place)]))

            made = [
                _array(context, builder, array, number(first), [number(first + 1 + at) for at in range(array.ndim)])
                for first, array in zip(range(0, _PLACES * len(arrays), _PLACES), arrays, strict=True)
            ]
            return context.make_tuple(builder, own, made)

        return own(types.int64), code

    return found


@functools.cache
def read_only() -> Any:
    """A Numba function that gives an array as one that is not written into: memory that is Numba's stays so."""
    from numba.core.imputils import impl_ret_borrowed
    from numba.extending import intrinsic

    @intrinsic
    def found(_, array):  # type: ignore[no-untyped-def]
        def code(context, builder, signature, given):  # type: ignore[no-untyped-def]
            return impl_ret_borrowed(context, builder, signature.return_type, given[0])  # type: ignore[no-untyped-call]

        return array.copy(readonly=True)(array), code

    return found


def _array(context: Any, builder: Any, kind: Any, address: Any, lengths: Sequence[Any]) -> Any:
    """Instructions that make a contiguous array of memory that is not Numba's to free."""
    from numba.core import cgutils
    from numba.np.arrayobj import get_itemsize, make_array, populate_array

    size = cgutils.intp_t(get_itemsize(context, kind))  # type: ignore[no-untyped-call]
    strides = [size]
    for length in reversed(lengths[1:]):
        strides.insert(0, builder.mul(strides[0], length))
    data = builder.inttoptr(address, context.get_data_type(kind.dtype).as_pointer())
    array = make_array(kind)(context, builder)  # type: ignore[no-untyped-call]
    populate_array(array, data, list(lengths), strides, size, None)  # type: ignore[no-untyped-call]
    return array._getvalue()


def _contiguous(array: np.ndarray) -> np.ndarray:
    if not array.flags.c_contiguous:
        raise ValueError("an array that C is to read must be contiguous")
    return array
