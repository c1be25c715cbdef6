"""Batches of Arrow columns to the encoded episodes that the kernels take."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa

from hrgcore.columns import CODED_FIELDS, KEY_FIELDS, Layout
from hrgcore.encode.cells import (
    Known,
    Numbers,
    Parse,
    text_numbers,
    under_one,
    whole_numbers,
)
from hrgcore.encode.codes import Ragged, check_code_column, check_list_column, list_codes, wide_codes
from hrgcore.encode.spells import KeyRuns, SpellKeys
from hrgcore_kernels import ragged, text
from hrgcore_kernels.codes import NUMBER_BLANK
from hrgcore_kernels.layout import EPISODE, Episodes, Lookups

_BLOCK_ROWS = 65_536  # few calls for many rows; what one column needs of them stays in the processor's second cache

#: Number fields and their names in EPISODE, in its order.
NUMBERS = {
    "EPIORDER": "epiorder",
    "STARTAGE": "age",
    "EPIDUR": "epidur",
    "CRITICALCAREDAYS": "critical_care_days",
    "REHABILITATIONDAYS": "rehabilitation_days",
    "SPCDAYS": "palliative_days",
}


@dataclass(frozen=True)
class Block:
    """Encoded rows that stand together in the input."""

    rows: np.ndarray  # EPISODE, starts counted from codes of the block
    coded: np.ndarray
    diagnoses: np.ndarray
    procedures: np.ndarray
    keys: KeyRuns

    def part(self, low: int, high: int) -> Block:
        """The rows from ``low`` to before ``high``. Their starts are still counted from all codes of the block."""
        if (low, high) == (0, len(self.rows)):
            return self
        return replace(self, rows=self.rows[low:high], coded=self.coded[low:high], keys=self.keys.part(low, high))


class Encoder:
    """Turns tables of admitted care into encoded episodes, block by block on a thread pool."""

    def __init__(self, lookups: Lookups) -> None:
        self.lookups = lookups

    def icd10(self, column: Any, known: Known | None = None) -> Numbers:
        """ICD-10 numbers of an Arrow array; CELL_BLANK for blanks, 0 for what is malformed or unknown."""
        return text_numbers(column, self._icd10(), text.CELL_BLANK, known)

    def opcs4(self, column: Any, known: Known | None = None) -> Numbers:
        """OPCS-4 numbers of an Arrow array; CELL_BLANK for blanks, 0 for what is malformed or unknown."""
        return text_numbers(column, self._opcs4(), text.CELL_BLANK, known)

    def field(self, column: Any, place: int, known: Known | None = None, out: Numbers | None = None) -> Numbers:
        """Numbers of the values of coded field ``place``; CELL_BLANK for blanks, 0 for what is not accepted."""
        return text_numbers(column, _parse(text.parse_field, self.lookups.field[place]), text.CELL_BLANK, known, out)

    def number(self, column: Any, name: str, known: Known | None = None, out: Numbers | None = None) -> Numbers:
        """Whole numbers of a column; NUMBER_BLANK or NUMBER_INVALID where there is none. Ages under one year are 0."""
        numbers = whole_numbers(column, name, _parse(text.parse_number), known, out)
        return under_one(numbers) if name == "STARTAGE" else numbers

    def accepts(self, field: str, column: Any) -> np.ndarray:
        """Which cells of an Arrow array of text a field, by its official name, can hold, ranges of numbers aside. bool [cells]."""
        if field in CODED_FIELDS:
            numbers = self.field(column, CODED_FIELDS.index(field))
        elif field in NUMBERS:
            numbers = self.number(column, field) + np.int32(1)  # 0 is a number
        elif field.startswith("DIAG_"):
            numbers = self.icd10(column)
        elif field.startswith("OPER_"):
            numbers = self.opcs4(column)
        else:
            return np.zeros(len(column), np.bool_)
        accepted: np.ndarray = numbers > 0
        return accepted

    def _icd10(self) -> Parse:
        return _parse(text.parse_icd10, self.lookups.icd10_four, self.lookups.icd10_five, _room())

    def _opcs4(self) -> Parse:
        return _parse(text.parse_opcs4, self.lookups.opcs4, _room())

    def encode(self, table: pa.Table, layout: Layout, pool: ThreadPoolExecutor) -> Episodes:
        """Encode all rows of a table. Raises InputError where a column is of a type that can't hold its field."""
        return join_blocks(self.blocks(table, layout, pool), pool)

    def blocks(self, table: pa.Table, layout: Layout, pool: ThreadPoolExecutor | None = None, first_row: int = 0) -> list[Block]:
        """The same in blocks, to be joined with others; without a pool in this thread. Messages count rows from ``first_row``."""
        for codes, lists in ((layout.diagnoses, layout.diagnosis_lists), (layout.procedures, layout.procedure_lists)):
            for name in codes:
                if lists:
                    check_list_column(table.column(name), name, first_row)
                else:
                    check_code_column(table.column(name), name)
        batches = table.select(layout.names).to_batches(max_chunksize=_BLOCK_ROWS)
        known = {name: Known() for name in layout.names}
        return list((pool.map if pool else map)(lambda batch: self._block(batch, layout, known), batches))

    def _block(self, batch: pa.RecordBatch, layout: Layout, known: dict[str, Known]) -> Block:
        count = batch.num_rows
        numbers = np.empty((len(NUMBERS), count), np.int32)
        for place, field in enumerate(NUMBERS):
            own = layout.fields.get(field)
            if own is None:
                numbers[place] = NUMBER_BLANK
            else:
                self.number(batch.column(own), field, known[own], numbers[place])
        values = np.empty((len(CODED_FIELDS), count), np.int32)
        for place, field in enumerate(CODED_FIELDS):
            own = layout.fields[field]
            self.field(batch.column(own), place, known[own], values[place])
        diagnoses, diagnosis_ends = _codes(batch, layout.diagnoses, layout.diagnosis_lists, self._icd10(), known, keep_first=True)
        procedures, procedure_ends = _codes(
            batch, layout.procedures, layout.procedure_lists, self._opcs4(), known, keep_first=False
        )
        rows = np.empty(count, EPISODE).view(np.recarray)
        coded = np.empty((count, len(CODED_FIELDS)), np.uint8)
        for part in (numbers, values, diagnosis_ends, procedure_ends):
            part.flags.writeable = False
        ragged.put_together(numbers, values, diagnosis_ends, procedure_ends, rows, coded)
        keys = SpellKeys.of(*(batch.column(layout.fields[field]) for field in KEY_FIELDS)).runs()
        return Block(rows, coded, diagnoses, procedures, keys)


