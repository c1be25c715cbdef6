"""`Grouper.stream`: whole spells from batches cut anywhere, and a clear error where a spell comes back."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from designs import both

from hrgcore.activity import TableActivity
from hrgcore.errors import InputError, UsageError
from hrgcore.result import Result
from hrgcore.selftest.spells import Input, example_of, table_of
from hrgcore.stream import SpellReturns, SpellStarts

SMALL = both("small")
GROUPER = SMALL.grouper
TABLE = Input(SMALL.maker.spells(example_of(60, 11)), together=True).table
KEYS = TABLE.column("PROVSPNO").to_pylist()
EPISODE = {
    **{"PROCODET": "RXX", "PROVSPNO": "1", "EPIORDER": "1", "STARTAGE": "40", "SEX": "1", "CLASSPAT": "1", "ADMISORC": "19"},
    **{"ADMIMETH": "11", "DISDEST": "19", "DISMETH": "1", "EPIDUR": "3", "MAINSPEF": "300", "TRETSPEF": "300", "DIAG_01": "J459"},
}


def cut(table: pa.Table, *lengths: int) -> list[pa.Table]:
    """A table in parts of these lengths, and the rest."""
    at = [0]
    for length in lengths:
        at.append(at[-1] + length)
    return [table.slice(start, end - start) for start, end in pairwise([*at, len(table)])]


def keys_of(parts: list[Result]) -> list[list[str]]:
    return [part.episodes.column("PROVSPNO").to_pylist() for part in parts]


def hrgs(parts: list[Result]) -> list[str]:
    return [hrg for part in parts for hrg in part.episodes.column("SpellHRG").to_pylist()]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 50, 10_000])
def test_no_spell_is_cut(size: int) -> None:
    parts = list(GROUPER.stream(TABLE.to_batches(max_chunksize=size)))
    keys = keys_of(parts)
    assert [key for part in keys for key in part] == KEYS
    for one, other in pairwise(keys):
        assert not {*one} & {*other}
    assert hrgs(parts) == GROUPER.group(TABLE).episodes.column("SpellHRG").to_pylist()


def test_what_is_carried_over_waits_for_the_next_batch() -> None:
    taken: list[int] = []

    def batches() -> Iterator[pa.Table]:
        for number, batch in enumerate(cut(TABLE, 20, 20)):
            taken.append(number)
            yield batch

    stream = GROUPER.stream(batches())
    first = next(stream)
    assert taken == [0]  # nothing is read ahead of need
    assert first.episodes.num_rows == KEYS.index(KEYS[19])  # all but the last spell
    assert sum(part.episodes.num_rows for part in stream) == len(TABLE) - first.episodes.num_rows


@pytest.mark.parametrize("source", ["table", "reader", "batches", "tables", "generator"])
def test_sources(source: str) -> None:
    batches = TABLE.to_batches(max_chunksize=9)
    sources: dict[str, Any] = {
        "table": TABLE,
        "reader": pa.RecordBatchReader.from_batches(TABLE.schema, batches),
        "batches": batches,
        "tables": [pa.Table.from_batches([batch]) for batch in batches],
        "generator": (batch for batch in batches),
    }
    assert [key for part in keys_of(list(GROUPER.stream(sources[source]))) for key in part] == KEYS


@pytest.mark.parametrize("size", [1, 2, 5])
def test_a_spell_that_comes_back_is_an_error(size: int) -> None:
    rows = [EPISODE | {"PROVSPNO": number, "EPIORDER": order} for number, order in (("1", "1"), ("2", "1"), ("3", "1"), ("1", "2"))]
    with pytest.raises(InputError, match="don't stand together.*Sort it by PROCODET and PROVSPNO"):
        list(GROUPER.stream(table_of(rows).to_batches(max_chunksize=size)))


def test_a_spell_that_comes_back_much_later_is_an_error() -> None:
    rows = [EPISODE | {"PROVSPNO": str(number)} for number in [*range(50), 3]]
    for size in (1, 4, 60):
        with pytest.raises(InputError, match="don't stand together"):
            list(GROUPER.stream(table_of(rows).to_batches(max_chunksize=size)))


def test_the_same_number_at_another_provider_is_another_spell() -> None:
    rows = [EPISODE | {"PROCODET": provider} for provider in ("RXX", "RYY", "RZZ")]
    parts = list(GROUPER.stream(table_of(rows).to_batches(max_chunksize=1)))
    assert sum(part.spells.num_rows for part in parts) == 3


def test_empty_batches_change_nothing() -> None:
    empty = TABLE.slice(0, 0)
    batches = [empty, *(part for batch in cut(TABLE, 3, 30) for part in (batch, empty, empty))]
    assert hrgs(list(GROUPER.stream(batches))) == hrgs(list(GROUPER.stream(TABLE)))


def test_a_stream_of_nothing_gives_nothing() -> None:
    assert list(GROUPER.stream([])) == []


def test_a_stream_of_empty_batches_gives_an_empty_result() -> None:
    (part,) = GROUPER.stream([TABLE.slice(0, 0)] * 3)
    assert (part.episodes.num_rows, part.spells.num_rows) == (0, 0)


def test_one_giant_spell_is_one_result() -> None:
    rows = [EPISODE | {"EPIORDER": str(order)} for order in range(1, 98)]
    (part,) = GROUPER.stream(table_of(rows).to_batches(max_chunksize=10))
    assert part.episodes.num_rows == 97
    assert part.spells.column("SpellEpisodeCount").to_pylist() == [97]
    assert part.spells.column("SpellLOS").to_pylist() == [3 * 97]


def test_a_column_that_is_missing_is_an_error() -> None:
    with pytest.raises(InputError, match="no column SEX"):
        list(GROUPER.stream(TABLE.drop_columns("SEX")))


def test_an_unknown_logic_is_an_error() -> None:
    with pytest.raises(UsageError, match="unknown logic 'nacc'"):
        list(GROUPER.stream(TABLE, logic="nacc"))


def test_batches_with_other_columns_are_an_error() -> None:
    with pytest.raises(InputError, match="other columns or types"):
        list(GROUPER.stream([TABLE, TABLE.drop_columns("SPCDAYS")]))


def test_damaged_batches_are_an_error() -> None:
    offsets = np.array([0, 2_000_000_000, 4], np.int32)
    damaged = pa.Array.from_buffers(pa.string(), 2, [None, pa.py_buffer(offsets), pa.py_buffer(b"J459")])
    rows = table_of([EPISODE, EPISODE | {"EPIORDER": "2"}])
    table = rows.set_column(rows.column_names.index("DIAG_01"), "DIAG_01", damaged)
    with pytest.raises(InputError, match="damaged"):
        list(GROUPER.stream([table]))


# What is remembered of a stream that can be read again ----------------------------------------------------------------------------


def rows_of(numbers: list[int], size: int) -> list[TableActivity]:
    table = table_of([EPISODE | {"PROVSPNO": str(number)} for number in numbers])
    return [TableActivity(table.slice(start, size)) for start in range(0, len(table), size)]


@pytest.mark.parametrize("size", [1, 3, 7, 100])
@pytest.mark.parametrize(
    ("numbers", "returns", "kept"),
    [
        ([*range(95, 120), 120, 120], False, 0),
        ([*range(50), *range(100, 90, -1)], False, 60),  # those before, too
        ([*range(50), *range(100, 90, -1), 3], True, None),
        ([*range(50), 49, 50, 7], True, None),
        ([5, 5, 4, 4, 5], True, None),
    ],
)
def test_spells_are_remembered_once_keys_do_not_ascend(numbers: list[int], returns: bool, kept: int | None, size: int) -> None:
    batches = rows_of(numbers, size)
    starts_of = SpellStarts(lambda: iter(batches))
    begun = []
    try:
        for at, batch in enumerate(batches):
            begun += [at * size + int(start) for start in starts_of(batch)]
    except SpellReturns:
        assert returns
        return
    assert not returns
    assert begun == [row for row in range(len(numbers)) if row == 0 or numbers[row] != numbers[row - 1]]
    assert sum(map(len, starts_of._seen._sorted)) == kept
