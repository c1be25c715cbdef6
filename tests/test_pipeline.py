"""Blocks grouped while others are read come to what the input as a whole comes to, wherever a block ends."""

from __future__ import annotations

import random
import weakref
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.dataset
import pyarrow.parquet as pq
import pytest

from hrgcore import Grouper, engine
from hrgcore.activity import Activity, TableActivity
from hrgcore.columns import Layout, apc_layout
from hrgcore.encode import Block, WholeSpells, columns, order_spells
from hrgcore.pipeline import Pipeline
from hrgcore.read import byte_blocks
from hrgcore.result import Result
from hrgcore.synth import synthesise

ROWS = 600
KEY = ("PROCODET", "PROVSPNO")
TABLES = ("episodes", "spells", "unbundled", "errors")
Apart = list[tuple[int, int]]


@pytest.fixture(scope="module")
def grouper() -> Grouper:
    return Grouper(threads=2)


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> pa.Table:
    (file,) = synthesise(tmp_path_factory.mktemp("synth") / "year", ROWS, 11)
    found = pq.read_table(file)
    plain = [pa.field(one.name, pa.string()) if pa.types.is_dictionary(one.type) else one for one in found.schema]
    return found.cast(pa.schema(plain))


@pytest.fixture
def block_rows(monkeypatch: pytest.MonkeyPatch) -> Any:
    return lambda rows: monkeypatch.setattr(columns, "MOST_ROWS", rows)


@pytest.fixture
def apart(monkeypatch: pytest.MonkeyPatch) -> Apart:
    """Of each input that was grouped as one, not block by block: how many rows were encoded again, and blocks were not."""
    seen: Apart = []
    grouped = Grouper._group_apart

    def note(self: Grouper, activity: Activity, layout: Layout, rows: int, left: list[Block], *given: Any) -> Any:
        seen.append((rows, len(left)))
        return grouped(self, activity, layout, rows, left, *given)

    monkeypatch.setattr(Grouper, "_group_apart", note)
    return seen


def said(result: Result) -> dict[str, dict[str, Any]]:
    order = {"in order": result.order.in_order, "together": result.order.together}
    return {name: getattr(result, name).to_pydict() for name in TABLES} | {"order": order}


def as_one(grouper: Grouper, table: pa.Table) -> dict[str, dict[str, Any]]:
    """What rows come to that are encoded, brought together and grouped as one."""
    layout = apc_layout(table.column_names)
    with ThreadPoolExecutor(1) as pool:
        episodes = grouper.encoder.encode(table, layout, pool)
        order = order_spells(*(table.column(name) for name in KEY), episodes.rows["epiorder"], int(grouper._design.settings[1]))
        grouped = engine.group(grouper._design, episodes, order, pool)
    return said(Result(TableActivity(table), layout, grouped, order, grouper.encoder, grouper._bundle))


def with_column(table: pa.Table, name: str, values: list[Any]) -> pa.Table:
    place = table.schema.get_field_index(name)
    return table.set_column(place, name, pa.array(values, table.schema.field(name).type))


def one_spell(table: pa.Table, first: int, last: int) -> pa.Table:
    """The rows from ``first`` to ``last`` as one spell."""
    for name in KEY:
        values = table.column(name).to_pylist()
        values[first : last + 1] = [values[first]] * (last + 1 - first)
        table = with_column(table, name, values)
    return table


def turned(table: pa.Table) -> pa.Table:
    """Episodes of a spell in any EPIORDER."""
    chance = random.Random(3)
    return with_column(table, "EPIORDER", [chance.randrange(1, 9) for _ in range(table.num_rows)])


ACTIVITY = {
    "as it is": lambda table: table,
    "a spell over many blocks": lambda table: one_spell(table, 5, 400),
    "a spell of all rows": lambda table: one_spell(table, 0, table.num_rows - 1),
    "spells of several blocks, in any order": lambda table: turned(one_spell(one_spell(table, 0, 40), 300, 420)),
    "one row": lambda table: table.slice(0, 1),
    "no rows": lambda table: table.slice(0, 0),
}


