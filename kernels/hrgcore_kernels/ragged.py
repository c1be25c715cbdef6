"""Columns as rows: code columns as one ragged array, each row's codes side by side without blank cells, and records of the rest."""

from typing import NamedTuple

import numpy as np

from hrgcore_kernels.accelerate import inline, kernel
from hrgcore_kernels.codes import (
    ADMIMETH,
    ADMISORC,
    AGES_UNDER_ONE,
    CLASSPAT,
    DISDEST,
    DISMETH,
    MAINSPEF,
    N_CODED,
    NUMBER_BLANK,
    NUMBER_INVALID,
    SEX,
    TRETSPEF,
)
from hrgcore_kernels.layout import EPISODE, Indices, Int32s, Int64s, Records, UInt8s, UInt16s, UInt32s
from hrgcore_kernels.signatures import array, fields
from hrgcore_kernels.text import CELL_BLANK, MOST, is_null

NO_CODE = 2**16 - 1  #: CELL_BLANK among numbers of codes as they are kept, of 16 bits: no code has this number
_ONE = np.uint64(1)
_YOUNGEST, _OLDEST = AGES_UNDER_ONE


@inline
def lowest(bits):
    """The place of the lowest bit that is set in a byte of which some are."""
    low = bits & -bits
    return ((low & 0xAA) != 0) + 2 * ((low & 0xCC) != 0) + 4 * ((low & 0xF0) != 0)


@inline
def place_of(index):
    """A place in a dictionary, as an unsigned number."""
    return np.uint64(np.uint32(index))


@inline
def or_unknown(number):
    """The number of a code, of an unknown one where there is none."""
    return number if number != NO_CODE else np.uint16(0)


@kernel((array("i4"), np.int64, np.bool_, array("u1", writable=True), array("u2", writable=True)))
def append_codes(numbers: Int32s, width: int, keep_blank: bool, lengths: UInt8s, codes: UInt16s) -> None:
    """Append a column's codes to rows of ``width`` places in ``codes``, and count them in ``lengths`` [rows].

    A blank cell is left out; with ``keep_blank`` (the primary diagnosis) it stands as 0.
    """
    for row in range(len(numbers)):
        number = numbers[row]
        if number == CELL_BLANK:
            if not keep_blank:
                continue
            number = 0
        codes[np.uint64(row * width) + np.uint64(lengths[row])] = number
        lengths[row] += 1


@kernel(
    *(
        (
            *(array(indices), array("u1"), np.int64, array("u2")),
            *(np.int64, np.bool_, array("u1", writable=True), array("u2", writable=True)),
        )
        for indices in ("i1", "i2", "i4")
    )
)
def append_taken(
    indices: Indices,
    validity: UInt8s,
    bit: int,
    of_values: UInt16s,
    width: int,
    keep_blank: bool,
    lengths: UInt8s,
    codes: UInt16s,
) -> None:
    """The same for a column of a dictionary: places in ``of_values``, the numbers of its values, NO_CODE for blank ones; bits of
    validity from ``bit`` on.

    What stands under a null is not looked at.
    """
    # Places are unsigned, so that Numba need not ask whether they count from the end.
    count, places = len(indices), np.uint64(width)
    if keep_blank or len(validity) == 0:
        for row in range(np.uint64(count)):
            number = np.uint16(NO_CODE)
            if not is_null(validity, np.uint64(bit) + row):
                number = of_values[place_of(indices[row])]
            codes[row * places + np.uint64(lengths[row])] = or_unknown(number)
            lengths[row] += np.uint8(keep_blank or number != NO_CODE)
        return
    # Most places of most records are blank: from one bit that is set to the next.
    for byte in range(bit >> 3, (bit + count + 7) >> 3):
        left = np.int64(validity[np.uint64(byte)])
        first = (byte << 3) - bit
        if first < 0:
            left &= 0xFF << -first
        if first + 8 > count:
            left &= 0xFF >> (first + 8 - count)
        while left != 0:
            row = np.uint64(first + lowest(left))
            left &= left - 1
            number = of_values[place_of(indices[row])]
            codes[row * places + np.uint64(lengths[row])] = or_unknown(number)
            lengths[row] += np.uint8(number != NO_CODE)