def _parse(kernel: Callable[..., None], *tables: np.ndarray) -> Parse:
    return lambda offsets, data, validity, bit, out: kernel(offsets, data, validity, bit, *tables, out)


def _codes(
    batch: pa.RecordBatch, names: tuple[str, ...], lists: bool, parse: Parse, known: dict[str, Known], *, keep_first: bool
) -> Ragged:
    if lists:
        return list_codes(batch.column(names[0]), parse, known[names[0]], keep_first=keep_first)
    return wide_codes(batch, names, parse, known, keep_first=keep_first)


def _room() -> np.ndarray:
    """Scratch for one code in normal form."""
    return np.empty(text.LONGEST_CODE, np.uint8)


def join_blocks(blocks: Sequence[Block], pool: ThreadPoolExecutor) -> Episodes:
    """Put blocks together, each in its place on the pool; starts are then counted from the whole."""
    row_ends = np.cumsum([0, *(len(block.rows) for block in blocks)])
    rows = np.empty(row_ends[-1], EPISODE)
    coded = np.empty((row_ends[-1], len(CODED_FIELDS)), np.uint8)
    spans = [[_span(block.rows, kind) for block in blocks] for kind in ("diagnosis", "procedure")]
    ends = [np.cumsum([0, *(end - start for start, end in own)]) for own in spans]
    diagnoses, procedures = (np.empty(own[-1], np.uint16) for own in ends)

    def place(at: int) -> None:
        block = blocks[at]
        own = slice(row_ends[at], row_ends[at + 1])
        coded[own] = block.coded
        rows[own].view(np.uint8)[:] = block.rows.view(np.uint8)
        kinds = (("diagnosis", diagnoses, block.diagnoses), ("procedure", procedures, block.procedures))
        for (kind, all_codes, codes), span, end in zip(kinds, spans, ends, strict=True):
            start, behind = span[at]
            all_codes[end[at] : end[at + 1]] = codes[start:behind]
            rows[f"{kind}_start"][own] += end[at] - start
            rows[f"{kind}_end"][own] += end[at] - start

    list(pool.map(place, range(len(blocks))))
    for part in (rows, coded, diagnoses, procedures):
        part.flags.writeable = False
    return Episodes(rows.view(np.recarray), coded, diagnoses, procedures)


def _span(rows: np.ndarray, kind: str) -> tuple[int, int]:
    """Where the codes of rows begin and end."""
    return (int(rows[f"{kind}_start"][0]), int(rows[f"{kind}_end"][-1])) if len(rows) else (0, 0)
