"""What must not matter to readers and results, does not: kinds of files, other columns, lists of codes in place of columns."""

from __future__ import annotations

import base64
import csv
import random
import re
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from forms import DESIGN, TEXT, as_lists, comes_to, made, with_extra_columns

from hrgcore.errors import InputError
from hrgcore.folders import TABLES
from hrgcore.read import read_input
from hrgcore.result import EPISODE_COLUMNS
from hrgcore.run import Job, run_job
from hrgcore.selftest.spells import Input, example_of
from hrgcore.write.folder import table_bytes


@pytest.fixture(scope="module")
def many() -> Input:
    return made(example_of(400, 7))


# Readers -------------------------------------------------------------------------------------------------------------------------


def write_parquet(table: pa.Table, path: Path) -> None:
    pq.write_table(table, path, row_group_size=37)


def write_dictionaries(table: pa.Table, path: Path) -> None:
    write_parquet(pa.Table.from_arrays([column.dictionary_encode() for column in table.columns], table.column_names), path)


def write_lists(table: pa.Table, path: Path) -> None:
    table = as_lists(table, random.Random(3))
    for name in table.column_names[-2:]:
        lists = pa.array(table.column(name).to_pylist(), pa.list_(TEXT))
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
    monkeypatch.setattr("hrgcore.encode.columns.MOST_ROWS", 11)
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


DICTIONARIES = [
    pa.dictionary(pa.int8(), pa.string(), ordered=True),
    pa.dictionary(pa.int16(), pa.large_string()),
    pa.dictionary(pa.uint8(), pa.string()),
]


@pytest.mark.parametrize("rows", [37, 1000], ids=["each row group", "the file"])
@pytest.mark.parametrize("kind", DICTIONARIES, ids=str)
def test_columns_come_back_as_the_dictionaries_that_they_were_written_as(kind: Any, rows: int, tmp_path: Path) -> None:
    """That is as Arrow reads them by itself: whether grouping needs them or not, from each row group or from the file at once."""
    table = readable(made(example_of(70, 9)).table)
    for name in ("SEX", "DIAG_02", "last"):
        texts = pa.array([text or None for text in table.column(name).to_pylist()], kind.value_type).dictionary_encode()
        places = texts.indices.cast(kind.index_type)
        column = pa.DictionaryArray.from_arrays(places, texts.dictionary, ordered=kind.ordered)
        table = table.set_column(table.column_names.index(name), pa.field(name, kind), column)
    path = tmp_path / "in.parquet"
    pq.write_table(table, path, row_group_size=rows)
    for result in (read_input(path), DESIGN.grouper.group(path).table, DESIGN.grouper.group(path).episodes):
        for name in ("SEX", "DIAG_02", "last"):
            assert result.schema.field(name).type == pq.read_schema(path).field(name).type
            assert result.column(name).to_pylist() == table.column(name).to_pylist()


def test_a_dictionary_with_more_values_than_its_file_says_is_read_all_the_same(tmp_path: Path, many: Input) -> None:
    table = readable(many.table)
    values = [f"v{row}" for row in range(len(table))]
    assert len(values) > 127
    table = table.set_column(table.column_names.index("last"), "last", pa.array(values))
    wrong = table.schema.set(table.column_names.index("last"), pa.field("last", pa.dictionary(pa.int8(), pa.string())))
    path = tmp_path / "in.parquet"
    with pq.ParquetWriter(path, table.schema, store_schema=False) as writer:
        writer.write_table(table)
        writer.add_key_value_metadata({"ARROW:schema": base64.b64encode(wrong.serialize().to_pybytes())})
    with pytest.raises(pa.ArrowInvalid):
        pq.read_table(path)
    for read in (read_input(path), DESIGN.grouper.group(path).table):
        assert read.column("last").to_pylist() == values


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
        for column in (pa.nulls(len(table)), pa.nulls(len(table), pa.list_(TEXT)), pa.array([[]] * len(table), pa.list_(TEXT))):
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
            table = table.append_column(f"{prefix}_{place + 1:02d}", pa.array(cells, TEXT))
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
