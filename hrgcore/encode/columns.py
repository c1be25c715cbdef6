"""Batches of Arrow columns to the encoded episodes that the kernels take."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from hrgcore.columns import CODED_FIELDS, KEY_FIELDS, Layout
from hrgcore.encode.cells import (
    NO_BYTES,
    Known,
    Numbers,
    Parse,
    fixed,
    index_buffers,
    number_buffers,
    text_numbers,
    under_one,
    whole_numbers,
)
from hrgcore.encode.codes import Ragged, check_code_column, check_list_column, list_codes, wide_codes
from hrgcore.encode.spells import MOST_ROWS, KeyRuns, SpellKeys
from hrgcore.errors import InputError
from hrgcore_kernels import ragged, text
from hrgcore_kernels.codes import NUMBER_BLANK, NUMBER_INVALID
from hrgcore_kernels.layout import EPISODE, VALUES, Episodes, Lookups

_EACH_VALUE = np.arange(VALUES, dtype=np.uint8)  # numbers that are their own places
_EACH_VALUE.flags.writeable = False
_MOST_CODES = np.iinfo(EPISODE["diagnosis_end"]).max

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
    """Encoded rows that stand together in the input, and where their spell key changes. Starts count from codes of the block."""

    episodes: Episodes
    keys: KeyRuns

    @property
    def count(self) -> int:
        """How many rows there are."""
        return len(self.episodes.rows)

    def part(self, low: int, high: int) -> Block:
        """The rows from ``low`` to before ``high``. Their starts are still counted from all codes of the block."""
        if (low, high) == (0, self.count):
            return self
        rows, coded, *codes = self.episodes
        return Block(Episodes(rows[low:high], coded[low:high], *codes), self.keys.part(low, high))


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

    def field(self, column: Any, place: int) -> Numbers:
        """Numbers of the values of coded field ``place``; CELL_BLANK for blanks, 0 for what is not accepted."""
        return text_numbers(column, self._field(place), text.CELL_BLANK)

    def number(self, column: Any, name: str, known: Known | None = None) -> Numbers:
        """Whole numbers of a column; NUMBER_BLANK or NUMBER_INVALID where there is none. Ages under one year are 0."""
        numbers = whole_numbers(column, name, _parse(text.parse_number), known)
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

    def _coded(self, batch: pa.RecordBatch, layout: Layout, known: dict[str, Known]) -> np.ndarray:
        """The numbers of the values of all coded fields; 0 for what is blank or not accepted. uint8 [rows, coded fields]."""
        names = [layout.fields[field] for field in CODED_FIELDS]
        columns = [self._values(batch.column(name), place, known[name]) for place, name in enumerate(names)]
        widest = max((column.places.dtype for column in columns), key=lambda kind: kind.itemsize)
        coded = np.empty((batch.num_rows, len(CODED_FIELDS)), np.uint8)
        ragged.put_values(ragged.ValueColumns(*(column._replace(places=fixed(column.places, widest)) for column in columns)), coded)
        return coded

    def _values(self, column: Any, place: int, known: Known) -> ragged.Values:
        """The column of coded field ``place``, as places of numbers."""
        if pa.types.is_dictionary(column.type):
            of_values = known.numbers(column.dictionary, self._field(place), text.CELL_BLANK)
            return ragged.Values(*index_buffers(column), fixed(np.maximum(of_values, 0), np.uint8))
        return ragged.Values(np.maximum(self.field(column, place), 0), NO_BYTES, 0, _EACH_VALUE)

    def _field(self, place: int) -> Parse:
        return _parse(text.parse_field, self.lookups.field[place])

    def _icd10(self) -> Parse:
        return _parse(text.parse_icd10, self.lookups.icd10_four, self.lookups.icd10_five, _room())

    def _opcs4(self) -> Parse:
        return _parse(text.parse_opcs4, self.lookups.opcs4, _room())

    def encode(self, table: pa.Table, layout: Layout, pool: ThreadPoolExecutor) -> Episodes:
        """Encode all rows of a table. Raises InputError where a column is of a type that can't hold its field."""
        return join_blocks(self.blocks(table, layout, pool), pool.map).episodes

    def blocks(
        self, table: pa.Table, layout: Layout, pool: ThreadPoolExecutor | None = None, first_row: int = 0
    ) -> Iterator[Block]:
        """The same in blocks as they come; without a pool in this thread. Messages count rows from ``first_row``."""
        for codes, lists in ((layout.diagnoses, layout.diagnosis_lists), (layout.procedures, layout.procedure_lists)):
            for name in codes:
                if lists:
                    check_list_column(table.column(name), name, first_row)
                else:
                    check_code_column(table.column(name), name)
        batches = table.select(layout.names).to_batches(max_chunksize=MOST_ROWS)
        known = {name: Known() for name in layout.names}
        return (pool.map if pool else map)(lambda batch: self._block(batch, layout, known), batches)

    def _block(self, batch: pa.RecordBatch, layout: Layout, known: dict[str, Known]) -> Block:
        coded = self._coded(batch, layout, known)
        diagnoses, diagnosis_ends = _codes(batch, layout.diagnoses, layout.diagnosis_lists, self._icd10(), known, keep_first=True)
        procedures, procedure_ends = _codes(
            batch, layout.procedures, layout.procedure_lists, self._opcs4(), known, keep_first=False
        )
        rows = self._put_together(batch, layout, known, diagnosis_ends, procedure_ends)
        keys = SpellKeys.of(*(batch.column(layout.fields[field]) for field in KEY_FIELDS)).runs()
        return Block(fixed_episodes(rows, coded, diagnoses, procedures), keys)

    def _put_together(
        self, batch: pa.RecordBatch, layout: Layout, known: dict[str, Known], diagnosis_ends: np.ndarray, procedure_ends: np.ndarray
    ) -> np.ndarray:
        """Records of the rows of a block: its number columns, and where the codes of each row end."""
        columns = [self._number_column(batch, field, layout.fields.get(field), known) for field in NUMBERS]
        least = np.array([0 if column.as_it_lies else NUMBER_INVALID for column in columns])
        rows = np.empty(batch.num_rows, EPISODE)
        for part in (least, diagnosis_ends, procedure_ends):
            part.flags.writeable = False
        numbers = ragged.NumberColumns(*(column.numbers for column in columns))
        ragged.put_together(numbers, least, diagnosis_ends, procedure_ends, rows.view(np.recarray))
        for column, name in zip(columns, NUMBERS.values(), strict=True):
            if len(column.validity):
                ragged.put_blanks(column.validity, column.bit, rows[name])
        return rows

    def _number_column(self, batch: pa.RecordBatch, field: str, name: str | None, known: dict[str, Known]) -> _NumberColumn:
        if name is None:
            numbers = np.full(batch.num_rows, NUMBER_BLANK, np.int32)
        elif pa.types.is_int32(batch.column(name).type):
            return _NumberColumn(*number_buffers(batch.column(name)), as_it_lies=True)
        else:
            numbers = self.number(batch.column(name), field, known[name])
        numbers.flags.writeable = False
        return _NumberColumn(numbers)


