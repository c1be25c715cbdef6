"""Text in views, as Polars has it, to text in a row: a view is 16 bytes, a length and, where this is 12 at most, the text."""

import numpy as np

from hrgcore_kernels.accelerate import inline, kernel
from hrgcore_kernels.layout import Int32s, UInt8s, UInt32s
from hrgcore_kernels.signatures import array
from hrgcore_kernels.text import is_null

LONGEST = 12  #: text that stands in a view itself, in bytes
_WORD, _VIEW = np.uint64(4), np.uint64(4)  # bytes of a word, words of a view
_ONE, _TWO, _THREE = (np.uint64(number) for number in (1, 2, 3))
_NOT_ASCII = np.uint32(0x80808080)


@inline
def put(word, data, to):
    """Write the four bytes of a word; the compiler makes one store of them."""
    data[to] = np.uint8(word & np.uint32(0xFF))
    data[to + _ONE] = np.uint8((word >> np.uint32(8)) & np.uint32(0xFF))
    data[to + _TWO] = np.uint8((word >> np.uint32(16)) & np.uint32(0xFF))
    data[to + _THREE] = np.uint8(word >> np.uint32(24))


@kernel((array("u4"), array("u1"), np.int64, array("i4", writable=True), array("u1", writable=True), array("u1", writable=True)))
def copy_views(words: UInt32s, validity: UInt8s, bit: int, offsets: Int32s, data: UInt8s, found: UInt8s) -> None:
    """Copy the text of each cell out of its view. ``words`` [4 x cells], ``offsets`` [cells + 1].

    ``data`` has room for `LONGEST` bytes for each cell that is not null. ``found[0]`` becomes 1 where the text of a cell stands
    outside of its view, or may not be ASCII: what nulls hold does not matter.
    """
    to, high = np.uint64(0), np.uint32(0)
    found[0] = 1
    offsets[0] = 0
    for cell in range(np.uint64(len(offsets) - 1)):
        if not is_null(validity, np.uint64(bit) + cell):
            at = cell * _VIEW
            length = words[at]
            if length > LONGEST:
                return
            # All twelve bytes of long text, and four of short: those behind the text are written over by the next.
            put(words[at + _ONE], data, to)
            if length > _WORD:
                put(words[at + _TWO], data, to + _WORD)
                put(words[at + _THREE], data, to + _WORD + _WORD)
            high |= words[at + _ONE] | words[at + _TWO] | words[at + _THREE]
            to += np.uint64(length)
        offsets[cell + _ONE] = to
    found[0] = high & _NOT_ASCII != 0
