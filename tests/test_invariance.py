"""What must not matter, does not: order of rows and codes, batches, chunks, types, other columns, readers, threads, streaming."""

from __future__ import annotations

import csv
import random
import re
from collections.abc import Callable
from itertools import accumulate, chain
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from designs import both
from hypothesis import given
from hypothesis import strategies as st
from spells import making, spell_lists

from hrgcore.errors import InputError
from hrgcore.folders import TABLES
from hrgcore.grouper import Grouper
from hrgcore.result import EPISODE_COLUMNS, Result
from hrgcore.run import Job, run_job
from hrgcore.selftest.spells import NUMBERS, Input, Spell, example_of
from hrgcore.selftest.twins import kernels_say
from hrgcore.write.folder import table_bytes

Change = Callable[[pa.Table, random.Random], pa.Table]
DESIGN = both("small")
_SHARE = 0.005  # of all spells, for each test that makes its own
_TEXT = pa.string()


def comes_to(result: Result) -> dict[str, list[Any]]:
    """All that a result says, by what is said, without the input's own columns."""
    tables = {"episodes": result.episodes.select(EPISODE_COLUMNS), "spells": result.spells}
    tables |= {"unbundled": result.unbundled, "errors": result.errors}
    said = {f"{name} {column}": table.column(column).to_pylist() for name, table in tables.items() for column in table.column_names}
    return said | {"counts": [result.counts]}


def made(example: list[bytes], together: bool = False) -> Input:
    return Input(DESIGN.maker.spells(example), together=together)


# The same rows in another form ----------------------------------------------------------------------------------------------------


def chunked(table: pa.Table, chance: random.Random) -> pa.Table:
    """Each column cut at other places, the cuts being slices with an offset."""
    columns = []
    for column in table.columns:
        whole = pa.concat_arrays([pa.array(["before"], _TEXT), *column.chunks, pa.array([None, "after"], _TEXT)])[1:-2]
        cuts = sorted(chance.choices(range(len(whole) + 1), k=chance.randrange(6)))
        starts, ends = [0, *cuts], [*cuts, len(whole)]
        columns.append(pa.chunked_array([whole[start:end] for start, end in zip(starts, ends, strict=True)], _TEXT))
    return pa.Table.from_arrays(columns, table.column_names)


def in_small_batches(table: pa.Table, chance: random.Random) -> pa.Table:
    return pa.Table.from_batches(table.to_batches(max_chunksize=1 + chance.randrange(5)))


def as_dictionaries(table: pa.Table, chance: random.Random) -> pa.Table:
    """Dictionaries of their own in each chunk, with nulls among indices and values, and values that no row has."""
    columns = []
    for column in chunked(table, chance).columns:
        chunks = [dictionary_of(chunk, chance) for chunk in column.chunks]
        columns.append(pa.chunked_array(chunks, chunks[0].type if chunks else None))
    return pa.Table.from_arrays(columns, table.column_names)


def dictionary_of(column: Any, chance: random.Random) -> Any:
    texts = column.to_pylist()
    values = [None, "J459", *dict.fromkeys(text for text in texts if text is not None)]
    chance.shuffle(values)
    indices = [chance.choice([None, values.index(None)]) if text is None else values.index(text) for text in texts]
    return pa.DictionaryArray.from_arrays(pa.array(indices, pa.int16()), pa.array(values, _TEXT))


def of_type(kind: pa.DataType) -> Change:
    return lambda table, _: pa.Table.from_arrays([column.cast(kind) for column in table.columns], table.column_names)


def of_mixed_types(table: pa.Table, chance: random.Random) -> pa.Table:
    kinds = [pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int32(), pa.string())]
    columns = []
    for column in table.columns:
        kind = chance.choice(kinds)
        columns.append(column.dictionary_encode() if pa.types.is_dictionary(kind) else column.cast(kind))
    return pa.Table.from_arrays(columns, table.column_names)


def as_lists(table: pa.Table, chance: random.Random) -> pa.Table:
    """Code columns as one column of lists, of any kind, without some of the blanks at their ends."""
    for prefix in ("DIAG", "OPER"):
        names = [name for name in table.column_names if name.startswith(prefix + "_")]
        lists = [list(cells) for cells in zip(*(table.column(name).to_pylist() for name in names), strict=True)]
        for codes in lists:
            while codes and codes[-1] is None and chance.random() < 0.7:
                codes.pop()
        rows = [codes or chance.choice([None, []]) for codes in lists]
        table = table.drop_columns(names).append_column(chance.choice([prefix, prefix.lower()]), list_column(rows, chance))
    return table


