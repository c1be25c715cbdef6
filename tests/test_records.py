"""Columns of a block as records: numbers as they lie, where they are null, and where the codes of lists begin and end."""

from __future__ import annotations

from itertools import cycle
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from designs import both
from hypothesis import given, settings
from hypothesis import strategies as st
from spells import TOTAL

from hrgcore.columns import CODED_FIELDS, apc_layout
from hrgcore.encode.columns import NUMBERS
from hrgcore.selftest.spells import Input, example_of

SMALL = both("small")
ENCODER = SMALL.grouper.encoder
PATIENTLY = settings(max_examples=max(20, min(200, TOTAL // 500)), deadline=None)
TABLE = Input(SMALL.maker.spells(example_of(20, 3)), together=True).table

INTEGERS = st.lists(
    st.one_of(st.none(), st.integers(-3, 120), st.sampled_from([7001, 7007, 10**9 - 1, 10**9, 2**31 - 1, -(2**31)])),
    min_size=1,
    max_size=40,
)


def encoded(table: pa.Table) -> Any:
    (block,) = ENCODER.blocks(table, apc_layout(table.column_names))
    return block.episodes


def with_numbers(values: dict[str, Any], rows: int) -> pa.Table:
    table = pa.concat_tables([TABLE] * (rows // len(TABLE) + 1)).slice(0, rows).combine_chunks()
    for name, column in values.items():
        table = table.set_column(table.column_names.index(name), name, column)
    return table


@PATIENTLY
@given(INTEGERS, st.integers(0, 17), st.integers(0, 2**31 - 1))
def test_numbers_as_they_lie_are_those_of_their_text(values: list[int | None], before: int, hidden: int) -> None:
    """Whatever stands under nulls, and wherever the column begins in its buffers."""
    count = before + len(values)
    padded = [*[None] * before, *values]
    lying = np.array([hidden if value is None else value for value in padded], np.int32)
    bits = np.packbits([value is not None for value in padded], bitorder="little")
    column = pa.Array.from_buffers(pa.int32(), count, [pa.py_buffer(bits), pa.py_buffer(lying)]).slice(before)
    text = pa.array([None if value is None else str(value) for value in values])
    for field in NUMBERS:
        one = encoded(with_numbers({field: column}, len(values)))
        other = encoded(with_numbers({field: text}, len(values)))
        for name in NUMBERS.values():
            assert one.rows[name].tolist() == other.rows[name].tolist(), (field, name)


def test_each_column_has_its_own_numbers() -> None:
    values = {field: pa.array([place, None, place + 10], pa.int32()) for place, field in enumerate(NUMBERS, 1)}
    rows = encoded(with_numbers(values, 3)).rows
    for place, name in enumerate(NUMBERS.values(), 1):
        assert rows[name].tolist() == [place, -1, place + 10]


@pytest.mark.parametrize("first", [0, 4])
@pytest.mark.parametrize("widths", [[8], [8, 16], [32, 8, 16], [64, 8]], ids=str)
def test_values_of_dictionaries_are_those_of_their_text(widths: list[int], first: int) -> None:
    """Places of any width side by side, wherever the column begins in its buffers, and whatever stands under nulls."""
    rows = 24
    columns = {}
    for field, width in zip(CODED_FIELDS, cycle(widths), strict=False):
        accepted = [text for text in map(str, range(1, 1000)) if ENCODER.accepts(field, pa.array([text]))[0]]
        others = [f"x{number}" for number in range(99 if width == 8 else 600)]  # no place of which fits fewer bits
        values = [*others, "", *accepted[:20]]
        places = [7 * row % 99 if row % 2 else len(values) - 1 - row % len(accepted[:20]) for row in range(rows)]
        filled = np.arange(rows) % 3 != 1
        hidden = np.where(filled, places, 2 ** (width - 1) - 1).astype(f"i{width // 8}")
        bits = pa.py_buffer(np.packbits(filled, bitorder="little"))
        lying = pa.Array.from_buffers(getattr(pa, f"int{width}")(), rows, [bits, pa.py_buffer(hidden)])
        columns[field] = pa.DictionaryArray.from_arrays(lying, pa.array(values)).slice(first)
    texts = {field: pa.array(column.to_pylist()) for field, column in columns.items()}
    found = encoded(with_numbers(columns, rows - first)).coded
    assert found.tolist() == encoded(with_numbers(texts, rows - first)).coded.tolist()
    assert (found > 0).any(axis=0).all() and (found == 0).any(axis=0).all()


@pytest.mark.parametrize("kind", [pa.list_, pa.large_list])
@pytest.mark.parametrize("dictionary", [False, True])
@pytest.mark.parametrize("first", [0, 1, 3])
def test_lists_of_a_part_of_a_column(kind: Any, dictionary: bool, first: int) -> None:
    """Offsets count from the first entry of all rows, of which some are not there."""
    diagnoses = [["J459"], [], ["I10X", "J459"], None, ["J459", "J459", "I10X"], ["I10X"]]
    values = pa.array([code for row in diagnoses for code in row or []])
    offsets = np.cumsum([0, *(len(row or []) for row in diagnoses)])
    kept = values.dictionary_encode() if dictionary else values
    make = pa.ListArray if kind is pa.list_ else pa.LargeListArray
    lists = make.from_arrays(pa.array(offsets, pa.int32() if kind is pa.list_ else pa.int64()), kept).slice(first)
    names = [name for name in TABLE.column_names if not name.startswith("DIAG_")]
    table = with_numbers({}, len(diagnoses) - first).select(names).append_column("DIAG", lists)
    found = encoded(table)
    number = dict(zip(["J459", "I10X"], ENCODER.icd10(pa.array(["J459", "I10X"])).tolist(), strict=True))
    for row, own in enumerate(diagnoses[first:]):
        start, end = int(found.rows["diagnosis_start"][row]), int(found.rows["diagnosis_end"][row])
        assert found.diagnoses[start:end].tolist() == ([number[code] for code in own or []] or [0])