@inline
def none_blank(of_values):
    """Whether no value of a dictionary is blank."""
    for number in of_values:
        if number == NO_CODE:
            return False
    return True


@inline
def as_they_stand(offsets, indices, of_values, keep_first, ends, packed):
    """The same for lists without nulls and blanks, as most are: what is kept for lists without entries is put between."""
    row, count = np.uint64(0), np.uint64(len(ends))
    first = more = np.uint64(0)  # more: codes that were put between
    while row < count:
        end, empty = first, False
        while row < count and not empty:
            next_end = np.uint64(offsets[row + _ONE] - offsets[0])
            empty = keep_first and next_end == end
            end = next_end
            ends[row] = end + more
            row += _ONE
        for at in range(first, end):
            packed[at + more] = of_values[place_of(indices[at])]
        if empty:
            packed[end + more] = 0
            more += _ONE
            ends[row - _ONE] = end + more
        first = end


@kernel(
    *(
        (
            *(array("i4"), array("u1"), np.int64, array(indices), array("u1"), np.int64, array("u2"), np.bool_),
            *(array("u4", writable=True), array("u2", writable=True)),
        )
        for indices in ("i1", "i2", "i4")
    )
)
def from_lists(
    offsets: Int32s,
    validity: UInt8s,
    bit: int,
    indices: Indices,
    entry_validity: UInt8s,
    entry_bit: int,
    of_values: UInt16s,
    keep_first: bool,
    ends: UInt32s,
    packed: UInt16s,
) -> None:
    """The codes of a column of lists. ``offsets`` [rows + 1] are where the entries of each row begin and end, of which the first is
    the first entry.

    An entry is a place in ``of_values``, the numbers of a dictionary's values, NO_CODE for blank ones. Blank entries are left out;
    with ``keep_first`` (diagnoses) the first stands as 0 where it is blank or missing. ``ends`` [rows] become places in ``packed``,
    which has room for one code more than there are entries and rows.
    """
    if len(validity) == 0 and len(entry_validity) == 0 and none_blank(of_values):
        as_they_stand(offsets, indices, of_values, keep_first, ends, packed)
        return
    start = to = np.uint64(0)
    for row in range(np.uint64(len(ends))):
        begun, end = to, np.uint64(offsets[row + _ONE] - offsets[0])
        if not is_null(validity, np.uint64(bit) + row):
            for at in range(start, end):
                number = np.uint16(NO_CODE)
                if not is_null(entry_validity, np.uint64(entry_bit) + at):
                    number = of_values[place_of(indices[at])]
                packed[to] = or_unknown(number)
                to += np.uint64((number != NO_CODE) | (keep_first & (at == start)))
        if keep_first and to == begun:
            packed[to] = 0
            to += _ONE
        ends[row] = to
        start = end


@kernel((array("u2"), np.int64, array("u1"), array("u4", writable=True), array("u2", writable=True)))
def close_gaps(codes: UInt16s, width: int, lengths: UInt8s, ends: UInt32s, packed: UInt16s) -> None:
    """Copy rows of ``width`` places into ``packed`` without the places that are not taken.

    ``ends`` [rows] become places in ``packed``; it and ``codes`` have room for four codes more than stand in them.
    """
    to, at = np.uint64(0), np.uint64(0)
    for row in range(np.uint64(len(lengths))):
        length = np.uint64(lengths[row])
        # Four at a time whether there are as many or not: to ask would take longer.
        for fours in range((length + np.uint64(3)) >> np.uint64(2)):
            for more in range(np.uint64(4)):
                place = (fours << np.uint64(2)) + more
                packed[to + place] = codes[at + place]
        at += np.uint64(width)
        to += length
        ends[row] = to


class NumberColumns(NamedTuple):
    """The columns of the number fields of EPISODE, in its order."""

    epiorder: Int32s
    age: Int32s
    epidur: Int32s
    critical_care_days: Int32s
    rehabilitation_days: Int32s
    palliative_days: Int32s


