"""The rows of a comma-separated file in its bytes: where their cells begin and end.

Eight bytes at a time are searched for marks: bytes that may end a cell. A row is taken apart by its marks. What is taken is narrow:
cells with quotes around all of them or without any, lines that end with LF or CR LF. Whatever else there is, is refused, and why.

The bytes of a block begin with a row and end with an LF; PADDING bytes of anything stand behind them.
"""

from typing import NamedTuple

import numpy as np

from hrgcore_kernels.accelerate import inline, kernel
from hrgcore_kernels.layout import Int64s, UInt8s, UInt32s, UInt64s
from hrgcore_kernels.signatures import array, fields

NUL, LF, CR, QUOTE, COMMA = 0, 10, 13, 34, 44
PADDING = 16

#: Why a row is refused: as many cells as there are columns are wanted; quotes go around whole cells; a CR stands before an LF; no
#: byte is NUL.
RAGGED, STRAY_QUOTE, OPEN_QUOTE, STRAY_CR, HAS_NUL = -1, -2, -3, -4, -5
_MORE = -6  #: the marks found so far end within the row


class Block(NamedTuple):
    """Bytes of whole rows."""

    data: UInt8s  # and PADDING
    words: UInt64s  # the same, eight bytes each


class RowScratch(NamedTuple):
    """Room for the row that is being read."""

    starts: Int64s  # [columns + 1] zeros: where each cell begins
    ends: Int64s  # [columns + 1] zeros: and ends
    marks: UInt32s  # [bytes of the block, and PADDING]: places of marks
    seen: Int64s  # [4] zeros: how many marks there are, the next one, and the places from which and up to which they are known
    code: UInt8s  # [LONGEST_CODE]


BLOCK = fields(Block, array("u1"), array("u8"))
ROW_SCRATCH = fields(RowScratch, *(array(kind, writable=True) for kind in ("i8", "i8", "u4", "i8", "u1")))

_WINDOW = 2048  # bytes that are searched for marks at once: their marks stay in the processor's first cache
_HIGH = np.uint64(0x8080808080808080)
_EACH = np.uint64(0x0101010101010101)
_BELOW = np.uint64(0x2D2D2D2D2D2D2D2D)  # marks are the bytes below: COMMA and what is less; that some are no mark does no harm
_ALL = np.uint64(0xFFFFFFFFFFFFFFFF)
_ONE, _THREE, _FOUR, _SEVEN, _EIGHT, _TOP = (np.uint64(number) for number in (1, 3, 4, 7, 8, 56))


@inline
def bits_below(word):
    """The high bit of each byte of a word that is a mark."""
    return ~((word | _HIGH) - _BELOW) & ~word & _HIGH


@inline
def ones(word):
    """How many bytes of a word have their lowest bit set, which must be the only one."""
    return (word * _EACH) >> _TOP


@inline
def find_marks(words, at, end, marks):
    """Find the marks from ``at`` to before ``end``; return how many there are. Room for eight more is needed."""
    # Unsigned throughout: Numba asks of a signed place whether it counts from the end.
    count = np.uint64(0)
    left = bits_below(words[at >> 3]) & (_ALL << np.uint64((at & 7) << 3))
    for place in range(np.uint64(at >> 3), np.uint64((end + 7) >> 3)):
        base = (place << _THREE) - _ONE
        more = ones(left >> _SEVEN)
        # Four at a time whether there are as many or not: to ask would take longer.
        for one in range(np.uint64(4)):
            marks[count + one] = base + ones((left - _ONE) & _EACH)
            left &= left - _ONE
        if more > _FOUR:
            for one in range(_FOUR, _EIGHT):
                marks[count + one] = base + ones((left - _ONE) & _EACH)
                left &= left - _ONE
        count += more
        left = bits_below(words[place + _ONE])
    while count > 0 and marks[count - _ONE] >= end:
        count -= _ONE
    return np.int64(count)


@inline
def split_plain(data, marks, mark, at, columns, starts, ends):
    """Find the cells of a row of which each mark ends one; return whether it is such a row. All its marks must be there."""
    others = np.uint8(0)
    first, start, last = np.uint64(mark), at, np.uint64(columns - 1)
    for column in range(last):
        place = np.uint64(marks[first + column])
        starts[column] = start
        ends[column] = place
        others |= data[place] ^ np.uint8(COMMA)
        start = np.int64(place + _ONE)
    place = np.uint64(marks[first + last])
    starts[last] = start
    ends[last] = place
    return (others | (data[place] ^ np.uint8(LF))) == 0


