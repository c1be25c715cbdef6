"""From the bytes of a comma-separated file straight to numbers, and where its cells stand for those who want their text.

A row is taken apart first and its cells are read then, in the order of their fields, so that columns may stand in any order. What
these kernels take is narrow: cells with quotes around all of them or without any, lines that end with LF or CR LF. Whatever else
they meet they refuse, and say where; a slower reader takes it or says what is wrong with it.
"""

from typing import NamedTuple

import numpy as np

from hrgcore_kernels.accelerate import inline, kernel
from hrgcore_kernels.layout import EPISODE, Int32s, Int64s, Lookups, Records, UInt8s, UInt16s
from hrgcore_kernels.signatures import LOOKUPS, array, fields
from hrgcore_kernels.text import CELL_BLANK, NOT_A_VALUE, field_place, icd10_of, opcs4_of, whole_number

LF, CR, QUOTE, COMMA = 10, 13, 34, 44

#: Why a row is refused: as many cells as there are columns are wanted; quotes go around whole cells; a CR stands before an LF.
RAGGED, STRAY_QUOTE, OPEN_QUOTE, STRAY_CR = -1, -2, -3, -4

#: Where the cell of each field goes when a row is taken apart: the two keys, the numbers in the order of EPISODE, the coded fields,
#: and behind these the diagnoses and the procedures.
PROVIDER, SPELL, FIRST_NUMBER, FIRST_CODED, FIRST_DIAGNOSIS = 0, 1, 2, 8, 16


class Shape(NamedTuple):
    """The columns of a file."""

    slots: Int32s  # [columns]: where the cell of a column goes; -1: nobody wants it
    counts: Int64s  # diagnoses, procedures


class RowScratch(NamedTuple):
    """Room for the row that is being read."""

    starts: Int64s  # [slots] zeros: where each wanted cell begins
    ends: Int64s  # [slots] zeros: and ends
    code: UInt8s  # [LONGEST_CODE]


class Parsed(NamedTuple):
    """What the rows of a range come to, each with room for all that can stand in it."""

    rows: Records  # EPISODE
    coded: UInt8s  # [rows, coded fields]
    diagnoses: UInt16s
    procedures: UInt16s
    row_starts: Int64s  # where each row begins
    provider_ends: Int64s  # [rows + 1] from 0: offsets of the keys' text
    provider_text: UInt8s
    spell_ends: Int64s
    spell_text: UInt8s


SHAPE = fields(Shape, array("i4"), array("i8"))
ROW_SCRATCH = fields(RowScratch, array("i8", writable=True), array("i8", writable=True), array("u1", writable=True))
PARSED = fields(
    Parsed,
    array(EPISODE, writable=True),
    array("u1", 2, writable=True),
    *(array(kind, writable=True) for kind in ("u2", "u2", "i8", "i8", "u1", "i8", "u1")),
)


@inline
def split_row(data, at, end, slots, stop, starts, ends):
    """Find the wanted cells of the row that begins at ``at``, up to column ``stop``; quotes are left outside of them.

    Returns the place behind the row (or behind the last cell looked at), or why it is refused.
    """
    columns = len(slots)
    for column in range(columns):
        if column == stop:
            return at
        if at < end and data[at] == QUOTE:
            at += 1
            first = at
            while True:
                while at < end and data[at] != QUOTE:
                    at += 1
                if at == end:
                    return OPEN_QUOTE
                if at + 1 == end or data[at + 1] != QUOTE:
                    break
                at += 2
            last = at
            at += 1
            if at < end and data[at] != COMMA and data[at] != LF and data[at] != CR:
                return STRAY_QUOTE
        else:
            first = at
            while at < end:
                byte = data[at]
                if byte <= COMMA:
                    if byte == COMMA or byte == LF or byte == CR:
                        break
                    if byte == QUOTE:
                        return STRAY_QUOTE
                at += 1
            last = at
        slot = slots[column]
        if slot >= 0:
            starts[slot] = first
            ends[slot] = last
        if at < end and data[at] == COMMA:
            if column == columns - 1:
                return RAGGED
            at += 1
        elif column < columns - 1:
            return STRAY_CR if at < end and data[at] == CR and (at + 1 == end or data[at + 1] != LF) else RAGGED
    if at == end:
        return at
    if data[at] == CR:
        at += 1
        if at == end or data[at] != LF:
            return STRAY_CR
    return at + 1


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
def copy_cell(data, start, end, text, to):
    """Copy a cell's text, two quotes in a quoted cell being one; return the place behind it."""
    if is_quoted(data, start):
        at = start
        while at < end:
            text[to] = data[at]
            to += 1
            at += 2 if data[at] == QUOTE else 1
        return to
    for at in range(start, end):
        text[to] = data[at]
        to += 1
    return to


@kernel((array("u1"), np.int64, np.int64, np.bool_, array("i8", writable=True)))
def find_row(data: UInt8s, at: int, end: int, within: bool, found: Int64s) -> None:
    """``found[0]`` becomes the place behind the first LF from ``at`` on that does not stand in quotes, or the end.

    ``within`` says whether ``at`` stands in quotes.
    """
    while at < end:
        byte = data[at]
        at += 1
        if byte == QUOTE:
            within = not within
        elif byte == LF and not within:
            break
    found[0] = at


