"""One Arrow column to one number a cell, whatever kind of text or dictionary it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from hrgcore.errors import InputError
from hrgcore_kernels import text
from hrgcore_kernels import views as kernels
from hrgcore_kernels.codes import AGES_UNDER_ONE, NUMBER_BLANK, NUMBER_INVALID

Numbers = npt.NDArray[np.int32]
#: Parses a text column: offsets, bytes, validity, first bit, out.
Parse = Callable[[np.ndarray, np.ndarray, np.ndarray, int, Numbers], None]

NO_BYTES = np.empty(0, np.uint8)
NO_BYTES.flags.writeable = False
_FEW = 4  # rows, if not more than one of so many
_MOST_BYTES = 2**31 - 1  # of the text of an array of string


def text_numbers(column: Any, parse: Parse, blank: int, known: Known | None = None) -> Numbers:
    """Numbers of a column of text, a dictionary of text, or nothing but nulls. Numbers in it are read as their text.

    Returns int32 [rows]; nulls give ``blank``. ``known`` keeps those of dictionaries: give it where more of the column is to come.
    """
    kind = column.type
    out = np.empty(len(column), np.int32)
    if pa.types.is_dictionary(kind):
        of_values = (known or Known()).numbers(column.dictionary, parse, blank)
        text.take_numbers(*index_buffers(column), of_values, blank, out)
        return out
    if column.null_count == len(column) and not pa.types.is_nested(kind):
        out.fill(blank)
        return out
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
        column = as_text(column)
    offsets, data, validity, bit = text_buffers(column)
    parse(offsets, data, validity, bit, out)
    return out


def as_text(column: Any) -> Any:
    """A column as large_string. Raises InputError for a type that can't be: lists, or bytes that are no UTF-8."""
    try:
        return column.cast(pa.large_string())
    except pa.ArrowException:
        raise InputError(f"a column is of type {column.type}, which can't be read as text. Give it as text.") from None


class Known:
    """The numbers of the dictionaries of one column: each dictionary is parsed once, in however many chunks and blocks it comes.

    Dictionaries are told apart by where they lie in memory, so the column must outlive this.
    """

    def __init__(self) -> None:
        self._numbers: dict[tuple[Any, ...], Numbers] = {}

    def numbers(self, values: Any, parse: Parse, blank: int) -> Numbers:
        """Numbers of a dictionary's values; read-only."""
        buffers = [None if buffer is None else buffer.address for buffer in values.buffers()]
        place = (values.type.id, values.offset, len(values), *buffers)
        if place not in self._numbers:
            self._numbers[place] = _read_only(text_numbers(values, parse, blank))
        return self._numbers[place]


def index_buffers(column: Any) -> tuple[np.ndarray, np.ndarray, int]:
    """Indices (int8, int16 or int32), validity bits (empty: no nulls) and the first bit of a dictionary array."""
    places, bits, bit = number_buffers(column.indices)
    if places.dtype not in (np.int8, np.int16, np.int32):
        places = _read_only(places.astype(np.int32))
    return places, bits, bit


def number_buffers(column: Any) -> tuple[np.ndarray, np.ndarray, int]:
    """Numbers as they lie in an array, validity bits (empty: no nulls) and the first bit."""
    validity, data = column.buffers()
    kind = np.dtype(column.type.to_pandas_dtype())
    if len(column) == 0 or data is None:
        return _read_only(np.empty(0, kind)), NO_BYTES, 0
    numbers = np.frombuffer(data, kind, len(column), column.offset * kind.itemsize)
    bits = np.frombuffer(validity, np.uint8) if validity is not None and column.null_count else NO_BYTES
    return _read_only(numbers), _read_only(bits), column.offset


