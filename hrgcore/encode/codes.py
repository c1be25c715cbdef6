"""The code columns of a block as one ragged array: from numbered columns, or from one column of lists."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from hrgcore.columns import MAX_CODES
from hrgcore.encode.cells import NO_BYTES, Known, Parse, index_buffers, is_list, is_text, take_in_chunks, text_numbers
from hrgcore.errors import InputError
from hrgcore_kernels import ragged, text

#: Codes, and where those of each row end.
Ragged = tuple[npt.NDArray[np.uint16], npt.NDArray[np.uint32]]

_ROOM = 4  # codes are copied four at a time


def check_code_column(column: Any, name: str) -> None:
    """Raise InputError where a code column holds something other than text."""
    if not (_holds_text(column.type) or column.null_count == len(column)):
        raise InputError(f"column {name} is of type {column.type}; give codes as text, such as I10X. Numbers lose what codes mean.")


def check_list_column(column: Any, name: str, first_row: int = 0) -> None:
    """Raise InputError where a column of lists of codes is something else, or a list is longer than a record may be.

    ``first_row`` counts the rows of the input before.
    """
    kind = column.type
    if not (is_list(kind) and _holds_text(kind.value_type)) and column.null_count < len(column):
        raise InputError(
            f"column {name} is of type {kind}; without a number in its name it must hold lists of codes as text. Make it lists, or"
            f" number the columns ({name}_01)."
        )
    start = first_row
    for chunk in column.chunks if is_list(kind) else ():
        lengths = pc.list_value_length(chunk)
        lengths = (pc.fill_null(lengths, 0) if chunk.null_count else lengths).to_numpy()
        if len(lengths) and lengths.max() > MAX_CODES:
            row = int(lengths.argmax())
            raise InputError(
                f"column {name}: row {start + row + 1} has {lengths[row]} codes; a record has {MAX_CODES} at most. Shorten it."
            )
        start += len(chunk)


def wide_codes(batch: pa.RecordBatch, names: Sequence[str], parse: Parse, known: dict[str, Known], *, keep_first: bool) -> Ragged:
    """The codes of a block's numbered columns. Columns without any code are not looked at.

    Blank cells are left out; with ``keep_first`` (diagnoses) the first stands as 0 where it is blank.
    """
    columns = [(place, batch.column(name)) for place, name in enumerate(names)]
    taken = [(place, column) for place, column in columns if (keep_first and place == 0) or column.null_count < len(column)]
    width = len(taken)
    lengths = np.zeros(batch.num_rows, np.uint8)
    wide = np.empty(batch.num_rows * width + _ROOM, np.uint16)
    for place, column in taken:
        keep_blank = keep_first and place == 0
        if pa.types.is_dictionary(column.type):
            of_values = _code_numbers(known[names[place]], column.dictionary, parse)
            ragged.append_taken(*index_buffers(column), of_values, width, keep_blank, lengths, wide)
        else:
            numbers = text_numbers(column, parse, text.CELL_BLANK)
            numbers.flags.writeable = False
            ragged.append_codes(numbers, width, keep_blank, lengths, wide)
    ends = np.empty(batch.num_rows, np.uint32)
    packed = np.empty(int(lengths.sum(dtype=np.int64)) + _ROOM, np.uint16)
    wide.flags.writeable = False
    lengths.flags.writeable = False
    ragged.close_gaps(wide, width, lengths, ends, packed)
    return packed[:-_ROOM], ends


def list_codes(column: Any, parse: Parse, known: Known, *, keep_first: bool) -> Ragged:
    """The codes of a block's column of lists: ragged as they lie there, without the blank ones."""
    count = len(column)
    if column.null_count == count:  # of whatever type
        ends = np.arange(1, count + 1, dtype=np.uint32) if keep_first else np.zeros(count, np.uint32)
        return np.zeros(count if keep_first else 0, np.uint16), ends
    offsets = column.offsets.to_numpy()
    entries = column.values.slice(int(offsets[0]), int(offsets[-1] - offsets[0]))
    if offsets.dtype != np.int32:  # of large_list; a block has few enough
        offsets = (offsets - offsets[0]).astype(np.int32)
        offsets.flags.writeable = False
    if pa.types.is_dictionary(entries.type):
        taken = (*index_buffers(entries), _code_numbers(known, entries.dictionary, parse))
    else:
        numbers = text_numbers(entries, parse, text.CELL_BLANK).astype(np.uint16)
        every = np.arange(len(numbers), dtype=np.int32)
        for array in (every, numbers):
            array.flags.writeable = False
        taken = (every, NO_BYTES, 0, numbers)
    validity = column.buffers()[0]
    bits = np.frombuffer(validity, np.uint8) if validity is not None and column.null_count else NO_BYTES
    ends = np.empty(count, np.uint32)
    packed = np.empty(len(entries) + count + 1, np.uint16)
    ragged.from_lists(offsets, bits, column.offset, *taken, keep_first, ends, packed)
    return packed[: int(ends[-1])], ends


def _code_numbers(known: Known, values: Any, parse: Parse) -> np.ndarray:
    """Numbers of a dictionary's values as codes are kept; `ragged.NO_CODE` for blank ones."""
    numbers = known.numbers(values, parse, text.CELL_BLANK).astype(np.uint16)
    numbers.flags.writeable = False
    return numbers


def take_entries(column: Any, place: int, rows: Any) -> Any:
    """Entry ``place`` (from 0) of the lists of some rows, as a chunked column; null where a list has none."""
    if not is_list(column.type):  # nothing but nulls
        return pa.chunked_array([pa.nulls(len(rows), pa.string())])

    def entries(chunk: Any, within: np.ndarray) -> Any:
        offsets = chunk.offsets.to_numpy()
        at = offsets[within].astype(np.int64) + place
        missing = (at >= offsets[within + 1]) | chunk.is_null().to_numpy(zero_copy_only=False)[within]
        values, taken = chunk.values, pa.array(np.where(missing, 0, at), mask=missing)
        if pa.types.is_dictionary(values.type):
            return values.dictionary.take(values.indices.take(taken))
        return values.take(taken)

    kind = column.type.value_type
    return take_in_chunks(column, np.asarray(rows), entries, kind.value_type if pa.types.is_dictionary(kind) else kind)


def longest_list(column: Any) -> int:
    """How many entries the longest list of a column has."""
    return int(pc.max(pc.list_value_length(column)).as_py() or 0) if is_list(column.type) else 0


def _holds_text(kind: Any) -> bool:
    return is_text(kind.value_type if pa.types.is_dictionary(kind) else kind) or pa.types.is_null(kind)