@kernel(
    (
        *(array("u1"), np.int64, np.int64, SHAPE, LOOKUPS),
        *(ROW_SCRATCH, PARSED, array("i8", writable=True)),
    )
)
def parse_rows(
    data: UInt8s, at: int, end: int, shape: Shape, lookups: Lookups, scratch: RowScratch, parsed: Parsed, counts: Int64s
) -> None:
    """Read the rows from ``at`` to ``end``. Rule: docs/grouping.md section 1.

    ``counts`` become the rows, the diagnoses, the procedures, and 0 or why a row was refused, with its place.
    """
    starts, ends = scratch.starts, scratch.ends
    first_procedure = FIRST_DIAGNOSIS + shape.counts[0]
    last_procedure = first_procedure + shape.counts[1]
    row = diagnoses = procedures = provider_to = spell_to = 0
    at = behind_blank_lines(data, at, end)
    while at < end:
        behind = split_row(data, at, end, shape.slots, len(shape.slots), starts, ends)
        if behind < 0:
            counts[3] = behind
            counts[4] = at
            return
        parsed.row_starts[row] = at
        at = behind_blank_lines(data, behind, end)

        provider_to = copy_cell(data, starts[PROVIDER], ends[PROVIDER], parsed.provider_text, provider_to)
        spell_to = copy_cell(data, starts[SPELL], ends[SPELL], parsed.spell_text, spell_to)
        parsed.provider_ends[row + 1] = provider_to
        parsed.spell_ends[row + 1] = spell_to

        record = parsed.rows[row]
        slot = FIRST_NUMBER
        record.epiorder = whole_number(data, starts[slot], ends[slot])
        record.age = whole_number(data, starts[slot + 1], ends[slot + 1])
        record.epidur = whole_number(data, starts[slot + 2], ends[slot + 2])
        record.critical_care_days = whole_number(data, starts[slot + 3], ends[slot + 3])
        record.rehabilitation_days = whole_number(data, starts[slot + 4], ends[slot + 4])
        record.palliative_days = whole_number(data, starts[slot + 5], ends[slot + 5])

        for field in range(FIRST_DIAGNOSIS - FIRST_CODED):
            place = field_place(data, starts[FIRST_CODED + field], ends[FIRST_CODED + field])
            known = place != CELL_BLANK and place != NOT_A_VALUE
            parsed.coded[row, field] = lookups.field[field, place] if known else 0

        record.diagnosis_start = diagnoses
        for slot in range(FIRST_DIAGNOSIS, first_procedure):
            number = np.int64(CELL_BLANK)
            if starts[slot] < ends[slot]:
                number = icd10_of(lookups.icd10_four, lookups.icd10_five, data, starts[slot], ends[slot], scratch.code)
            if number == CELL_BLANK and slot == FIRST_DIAGNOSIS:
                number = np.int64(0)
            if number != CELL_BLANK:
                parsed.diagnoses[diagnoses] = number
                diagnoses += 1
        record.diagnosis_end = diagnoses

        record.procedure_start = procedures
        for slot in range(first_procedure, last_procedure):
            if starts[slot] < ends[slot]:
                number = opcs4_of(lookups.opcs4, data, starts[slot], ends[slot], scratch.code)
                if number != CELL_BLANK:
                    parsed.procedures[procedures] = number
                    procedures += 1
        record.procedure_end = procedures
        row += 1
    counts[0] = row
    counts[1] = diagnoses
    counts[2] = procedures


@kernel(
    (
        *(array("u1"), np.int64, array("i8"), array("i4"), np.int64, ROW_SCRATCH),
        *(array("i8", 2, writable=True), array("i4", 2, writable=True), array("i8", writable=True)),
    )
)
def find_cells(
    data: UInt8s,
    end: int,
    row_starts: Int64s,
    slots: Int32s,
    stop: int,
    scratch: RowScratch,
    starts: Int64s,
    offsets: Int32s,
    counts: Int64s,
) -> None:
    """Where the wanted cells of some rows stand, and how long their text is.

    ``starts`` [slots, rows]; ``offsets`` [slots, rows + 1] as Arrow has them, from 0. Columns from ``stop`` on are not looked at.
    ``counts[0]`` becomes 1 where a row can't be read any more, as it could before.
    """
    for slot in range(len(offsets)):
        offsets[slot, 0] = 0
    for row in range(len(row_starts)):
        if split_row(data, row_starts[row], end, slots, stop, scratch.starts, scratch.ends) < 0:
            counts[0] = 1
            return
        for slot in range(len(offsets)):
            start, last = scratch.starts[slot], scratch.ends[slot]
            length = last - start
            if is_quoted(data, start):
                at = start
                while at < last:
                    if data[at] == QUOTE:
                        length -= 1
                        at += 1
                    at += 1
            starts[slot, row] = start
            offsets[slot, row + 1] = offsets[slot, row] + length


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
