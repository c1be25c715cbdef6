"""Text to numbers and rows to spells: the encoding against plain Python twins, on any bytes, types and keys."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from designs import both
from hypothesis import example, given, settings
from hypothesis import strategies as st
from spells import TOTAL

from hrgcore.columns import CODED_FIELDS
from hrgcore.encode.cells import Known, plain_views, take_rows, text_numbers, whole_numbers
from hrgcore.encode.codes import check_code_column, list_codes
from hrgcore.errors import InputError
from hrgcore.selftest.spells import NUMBERS, Input, example_of
from hrgcore_kernels import text
from hrgcore_kernels.codes import NUMBER_BLANK, NUMBER_INVALID
from hrgcore_kernels.text import CELL_BLANK

SMALL = both("small")
ENCODER = SMALL.grouper._encoder
ICD10 = {code: number for number, code in enumerate(SMALL.bundle.strings("icd10_codes"))}
OPCS4 = {code: number for number, code in enumerate(SMALL.bundle.strings("opcs4_codes"))}
VALUES = {field: sorted(values) for field, values in SMALL.reference.design.value_sets.items()}
PATIENTLY = settings(max_examples=max(20, min(400, TOTAL // 250)), deadline=None)
_BLANKS = b" \t\n\r\v\f"

Cells = list[bytes | None]

# Bytes of any kind, and bytes that look like what is wanted.
_LOOKALIKE = st.builds(
    lambda before, code, after: before + code + after,
    st.sampled_from([b"", b" ", b"\t\n", b"-", b".", b"\x1f", b"\xa0"]),
    st.sampled_from(
        [code.encode() for code in [*ICD10, *OPCS4]] + [b"j45.9", b"2A", b"2a", b"007", b"123456789", b"1234567890", b"M4849"]
    ),
    st.sampled_from([b"", b" ", b"\r\v\f", b"-", b".", b"0", b"\x00", b"\xc2\xa0"]),
)
CELLS: st.SearchStrategy[Cells] = st.lists(
    st.one_of(st.none(), st.binary(max_size=12), _LOOKALIKE, st.text("0123456789", max_size=11).map(str.encode)), max_size=20
)


# The twins ------------------------------------------------------------------------------------------------------------------------


def plain(cell: bytes | None) -> bytes:
    """A cell without blanks around it; empty where it has nothing but blanks and hyphens."""
    cell = (cell or b"").strip(_BLANKS)
    return cell if cell.strip(_BLANKS + b"-") else b""


def normal(cell: bytes) -> str:
    return cell.replace(b".", b"").upper().decode("latin-1")  # bytes.upper changes ASCII letters only


def naive_icd10(cell: bytes | None) -> int:
    if not plain(cell):
        return CELL_BLANK
    code = normal(plain(cell))
    if not re.fullmatch(r"[A-Z][0-9]{2}[0-9X][0-9]?", code):
        return 0
    return ICD10.get(code) or ICD10.get(code[:4], 0)


def naive_opcs4(cell: bytes | None) -> int:
    return OPCS4.get(normal(plain(cell)), 0) if plain(cell) else CELL_BLANK


def naive_field(values: Sequence[str], cell: bytes | None) -> int:
    given_ = plain(cell).decode("latin-1")
    return values.index(given_) + 1 if given_ in values else 0 if given_ else CELL_BLANK


def naive_number(cell: bytes | None) -> int:
    if not plain(cell):
        return NUMBER_BLANK
    return int(plain(cell)) if re.fullmatch(rb"[0-9]{1,9}", plain(cell)) else NUMBER_INVALID


# Arrow arrays of any bytes --------------------------------------------------------------------------------------------------------


def text_array(cells: Cells, kind: pa.DataType, before: int = 0, hidden: bytes = b"") -> Any:
    """A string array of any bytes, behind ``before`` other cells; nulls have the bytes ``hidden`` under them."""
    every: Cells = [b"J459"] * before + cells + [b"1"]
    stored = [hidden if cell is None else cell for cell in every]
    width = np.int64 if pa.types.is_large_string(kind) else np.int32
    offsets = np.concatenate([[0], np.cumsum([len(cell) for cell in stored])]).astype(width)
    valid = np.packbits([cell is not None for cell in every], bitorder="little")
    buffers = [pa.py_buffer(valid.tobytes()), pa.py_buffer(offsets.tobytes()), pa.py_buffer(b"".join(stored))]
    return pa.Array.from_buffers(kind, len(every), buffers).slice(before, len(cells))


KINDS = pytest.mark.parametrize("kind", [pa.string(), pa.large_string()], ids=str)
PARSERS: list[tuple[str, Callable[[Any], Any], Callable[[bytes | None], int]]] = [
    ("icd10", ENCODER.icd10, naive_icd10),
    ("opcs4", ENCODER.opcs4, naive_opcs4),
    ("number", lambda column: ENCODER.number(column, "EPIDUR"), naive_number),
    *(
        (
            field,
            lambda column, place=place: ENCODER.field(column, place),
            lambda cell, field=field: naive_field(VALUES[field], cell),
        )
        for place, field in enumerate(CODED_FIELDS)
    ),
]


@KINDS
@pytest.mark.parametrize(("parse", "naive"), [parser[1:] for parser in PARSERS], ids=[parser[0] for parser in PARSERS])
def test_text_is_read_as_its_twin_reads_it(
    kind: pa.DataType, parse: Callable[[Any], Any], naive: Callable[[bytes | None], int]
) -> None:
    @PATIENTLY
    @given(CELLS, st.integers(0, 9), st.sampled_from([b"", b"J459", b"1", b"\xff\xff"]))
    @example([None, b"- -", b" -\t", b"--x", b"."], 3, b"J459")
    def check(cells: Cells, before: int, hidden: bytes) -> None:
        assert parse(text_array(cells, kind, before, hidden)).tolist() == [naive(cell) for cell in cells]

    check()


@PATIENTLY
@given(st.lists(st.one_of(st.none(), st.sampled_from([*ICD10, "x", " j45.9", "-"])), min_size=1, max_size=20), st.data())
def test_dictionaries_are_read_as_their_text(texts: list[str | None], data: st.DataObject) -> None:
    values = [None, "K635", *dict.fromkeys(text for text in texts if text is not None)]
    indices = [data.draw(st.sampled_from([None, 0])) if text is None else values.index(text, 1) for text in texts]
    for kind in (pa.int8(), pa.uint16(), pa.int64()):
        for of in (pa.string(), pa.large_string(), pa.string_view()):
            column = pa.DictionaryArray.from_arrays(pa.array(indices, kind), pa.array(values, pa.string()).cast(of))
            expected = [naive_icd10(text.encode() if text is not None else None) for text in texts]
            assert ENCODER.icd10(column).tolist() == expected
            assert ENCODER.icd10(column[1:]).tolist() == expected[1:]


ENTRIES = st.one_of(st.none(), st.sampled_from(["", " ", "-", "x"]), *[st.sampled_from([*ICD10, *OPCS4])] * 3)
ROWS = st.lists(st.one_of(st.none(), st.lists(ENTRIES, max_size=6)), max_size=12)


@PATIENTLY
@given(st.one_of(ROWS, st.lists(st.lists(st.sampled_from(["K635", "J459", "E112"]), max_size=4), max_size=12)), st.booleans())
def test_lists_of_codes_are_read_as_their_entries(rows: list[list[str | None] | None], dictionary: bool) -> None:
    """Blank entries are left out; the first diagnosis stands as 0 where it is blank or missing."""
    lying = pa.array([["A001"] if row is None else row for row in rows], pa.list_(pa.string()))  # under nulls, too
    values = lying.values.dictionary_encode() if dictionary else lying.values
    column = pa.ListArray.from_arrays(lying.offsets, values, mask=pa.array([row is None for row in rows], pa.bool_()))
    for parse, naive, keep_first in ((ENCODER._icd10(), naive_icd10, True), (ENCODER._opcs4(), naive_opcs4, False)):
        expected = []
        for row in rows:
            numbers = [naive(None if cell is None else cell.encode()) for cell in row or []]
            own = [number for number in numbers[keep_first:] if number != CELL_BLANK]
            expected.append([max(0, *numbers[:1], 0), *own] if keep_first else own)
        for start in (0, 1):
            packed, ends = list_codes(column[start:], parse, Known(), keep_first=keep_first)
            cuts = [0, *ends.tolist()]
            assert [packed[low:high].tolist() for low, high in pairwise(cuts)] == expected[start:]


def test_columns_without_text_are_blank() -> None:
    for column in (
        pa.nulls(3),
        pa.nulls(3, pa.string()),
        pa.nulls(3, pa.int64()),
        pa.nulls(3, pa.dictionary(pa.int8(), pa.string())),
    ):
        assert ENCODER.icd10(column).tolist() == [CELL_BLANK] * 3
    assert ENCODER.icd10(pa.array([], pa.string())).tolist() == []
    nothing = pa.DictionaryArray.from_arrays(pa.array([None], pa.int8()), pa.array([], pa.string()))
    assert ENCODER.icd10(nothing).tolist() == [CELL_BLANK]


@KINDS
def test_kernels_write_each_cell_and_no_other(kind: pa.DataType) -> None:
    width = np.int64 if pa.types.is_large_string(kind) else np.int32
    offsets = np.array([0, 2, 2, 3], width)
    data, validity = np.frombuffer(b"42-", np.uint8), np.empty(0, np.uint8)
    for array in (offsets, validity):
        array.flags.writeable = False
    out = np.full(5, 77, np.int32)
    text.parse_number(offsets, data, validity, 0, out[1:4])
    assert out.tolist() == [77, 42, NUMBER_BLANK, NUMBER_BLANK, 77]


# Numbers --------------------------------------------------------------------------------------------------------------------------


def numbers(column: Any) -> list[int]:
    return ENCODER.number(column, "EPIDUR").tolist()


def naive_whole(value: Any) -> int:
    if value is None:
        return NUMBER_BLANK
    if isinstance(value, float) and not math.isfinite(value):
        return NUMBER_BLANK if math.isnan(value) else NUMBER_INVALID
    return int(value) if value == int(value) and 0 <= value < 10**9 else NUMBER_INVALID


_INTEGERS = (pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64())


@PATIENTLY
@given(st.sampled_from(_INTEGERS), st.data())
def test_integers(kind: pa.DataType, data: st.DataObject) -> None:
    low, high = (0 if "uint" in str(kind) else -(2 ** (kind.bit_width - 1))), 2 ** (kind.bit_width - ("uint" not in str(kind))) - 1
    near = [value for value in (low, -2, -1, 0, 1, 999_999_999, 10**9, 2**31, 2**32, 2**53 + 1, high) if low <= value <= high]
    values = data.draw(st.lists(st.one_of(st.none(), st.sampled_from(near), st.integers(low, high))))
    assert numbers(pa.array(values, kind)) == [naive_whole(value) for value in values]
    assert numbers(pa.array([1, *values], kind)[1:].dictionary_encode()) == [naive_whole(value) for value in values]


@PATIENTLY
@given(
    st.lists(st.one_of(st.none(), st.floats(), st.integers(-3, 10**9).map(float), st.sampled_from([math.nan, -0.0, 0.5, 1e300])))
)
def test_floats(values: list[float | None]) -> None:
    assert numbers(pa.array(values, pa.float64(), from_pandas=False)) == [naive_whole(value) for value in values]


@PATIENTLY
@given(st.lists(st.one_of(st.none(), st.decimals(-10, 10**10, places=2), st.integers(0, 10**9).map(Decimal))))
def test_decimals(values: list[Decimal | None]) -> None:
    assert numbers(pa.array(values, pa.decimal128(20, 2))) == [naive_whole(value) for value in values]


@pytest.mark.parametrize(
    "column",
    [
        pa.array([3.0, math.nan, None, -1.0, 0.5, math.inf, 99_999.0], from_pandas=False),
        pa.array([3, 0, None, -1, 10**12]),
        pa.array([Decimal("3.00"), Decimal("-2.00"), None, Decimal("0.50")]),
    ],
    ids=["float", "integer", "decimal"],
)
@pytest.mark.parametrize("field", NUMBERS)
def test_both_engines_read_numbers_alike(column: Any, field: str) -> None:
    episode = {"PROCODET": "R", "STARTAGE": "40", "EPIORDER": "1", "EPIDUR": "9", "DIAG_01": "J459"}
    episode |= {name: values[0] for name, values in VALUES.items()}
    rows = [episode | {"PROVSPNO": str(number), field: value} for number, value in enumerate(column.to_pylist())]
    table = pa.table({name: column if name == field else pa.array([row[name] for row in rows]) for name in rows[0]})
    result = SMALL.grouper.group(table)
    expected = [SMALL.reference.group_spell([row]).episodes[0] for row in rows]
    assert result.episodes.column("FCE_HRG").to_pylist() == [one.hrg for one in expected]
    assert result.episodes.column("CalcEpidur").to_pylist() == [one.calc_epidur for one in expected]
    errors = [(row, error.field, error.message) for row, one in enumerate(expected, 1) for error in one.errors]
    assert (
        list(zip(*(result.errors.column(name).to_pylist() for name in ("Row", "CodeType", "ErrorMessage")), strict=True)) == errors
    )


def test_ages_under_one_year_are_0_and_only_ages() -> None:
    for column in (pa.array(["7000", "7001", "7007", "7008"]), pa.array([7000, 7001, 7007, 7008])):
        assert ENCODER.number(column, "STARTAGE").tolist() == [7000, 0, 0, 7008]
        assert ENCODER.number(column, "EPIDUR").tolist() == [7000, 7001, 7007, 7008]


@pytest.mark.parametrize("column", [pa.array([True]), pa.array([b"1"]), pa.array([[1]]), pa.array([1], pa.date32())])
def test_other_types_are_no_numbers(column: Any) -> None:
    with pytest.raises(InputError, match="column EPIDUR is of type"):
        whole_numbers(column, "EPIDUR", lambda *_: None)


@pytest.mark.parametrize("kind", [pa.int64(), pa.float64(), pa.date32(), pa.dictionary(pa.int8(), pa.int32())])
@pytest.mark.parametrize("name", ["DIAG_01", "OPER_01"])
def test_codes_given_as_numbers_are_refused(kind: pa.DataType, name: str) -> None:
    table = Input(SMALL.maker.spells(example_of(2, 1))).table
    of = kind.value_type if pa.types.is_dictionary(kind) else kind
    column = pa.array([1] * len(table), pa.int32()).cast(of)
    column = column.dictionary_encode().cast(kind) if pa.types.is_dictionary(kind) else column
    table = table.set_column(table.column_names.index(name), name, column)
    with pytest.raises(InputError, match=f"column {name} is of type .*give codes as text"):
        SMALL.grouper.group(table)
    check_code_column(
        pa.chunked_array([pa.nulls(3, kind)]), name
    )  # nothing but nulls: a tool's guess at the type of an empty column


def test_coded_fields_may_be_numbers() -> None:
    assert text_numbers(pa.array([300, 7, None]), ENCODER_FIELD, CELL_BLANK).tolist() == [
        VALUES["MAINSPEF"].index("300") + 1,
        0,
        CELL_BLANK,
    ]


def ENCODER_FIELD(*buffers: Any) -> None:
    *arrow, out = buffers
    text.parse_field(*arrow, ENCODER.lookups.field[CODED_FIELDS.index("MAINSPEF")], out)


SHORT = st.one_of(st.none(), st.text(st.characters(max_codepoint=127), max_size=12))


@PATIENTLY
@given(st.lists(SHORT, max_size=30), st.integers(0, 12), st.integers(0, 12))
def test_short_text_in_views_is_copied_out(cells: list[str | None], before: int, behind: int) -> None:
    views = pa.array(["long " * 9] * before + cells + [None, "é"] + ["x"] * behind, pa.string_view()).slice(before, len(cells))
    found = plain_views(views)
    if cells:
        found.validate(full=True)
        assert found.equals(pa.array(cells, pa.string()))
    else:
        assert found is None


@pytest.mark.parametrize("cell", ["é", "thirteen char", "x" * 4000])
def test_other_text_in_views_is_left(cell: str) -> None:
    assert plain_views(pa.array(["J459", None, cell], pa.string_view())) is None


def test_a_wrong_count_of_nulls_gives_no_less_room_for_text() -> None:
    cells = pa.array(["J459"] * 1000 + [None], pa.string_view())
    views = pa.Array.from_buffers(pa.string_view(), 1001, cells.buffers(), null_count=1000)
    found = plain_views(views)
    found.validate(full=True)
    assert found.to_pylist() == cells.to_pylist()


def test_what_stands_under_nulls_in_views_does_not_matter() -> None:
    kept = pa.array(["J459", "x" * 40, "é"], pa.string_view())
    bits = pa.py_buffer(bytes([1]))
    views = pa.Array.from_buffers(pa.string_view(), 3, [bits, *kept.buffers()[1:]])
    assert plain_views(views).to_pylist() == ["J459", None, None]


@given(st.lists(st.lists(st.sampled_from(["a", "bc", None, ""]), max_size=12), min_size=1, max_size=5), st.data())
def test_rows_are_taken_from_chunks_as_from_one(chunks: list[list[str | None]], data: st.DataObject) -> None:
    cells = [cell for chunk in chunks for cell in chunk]
    most = data.draw(st.sampled_from([4, len(cells)]))  # few rows are taken in another way
    rows = data.draw(st.lists(st.integers(0, len(cells) - 1), max_size=most) if cells else st.just([]))
    column = pa.chunked_array([pa.array(chunk, pa.string()) for chunk in chunks])
    found = take_rows(column, pa.array(rows, pa.int64()))
    assert found.type == pa.string()
    assert found.to_pylist() == [cells[row] for row in rows]
