"""From the bytes of a text column to numbers: ICD-10 and OPCS-4 codes, values of coded fields, whole numbers.

Every entry point takes an Arrow text column as it lies in memory (offsets, bytes, bits of validity and where they begin) and
writes one number a cell: CELL_BLANK, 0 for what is malformed or unknown, or what the look-up table holds.
"""

import numpy as np

from hrgcore_kernels.accelerate import inline, kernel
from hrgcore_kernels.codes import NUMBER_BLANK, NUMBER_INVALID
from hrgcore_kernels.layout import Indices, Int16s, Int32s, Int64s, UInt8s, UInt16s
from hrgcore_kernels.signatures import array

CELL_BLANK = -1
NOT_A_VALUE = -2  #: of a text that no coded field could hold

_SPACE, _FIRST_CONTROL_SPACE, _LAST_CONTROL_SPACE, _HYPHEN, _STOP = 32, 9, 13, 45, 46
_ZERO, _A, _X, _SMALL_A, _SMALL_Z = 48, 65, 88, 97, 122
LONGEST_CODE = 8
# Places are unsigned where it matters, so that Numba need not ask whether they count from the end.
_ONE, _TWO, _THREE, _FOUR = (np.uint64(number) for number in (1, 2, 3, 4))
MOST = 10**9 - 1  #: the largest number of nine digits


def _signatures(*tables):
    return [(array(offsets), array("u1"), array("u1"), np.int64, *tables, array("i4", writable=True)) for offsets in ("i4", "i8")]


@inline
def is_null(validity, bit):
    """Whether a cell is null; an empty bitmap says that none is."""
    return len(validity) != 0 and (validity[np.uint64(bit) >> np.uint64(3)] >> np.uint8(np.uint64(bit) & np.uint64(7))) & 1 == 0


@inline
def is_space(byte):
    """Whether a byte is a blank, a tab or a line end."""
    return byte == _SPACE or _FIRST_CONTROL_SPACE <= byte <= _LAST_CONTROL_SPACE


@inline
def trimmed(data, start, end):
    """Where a cell begins and ends without surrounding blanks; nothing is left of one that has only blanks and hyphens.

    Rule: docs/grouping.md section 1.
    """
    while start < end and is_space(data[start]):
        start += 1
    while start < end and is_space(data[end - 1]):
        end -= 1
    if start < end and data[start] == _HYPHEN:
        at = start
        while at < end and (data[at] == _HYPHEN or is_space(data[at])):
            at += 1
        if at == end:
            return end, end
    return start, end


@inline
def digit(byte):
    """The value of a digit; -1 for any other byte."""
    value = np.int64(byte) - _ZERO
    return value if 0 <= value <= 9 else np.int64(-1)


@inline
def letter(byte):
    """The place of a capital letter; -1 for any other byte."""
    value = np.int64(byte) - _A
    return value if 0 <= value <= 25 else np.int64(-1)


@inline
def icd10_number(four, five, data, start, end):
    """The number of a code of four or five characters in normal form; 0 where malformed or unknown."""
    length = end - start
    if length != 4 and length != 5:
        return 0
    at = np.uint64(start)
    first = letter(data[at])
    second = digit(data[at + _ONE])
    third = digit(data[at + _TWO])
    fourth = np.int64(10) if data[at + _THREE] == _X else digit(data[at + _THREE])
    if first < 0 or second < 0 or third < 0 or fourth < 0:
        return 0
    place = (first * 100 + second * 10 + third) * 11 + fourth
    if length == 4:
        return np.int64(four[np.uint64(place)])
    fifth = digit(data[at + _FOUR])
    return np.int64(five[np.uint64(place * 10 + fifth)]) if fifth >= 0 else 0


@inline
def opcs4_number(table, data, start, end):
    """The number of a code of four characters in normal form; 0 where malformed or unknown."""
    if end - start != 4:
        return 0
    at = np.uint64(start)
    first = letter(data[at])
    second = digit(data[at + _ONE])
    third = digit(data[at + _TWO])
    fourth = digit(data[at + _THREE])
    if first < 0 or second < 0 or third < 0 or fourth < 0:
        return 0
    return np.int64(table[np.uint64(first * 1000 + second * 100 + third * 10 + fourth)])


@inline
def normal_form(data, start, end, room):
    """Write a code without surrounding blanks and full stops, in capitals; return its length, CELL_BLANK where it is blank.

    Rule: docs/grouping.md section 1. Returns more than LONGEST_CODE where it is too long to be a code.
    """
    start, end = trimmed(data, start, end)
    if start == end:
        return np.int64(CELL_BLANK)
    length = np.int64(0)
    for at in range(start, end):
        byte = data[at]
        if byte == _STOP:
            continue
        if length < LONGEST_CODE:
            room[length] = byte - 32 if _SMALL_A <= byte <= _SMALL_Z else byte
        length += 1
    return length


@inline
def icd10_of(four, five, data, start, end, room):
    """The number of a cell: CELL_BLANK, 0 for what is malformed or unknown. ``room`` [LONGEST_CODE] is scratch."""
    number = icd10_number(four, five, data, start, end)
    if number == 0:
        length = normal_form(data, start, end, room)
        number = np.int64(CELL_BLANK) if length == CELL_BLANK else icd10_number(four, five, room, 0, length)
    return number


@inline
def opcs4_of(table, data, start, end, room):
    """The number of a cell: CELL_BLANK, 0 for what is malformed or unknown. ``room`` [LONGEST_CODE] is scratch."""
    number = opcs4_number(table, data, start, end)
    if number == 0:
        length = normal_form(data, start, end, room)
        number = np.int64(CELL_BLANK) if length == CELL_BLANK else opcs4_number(table, room, 0, length)
    return number


