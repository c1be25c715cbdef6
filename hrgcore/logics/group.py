"""Grouping a table of rows: block by block on a thread pool, each block's columns to facts and facts to results."""

from __future__ import annotations

import re
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from hrgcore.design import Bundle
from hrgcore.encode import Encoder
from hrgcore.encode.cells import Known
from hrgcore.encode.codes import check_code_column
from hrgcore.logics.fields import Field, Logic, RowLayout
from hrgcore.logics.read import Reader, reader_of
from hrgcore_kernels import rows as kernels
from hrgcore_kernels.codes import NUMBER_BLANK
from hrgcore_kernels.row_layout import ROW_RESULT, RowDesign, RowFacts
from hrgcore_kernels.text import CELL_BLANK

_BLOCK_ROWS = 16_384  # a block's columns and facts stay in the processor's second cache


@dataclass(frozen=True)
class GroupedRows:
    """What grouping gives for each row: ``results`` are ROW_RESULT, ``numbers`` the numbers and spans by fact, int32 [rows]."""

    results: np.ndarray
    numbers: dict[str, np.ndarray]


class RowGrouper:
    """Groups tables of one logic under one design."""

    def __init__(self, bundle: Bundle, logic: Logic, encoder: Encoder) -> None:
        arrays = {name: bundle.arrays[f"{logic.name}.{name}"] for name in (*RowDesign._fields, "base", "ranges", "field_lookup")}
        self.logic = logic
        self._design = RowDesign(**{name: _records(arrays[name]) for name in RowDesign._fields})
        self._base = dict(zip((one.name for one in logic.codes), arrays["base"].tolist(), strict=True))
        self._ranges = dict(zip((one.name for one in logic.numbers), arrays["ranges"], strict=True))
        lookups = iter(arrays["field_lookup"])
        self._readers: dict[str, Reader] = {
            one.name: reader_of(one, encoder, next(lookups) if one.kind == "coded" else None)
            for one in logic.fields
            if one.kind != "key"
        }
        #: Facts that results need: those of the columns that are written beside the HRG.
        self._written = _written(logic)

    def base(self, one: Field) -> int:
        """Where the values of a field of codes begin among all values of the logic."""
        return int(self._base[one.name])

    def numbers(self, one: Field, column: Any) -> np.ndarray:
        """The numbers of a column of a field, as the kernels take them."""
        return self._readers[one.name](column, None)

    def failed(self, one: Field, numbers: np.ndarray) -> np.ndarray:
        """Which cells of a column can't be used, blank ones aside."""
        if one.name in self._base:
            unknown: np.ndarray = numbers == 0
            return unknown
        low, high, also = self._ranges[one.name].tolist()
        accepted: np.ndarray = (numbers >= low) & (numbers <= high) | (numbers == also) | (numbers == NUMBER_BLANK)
        return ~accepted

    def blank(self, one: Field) -> int:
        """The number of a blank cell of a field."""
        return int(CELL_BLANK if one.name in self._base else NUMBER_BLANK)

    def accepts(self, field: str, column: Any) -> np.ndarray:
        """Which cells of an Arrow array of text a field, by its official name, can hold. bool [cells]."""
        one = next((one for one in self.logic.fields if re.fullmatch(f"{one.name}(_[0-9]{{2}})?", field)), None)
        if one is None or one.kind == "key":
            return np.zeros(len(column), np.bool_)
        numbers = self.numbers(one, column)
        accepted: np.ndarray = ~((numbers == self.blank(one)) | self.failed(one, numbers))
        return accepted

    def group(self, table: pa.Table, layout: RowLayout, pool: ThreadPoolExecutor) -> GroupedRows:
        """Group all rows of a table. Raises InputError where a column is of a type that can't hold its field."""
        for one in self.logic.codes:
            for name in layout.columns[one.name] if one.kind != "coded" else ():
                check_code_column(table.column(name), name)
        batches = table.select(list(dict.fromkeys(layout.names))).to_batches(max_chunksize=_BLOCK_ROWS)
        known = {name: Known() for name in layout.names}
        return self.join(list(pool.map(lambda batch: self.block(batch, layout, known), batches)))

    def join(self, parts: list[Any]) -> GroupedRows:
        """Blocks put together."""
        results = np.concatenate([np.zeros(0, ROW_RESULT), *(part.results for part in parts)])
        numbers = {fact: np.concatenate([np.zeros(0, np.int32), *(part.numbers[fact] for part in parts)]) for fact in self._written}
        return GroupedRows(results, numbers)

    def block(self, batch: pa.RecordBatch, layout: RowLayout, known: dict[str, Known]) -> GroupedRows:
        """Group rows that stand together."""
        return self._grouped(batch, layout, known)[0]

    def _grouped(self, batch: pa.RecordBatch, layout: RowLayout, known: dict[str, Known]) -> tuple[GroupedRows, RowFacts]:
        count, design, logic = batch.num_rows, self._design, self.logic
        rows = RowFacts(
            np.zeros((count, int(design.places[1]) + design.words.shape[1]), np.int64),
            np.zeros((count, design.points.shape[1]), np.int16),
            np.zeros(count, np.uint64),
        )
        for one in logic.fields:
            if one.name in self._base:
                self._take_values(one, batch, layout, known, rows)
            elif one.kind != "key":
                self._take_number(one, batch, layout, known, rows)
        for span in logic.spans:
            first, last = (logic.ranges.index(logic.by_name[name].fact) for name in (span.first, span.last))
            kernels.take_span(first, last, int(span.inclusive), logic.ranges.index(span.fact), rows)
        results = np.zeros(count, ROW_RESULT)
        kernels.group_rows(design, rows, results.view(np.recarray))
        numbers = {fact: rows.facts[:, logic.ranges.index(fact)].astype(np.int32) for fact in self._written}
        return GroupedRows(results, numbers), rows

    def _take_values(self, one: Field, batch: pa.RecordBatch, layout: RowLayout, known: dict[str, Known], rows: RowFacts) -> None:
        for name in layout.columns[one.name]:
            column = batch.column(name)
            if one.must or column.null_count < len(column):
                numbers = _read_only(self._readers[one.name](column, known[name]))
                kernels.take_values(self._design, numbers, self._base[one.name], one.must, self.logic.bit(one), rows)

    def _take_number(self, one: Field, batch: pa.RecordBatch, layout: RowLayout, known: dict[str, Known], rows: RowFacts) -> None:
        numbers = np.full(batch.num_rows, NUMBER_BLANK, np.int32)
        for name in layout.columns[one.name]:
            numbers = self._readers[one.name](batch.column(name), known[name])
        accepted, fact = self._ranges[one.name], self.logic.ranges.index(one.fact)
        kernels.take_number(_read_only(numbers), accepted, fact, one.must, one.checked, self.logic.bit(one), rows)


def _written(logic: Logic) -> tuple[str, ...]:
    facts = [fact for _, fact in logic.span_columns]
    if logic.flag:
        fields: Iterable[str] = (name for pair in logic.flag.exceeds for side in pair for name in side)
        facts += [logic.flag.days, *(logic.by_name[name].fact if name in logic.by_name else name for name in fields)]
    return tuple(dict.fromkeys(facts))


def _records(array: np.ndarray) -> np.ndarray:
    """Arrays of records give their fields as attributes, as the kernels read them with and without Numba."""
    return array.view(np.recarray) if array.dtype.names else array


def _read_only(array: np.ndarray) -> np.ndarray:
    array.flags.writeable = False
    return array
