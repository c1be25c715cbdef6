"""From the bytes of a text column to numbers of up to three decimals, counted in thousandths."""

import numpy as np

from hrgcore_kernels.accelerate import inline, kernel
from hrgcore_kernels.codes import NUMBER_BLANK, NUMBER_INVALID
from hrgcore_kernels.layout import Int32s, Int64s, UInt8s
from hrgcore_kernels.signatures import array
from hrgcore_kernels.text import digit, is_null, trimmed

_STOP = 46
_DECIMALS = 3
_MOST_DIGITS = 6  # before the stop


@inline
def thousandths(data, start, end):
    """Digits, and a full stop with one to three more, blanks around them dropped; NUMBER_BLANK or NUMBER_INVALID otherwise.

    Rule: docs/logics.md, "Reading a row".
    """
    start, end = trimmed(data, start, end)
    if start == end:
        return np.int64(NUMBER_BLANK)
    stop = start
    while stop < end and data[stop] != _STOP:
        stop += 1
    behind = end - stop - 1
    if stop == start or stop - start > _MOST_DIGITS or behind == 0 or behind > _DECIMALS:
        return np.int64(NUMBER_INVALID)
    value = np.int64(0)
    for at in range(start, end):
        if at == stop:
            continue
        figure = digit(data[at])
        if figure < 0:
            return np.int64(NUMBER_INVALID)
        value = value * 10 + figure
    for _ in range(max(behind, 0), _DECIMALS):
        value *= 10
    return value


@kernel(*((array(offsets), array("u1"), array("u1"), np.int64, array("i4", writable=True)) for offsets in ("i4", "i8")))
def parse_thousandths(offsets: Int32s | Int64s, data: UInt8s, validity: UInt8s, bit: int, out: Int32s) -> None:
    """Thousandths of a text column. ``out`` [cells]."""
    for cell in range(len(out)):
        start, end = np.int64(offsets[cell]), np.int64(offsets[cell + 1])
        out[cell] = NUMBER_BLANK if is_null(validity, bit + cell) else thousandths(data, start, end)