@inline
def split_row(data, marks, count, mark, at, stop, columns, starts, ends):
    """Find the cells of the row that begins at ``at``, up to column ``stop``; quotes are left outside of them.

    ``mark`` is the first of the ``count`` marks that stands in it. Returns the mark behind the row (or behind the last cell looked
    at), or why it is refused, or _MORE.
    """
    for column in range(stop):
        if mark >= count:
            return _MORE
        first = at
        place = np.int64(marks[mark])
        byte = data[place]
        if byte == QUOTE and place == at:
            first = at + 1
            while True:
                mark += 1
                if mark >= count:
                    return _MORE
                place = np.int64(marks[mark])
                if data[place] == NUL:
                    return HAS_NUL
                if data[place] == QUOTE:
                    if data[place + 1] != QUOTE:
                        break
                    mark += 1
            last = place
            place += 1
            mark += 1
            byte = data[place]
            if byte != COMMA and byte != LF and byte != CR:
                return STRAY_QUOTE
            if mark >= count:
                return _MORE
        else:
            while byte != COMMA and byte != LF and byte != CR:
                if byte == QUOTE or byte == NUL:
                    return STRAY_QUOTE if byte == QUOTE else HAS_NUL
                mark += 1
                if mark >= count:
                    return _MORE
                place = np.int64(marks[mark])
                byte = data[place]
            last = place
        starts[column] = first
        ends[column] = last
        at = place + 1
        mark += 1
        if byte == COMMA:
            if column == columns - 1:
                return RAGGED
        elif column < columns - 1:
            return STRAY_CR if byte == CR and data[at] != LF else RAGGED
        elif byte == CR:
            if data[at] != LF:
                return STRAY_CR
            if mark >= count:
                return _MORE
            mark += 1
    return mark


@inline
def take_row(block, at, end, stop, columns, scratch):
    """Find the cells of the row that begins at ``at``, up to column ``stop``; return the place behind it, or why it is refused.

    Marks that were found for the row before are used as far as they reach.
    """
    data, marks, seen, starts, ends = block.data, scratch.marks, scratch.seen, scratch.starts, scratch.ends
    mark = np.int64(0)
    window = _WINDOW
    known = seen[2] <= at < seen[3]
    if known:
        mark = seen[1]
        while mark < seen[0] and marks[mark] < at:
            mark += 1
    while True:
        if known:
            if mark + columns <= seen[0] and split_plain(data, marks, mark, at, columns, starts, ends):
                behind = mark + columns
            else:
                behind = split_row(data, marks, seen[0], mark, at, stop, columns, starts, ends)
            if behind != _MORE:
                break
            if seen[2] == at and seen[3] == end:
                return np.int64(OPEN_QUOTE)
        seen[2], seen[3] = at, min(at + window, end)
        seen[0] = find_marks(block.words, at, seen[3], marks)
        mark, known = np.int64(0), True
        window *= 8
    if behind < 0:
        return np.int64(behind)
    seen[1] = behind
    seen[2] = np.int64(marks[behind - 1]) + 1
    return seen[2]


@inline
def behind_blank_lines(data, at, end):
    """The place behind lines with nothing on them."""
    while at < end:
        if data[at] == LF:
            at += 1
        elif data[at] == CR and at + 1 < end and data[at + 1] == LF:
            at += 2
        else:
            break
    return at


@inline
def is_quoted(data, start):
    """Whether the cell that begins at ``start`` has quotes around it."""
    return start > 0 and data[start - 1] == QUOTE


@kernel((array("u1"), np.int64, np.bool_, array("i8", writable=True)))
def find_last_row(data: UInt8s, end: int, within: bool, found: Int64s) -> None:
    """``found[0]`` becomes the place behind the last LF before ``end`` that does not stand in quotes, or 0.

    ``within`` says whether ``end`` stands in quotes.
    """
    at = end
    while at > 0:
        byte = data[at - 1]
        if byte == QUOTE:
            within = not within
        elif byte == LF and not within:
            break
        at -= 1
    found[0] = at
