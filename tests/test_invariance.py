"""What must not matter, does not: order of rows and codes, batches, chunks, types, other columns, threads, streaming."""

from __future__ import annotations

import itertools
import random
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from forms import DESIGN, FORMS, TEXT, Change, comes_to, made
from hypothesis import given
from hypothesis import strategies as st
from spells import making, spell_lists

from hrgcore import engine
from hrgcore.grouper import Grouper
from hrgcore.result import EPISODE_COLUMNS
from hrgcore.selftest.spells import NUMBERS, Input, Spell, example_of
from hrgcore.selftest.twins import kernels_say

_SHARE = 0.005  # of all spells, for each test that makes its own
_NAMES = [
    "chunked",
    "batches",
    "dictionaries",
    "large_string",
    "string_view",
    "mixed",
    "lists",
    "empty codes",
    "nulls",
    "extra",
    "order",
    "letters",
]


@pytest.mark.parametrize("change", FORMS, ids=_NAMES)
def test_form_of_the_table_does_not_matter(change: Change) -> None:
    @making(_SHARE)
    @given(spell_lists(), st.booleans(), st.integers(0, 2**32))
    def check(example: list[bytes], together: bool, seed: int) -> None:
        table = made(example, together).table
        changed = change(table, random.Random(seed))
        assert comes_to(DESIGN.grouper.group(changed)) == comes_to(DESIGN.grouper.group(table))

    check()


@making(_SHARE)
@given(spell_lists(), st.sampled_from([pa.int64(), pa.int16(), pa.uint32(), pa.float64(), pa.float32(), pa.decimal128(25, 2)]))
def test_numbers_may_come_as_numbers(example: list[bytes], kind: pa.DataType) -> None:
    table = with_readable_numbers(made(example).table)
    typed = table
    for name in NUMBERS:
        if name in table.column_names:
            texts = [text or None for text in table.column(name).to_pylist()]
            numbers = pa.array([int(text) if text else None for text in texts], pa.int64()).cast(kind)
            typed = typed.set_column(typed.column_names.index(name), name, numbers)
    said, expected = comes_to(DESIGN.grouper.group(typed)), comes_to(DESIGN.grouper.group(table))
    if not pa.types.is_integer(kind):  # the error's words have the number as its own type writes it
        del said["errors Code"], expected["errors Code"]
    assert said == expected


def with_readable_numbers(table: pa.Table) -> pa.Table:
    """Number columns in which every text is a number as integers are written, or empty."""
    for name in NUMBERS:
        texts = [text.strip() if text else "" for text in table.column(name).to_pylist()]
        plain = [text if text.isascii() and text.isdigit() and text == str(int(text)) else "" for text in texts]
        small = [text if text and int(text) < 2**15 else "" for text in plain]
        table = table.set_column(table.column_names.index(name), name, pa.array(small, TEXT))
    return table


# The same spells in another order ------------------------------------------------------------------------------------------------


@making(_SHARE)
@given(spell_lists(), st.integers(0, 2**32))
def test_order_of_rows_does_not_matter(example: list[bytes], seed: int) -> None:
    """Episodes with the same or an invalid EPIORDER stand in input order, so these keep their order among themselves."""
    given_ = made(example)
    moved = made(example)
    moved.places = random.Random(seed).sample(given_.places, len(given_.places))
    before, after = (kernels_say(DESIGN.grouper.group(each.table), each) for each in (given_, moved))
    for spell, one, other in zip(given_.spells, before, after, strict=True):
        if is_ordered(spell):
            assert one == other
    result = DESIGN.grouper.group(moved.table)
    assert result.episodes.select(moved.table.column_names).equals(moved.table)  # rows in are rows out, in order


def is_ordered(spell: Spell) -> bool:
    """Whether the EPIORDERs are valid and differ."""
    orders = [(episode.get("EPIORDER") or "").strip() for episode in spell]
    valid = [int(order) for order in orders if order.isascii() and order.isdigit() and 1 <= int(order) <= 97]
    return len(set(valid)) == len(spell)


@making(_SHARE)
@given(spell_lists(), st.integers(0, 2**32))
def test_order_of_secondary_diagnoses_does_not_matter(example: list[bytes], seed: int) -> None:
    given_ = made(example)
    chance = random.Random(seed)
    moved = Input([[shuffled(episode, chance) for episode in spell] for spell in given_.spells])
    for one, other in zip(*(kernels_say(DESIGN.grouper.group(each.table), each) for each in (given_, moved)), strict=True):
        for said in (one, other):
            del said["SpellSDiag"]
            for episode in said["episodes"]:
                episode["errors"] = sorted(tuple(error[1:]) for error in episode["errors"].elements())  # DIAG_03 may be DIAG_05 now
        assert one == other


def shuffled(episode: dict[str, str | None], chance: random.Random) -> dict[str, str | None]:
    names = [name for name in episode if name.startswith("DIAG_") and name != "DIAG_01"]
    return episode | dict(zip(names, chance.sample([episode[name] for name in names], len(names)), strict=True))


# Threads and streams --------------------------------------------------------------------------------------------------------------


