"""From the bytes of a comma-separated file straight to numbers, and where its cells stand for those who want their text.

A row is taken apart first (`hrgcore_kernels.marks`) and its cells are read then, in the order of their fields, so that columns may
stand in any order.
"""

from typing import NamedTuple

import numpy as np

from hrgcore_kernels.accelerate import inline, kernel
from hrgcore_kernels.layout import EPISODE, Int32s, Int64s, Lookups, Records, UInt8s, UInt16s
from hrgcore_kernels.marks import BLOCK, QUOTE, ROW_SCRATCH, Block, RowScratch, behind_blank_lines, is_quoted, take_row
from hrgcore_kernels.signatures import LOOKUPS, array, fields
from hrgcore_kernels.spells import ALL_ORDERS, AS_TEXT, SAME_KEY, orders_of, sign_of
from hrgcore_kernels.text import CELL_BLANK, NOT_A_VALUE, field_place, icd10_of, opcs4_of, whole_number

#: The places of fields: the two keys, the numbers in the order of EPISODE, the coded fields, and behind these the diagnoses and the
#: procedures.
PROVIDER, SPELL, FIRST_NUMBER, FIRST_CODED, FIRST_DIAGNOSIS = 0, 1, 2, 8, 16
FULL = -100  #: no reason of `hrgcore_kernels.marks`
_ONE = np.uint64(1)


class Shape(NamedTuple):
    """The columns of a file."""

    columns: Int64s  # [fields]: the column of each; one that the file does not have is at the place behind the last
    counts: Int64s  # columns, diagnoses, procedures


class Parsed(NamedTuple):
    """What the rows of a block come to; as many as there is room for, with room for all codes that these may have."""

    rows: Records  # EPISODE
    coded: UInt8s  # [rows, coded fields]
    diagnoses: UInt16s
    procedures: UInt16s
    row_starts: Int32s  # where each row begins
    key_starts: Int64s  # rows whose key is not that of the row before, and the first


SHAPE = fields(Shape, array("i8"), array("i8"))
PARSED = fields(
    Parsed,
    array(EPISODE, writable=True),
    array("u1", 2, writable=True),
    *(array(kind, writable=True) for kind in ("u2", "u2", "i4", "i8")),
)


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
    column = np.uint64(shape.columns[FIRST_NUMBER + number])
    return whole_number(data, scratch.starts[column], scratch.ends[column])


@inline
def end_of_codes(columns, start, end):
    """The column behind fields that stand side by side, in their order; 0 where they don't."""
    for field in range(start + 1, end):
        if columns[field] != columns[field - 1] + 1:
            return np.uint64(0)
    return np.uint64(columns[end - 1] + 1) if start < end else np.uint64(0)


@inline
def all_blank(starts, ends, column, behind):
    """Whether nothing but commas stands from the beginning of a cell up to the column ``behind``, where it is known (not 0)."""
    return behind != 0 and np.uint64(ends[behind - _ONE] - starts[column]) == behind - _ONE - column


@kernel(
    (
        *(BLOCK, np.int64, SHAPE, LOOKUPS),
        *(ROW_SCRATCH, PARSED, array("i8", writable=True)),
    )
)
def parse_rows(block: Block, end: int, shape: Shape, lookups: Lookups, scratch: RowScratch, parsed: Parsed, counts: Int64s) -> None:
    """Read the rows of a block of ``end`` bytes. Rule: docs/grouping.md section 1.

    ``counts`` become the rows, the diagnoses, the procedures, the starts of keys, the orders in which these ascend (see
    hrgcore_kernels.spells), and 0 or why a row was refused, or FULL where there is no room for it.
    """
    data, starts, ends = block.data, scratch.starts, scratch.ends
    columns, first_procedure = shape.counts[0], FIRST_DIAGNOSIS + shape.counts[1]
    last_procedure = first_procedure + shape.counts[2]
    provider_at, spell_at = np.uint64(shape.columns[PROVIDER]), np.uint64(shape.columns[SPELL])
    row = diagnoses = procedures = keys = np.uint64(0)  # unsigned, so that Numba need not ask whether they count from the end
    orders = np.int64(ALL_ORDERS)
    provider_start = provider_end = spell_start = spell_end = np.int64(0)
    diagnoses_end = end_of_codes(shape.columns, np.int64(FIRST_DIAGNOSIS), first_procedure)
    procedures_end = end_of_codes(shape.columns, first_procedure, last_procedure)
    at = behind_blank_lines(data, np.int64(0), end)
    while at < end:
        behind = take_row(block, at, end, columns, columns, scratch) if row < len(parsed.rows) else np.int64(FULL)
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
            keys += _ONE
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

        for field in range(np.uint64(FIRST_DIAGNOSIS - FIRST_CODED)):
            column = np.uint64(shape.columns[np.uint64(FIRST_CODED) + field])
            place = field_place(data, starts[column], ends[column])
            known = place != CELL_BLANK and place != NOT_A_VALUE
            parsed.coded[row, field] = lookups.field[field, np.uint64(place)] if known else 0

        record.diagnosis_start = diagnoses
        for field in range(np.uint64(FIRST_DIAGNOSIS), np.uint64(first_procedure)):
            column = np.uint64(shape.columns[field])
            number = np.int64(CELL_BLANK)
            if starts[column] == ends[column]:
                if field != FIRST_DIAGNOSIS and all_blank(starts, ends, column, diagnoses_end):
                    break
            else:
                number = icd10_of(lookups.icd10_four, lookups.icd10_five, data, starts[column], ends[column], scratch.code)
            if number == CELL_BLANK and field == FIRST_DIAGNOSIS:
                number = np.int64(0)
            if number != CELL_BLANK:
                parsed.diagnoses[diagnoses] = number
                diagnoses += _ONE
        record.diagnosis_end = diagnoses

        record.procedure_start = procedures
        for field in range(np.uint64(first_procedure), np.uint64(last_procedure)):
            column = np.uint64(shape.columns[field])
            if starts[column] == ends[column]:
                if all_blank(starts, ends, column, procedures_end):
                    break
            else:
                number = opcs4_of(lookups.opcs4, data, starts[column], ends[column], scratch.code)
                if number != CELL_BLANK:
                    parsed.procedures[procedures] = number
                    procedures += _ONE
        record.procedure_end = procedures
        row += _ONE
    counts[0] = row
    counts[1] = diagnoses
    counts[2] = procedures
    counts[3] = keys
    counts[4] = orders


@kernel(
    (
        *(BLOCK, np.int64, array("i4"), array("i8"), np.int64, ROW_SCRATCH),
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
