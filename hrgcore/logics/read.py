"""One Arrow column of a field to one number a cell: values of coded fields, codes, whole numbers, thousandths, days."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hrgcore.encode import Encoder
from hrgcore.encode.cells import Known, Numbers, is_text, text_numbers, under_one, whole_numbers
from hrgcore.errors import InputError
from hrgcore.logics.fields import Field
from hrgcore_kernels import text
from hrgcore_kernels.codes import NUMBER_BLANK, NUMBER_INVALID
from hrgcore_kernels.decimals import parse_thousandths

Reader = Callable[[Any, Known | None], Numbers]

FIRST_YEAR, LAST_YEAR = 1900, 2199  #: of dates that are taken
_DAYS_BEFORE = np.array([0, 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365])
_MOST = 10**6  # thousandths are of numbers below


def reader_of(one: Field, encoder: Encoder, lookup: np.ndarray | None) -> Reader:
    """What reads the columns of a field. ``lookup`` is that of a coded field.

    Where the field is of codes, blanks are CELL_BLANK and what is not accepted is 0; else NUMBER_BLANK and NUMBER_INVALID.
    Readers raise InputError for a column of a type that can't hold the field.
    """
    if one.kind == "coded":
        return lambda column, known: text_numbers(column, _parse(text.parse_field, lookup), text.CELL_BLANK, known)
    if one.kind == "icd10":
        return encoder.icd10
    if one.kind == "opcs4":
        return encoder.opcs4
    if one.kind == "date":
        return lambda column, known: _days(_written(column, one.name, known))
    if one.kind == "thousandths":
        return lambda column, known: _thousandths(column, one.name, known)
    if one.kind == "age":
        return lambda column, known: under_one(_whole(column, one.name, known))
    return lambda column, known: _whole(column, one.name, known)


def _parse(kernel: Callable[..., None], *tables: Any) -> Any:
    return lambda offsets, data, validity, bit, out: kernel(offsets, data, validity, bit, *tables, out)


def _whole(column: Any, name: str, known: Known | None) -> Numbers:
    return whole_numbers(column, name, _parse(text.parse_number), known)


def _thousandths(column: Any, name: str, known: Known | None) -> Numbers:
    kind = column.type
    if is_text(kind) or pa.types.is_null(kind) or (pa.types.is_dictionary(kind) and is_text(kind.value_type)):
        return text_numbers(column, _parse(parse_thousandths), NUMBER_BLANK, known)
    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)):
        raise InputError(f"column {name} is of type {kind}; give numbers, or their text, such as 2.345.")
    values = pc.fill_null(column.cast(pa.float64(), safe=False), np.nan).to_numpy(zero_copy_only=False)
    with np.errstate(invalid="ignore"):
        counted = np.round(values * 1000)
        # A fraction in binary is not the one in decimals that it stands for, but near it.
        fits = (values >= 0) & (values < _MOST) & (np.abs(values * 1000 - counted) < 1e-6)
    numbers = np.where(fits, counted, NUMBER_INVALID).astype(np.int32)
    numbers[np.isnan(values)] = NUMBER_BLANK
    return numbers


def _written(column: Any, name: str, known: Known | None) -> Numbers:
    """Dates as the numbers that their eight digits make."""
    if pa.types.is_date(column.type) or pa.types.is_timestamp(column.type):
        parts = (pc.year(column), pc.month(column), pc.day(column))
        year, month, day = (pc.fill_null(part, 0).to_numpy(zero_copy_only=False) for part in parts)
        written: Numbers = (year * 10_000 + month * 100 + day).astype(np.int32)
        written[column.is_null().to_numpy(zero_copy_only=False)] = NUMBER_BLANK
        return written
    return _whole(column, name, known)


def _days(written: Numbers) -> Numbers:
    """Days, counted on from one to the next, of dates written YYYYMMDD; NUMBER_BLANK and NUMBER_INVALID as they are."""
    year, month, day = written // 10_000, written // 100 % 100, written % 100
    leap = ((year % 4 == 0) & (year % 100 != 0)) | (year % 400 == 0)
    valid = (year >= FIRST_YEAR) & (year <= LAST_YEAR) & (month >= 1) & (month <= 12)
    month = np.where(valid, month, 1)
    length = _DAYS_BEFORE[month + 1] - _DAYS_BEFORE[month] + ((month == 2) & leap)
    valid &= (day >= 1) & (day <= length)
    before = (year - 1) * 365 + (year - 1) // 4 - (year - 1) // 100 + (year - 1) // 400
    days = before + _DAYS_BEFORE[month] + ((month > 2) & leap) + day
    found = np.where(valid, days, NUMBER_INVALID).astype(np.int32)
    return np.where(written == NUMBER_BLANK, NUMBER_BLANK, found).astype(np.int32)