def list_column(rows: list[list[str | None] | None], chance: random.Random) -> Any:
    """Chunks of lists with an offset, nulls with entries under them, and, as dictionaries, one of its own in each chunk."""
    large, kind = chance.random() < 0.5, chance.choice(["text", "views", "dictionaries", "dictionaries of views"])
    cuts = sorted(chance.choices(range(len(rows) + 1), k=chance.randrange(4)))
    chunks = []
    for start, end in zip([0, *cuts], [*cuts, len(rows)], strict=True):
        every = [["before", None], *rows[start:end], ["after"]]
        stored = [["J459"] if row is None else row for row in every]
        offsets = pa.array([0, *accumulate(map(len, stored))], pa.int64() if large else pa.int32())
        entries = pa.array(list(chain(*stored)), _TEXT)
        if kind != "text":
            entries = dictionary_of(entries, chance) if "dictionaries" in kind else entries.cast(pa.string_view())
        if kind == "dictionaries of views":
            entries = pa.DictionaryArray.from_arrays(entries.indices, entries.dictionary.cast(pa.string_view()))
        of = pa.LargeListArray if large else pa.ListArray
        chunk = of.from_arrays(offsets, entries, mask=pa.array([row is None for row in every]))
        chunks.append(chunk[1:-1])
    return pa.chunked_array(chunks)


def with_empty_codes(table: pa.Table, chance: random.Random) -> pa.Table:
    """85 more code columns without any code, of several kinds."""
    rows = len(table)
    empty = [pa.nulls(rows), pa.nulls(rows, _TEXT), pa.array([""] * rows), pa.array([" - "] * rows).dictionary_encode()]
    for prefix in ("DIAG_", "OPER_"):
        present = sum(name.startswith(prefix) for name in table.column_names)
        for place in range(present + 1, min(99, present + 85) + 1):
            table = table.append_column(f"{prefix}{place:02d}", chance.choice(empty))
    return table


def with_null_columns(table: pa.Table, _: random.Random) -> pa.Table:
    """Columns that hold nothing as columns of type null."""
    for at, column in enumerate(table.columns):
        if all(text is None for text in column.to_pylist()):
            table = table.set_column(at, table.column_names[at], pa.nulls(len(table)))
    return table


def with_extra_columns(table: pa.Table, _: random.Random) -> pa.Table:
    table = table.add_column(0, "Mine", pa.array(range(len(table)))).append_column("NEOCARE", pa.array(["8"] * len(table)))
    return table.append_column("lists", pa.array([[1, 2]] * len(table)))


def in_another_order(table: pa.Table, chance: random.Random) -> pa.Table:
    return table.select(chance.sample(table.column_names, len(table.column_names)))


def in_small_letters(table: pa.Table, _: random.Random) -> pa.Table:
    return table.rename_columns([name.lower() for name in table.column_names])


FORMS: list[Change] = [
    chunked,
    in_small_batches,
    as_dictionaries,
    of_type(pa.large_string()),
    of_type(pa.string_view()),
    of_mixed_types,
    as_lists,
    with_empty_codes,
    with_null_columns,
    with_extra_columns,
    in_another_order,
    in_small_letters,
]
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
        table = table.set_column(table.column_names.index(name), name, pa.array(small, _TEXT))
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


@pytest.fixture(scope="module")
def many() -> Input:
    return made(example_of(400, 7))