@inline
def whole(number, least):
    """A whole number of up to nine digits, or one from ``least`` on; NUMBER_INVALID for any other."""
    number = np.int64(number)
    return number if np.uint64(number - least) <= np.uint64(MOST - least) else np.int64(NUMBER_INVALID)


@inline
def under_one(age):
    """HES gives infants as 7001 to 7007: they are 0 years old."""
    return np.int64(0) if np.uint64(age - _YOUNGEST) <= np.uint64(_OLDEST - _YOUNGEST) else age


@kernel((fields(NumberColumns, *[array("i4")] * 6), array("i8"), array("u4"), array("u4"), array(EPISODE, writable=True)))
def put_together(numbers: NumberColumns, least: Int64s, diagnosis_ends: UInt32s, procedure_ends: UInt32s, rows: Records) -> None:
    """Records of episodes out of columns, and where the codes of each row end.

    ``least`` [columns] is 0 for numbers as they lie in the input, of which negative ones are none, NUMBER_INVALID for those that
    were read before.
    """
    diagnosis = procedure = np.uint32(0)
    for row in range(np.uint64(len(rows))):
        record = rows[row]
        record.diagnosis_start = diagnosis
        record.procedure_start = procedure
        diagnosis, procedure = diagnosis_ends[row], procedure_ends[row]
        record.diagnosis_end = diagnosis
        record.procedure_end = procedure
        record.epiorder = whole(numbers.epiorder[row], least[0])
        record.age = under_one(whole(numbers.age[row], least[1]))
        record.epidur = whole(numbers.epidur[row], least[2])
        record.critical_care_days = whole(numbers.critical_care_days[row], least[3])
        record.rehabilitation_days = whole(numbers.rehabilitation_days[row], least[4])
        record.palliative_days = whole(numbers.palliative_days[row], least[5])


@kernel((array("u1"), np.int64, array("i4", writable=True, strided=True)))
def put_blanks(validity: UInt8s, bit: int, numbers: Int32s) -> None:
    """Make NUMBER_BLANK of the numbers that are null. ``validity`` are bits, from ``bit`` on; most columns have few nulls."""
    count = len(numbers)
    for byte in range(bit >> 3, (bit + count + 7) >> 3):
        left = np.int64(validity[np.uint64(byte)]) ^ 0xFF
        while left != 0:
            row = (byte << 3) - bit + lowest(left)
            left &= left - 1
            if 0 <= row < count:
                numbers[row] = NUMBER_BLANK


class Values(NamedTuple):
    """A column of a coded field: places in the numbers of its values, 0 for what is not accepted, and bits of validity."""

    places: Indices
    validity: UInt8s  # bits; empty: no nulls
    bit: int  # the first
    numbers: UInt8s


class ValueColumns(NamedTuple):
    """The columns of the coded fields, in their order."""

    sex: Values
    classpat: Values
    admisorc: Values
    admimeth: Values
    disdest: Values
    dismeth: Values
    mainspef: Values
    tretspef: Values


@inline
def value_of(column, row):
    """The number of a row's value; 0 for a null, under which anything may stand."""
    return np.uint8(0) if is_null(column.validity, np.uint64(column.bit) + row) else column.numbers[place_of(column.places[row])]


@kernel(
    *(
        (
            fields(ValueColumns, *[fields(Values, array(places), array("u1"), np.int64, array("u1"))] * N_CODED),
            array("u1", 2, writable=True),
        )
        for places in ("i1", "i2", "i4")
    )
)
def put_values(columns: ValueColumns, coded: UInt8s) -> None:
    """Write the numbers of all values of each row into ``coded`` [rows, coded fields], side by side."""
    for row in range(np.uint64(len(coded))):
        coded[row, SEX] = value_of(columns.sex, row)
        coded[row, CLASSPAT] = value_of(columns.classpat, row)
        coded[row, ADMISORC] = value_of(columns.admisorc, row)
        coded[row, ADMIMETH] = value_of(columns.admimeth, row)
        coded[row, DISDEST] = value_of(columns.disdest, row)
        coded[row, DISMETH] = value_of(columns.dismeth, row)
        coded[row, MAINSPEF] = value_of(columns.mainspef, row)
        coded[row, TRETSPEF] = value_of(columns.tretspef, row)
