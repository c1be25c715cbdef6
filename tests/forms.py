"""The same rows in another form, and all that a result says of them: for tests of what must not matter."""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import accumulate, chain
from typing import Any

import pyarrow as pa
from designs import both

from hrgcore.result import EPISODE_COLUMNS, Result
from hrgcore.selftest.spells import Input

Change = Callable[[pa.Table, random.Random], pa.Table]
DESIGN = both("small")
TEXT = pa.string()


def comes_to(result: Result) -> dict[str, list[Any]]:
    """All that a result says, by what is said, without the input's own columns."""
    tables = {"episodes": result.episodes.select(EPISODE_COLUMNS), "spells": result.spells}
    tables |= {"unbundled": result.unbundled, "errors": result.errors}
    said = {f"{name} {column}": table.column(column).to_pylist() for name, table in tables.items() for column in table.column_names}
    return said | {"counts": [result.counts]}


def made(example: list[bytes], together: bool = False) -> Input:
    return Input(DESIGN.maker.spells(example), together=together)


def chunked(table: pa.Table, chance: random.Random) -> pa.Table:
    """Each column cut at other places, the cuts being slices with an offset."""
    columns = []
    for column in table.columns:
        whole = pa.concat_arrays([pa.array(["before"], TEXT), *column.chunks, pa.array([None, "after"], TEXT)])[1:-2]
        cuts = sorted(chance.choices(range(len(whole) + 1), k=chance.randrange(6)))
        starts, ends = [0, *cuts], [*cuts, len(whole)]
        columns.append(pa.chunked_array([whole[start:end] for start, end in zip(starts, ends, strict=True)], TEXT))
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
    return pa.DictionaryArray.from_arrays(pa.array(indices, pa.int16()), pa.array(values, TEXT))


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
        entries = pa.array(list(chain(*stored)), TEXT)
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
    empty = [pa.nulls(rows), pa.nulls(rows, TEXT), pa.array([""] * rows), pa.array([" - "] * rows).dictionary_encode()]
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
