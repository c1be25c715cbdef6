"""Which rows make a spell, and in which order: against a plain Python twin, on any keys, and where digests collide."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from designs import both
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from spells import TOTAL

from hrgcore.encode import KeyRuns, SpellKeys, order_spells
from hrgcore.selftest.spells import Input, example_of
from hrgcore.selftest.twins import kernels_say
from hrgcore_kernels import spells as kernels

SMALL = both("small")
MOST = 97
PATIENTLY = settings(
    max_examples=max(20, min(600, TOTAL // 150)), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

# Few keys, so that they come back; parts that make the same text when joined; keys that are empty, null, long, no ASCII.
LONG = ["x" * 8, "x" * 7 + "y", "x" * 9, "y" + "x" * 8, "x" * 16, "x" * 15 + "y", "x" * 17, "x" * 8 + "é" + "x" * 7]
PARTS = st.sampled_from([None, "", "A", "AB", "ABC", "B", "BC", "C", "1", "01", " 1", "é", *LONG, "\x00"])
KEYS = st.lists(st.tuples(PARTS, PARTS, st.integers(-2, 5)), max_size=30)
STANDING_TOGETHER = KEYS.map(lambda rows: sorted(rows, key=lambda row: (row[0] or "", row[1] or "")))

Key = tuple[str | None, str | None, int]


def naive_order(rows: list[Key]) -> tuple[list[int], list[int]]:
    """Rows spell by spell in EPIORDER (invalid first, equal ones in input order), spells in order of first appearance."""
    spells: dict[tuple[str, str], list[int]] = {}
    for row, (provider, number, _) in enumerate(rows):
        spells.setdefault((provider or "", number or ""), []).append(row)
    ordered = [sorted(spell, key=lambda row: rows[row][2] if 1 <= rows[row][2] <= MOST else 0) for spell in spells.values()]
    starts = [0]
    for spell in ordered:
        starts.append(starts[-1] + len(spell))
    return [row for spell in ordered for row in spell], starts


def assert_ordered(rows: list[Key], providers: Any = None, numbers: Any = None) -> None:
    if providers is None:
        providers = pa.chunked_array([pa.array([row[0] for row in rows], pa.string())])
        numbers = pa.chunked_array([pa.array([row[1] for row in rows], pa.string())])
    found = order_spells(providers, numbers, np.array([row[2] for row in rows], np.int32), MOST)
    expected, starts = naive_order(rows)
    assert (found.rows.tolist(), found.starts.tolist()) == (expected, starts)
    assert found.count == len(starts) - 1
    spell_of = {row: spell for spell in range(found.count) for row in expected[starts[spell] : starts[spell + 1]]}
    assert found.spell_of_row().tolist() == [spell_of[row] for row in range(len(rows))]


@pytest.fixture(params=["digests", "all digests equal", "few digests"])
def digests(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Digests as they are, and digests that collide."""
    own = SpellKeys.digests
    if request.param == "all digests equal":
        monkeypatch.setattr(SpellKeys, "digests", lambda _, rows: np.zeros(len(rows), np.uint64))
    elif request.param == "few digests":
        monkeypatch.setattr(SpellKeys, "digests", lambda keys, rows: own(keys, rows) % np.uint64(3))
    yield request.param


@PATIENTLY
@given(st.one_of(KEYS, STANDING_TOGETHER))
def test_spells_are_those_of_the_twin(digests: str, rows: list[Key]) -> None:
    assert_ordered(rows)


@PATIENTLY
@given(KEYS, st.sampled_from([pa.large_string(), pa.string_view(), pa.dictionary(pa.int32(), pa.string())]), st.integers(0, 9))
def test_keys_of_any_type_and_chunks(rows: list[Key], kind: pa.DataType, cut: int) -> None:
    columns = []
    for place in (0, 1):
        texts = pa.array(["before", *(row[place] for row in rows)], pa.string())[1:]
        chunks = [
            part.dictionary_encode() if pa.types.is_dictionary(kind) else part.cast(kind) for part in (texts[:cut], texts[cut:])
        ]
        columns.append(pa.chunked_array(chunks))
    assert_ordered(rows, *columns)


