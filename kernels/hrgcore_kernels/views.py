"""Text in views, as Polars has it, to text in a row: a view is 16 bytes, a length and, where this is 12 at most, the text."""

import numpy as np

from hrgcore_kernels.accelerate import kernel
from hrgcore_kernels.layout import Int64s, UInt8s, UInt32s
from hrgcore_kernels.signatures import array
from hrgcore_kernels.text import is_null

_LONGEST = 12
_WORDS, _BYTES = np.uint64(4), np.uint64(16)  #: of a view
_ONE, _TWO, _THREE = (np.uint64(number) for number in (1, 2, 3))
_NOT_ASCII = np.uint32(0x80808080)


@kernel((array("u4"), array("u1"), np.int64, array("i8", writable=True), array("u1", writable=True)))
def measure_views(words: UInt32s, validity: UInt8s, bit: int, offsets: Int64s, found: UInt8s) -> None:
    """Where the text of each cell comes to stand. ``words`` [4 x cells], ``offsets`` [cells + 1].

    ``found[0]`` becomes 1 where one stands outside of its view, or may not be ASCII: what nulls hold does not matter.
    """
    total, high = np.int64(0), np.uint32(0)
    found[0] = 1
    offsets[0] = 0
    for cell in range(np.uint64(len(offsets) - 1)):
        if not is_null(validity, np.uint64(bit) + cell):
            at = cell * _WORDS
            length = np.int64(words[at])
            if length > _LONGEST:
                return
            high |= words[at + _ONE] | words[at + _TWO] | words[at + _THREE]
            total += length
        offsets[cell + _ONE] = total
    found[0] = high & _NOT_ASCII != 0


@kernel((array("u1"), array("i8"), array("u1", writable=True)))
def copy_views(views: UInt8s, offsets: Int64s, data: UInt8s) -> None:
    """Copy the text of each cell out of its view. ``views`` [16 x cells]."""
    for cell in range(np.uint64(len(offsets) - 1)):
        to, end = np.uint64(offsets[cell]), np.uint64(offsets[cell + _ONE])
        at = cell * _BYTES + _WORDS
        while to < end:
            data[to] = views[at]
            to += _ONE
            at += _ONE