KINDS = ("diagnosis", "procedure")


@pytest.fixture(scope="module")
def many() -> Input:
    return made(example_of(400, 7))


@pytest.mark.parametrize("threads", [1, 2, 3, 4])
def test_number_of_threads_does_not_matter(many: Input, threads: int, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from hrgcore.design.bundle import write

    monkeypatch.setattr("hrgcore.engine._SLICE_EPISODES", 7)
    monkeypatch.setattr("hrgcore.encode.columns.MOST_ROWS", 11)
    write(DESIGN.bundle, tmp_path / "small")
    said = comes_to(Grouper(tmp_path / "small", threads=threads).group(many.table))
    monkeypatch.undo()
    assert said == comes_to(DESIGN.grouper.group(many.table))


def most_codes(given: Input) -> tuple[int, int]:
    """How many diagnoses and procedures a spell of several episodes has at most."""
    result = DESIGN.grouper.group(given.table)
    rows, order = result.encoded.rows, result.order
    spells = [order.rows[start:end] for start, end in itertools.pairwise(order.starts.tolist())]
    counts = [
        [int(sum(rows[f"{kind}_end"][spell] - rows[f"{kind}_start"][spell])) for kind in KINDS]
        for spell in spells
        if len(spell) > 1
    ]
    return max(own[0] for own in counts), max(own[1] for own in counts)


@pytest.mark.parametrize("room", [1, 3, 20])
def test_room_for_codes_of_spells_does_not_matter(many: Input, room: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A slice in which some spell has more codes than there is room for is grouped again; blocks end where no more have room."""
    expected = comes_to(DESIGN.grouper.group(many.table))
    rooms: list[tuple[int, int]] = []
    scratch = engine.scratch

    def noting(*given: Any) -> Any:
        rooms.append(given[-2:])
        return scratch(*given)

    monkeypatch.setattr(engine, "scratch", noting)
    monkeypatch.setattr(engine, "_SPELL_CODES", room)
    assert comes_to(DESIGN.grouper.group(many.table)) == expected
    # Blocks may have been begun before it was seen that spells don't stand together: they need no more.
    assert rooms[0] == (room, room)
    assert tuple(map(max, zip(*rooms, strict=True))) == tuple(max(room, most) for most in most_codes(many))


def test_number_of_spells_does_not_matter(many: Input) -> None:
    """Slices are grouped chunk by chunk, and chunks block by block: spells at their edges come to what they come to elsewhere."""
    copies = 12
    keys = [pa.array([f"{key}.{copy}" for key in many.table["PROVSPNO"].to_pylist()]) for copy in range(copies)]
    place = many.table.column_names.index("PROVSPNO")
    tables = [many.table.set_column(place, "PROVSPNO", key) for key in keys]
    said = DESIGN.grouper.group(pa.concat_tables(tables))
    assert said.table.num_rows > 2 * 4096, "more than two chunks"
    one = DESIGN.grouper.group(many.table)
    assert said.episodes.select(EPISODE_COLUMNS).to_pylist() == copies * one.episodes.select(EPISODE_COLUMNS).to_pylist()
    names = [name for name in one.spells.column_names if name != "PROVSPNO"]
    assert said.spells.select(names).to_pylist() == copies * one.spells.select(names).to_pylist()
    assert said.unbundled.num_rows == copies * one.unbundled.num_rows
    assert said.errors.num_rows == copies * one.errors.num_rows


def test_more_unbundled_hrgs_than_episodes(many: Input) -> None:
    """There is room for as many as episodes at first; a slice that has more is grouped again."""
    whole = DESIGN.grouper.group(many.table)
    listed = whole.unbundled.column("Row").to_pylist()
    row = max(listed, key=listed.count)
    assert listed.count(row) > 1
    key = whole.unbundled.slice(listed.index(row), 1).column("PROVSPNO")[0]
    alone = DESIGN.grouper.group(many.table.filter(pc.equal(many.table["PROVSPNO"], key)))
    of_spell = whole.unbundled.filter(pc.equal(whole.unbundled["PROVSPNO"], key))
    names = [name for name in whole.unbundled.column_names if name != "Row"]
    assert alone.unbundled.select(names).to_pylist() == of_spell.select(names).to_pylist()


@making(_SHARE)
@given(spell_lists(), st.integers(0, 2**32))
def test_streaming_does_not_matter(example: list[bytes], seed: int) -> None:
    table = made(example, together=True).table
    chance = random.Random(seed)
    cuts = sorted(chance.choices(range(len(table) + 1), k=chance.randrange(12)))
    batches = [table.slice(start, end - start) for start, end in zip([0, *cuts], [*cuts, len(table)], strict=True)]
    parts = list(DESIGN.grouper.stream(batches))
    whole = comes_to(DESIGN.grouper.group(table))
    del whole["counts"]
    at = 0
    streamed: dict[str, list[Any]] = {name: [] for name in whole}
    for part in parts:
        for name, said in comes_to(part).items():
            if name.endswith(" Row"):
                said = [row + at for row in said]
            if name != "counts":
                streamed[name] += said
        at += part.table.num_rows
    assert streamed == whole