@PATIENTLY
@given(KEYS, st.permutations([pa.string(), pa.large_string()]))
def test_keys_of_two_widths(rows: list[Key], kinds: list[pa.DataType]) -> None:
    filled = [("" if a is None else a, "" if b is None else b, order) for a, b, order in rows]  # as they lie: nulls are copied
    assert_ordered(filled, *(pa.chunked_array([pa.array([row[place] for row in filled], kinds[place])]) for place in (0, 1)))


@PATIENTLY
@given(st.lists(st.tuples(st.sampled_from([None, 0, 1, 11]), st.sampled_from([None, 1, 11, 111]), st.integers(0, 3)), max_size=20))
def test_numeric_keys(rows: list[tuple[int | None, int | None, int]]) -> None:
    as_text = [(str(a) if a is not None else None, str(b) if b is not None else None, order) for a, b, order in rows]
    columns = [pa.chunked_array([pa.array([row[place] for row in rows], pa.int64())]) for place in (0, 1)]
    assert_ordered(as_text, *columns)


@PATIENTLY
@given(*[st.one_of(st.text("ab", max_size=26), st.sampled_from(LONG)).map(str.encode)] * 2)
def test_text_is_compared_byte_by_byte(one: bytes, other: bytes) -> None:
    keys = SpellKeys.of(pa.array([one.decode(), other.decode()]), pa.array(["", ""]))
    runs = keys.runs()
    assert (len(runs.starts), bool(runs.orders & 1)) == (1 + (one != other), one <= other)


def test_no_rows_of_a_dictionary() -> None:
    nothing = pa.array(["B", "A"]).dictionary_encode()[:0]
    runs = SpellKeys.of(nothing, nothing).runs()
    assert (runs.starts.tolist(), runs.count, runs.orders) == ([], 0, kernels.ALL_ORDERS)


def test_keys_of_type_null() -> None:
    nothing = pa.chunked_array([pa.nulls(2), pa.nulls(1)])
    assert_ordered([(None, None, 2), (None, None, 1), (None, None, 0)], nothing, nothing)


def test_joined_text_does_not_make_a_key() -> None:
    rows: list[Key] = [("AB", "C", 1), ("A", "BC", 1), ("AB", "C", 2), ("", "ABC", 1), ("ABC", "", 1)]
    assert naive_order(rows)[1] == [0, 2, 3, 4, 5]
    assert_ordered(rows)


@PATIENTLY
@given(st.lists(st.tuples(PARTS, PARTS), min_size=1, max_size=20))
def test_equal_keys_have_equal_digests_and_others_differ(keys: list[tuple[str | None, str | None]]) -> None:
    found = SpellKeys.of(*(pa.array([key[place] for key in keys], pa.string()) for place in (0, 1)))
    digests = found.digests(np.arange(len(keys))).tolist()
    plain = [(provider or "", number or "") for provider, number in keys]
    assert len(set(digests)) == len(set(plain))
    assert len(set(zip(digests, plain, strict=True))) == len(set(plain))
    runs = [0, *(row for row in range(1, len(plain)) if plain[row] != plain[row - 1]), len(plain)]
    assert [*found.runs().starts.tolist(), len(plain)] == runs


def test_results_are_right_where_digests_collide(digests: str) -> None:
    for together in (True, False):
        given_ = Input(SMALL.maker.spells(example_of(60, 5)), together=together)
        said = kernels_say(SMALL.grouper.group(given_.table), given_)
        for spell in range(60):
            alone = Input([given_.spells[spell]])
            assert kernels_say(SMALL.grouper.group(alone.table), alone) == [said[spell]]