@pytest.mark.parametrize("threads", [1, 2, 3, 4])
def test_number_of_threads_does_not_matter(many: Input, threads: int, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from hrgcore.design.bundle import write

    monkeypatch.setattr("hrgcore.engine._SLICE_EPISODES", 7)
    monkeypatch.setattr("hrgcore.encode.columns._BLOCK_ROWS", 11)
    write(DESIGN.bundle, tmp_path / "small")
    said = comes_to(Grouper(tmp_path / "small", threads=threads).group(many.table))
    monkeypatch.undo()
    assert said == comes_to(DESIGN.grouper.group(many.table))


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


# Readers -------------------------------------------------------------------------------------------------------------------------


def write_parquet(table: pa.Table, path: Path) -> None:
    pq.write_table(table, path, row_group_size=37)


def write_dictionaries(table: pa.Table, path: Path) -> None:
    write_parquet(pa.Table.from_arrays([column.dictionary_encode() for column in table.columns], table.column_names), path)


def write_lists(table: pa.Table, path: Path) -> None:
    table = as_lists(table, random.Random(3))
    for name in table.column_names[-2:]:
        lists = pa.array(table.column(name).to_pylist(), pa.list_(_TEXT))
        table = table.set_column(table.column_names.index(name), name, lists)
    write_parquet(table, path)


def write_one_group(table: pa.Table, path: Path) -> None:
    pq.write_table(table, path)


def write_ipc(table: pa.Table, path: Path) -> None:
    with pa.ipc.new_file(str(path), table.schema) as writer:
        writer.write_table(table, max_chunksize=23)


def write_csv(table: pa.Table, path: Path, quoting: int = csv.QUOTE_MINIMAL) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, quoting=quoting, lineterminator="\n" if quoting == csv.QUOTE_MINIMAL else "\r\n")
        writer.writerow(table.column_names)
        writer.writerows(zip(*(column.to_pylist() for column in table.columns), strict=True))


def write_quoted(table: pa.Table, path: Path) -> None:
    write_csv(table, path, csv.QUOTE_ALL)


