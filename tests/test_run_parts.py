"""Where a run cuts its input into parts, and how it works ahead."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from runs import PART, ROWS, TABLE

from hrgcore.activity import TableActivity
from hrgcore.encode.spells import SpellKeys
from hrgcore.run import parts
from hrgcore.run.ahead import ahead
from hrgcore.stream import SpellReturns, whole_spells

pytestmark = pytest.mark.usefixtures("small_parts")


# Where parts are cut -------------------------------------------------------------------------------------------------------------


def cuts(batches: list[TableActivity], size: int = PART) -> list[tuple[int, int]]:
    return [(part.start, part.content.count) for part in parts.parts_of_spells(lambda: iter(batches), size)]


def tables(table: pa.Table, size: int) -> list[pa.Table]:
    return [table.slice(start, size) for start in range(0, len(table), size)]


def rows(table: pa.Table, size: int) -> list[TableActivity]:
    return [TableActivity(part) for part in tables(table, size)]


@pytest.mark.parametrize("size", [1, 10, PART, ROWS, 2 * ROWS])
def test_the_cut_hangs_on_the_rows_alone(size: int) -> None:
    expected = cuts([TableActivity(TABLE)], size)
    for batch in (1, 2, 7, size, 10 * size):
        assert cuts(rows(TABLE, batch), size) == expected
    keys = TABLE.column("PROVSPNO").to_pylist()
    assert [start for start, _ in expected] == [0, *np.cumsum([count for _, count in expected])[:-1].tolist()]
    assert sum(count for _, count in expected) == ROWS
    for start, count in expected[:-1]:
        assert count >= size and keys[start + count] != keys[start + count - 1]
        assert count == size or keys[start + size - 1] == keys[start + count - 1]  # no longer than its last spell needs


def test_parts_of_rows() -> None:
    found = [(part.start, part.content.count) for part in parts.parts_of_rows(rows(TABLE, 33), 50)]
    assert found == [(start, min(50, ROWS - start)) for start in range(0, ROWS, 50)]


@pytest.mark.parametrize(
    "cut", [whole_spells, lambda batches: parts.parts_of_spells(lambda: map(TableActivity, batches), 2)], ids=["stream", "run"]
)
def test_a_giant_spell_is_looked_at_once(cut: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Each batch costs the same, however many rows wait already."""
    looked_at = []
    of = SpellKeys.of

    def counting(provider: Any, spell: Any) -> SpellKeys:
        looked_at.append(len(provider))
        return of(provider, spell)

    monkeypatch.setattr(SpellKeys, "of", staticmethod(counting))
    giant = pa.concat_tables([TABLE.slice(0, 1)] * 300)
    (whole,) = cut(tables(giant, 3))
    assert (whole.content.count if isinstance(whole, parts.Part) else whole.num_rows) == 300
    assert sum(looked_at) <= 300 + 100


def test_a_spell_that_comes_back_is_noticed() -> None:
    with pytest.raises(SpellReturns):
        cuts(rows(pa.concat_tables([TABLE, TABLE.slice(0, 1)]), 10))


# Working ahead -------------------------------------------------------------------------------------------------------------------


def test_working_ahead_keeps_order_and_bounds() -> None:
    made: list[int] = []

    def items() -> Iterator[int]:
        for item in range(20):
            made.append(item)
            yield item

    stream = ahead(items(), 2)
    assert next(stream) == 0
    time.sleep(0.3)
    assert len(made) <= 1 + 2 + 1  # taken, room, and one under way
    assert [0, *stream] == list(range(20))


def test_errors_come_through_and_closing_ends_the_thread() -> None:
    closed = threading.Event()

    def items() -> Iterator[int]:
        try:
            yield 1
            yield 2
            raise ZeroDivisionError
        finally:
            closed.set()

    with pytest.raises(ZeroDivisionError):
        list(ahead(items()))
    assert closed.is_set()
    closed.clear()
    stream = ahead(items(), 1)
    next(stream)
    before = threading.active_count()
    stream.close()
    assert closed.is_set() and threading.active_count() < before
