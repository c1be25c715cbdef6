"""From the bytes of a comma-separated file straight to numbers, and where its cells stand for those who want their text.

Eight bytes at a time are searched for marks: bytes that may end a cell. A row is taken apart by its marks, and its cells are read
then, in the order of their fields, so that columns may stand in any order. What these kernels take is narrow: cells with quotes
around all of them or without any, lines that end with LF or CR LF. Whatever else they meet they refuse, and say where; a slower
reader takes it or says what is wrong with it.

The bytes of a block begin with a row and end with an LF; PADDING bytes of anything stand behind them.
"""

from typing import NamedTuple

import numpy as np
from numba.core import types

from hrgcore_kernels.accelerate import inline, kernel
from hrgcore_kernels.layout import EPISODE, Int32s, Int64s, Lookups, Records, UInt8s, UInt16s, UInt32s, UInt64s
from hrgcore_kernels.signatures import array
from hrgcore_kernels.spells import ALL_ORDERS, AS_TEXT, SAME_KEY, orders_of, sign_of
from hrgcore_kernels.text import CELL_BLANK, NOT_A_VALUE, field_place, icd10_of, opcs4_of, whole_number

LF, CR, QUOTE, COMMA = 10, 13, 34, 44
PADDING = 16

#: Why a row is refused: as many cells as there are columns are wanted; quotes go around whole cells; a CR stands before an LF.
RAGGED, STRAY_QUOTE, OPEN_QUOTE, STRAY_CR = -1, -2, -3, -4
_MORE = -5  #: the marks found so far end within the row

#: The places of fields: the two keys, the numbers in the order of EPISODE, the coded fields, and behind these the diagnoses and the
#: procedures.
PROVIDER, SPELL, FIRST_NUMBER, FIRST_CODED, FIRST_DIAGNOSIS = 0, 1, 2, 8, 16

LOOKUPS = types.NamedTuple([array("u2"), array("u2"), array("u2"), array("u1", 2)], Lookups)


class Shape(NamedTuple):
    """The columns of a file."""

    columns: Int64s  # [fields]: the column of each; one that the file does not have is at the place behind the last
    counts: Int64s  # columns, diagnoses, procedures


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


class Parsed(NamedTuple):
    """What the rows of a block come to, each with room for all that can stand in it."""

    rows: Records  # EPISODE
    coded: UInt8s  # [rows, coded fields]
    diagnoses: UInt16s
    procedures: UInt16s
    row_starts: Int32s  # where each row begins
    key_starts: Int64s  # rows whose key is not that of the row before, and the first


BLOCK = types.NamedTuple([array("u1"), array("u8")], Block)
SHAPE = types.NamedUniTuple(array("i8"), 2, Shape)
ROW_SCRATCH = types.NamedTuple([array(kind, writable=True) for kind in ("i8", "i8", "u4", "i8", "u1")], RowScratch)
PARSED = types.NamedTuple(
    [
        array(EPISODE, writable=True),
        array("u1", 2, writable=True),
        *(array(kind, writable=True) for kind in ("u2", "u2", "i4", "i8")),
    ],
    Parsed,
)

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
    first, start = np.uint64(mark), at
    for column in range(np.uint64(columns)):
        place = np.uint64(marks[first + column])
        starts[column] = start
        ends[column] = place
        others |= data[place] ^ np.uint8(COMMA) if column + _ONE < np.uint64(columns) else data[place] ^ np.uint8(LF)
        start = np.int64(place + _ONE)
    return others == 0


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
                if byte == QUOTE:
                    return STRAY_QUOTE
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


@inline
def has_quote(data, start, end):
    """Whether a quote stands within a cell."""
    for at in range(start, end):
        if data[at] == QUOTE:
            return True
    return False


@inline
def number_of(data, scratch, shape, number):
    """The number of a cell of the row, by its place among the numbers."""
    column = shape.columns[FIRST_NUMBER + number]
    return whole_number(data, scratch.starts[column], scratch.ends[column])


@kernel((array("u1"), types.int64, types.boolean, array("i8", writable=True)))
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