class _NumberColumn(NamedTuple):
    """Numbers of a block, [rows]: those that `Encoder.number` gave, or, to be looked at only once, as they lie in a column."""

    numbers: Numbers
    validity: np.ndarray = NO_BYTES  #: bits: of numbers as they lie; empty: no nulls
    bit: int = 0
    as_it_lies: bool = False


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


def fixed_episodes(rows: np.ndarray, coded: np.ndarray, diagnoses: np.ndarray, procedures: np.ndarray) -> Episodes:
    """Episodes as the kernels take them, out of arrays that nobody writes into any more."""
    for part in (rows, coded, diagnoses, procedures):
        part.flags.writeable = False
    return Episodes(rows.view(np.recarray), coded, diagnoses, procedures)


def join_blocks(blocks: Iterable[Block], run: Callable[..., Iterable[None]] = map) -> Block:
    """Put blocks one behind the other; ``run`` and errors are those of `join_episodes`."""
    parts = list(blocks)
    if len(parts) == 1:
        return parts[0]
    return Block(join_episodes([part.episodes for part in parts], run), KeyRuns.join(part.keys for part in parts))


def join_episodes(parts: Sequence[Episodes], run: Callable[..., Iterable[None]] = map) -> Episodes:
    """Put episodes one behind the other, each part in its place as ``run`` calls it, which is a `map`.

    Raises InputError for more codes than EPISODE can count.
    """
    if len(parts) == 1:
        return parts[0]
    row_ends = np.cumsum([0, *(len(part.rows) for part in parts)])
    rows = np.empty(row_ends[-1], EPISODE)
    coded = np.empty((row_ends[-1], len(CODED_FIELDS)), np.uint8)
    spans = [[_span(part.rows, kind) for part in parts] for kind in ("diagnosis", "procedure")]
    ends = [np.cumsum([0, *(end - start for start, end in own)]) for own in spans]
    if max(own[-1] for own in ends) > _MOST_CODES:
        raise InputError("the input has more than four thousand million codes. Group it as a stream, or in several parts.")
    diagnoses, procedures = (np.empty(own[-1], np.uint16) for own in ends)

    def place(at: int) -> None:
        part = parts[at]
        own = slice(row_ends[at], row_ends[at + 1])
        coded[own] = part.coded
        rows[own].view(np.uint8)[:] = part.rows.view(np.uint8)
        kinds = (("diagnosis", diagnoses, part.diagnoses), ("procedure", procedures, part.procedures))
        for (kind, all_codes, codes), span, end in zip(kinds, spans, ends, strict=True):
            start, behind = span[at]
            all_codes[end[at] : end[at + 1]] = codes[start:behind]
            moved = np.int64(end[at] - start).astype(np.uint32)  # what is less than 0 wraps around, and back
            rows[f"{kind}_start"][own] += moved
            rows[f"{kind}_end"][own] += moved

    list(run(place, range(len(parts))))
    return fixed_episodes(rows, coded, diagnoses, procedures)


def _span(rows: np.ndarray, kind: str) -> tuple[int, int]:
    """Where the codes of rows begin and end."""
    return (int(rows[f"{kind}_start"][0]), int(rows[f"{kind}_end"][-1])) if len(rows) else (0, 0)
