"""Code columns as one ragged array: each row's codes side by side, blank cells left out."""

from numba.core import types

from hrgcore_kernels.accelerate import kernel
from hrgcore_kernels.layout import Int32s, Int64s, UInt16s
from hrgcore_kernels.signatures import array
from hrgcore_kernels.text import CELL_BLANK


@kernel((array("i4"), types.int64, types.boolean, array("i8", writable=True), array("u2", writable=True)))
def append_codes(numbers: Int32s, width: int, keep_blank: bool, lengths: Int64s, codes: UInt16s) -> None:
    """Append a column's codes to rows of ``width`` places in ``codes``, and count them in ``lengths`` [rows].

    A blank cell is left out; with ``keep_blank`` (the primary diagnosis) it stands as 0.
    """
    for row in range(len(numbers)):
        number = numbers[row]
        if number == CELL_BLANK:
            if not keep_blank:
                continue
            number = 0
        codes[row * width + lengths[row]] = number
        lengths[row] += 1


@kernel((array("u2"), types.int64, array("i8"), array("u2", writable=True)))
def close_gaps(codes: UInt16s, width: int, lengths: Int64s, packed: UInt16s) -> None:
    """Copy rows of ``width`` places into ``packed`` without the places that are not taken."""
    to = 0
    for row in range(len(lengths)):
        for place in range(lengths[row]):
            packed[to] = codes[row * width + place]
            to += 1