def write_awkward(table: pa.Table, path: Path) -> None:
    """A quote within a cell halfway down, which the reader of bytes does not take."""
    write_csv(table, path)
    lines = path.read_bytes().split(b"\n")
    assert lines[len(lines) // 2].endswith(b",mine")
    lines[len(lines) // 2] = lines[len(lines) // 2][:-2] + b'"ne'
    path.write_bytes(b"\n".join(lines))


WRITERS = {
    "plain.parquet": write_parquet,
    "dictionaries.parquet": write_dictionaries,
    "lists.parquet": write_lists,
    "group.parquet": write_one_group,
    "file.arrow": write_ipc,
    "needed.csv": write_csv,
    "quoted.csv": write_quoted,
    "awkward.csv": write_awkward,
}


@pytest.mark.filterwarnings("ignore::hrgcore.read.InputWarning")
@pytest.mark.parametrize("together", [True, False], ids=["together", "apart"])
@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("name", WRITERS)
def test_readers_and_threads_do_not_matter(
    name: str, threads: int, together: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same rows from a file of any kind, whole and as a run, in small blocks, come to what their table does."""
    table = readable(made(example_of(70, 9), together).table)
    expected = comes_to(DESIGN.grouper.group(table))
    assert len(expected["errors Row"]) > 10
    monkeypatch.setattr("hrgcore.engine._SLICE_EPISODES", 7)
    monkeypatch.setattr("hrgcore.encode.columns._BLOCK_ROWS", 11)
    monkeypatch.setattr("hrgcore.read.byte_blocks._BLOCK_BYTES", 900)
    monkeypatch.setattr("hrgcore.read.csv._BLOCK_BYTES", 700)
    monkeypatch.setattr("hrgcore.read.batches._BATCH_ROWS", 19)
    monkeypatch.setattr("hrgcore.run.parts.PART_EPISODES", 40)
    monkeypatch.setattr(DESIGN.grouper, "_threads", threads)
    path = tmp_path / name
    WRITERS[name](table, path)
    assert comes_to(DESIGN.grouper.group(path)) == expected
    outcome = run_job(Job([path], tmp_path / "out", threads=threads), lambda: DESIGN.grouper)
    assert outcome.spells == ("together" if together else "apart")
    parts = {table: pq.read_table(tmp_path / "out" / table) for table in TABLES}
    found = {name: column.to_pylist() for table in TABLES for name, column in columns_of(table, parts[table]).items()}
    assert found | {"counts": [outcome.counts]} == expected


def columns_of(name: str, table: pa.Table) -> dict[str, Any]:
    """The columns of a result's table as `comes_to` names them."""
    names = EPISODE_COLUMNS if name == "episodes" else table.column_names
    return {f"{name} {column}": table.column(column) for column in names}


def readable(table: pa.Table) -> pa.Table:
    """The table with texts that any file can hold, blank ones being empty, and a column of nobody's."""
    columns = [pa.array([(text or "").replace("\0", "?") for text in column.to_pylist()]) for column in table.columns]
    return pa.Table.from_arrays(columns, table.column_names).append_column("last", pa.array(["mine"] * len(table)))


# Rows in, rows out ----------------------------------------------------------------------------------------------------------------


def test_extra_columns_are_carried_through(many: Input) -> None:
    table = with_extra_columns(many.table, random.Random(1))
    episodes = DESIGN.grouper.group(table).episodes
    assert episodes.column_names == [*table.column_names, *EPISODE_COLUMNS]
    assert episodes.select(table.column_names).equals(table)


def test_spells_come_in_order_of_first_appearance(many: Input) -> None:
    spells = DESIGN.grouper.group(many.table).spells
    keys = list(dict.fromkeys(many.table.column("PROVSPNO").to_pylist()))
    assert spells.column("PROVSPNO").to_pylist() == keys


def test_no_rows_give_no_rows() -> None:
    result = DESIGN.grouper.group(made(example_of(1, 1)).table.slice(0, 0))
    for table in (result.episodes, result.spells, result.unbundled, result.errors):
        assert table.num_rows == 0
    assert result.counts["episodes"]["total"] == 0


# Lists of codes -------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "says"),
    [
        (pa.array(["I10X"]), "column DIAG is of type string; without a number in its name it must hold lists"),
        (pa.array([[1]]), "column DIAG is of type list<item: int64>"),
        (pa.array([["I10X"] * 100]), "column DIAG: row 1 has 100 codes; a record has 99 at most"),
    ],
    ids=["text", "numbers", "too long"],
)
def test_columns_that_are_no_lists_of_codes(many: Input, column: Any, says: str) -> None:
    names = [name for name in many.table.column_names if not name.startswith("DIAG_")]
    table = many.table.select(names).slice(0, 1).append_column("DIAG", column)
    with pytest.raises(InputError, match=re.escape(says)):
        DESIGN.grouper.group(table)


def test_lists_of_nothing_are_blank(many: Input) -> None:
    table = as_lists(many.table, random.Random(2))
    for name in table.column_names[-2:]:
        for column in (pa.nulls(len(table)), pa.nulls(len(table), pa.list_(_TEXT)), pa.array([[]] * len(table), pa.list_(_TEXT))):
            empty = table.set_column(table.column_names.index(name), name, column)
            blank = wide_again(empty)
            assert comes_to(DESIGN.grouper.group(empty)) == comes_to(DESIGN.grouper.group(blank))


def wide_again(table: pa.Table) -> pa.Table:
    for prefix in ("DIAG", "OPER"):
        name = next(name for name in table.column_names if name.upper() == prefix)
        lists = [row or [] for row in table.column(name).to_pylist()]
        table = table.drop_columns([name])
        for place in range(max([1, *map(len, lists)])):
            cells = [row[place] if place < len(row) else None for row in lists]
            table = table.append_column(f"{prefix}_{place + 1:02d}", pa.array(cells, _TEXT))
    return table


@pytest.mark.parametrize("form", ["wide", "lists"])
def test_parquet_is_read_as_far_as_needed_and_gives_the_same(many: Input, form: str, tmp_path: Any) -> None:
    plain = as_lists(many.table, random.Random(3)) if form == "lists" else many.table
    plain = plain.append_column("Mine", pa.array(range(len(plain)))).append_column("notes", pa.array(["x"] * len(plain)))
    half = len(plain) // 2
    (tmp_path / "in").mkdir()
    for part, rows in enumerate((plain.slice(0, half), plain.slice(half))):
        pq.write_table(rows.combine_chunks(), tmp_path / "in" / f"{part}.parquet", row_group_size=37)
    result = DESIGN.grouper.group(tmp_path / "in")
    assert not {"Mine", "notes"} & set(result.activity._read)
    assert comes_to(result) == comes_to(DESIGN.grouper.group(many.table))
    assert result.episodes.column("Mine").to_pylist() == list(range(len(plain)))
    assert result.episodes.column_names[: len(plain.column_names)] == plain.column_names
    assert table_bytes(result.episodes, "csv", tmp_path)  # lists of dictionaries can be written
    assert table_bytes(result.episodes, "parquet", tmp_path)