@pytest.mark.parametrize("longest", [1, 3, 64])
def test_runs_are_put_in_order_whatever_their_length(longest: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hrgcore.encode.spells._LONGEST_RUN", longest)

    @PATIENTLY
    @given(st.lists(st.lists(st.integers(-1, 9), max_size=9), max_size=6))
    def check(runs: list[list[int]]) -> None:
        assert_ordered([("R", str(number), order) for number, run in enumerate(runs) for order in run])

    check()


@pytest.mark.parametrize("longest", [1, 64])
def test_order_is_looked_for_within_runs_only(longest: int) -> None:
    for order, expected in (([1, 2, 1, 2], 2), ([1, 2, 2, 1], 1), ([2, 1, 1, 1], 0), ([0, 0, 0, 5], 2), ([10, 1, -2, 1], 2)):
        starts, values = np.array([0, 2, 4]), np.array(order, np.int32)
        rows, found = np.arange(4), np.full(1, 9)
        for array in (starts, values):
            array.flags.writeable = False
        kernels.run_that_falls(starts, values, 9, found)
        assert found[0] == expected
        kernels.order_runs(starts, values, 9, longest, found, rows)
        assert found[0] == (expected < 2 and longest == 1)
        assert found[0] or rows.tolist() == sorted(range(4), key=lambda row: (row // 2, order[row] if 1 <= order[row] <= 9 else 0))


# Keys that ascend ----------------------------------------------------------------------------------------------------------------


def runs_of(keys: list[tuple[str, str]]) -> KeyRuns:
    return SpellKeys.of(*(pa.array([key[place] for key in keys], pa.string()) for place in (0, 1))).runs()


def naive_orders(keys: list[tuple[str, str]]) -> int:
    """The orders in which keys ascend from each that differs from the one before."""
    by = [
        lambda key: key,
        lambda key: (key[0], len(key[1]), key[1]),
        lambda key: (key[1], key[0]),
        lambda key: (len(key[1]), key[1], key[0]),
    ]
    pairs = [(one, other) for one, other in pairwise(keys) if one != other]
    return sum(1 << bit for bit, order in enumerate(by) if all(order(one) < order(other) for one, other in pairs))


SHORT = st.lists(st.tuples(st.text("AB", max_size=2), st.text("129", max_size=3)), max_size=12)


@PATIENTLY
@given(SHORT, st.booleans(), st.lists(st.integers(0, 12), max_size=4))
def test_runs_of_parts_come_to_those_of_the_whole(keys: list[tuple[str, str]], ascend: bool, cuts: list[int]) -> None:
    keys = sorted(keys) if ascend else keys
    whole = runs_of(keys)
    assert whole.orders == naive_orders(keys)
    if whole.orders:
        assert len(whole.starts) == len(set(keys))
    bounds = [0, *sorted(min(cut, len(keys)) for cut in cuts), len(keys)]
    for parts in (
        [runs_of(keys[low:high]) for low, high in pairwise(bounds)],
        [whole.part(low, high) for low, high in pairwise(bounds)],
        [runs_of([key]) for key in keys],
    ):
        joined = KeyRuns.join(parts)
        assert (joined.starts.tolist(), joined.count, joined.orders) == (whole.starts.tolist(), len(keys), whole.orders)
        assert [joined.key(row) for row in range(len(keys))] == [(a.encode(), b.encode()) for a, b in keys]


@pytest.mark.parametrize("length", [7, 8, 9, 12, 15, 16, 17, 24, 25])
@pytest.mark.parametrize("providers", [("A", "A"), ("A", "B"), ("B", "A")])
def test_numbers_of_any_length_are_told_apart_at_any_place(length: int, providers: tuple[str, str]) -> None:
    """Some are told by their first eight bytes and their last."""
    number = "5" * length
    others = [number, number + "5", number[1:], *(number[:at] + other + number[at + 1 :] for at in range(length) for other in "49")]
    for other in others:
        keys = [(providers[0], number), (providers[1], other), (providers[1], other)]
        runs = runs_of(keys)
        assert (runs.starts.tolist(), runs.orders) == ([0, 1] if keys[0] != keys[1] else [0], naive_orders(keys))


def test_an_order_that_is_lost_stays_lost() -> None:
    """Providers are looked at as long as keys may ascend by them, and wherever the number alone does not tell."""
    for keys in (
        [("B", "1"), ("A", "2"), ("C", "3")],
        [("B", "1"), ("A", "2"), ("A", "2"), ("B", "2"), ("A", "3")],
        [("B", "1"), ("A", "2"), ("B", "2"), ("A", "2")],
        [("A", "9"), ("A", "10"), ("B", "10"), ("B", "2")],
        [("B", "9"), ("A", "91"), ("A", "92"), ("A", "101")],
    ):
        runs = runs_of(keys)
        assert (runs.count, runs.orders) == (len(keys), naive_orders(keys))