@inline
def value_place(data, start, end):
    """The place of a coded field's value in its table: one to three digits or capitals; -1 for anything else."""
    if end == start or end - start > 3:
        return np.int64(-1)
    place = np.int64(0)
    for at in range(np.uint64(start), np.uint64(end)):
        value = digit(data[at])
        if value < 0:
            value = letter(data[at]) + 10
            if value < 10:
                return np.int64(-1)
        place = place * 37 + value + 1
    return place


@inline
def field_place(data, start, end):
    """The place of a cell's value in a coded field's table, blanks around it dropped; CELL_BLANK or NOT_A_VALUE."""
    if start == end:
        return np.int64(CELL_BLANK)
    place = value_place(data, start, end)
    if place < 0:
        start, end = trimmed(data, start, end)
        place = value_place(data, start, end)
        if place < 0:
            place = np.int64(CELL_BLANK) if start == end else np.int64(NOT_A_VALUE)
    return place


@inline
def digits_value(data, start, end):
    """The value of one to nine digits; -1 for anything else."""
    if end == start or end - start > 9:
        return np.int64(-1)
    value = np.int64(0)
    for at in range(np.uint64(start), np.uint64(end)):
        figure = digit(data[at])
        if figure < 0:
            return np.int64(-1)
        value = value * 10 + figure
    return value


@inline
def whole_number(data, start, end):
    """A whole number of up to nine digits, blanks around it dropped; NUMBER_BLANK or NUMBER_INVALID otherwise."""
    if start == end:
        return np.int64(NUMBER_BLANK)
    value = digits_value(data, start, end)
    if value < 0:
        start, end = trimmed(data, start, end)
        value = digits_value(data, start, end)
        if value < 0:
            value = np.int64(NUMBER_BLANK) if start == end else np.int64(NUMBER_INVALID)
    return value


@kernel(*_signatures(array("u2"), array("u2"), array("u1", writable=True)))
def parse_icd10(
    offsets: Int32s | Int64s, data: UInt8s, validity: UInt8s, bit: int, four: UInt16s, five: UInt16s, room: UInt8s, out: Int32s
) -> None:
    """ICD-10 numbers of a text column. ``room`` [LONGEST_CODE] is scratch; ``out`` [cells]."""
    for cell in range(len(out)):
        start, end = np.int64(offsets[cell]), np.int64(offsets[cell + 1])
        if start == end or is_null(validity, bit + cell):
            out[cell] = CELL_BLANK
        else:
            out[cell] = icd10_of(four, five, data, start, end, room)


@kernel(*_signatures(array("u2"), array("u1", writable=True)))
def parse_opcs4(
    offsets: Int32s | Int64s, data: UInt8s, validity: UInt8s, bit: int, table: UInt16s, room: UInt8s, out: Int32s
) -> None:
    """OPCS-4 numbers of a text column. ``room`` [LONGEST_CODE] is scratch; ``out`` [cells]."""
    for cell in range(len(out)):
        start, end = np.int64(offsets[cell]), np.int64(offsets[cell + 1])
        if start == end or is_null(validity, bit + cell):
            out[cell] = CELL_BLANK
        else:
            out[cell] = opcs4_of(table, data, start, end, room)


@kernel(*_signatures(array("u1")))
def parse_field(offsets: Int32s | Int64s, data: UInt8s, validity: UInt8s, bit: int, table: UInt8s, out: Int32s) -> None:
    """Numbers of a coded field's values: up to three digits or capitals, blanks around them dropped. ``out`` [cells]."""
    for cell in range(len(out)):
        start, end = np.int64(offsets[cell]), np.int64(offsets[cell + 1])
        place = np.int64(CELL_BLANK) if is_null(validity, bit + cell) else field_place(data, start, end)
        if place == CELL_BLANK:
            out[cell] = CELL_BLANK
        else:
            out[cell] = 0 if place == NOT_A_VALUE else np.int64(table[place])


@kernel(*_signatures())
def parse_number(offsets: Int32s | Int64s, data: UInt8s, validity: UInt8s, bit: int, out: Int32s) -> None:
    """Whole numbers of up to nine digits, blanks around them dropped; NUMBER_BLANK or NUMBER_INVALID otherwise. ``out`` [cells]."""
    for cell in range(len(out)):
        start, end = np.int64(offsets[cell]), np.int64(offsets[cell + 1])
        out[cell] = NUMBER_BLANK if is_null(validity, bit + cell) else whole_number(data, start, end)


@kernel(
    *((array(indices), array("u1"), np.int64, array("i4"), np.int32, array("i4", writable=True)) for indices in ("i1", "i2", "i4"))
)
def take_numbers(indices: Indices, validity: UInt8s, bit: int, of_values: Int32s, blank: int, out: Int32s) -> None:
    """Numbers of a column of a dictionary from those of its values; ``blank`` for nulls, under which anything may stand."""
    for cell in range(np.uint64(len(out))):
        out[cell] = blank if is_null(validity, np.uint64(bit) + cell) else of_values[np.uint64(np.uint32(indices[cell]))]


@kernel(*((array(kind), array("u1"), np.int64, array("i4", writable=True)) for kind in ("i2", "i4")))
def check_numbers(values: Int16s | Int32s, validity: UInt8s, bit: int, out: Int32s) -> None:
    """Whole numbers of a column of them; NUMBER_BLANK for nulls, NUMBER_INVALID for negative ones and more than nine digits."""
    for cell in range(len(out)):
        value = np.int64(values[cell])
        number = value if 0 <= value <= MOST else np.int64(NUMBER_INVALID)
        out[cell] = NUMBER_BLANK if is_null(validity, bit + cell) else number