@kernel(
    (
        *(BLOCK, types.int64, SHAPE, LOOKUPS),
        *(ROW_SCRATCH, PARSED, array("i8", writable=True)),
    )
)
def parse_rows(block: Block, end: int, shape: Shape, lookups: Lookups, scratch: RowScratch, parsed: Parsed, counts: Int64s) -> None:
    """Read the rows of a block of ``end`` bytes. Rule: docs/grouping.md section 1.

    ``counts`` become the rows, the diagnoses, the procedures, the starts of keys, the orders in which these ascend (see
    hrgcore_kernels.spells), and 0 or why a row was refused.
    """
    data, starts, ends = block.data, scratch.starts, scratch.ends
    columns, first_procedure = shape.counts[0], FIRST_DIAGNOSIS + shape.counts[1]
    last_procedure = first_procedure + shape.counts[2]
    provider_at, spell_at = shape.columns[PROVIDER], shape.columns[SPELL]
    row = diagnoses = procedures = keys = np.int64(0)
    orders = np.int64(ALL_ORDERS)
    provider_start = provider_end = spell_start = spell_end = np.int64(0)
    at = behind_blank_lines(data, np.int64(0), end)
    while at < end:
        behind = take_row(block, at, end, columns, columns, scratch)
        if behind < 0:
            counts[5] = behind
            return
        parsed.row_starts[row] = at
        at = behind_blank_lines(data, behind, end)

        step = np.int64(ALL_ORDERS)
        if row > 0:
            provider = sign_of(data, starts[provider_at], ends[provider_at], provider_start, provider_end)
            spell = sign_of(data, starts[spell_at], ends[spell_at], spell_start, spell_end)
            step = orders_of(provider, spell, (ends[spell_at] - starts[spell_at]) - (spell_end - spell_start))
        if step != SAME_KEY:
            parsed.key_starts[keys] = row
            keys += 1
            orders &= step
        if is_quoted(data, starts[spell_at]) and has_quote(data, starts[spell_at], ends[spell_at]):
            orders &= AS_TEXT  # it is shorter than it stands here
        provider_start, provider_end = starts[provider_at], ends[provider_at]
        spell_start, spell_end = starts[spell_at], ends[spell_at]

        record = parsed.rows[row]
        record.epiorder = number_of(data, scratch, shape, 0)
        record.age = number_of(data, scratch, shape, 1)
        record.epidur = number_of(data, scratch, shape, 2)
        record.critical_care_days = number_of(data, scratch, shape, 3)
        record.rehabilitation_days = number_of(data, scratch, shape, 4)
        record.palliative_days = number_of(data, scratch, shape, 5)

        for field in range(FIRST_DIAGNOSIS - FIRST_CODED):
            column = shape.columns[FIRST_CODED + field]
            place = field_place(data, starts[column], ends[column])
            known = place != CELL_BLANK and place != NOT_A_VALUE
            parsed.coded[row, field] = lookups.field[field, place] if known else 0

        record.diagnosis_start = diagnoses
        for field in range(FIRST_DIAGNOSIS, first_procedure):
            column = shape.columns[field]
            number = np.int64(CELL_BLANK)
            if starts[column] < ends[column]:
                number = icd10_of(lookups.icd10_four, lookups.icd10_five, data, starts[column], ends[column], scratch.code)
            if number == CELL_BLANK and field == FIRST_DIAGNOSIS:
                number = np.int64(0)
            if number != CELL_BLANK:
                parsed.diagnoses[diagnoses] = number
                diagnoses += 1
        record.diagnosis_end = diagnoses

        record.procedure_start = procedures
        for field in range(first_procedure, last_procedure):
            column = shape.columns[field]
            if starts[column] < ends[column]:
                number = opcs4_of(lookups.opcs4, data, starts[column], ends[column], scratch.code)
                if number != CELL_BLANK:
                    parsed.procedures[procedures] = number
                    procedures += 1
        record.procedure_end = procedures
        row += 1
    counts[0] = row
    counts[1] = diagnoses
    counts[2] = procedures
    counts[3] = keys
    counts[4] = orders


@kernel(
    (
        *(BLOCK, types.int64, array("i4"), array("i8"), types.int64, ROW_SCRATCH),
        *(array("i8", 2, writable=True), array("i4", 2, writable=True), array("i8", writable=True)),
    )
)
def find_cells(
    block: Block,
    end: int,
    row_starts: Int32s,
    wanted: Int64s,
    columns: int,
    scratch: RowScratch,
    starts: Int64s,
    offsets: Int32s,
    counts: Int64s,
) -> None:
    """Where the cells of some columns stand, in some rows of a block of ``end`` bytes, and how long their text is.

    ``starts`` [wanted, rows]; ``offsets`` [wanted, rows + 1] as Arrow has them, from 0. ``counts[0]`` becomes 1 where a row is
    refused. With no column wanted, all are looked at.
    """
    data = block.data
    stop = columns if len(wanted) == 0 else np.int64(0)
    for place in range(len(wanted)):
        offsets[place, 0] = 0
        stop = max(stop, wanted[place] + 1)
    for row in range(len(row_starts)):
        if take_row(block, np.int64(row_starts[row]), end, stop, columns, scratch) < 0:
            counts[0] = 1
            return
        for place in range(len(wanted)):
            start, last = scratch.starts[wanted[place]], scratch.ends[wanted[place]]
            length = last - start
            if is_quoted(data, start):
                at = start
                while at < last:
                    if data[at] == QUOTE:
                        length -= 1
                        at += 1
                    at += 1
            starts[place, row] = start
            offsets[place, row + 1] = offsets[place, row] + length


@kernel((array("u1"), array("i8"), array("i4"), array("u1", writable=True)))
def copy_cells(data: UInt8s, starts: Int64s, offsets: Int32s, text: UInt8s) -> None:
    """Copy the text of the cells of one column. ``starts`` [rows], ``offsets`` [rows + 1], ``text`` [last offset]."""
    for row in range(len(starts)):
        at, to, end = starts[row], offsets[row], offsets[row + 1]
        doubled = is_quoted(data, at)
        while to < end:
            text[to] = data[at]
            to += 1
            at += 2 if doubled and data[at] == QUOTE else 1