def text_buffers(column: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    """Offsets [rows + 1], bytes, validity bits (empty: no nulls) and the first bit of a string or large_string array."""
    validity, offsets, data = column.buffers()
    kind = np.dtype(np.int64 if pa.types.is_large_string(column.type) else np.int32)
    if len(column) == 0 or offsets is None:
        starts = np.zeros(len(column) + 1, kind)
        starts.flags.writeable = False
        return starts, NO_BYTES, NO_BYTES, 0
    starts = np.frombuffer(offsets, kind, len(column) + 1, column.offset * kind.itemsize)
    bits = np.frombuffer(validity, np.uint8) if validity is not None and column.null_count else NO_BYTES
    return (
        _read_only(starts),
        _read_only(np.frombuffer(data, np.uint8) if data is not None else NO_BYTES),
        _read_only(bits),
        column.offset,
    )


def whole_numbers(column: Any, name: str, parse: Parse, known: Known | None = None) -> Numbers:
    """Whole numbers of a column of integers, floats or text; NUMBER_BLANK for nulls, NUMBER_INVALID for what is none.

    Returns int32 [rows]. Raises InputError for a type that holds no numbers.
    """
    kind = column.type
    out = np.empty(len(column), np.int32)
    if pa.types.is_dictionary(kind) and not is_text(kind.value_type):
        of_values = _read_only(whole_numbers(column.dictionary, name, parse))
        text.take_numbers(*index_buffers(column), of_values, NUMBER_BLANK, out)
        return out
    if is_text(kind) or pa.types.is_dictionary(kind) or pa.types.is_null(kind):
        return text_numbers(column, parse, NUMBER_BLANK, known)
    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)):
        raise InputError(f"column {name} is of type {kind}; give whole numbers, as numbers or as text.")
    if pa.types.is_int32(kind) or pa.types.is_int16(kind):  # as most are: no need of floats
        text.check_numbers(*number_buffers(column), out)
        return out
    values = pc.fill_null(column.cast(pa.float64(), safe=False), -1.0).to_numpy(zero_copy_only=False)
    fits = (values >= 0) & (values < 1e9) & (values == np.floor(values))
    out[:] = np.where(fits, values, NUMBER_INVALID)
    out[np.isnan(values)] = NUMBER_BLANK  # data frames write a missing number as NaN
    if column.null_count:
        out[column.is_null().to_numpy(zero_copy_only=False)] = NUMBER_BLANK
    return out


def without_blanks(column: Any) -> Any:
    """A column as text without surrounding blanks; nulls and cells of nothing but blanks and hyphens are empty.

    Rule: docs/grouping.md section 1.
    """
    if pa.types.is_floating(column.type):
        column = pc.if_else(pc.is_nan(column), None, column)
    if pa.types.is_null(column.type) or column.null_count == len(column):
        return pa.chunked_array([pa.repeat("", len(column))])
    text = pc.fill_null(pc.ascii_trim_whitespace(column.cast(pa.string())), "")
    return pc.if_else(pc.equal(pc.ascii_trim(text, characters="- \t\n\r\v\f"), ""), "", text)


def take_rows(column: Any, rows: Any) -> Any:
    """Cells of some rows of a chunked column, as a chunked column; those of a dictionary come as its values.

    Arrow can't join dictionaries with nulls or too long for their index type, and joins the chunks of other columns before it takes
    from them, which a few rows are not worth. The type of the result does not hang on how many chunks there are.
    """
    kind = column.type
    if pa.types.is_dictionary(kind):
        return take_in_chunks(
            column,
            np.asarray(rows),
            lambda chunk, within: chunk.dictionary.take(chunk.indices.take(pa.array(within))),
            kind.value_type,
        )
    if column.num_chunks > 1 and _FEW * len(rows) < len(column):
        return take_in_chunks(column, np.asarray(rows), lambda chunk, within: chunk.take(pa.array(within)), kind)
    return column.take(rows)


def take_in_chunks(column: Any, rows: np.ndarray, take: Callable[[Any, np.ndarray], Any], kind: Any) -> Any:
    """What ``take`` gives for rows of each chunk, counted within it, in the order of ``rows``: a chunked column of ``kind``."""
    chunks = column.chunks
    return take_in_parts([len(chunk) for chunk in chunks], rows, lambda part, within: [take(chunks[part], within)], kind)


def take_in_parts(
    lengths: Sequence[int], rows: np.ndarray, take: Callable[[int, np.ndarray], Sequence[Any]], kind: Any, run: Any = map
) -> Any:
    """The same for parts of these lengths: ``take`` gives arrays for rows of a part; ``run`` calls it for each, as `map` does."""
    starts = np.cumsum([0, *lengths])
    of_row = np.searchsorted(starts, rows, side="right") - 1
    order = None if (of_row[1:] >= of_row[:-1]).all() else np.argsort(of_row, kind="stable")
    sorted_rows = rows if order is None else rows[order]
    cuts = np.searchsorted(of_row if order is None else of_row[order], np.arange(len(lengths) + 1))
    taken = [part for part in range(len(lengths)) if cuts[part] < cuts[part + 1]]
    found = run(lambda part: take(part, sorted_rows[cuts[part] : cuts[part + 1]] - starts[part]), taken)
    column = pa.chunked_array([array for arrays in found for array in arrays], kind)
    if order is None:
        return column
    back = np.empty(len(order), np.int64)
    back[order] = np.arange(len(order))
    return column.take(pa.array(back))