@pytest.mark.parametrize("rows", [1, 7, 64, 599, 600])
@pytest.mark.parametrize("kind", ACTIVITY)
def test_wherever_blocks_end(grouper: Grouper, table: pa.Table, block_rows: Any, apart: Apart, kind: str, rows: int) -> None:
    table = ACTIVITY[kind](table)
    expected = as_one(grouper, table)
    block_rows(rows)
    assert said(grouper.group(table)) == expected
    assert not apart


@pytest.mark.parametrize("rows", [7, 64])
@pytest.mark.parametrize("from_row", [0, 300, 598])
def test_spells_that_may_come_back(
    grouper: Grouper, table: pa.Table, block_rows: Any, apart: Apart, from_row: int, rows: int
) -> None:
    """Behind a row, rows stand in any order: from where keys don't ascend any more, nothing is taken for granted."""
    order = [*range(from_row), *random.Random(5).sample(range(from_row, ROWS), ROWS - from_row)]
    order = [*order[:-2], *sorted(order[-2:], reverse=True)]
    shuffled = table.take(order)
    expected = as_one(grouper, shuffled)
    block_rows(rows)
    assert said(grouper.group(shuffled)) == expected
    ((again, left),) = apart
    assert again % rows == 0 and from_row - rows < again <= from_row + rows
    assert left == -(-(ROWS - again) // rows)


def test_a_spell_that_comes_back_where_a_block_begins(grouper: Grouper, table: pa.Table, block_rows: Any, apart: Apart) -> None:
    """Each block ascends, but the second does not go on from the first."""
    table = one_spell(table, 0, 1)
    table = pa.concat_tables([table.slice(1), table.slice(0, 1)])
    expected = as_one(grouper, table)
    assert not expected["order"]["together"]
    block_rows(ROWS - 1)
    assert said(grouper.group(table)) == expected
    assert apart == [(ROWS - 1, 1)]


def test_numbers_are_those_of_the_whole(grouper: Grouper, table: pa.Table, block_rows: Any) -> None:
    whole = grouper.group(table)
    block_rows(13)
    parts = grouper.group(table)
    for one, other in zip(whole.encoded, parts.encoded, strict=True):
        assert np.array_equal(one, other)
    assert np.array_equal(whole.order.rows, parts.order.rows) and np.array_equal(whole.order.starts, parts.order.starts)


@pytest.mark.parametrize("row_group", [5, 64])
def test_parquet(grouper: Grouper, table: pa.Table, tmp_path: Path, row_group: int, block_rows: Any, apart: Apart) -> None:
    pq.write_table(table.slice(0, 250), tmp_path / "a.parquet", row_group_size=row_group)
    pq.write_table(table.slice(250), tmp_path / "b.parquet", row_group_size=row_group)
    block_rows(17)
    given = grouper.group(tmp_path)
    assert said(given) == said(grouper.group(given.table))
    assert np.array_equal(given.grouped.spells, grouper.group(table).grouped.spells)
    assert not apart


@pytest.mark.parametrize("size", [300, 4096])
def test_csv(grouper: Grouper, table: pa.Table, tmp_path: Path, size: int, monkeypatch: pytest.MonkeyPatch, apart: Apart) -> None:
    pyarrow.csv.write_csv(table, tmp_path / "year.csv")
    expected = said(grouper.group(tmp_path / "year.csv"))
    monkeypatch.setattr(byte_blocks, "_BLOCK_BYTES", size)
    assert said(grouper.group(tmp_path / "year.csv")) == expected
    assert not apart


def write(table: pa.Table, folder: Path, kind: str) -> Path:
    """The rows as two files, of which the second ascends from below the first; so small that the first is several blocks."""
    folder.mkdir()
    for name, part in (("a", table.slice(300)), ("b", table.slice(0, 300))):
        if kind == "csv":
            pyarrow.csv.write_csv(part, folder / f"{name}.csv")
        else:
            pq.write_table(part, folder / f"{name}.parquet", row_group_size=64)
    return folder


@pytest.mark.parametrize("kind", ["csv", "parquet", "dataset"])
def test_files_behind_which_spells_may_come_back(
    grouper: Grouper, table: pa.Table, tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch, block_rows: Any, apart: Apart
) -> None:
    """What was grouped block by block until then is encoded again, and not read again."""
    files = write(table, tmp_path / "year", kind)
    monkeypatch.setattr(byte_blocks, "_BLOCK_BYTES", 4096)
    block_rows(64)
    grouped = Grouper._group_apart

    def without_files(*given: Any) -> Any:
        for file in files.iterdir():
            file.unlink()
        return grouped(*given)

    monkeypatch.setattr(Grouper, "_group_apart", without_files)
    found = grouper.group(pyarrow.dataset.dataset(files) if kind == "dataset" else files)
    expected = as_one(grouper, pa.concat_tables([table.slice(300), table.slice(0, 300)]))
    assert found.spells.to_pydict() == expected["spells"]
    ((again, left),) = apart
    assert again in (300, 320) and left


@pytest.mark.parametrize("kind", ["csv", "parquet", "dataset"])
def test_numbers_are_made_again_without_the_files(grouper: Grouper, table: pa.Table, tmp_path: Path, kind: str) -> None:
    files = write(table, tmp_path / "year", kind)
    result = grouper.group(pyarrow.dataset.dataset(files) if kind == "dataset" else files)
    for file in files.iterdir():
        file.unlink()
    expected = grouper.group(pa.concat_tables([table.slice(300), table.slice(0, 300)])).encoded
    for one, other in zip(result.encoded, expected, strict=True):
        assert np.array_equal(one, other)


def test_blocks_are_let_go(grouper: Grouper, table: pa.Table, block_rows: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A result keeps no rows as numbers: they would be half of its memory."""
    kept: list[weakref.ref[np.ndarray]] = []
    add = Pipeline.add

    def noting(self: Pipeline, block: Block) -> bool:
        kept.append(weakref.ref(block.episodes.rows))
        return add(self, block)

    monkeypatch.setattr(Pipeline, "add", noting)
    block_rows(50)
    result = grouper.group(table)
    assert len(kept) == ROWS // 50 and all(rows() is None for rows in kept)
    assert len(result.encoded.rows) == ROWS


@pytest.mark.parametrize("guess", [0, 1, 100, 10_000])
def test_a_wrong_guess_at_the_rows(grouper: Grouper, table: pa.Table, block_rows: Any, guess: int) -> None:
    block_rows(50)
    expected = grouper.group(table)
    with ThreadPoolExecutor(2) as pool:
        pipeline = Pipeline(grouper._design, pool, guess)
        for block in grouper.encoder.blocks(table, apc_layout(table.column_names), pool):
            pipeline.add(block)
        found = pipeline.end()
    assert found is not None
    order, grouped = found
    assert np.array_equal(order.rows, expected.order.rows) and np.array_equal(order.starts, expected.order.starts)
    for one, other in zip(vars(grouped).values(), vars(expected.grouped).values(), strict=True):
        assert np.array_equal(one, other)


def _cut(blocks: Iterator[Block]) -> list[Block]:
    whole = WholeSpells()
    return [complete for block in blocks for complete in whole.cut(block)] + list(whole.rest())


def test_blocks_of_whole_spells(grouper: Grouper, table: pa.Table, block_rows: Any) -> None:
    table = one_spell(table, 30, 90)
    (one,) = grouper.encoder.blocks(table, apc_layout(table.column_names))
    block_rows(20)
    complete = _cut(grouper.encoder.blocks(table, apc_layout(table.column_names)))
    starts = np.concatenate([block.keys.starts + at for block, at in zip(complete, _before(complete), strict=True)])
    assert np.array_equal(starts, one.keys.starts)
    assert sum(block.count for block in complete) == ROWS
    assert 61 in {block.count for block in complete}  # the spell that four blocks share is one


def _before(blocks: list[Block]) -> list[int]:
    return np.cumsum([0, *(block.count for block in blocks[:-1])]).tolist()