def under_one(ages: Numbers) -> Numbers:
    """HES gives infants as 7001 to 7007: they become 0 years old, in place."""
    low, high = AGES_UNDER_ONE
    ages[(ages >= low) & (ages <= high)] = 0
    return ages


def without_views(table: pa.Table) -> pa.Table:
    """A table whose text is no string_view, for which Arrow has few functions yet; dictionaries and lists stay what they are."""
    for place, field in enumerate(table.schema):
        kind = _without_view(field.type)
        if kind != field.type:
            chunks = [_convert(chunk, kind) for chunk in table.column(place).chunks]
            table = table.set_column(place, field.name, pa.chunked_array(chunks, kind))
    return table


def _without_view(kind: Any) -> Any:
    if pa.types.is_string_view(kind):
        return pa.large_string()
    if pa.types.is_dictionary(kind):
        return pa.dictionary(kind.index_type, _without_view(kind.value_type), kind.ordered)
    if pa.types.is_fixed_size_list(kind):
        return pa.large_list(_without_view(kind.value_type)) if is_text(kind.value_type) else kind
    if is_list(kind):
        plain = _without_view(kind.value_type)
        return kind if plain == kind.value_type else pa.large_list(plain)
    return kind


def _convert(column: Any, kind: Any) -> Any:
    """Cast to a type of `_without_view`; Arrow can't cast dictionaries to dictionaries, nor lists of them."""
    if pa.types.is_dictionary(column.type):
        values = column.dictionary.cast(kind.value_type)
        return pa.DictionaryArray.from_arrays(column.indices, values, ordered=kind.ordered)
    if is_list(column.type) and pa.types.is_dictionary(kind.value_type):
        offsets = pa.array(column.offsets.to_numpy().astype(np.int64))  # a copy: Arrow takes no slice beside a mask
        values = _convert(column.values, kind.value_type)
        return pa.LargeListArray.from_arrays(offsets, values, type=kind, mask=column.is_null() if column.null_count else None)
    return column.cast(kind)


def plain_views(column: Any) -> Any:
    """An array of string_view as string where all its text is short and ASCII, which is found on the way; else None.

    Nothing need be known of it but that its buffers are as long as it says.
    """
    validity, views = column.buffers()[:2]
    count = len(column)
    if not count or kernels.LONGEST * count > _MOST_BYTES:
        return None
    words = np.frombuffer(views, np.uint32, 4 * count, 16 * column.offset)
    bits, nulls, filled = NO_BYTES, None, count
    if validity is not None and column.null_count:
        valid = column.is_valid()
        bits, nulls, filled = np.frombuffer(validity, np.uint8), valid.buffers()[1], valid.true_count
    # Arrow keeps memory that it has had: new pages would cost as much as the copy.
    starts, text = pa.allocate_buffer(4 * (count + 1)), pa.allocate_buffer(kernels.LONGEST * filled)
    offsets, found = np.frombuffer(starts, np.int32), np.empty(1, np.uint8)
    kernels.copy_views(_read_only(words), _read_only(bits), column.offset, offsets, np.frombuffer(text, np.uint8), found)
    if found[0]:
        return None
    return pa.Array.from_buffers(pa.string(), count, [nulls, starts, text.slice(0, int(offsets[-1]))], count - filled)


def is_text(kind: Any) -> bool:
    """Whether a type is one of Arrow's for text."""
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def is_list(kind: Any) -> bool:
    """Whether a type is one of lists of any length."""
    return bool(pa.types.is_list(kind) or pa.types.is_large_list(kind))


def fixed(array: np.ndarray, kind: Any = np.int64) -> np.ndarray:
    """An array of a type that nobody writes into any more, as kernels take it."""
    return _read_only(array.astype(kind, copy=False))


def _read_only(array: np.ndarray) -> np.ndarray:
    array.flags.writeable = False
    return array
