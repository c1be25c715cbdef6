"""Inputs for fuzzing: good ones of every logic and reader, and what may be done to their cells and bytes.

Everything is drawn from one `random.Random`: a seeded one in long runs, one that Hypothesis draws, and so can shrink, in the suite.
"""

from __future__ import annotations

import csv
import io
import random
from functools import cache

import pyarrow as pa
import pyarrow.parquet as pq
import row_twins
from designs import both
from workbook_cases import GOOD
from workbooks import workbook_parts

from hrgcore.logics import ROW_LOGICS
from hrgcore.selftest.spells import Input, example_of

LOGICS = ("apc", *ROW_LOGICS)
_POOL = 120  # good rows of a logic, from which inputs take some
_ADMITTED_ROWS = 8
_JUNK = (
    *("", " ", "-", " - ", "0", "00", "01", "1", "-1", "+1", "1.5", "1e3", "999", "99999", "100000", "2147483648", "9" * 25, "NaN"),
    *("inf", "null", "x", "a1", "é", "٣", "Ａ", "\u200b", "\u0000", '"', "'", "=1+1", "J45.9", "j459", "A00", "Z999", "20240230"),
    *("1900-01-01", "7003", "\ufeff", "\U0001f600", "A" * 300, "\t01", "01\xa0", "UZ01Z"),
)
_BYTES = (b"", b"\0", b"\xff", b'"', b'""', b",", b"\n", b"\r", b"\r\n", b"\xef\xbb\xbf", b"\xff\xfe", b"PAR1", b"A" * 70, b"\x80")


@cache
def good_rows(logic: str) -> tuple[list[str], list[list[str]]]:
    """The columns of a logic and rows of it as texts."""
    if logic == "apc":
        table = Input(both("starter").maker.spells(example_of(_POOL // 2, 5))).table
        columns = [[cell or "" for cell in column.cast(pa.string()).to_pylist()] for column in table.columns]
        return table.column_names, [list(row) for row in zip(*columns, strict=True)]
    of = ROW_LOGICS[logic]
    names = row_twins.columns_of(of)
    return names, [[row[name] for name in names] for row in row_twins.Maker(of, seed=3, spoilt=0.01).rows(_POOL)]


def cells(pick: random.Random, logic: str, most: int = _ADMITTED_ROWS) -> tuple[list[str], list[list[str]]]:
    """Headings and a few rows, of which some cells, headings and columns are not what they should be."""
    names, pool = good_rows(logic)
    rows = [list(pick.choice(pool)) for _ in range(pick.randint(0, most))]
    names = list(names)
    for _ in range(pick.choice((0, 1, 1, 2, 4, 30)) if rows else 0):
        pick.choice(rows)[pick.randrange(len(names))] = pick.choice(_JUNK)
    change = pick.random()
    at = pick.randrange(len(names))
    if change < 0.05:
        names[at] = pick.choice((*_JUNK, *names))
    elif change < 0.1:
        for row in (names, *rows):
            del row[at]
    elif change < 0.15:
        for row in (names, *rows):
            row.insert(at, pick.choice(("mine", "x", "")) if row is names else "7")
    elif change < 0.2:
        names[at] = names[at].lower()
    return names, rows


def csv_file(pick: random.Random, logic: str) -> bytes:
    """A file of such cells, whose bytes may be damaged."""
    names, rows = cells(pick, logic)
    text = io.StringIO()
    quoting = pick.choice((csv.QUOTE_MINIMAL, csv.QUOTE_MINIMAL, csv.QUOTE_ALL))
    csv.writer(text, lineterminator=pick.choice(("\n", "\r\n")), quoting=quoting).writerows([names, *rows])
    content = text.getvalue().encode("utf-8", "replace")
    return damaged(pick, content) if pick.random() < 0.5 else content


def damaged(pick: random.Random, content: bytes) -> bytes:
    """Bytes of which some are changed, taken away, put in or repeated."""
    data = bytearray(content)
    for _ in range(pick.choice((1, 1, 2, 3, 10))):
        at = pick.randrange(len(data) + 1)
        kind = pick.randrange(6)
        if kind == 0 and at < len(data):
            data[at] ^= 1 << pick.randrange(8)
        elif kind == 1:
            data[at:at] = pick.choice(_BYTES)
        elif kind == 2:
            del data[at : at + pick.choice((1, 2, 9, 100))]
        elif kind == 3:
            data[at:at] = data[at : at + pick.choice((1, 5, 60))]
        elif kind == 4:
            data[at : at + 4] = pick.choice((b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x7f\xff\xff\xff"))
        else:
            del data[at:]
    return bytes(data)


@cache
def _tables(logic: str) -> tuple[pa.Table, ...]:
    """A logic's good rows under several Arrow types."""
    names, rows = good_rows(logic)
    columns = [pa.array([row[at] or None for row in rows[:7]], pa.string()) for at in range(len(names))]
    plain = pa.table(dict(zip(names, columns, strict=True)))
    coded = pa.table({name: column.dictionary_encode() for name, column in zip(names, columns, strict=True)})
    return plain, coded, plain.cast(pa.schema([(name, pa.large_string()) for name in names]))


@cache
def binary_files(logic: str, kind: str) -> tuple[bytes, ...]:
    found = []
    for place, table in enumerate(_tables(logic)):
        sink = pa.BufferOutputStream()
        if kind == "parquet":
            pq.write_table(table, sink, row_group_size=4, compression=("none", "snappy", "zstd")[place])
        else:
            with (pa.ipc.new_file if place else pa.ipc.new_stream)(sink, table.schema) as writer:
                writer.write_table(table, max_chunksize=4)
        found.append(sink.getvalue().to_pybytes())
    return tuple(found)


def binary_file(pick: random.Random, logic: str, kind: str) -> bytes:
    """A damaged `parquet` or `arrow` file."""
    return damaged(pick, pick.choice(binary_files(logic, kind)))


def rdf_file(pick: random.Random) -> bytes:
    """A record definition, of which some lines, or bytes, are not what they should be."""
    names = good_rows(pick.choice(LOGICS))[0]
    lines = ["COMMA DELIMITED", *(f"{name},{name},{place},,,," for place, name in enumerate(names[: pick.randint(0, 40)], 1))]
    for _ in range(pick.choice((0, 1, 2, 5))):
        at = pick.randrange(len(lines))
        items = lines[at].split(",")
        items[pick.randrange(len(items))] = pick.choice((*_JUNK, "A.A", "...", "AA", "B", "0", "7", "1000001", "-3", ".,", *names))
        lines[at : at + pick.randint(0, 1)] = [",".join(items)]
    content = pick.choice(("\n", "\r\n", "\r")).join(lines).encode("utf-8", "replace")
    return damaged(pick, content) if pick.random() < 0.4 else content


_CELLS = ("A57.3", "A573", "Code", "", " ", None, 1, -1, 0.1, 1e300, True, "9" * 40, "\ufeff", "A57.3 ", "é", "=1", "x" * 500)


def workbook_file(pick: random.Random) -> dict[str, bytes]:
    """The parts of a workbook, with other cells or damaged XML."""
    rows = [list(row) for row in GOOD["OPCS"]]
    for _ in range(pick.choice((0, 1, 3, 8))):
        rows.insert(pick.randint(0, len(rows)), [pick.choice(_CELLS) for _ in range(pick.randint(0, 4))])
    parts = workbook_parts({"OPCS": rows})
    if pick.random() < 0.6:
        name = pick.choice(sorted(parts))
        parts[name] = damaged(pick, parts[name])
    return parts


_TYPES = (pa.string(), pa.large_string(), pa.string_view(), pa.int64(), pa.int8(), pa.uint64(), pa.float64(), pa.bool_(), pa.null())
_MORE_TYPES = (pa.date32(), pa.timestamp("us"), pa.binary(), pa.list_(pa.string()), pa.decimal128(12, 3), pa.float32(), pa.int32())


def arrow_table(pick: random.Random, logic: str) -> pa.Table:
    """A table of hostile cells, whose columns are of any type that their cells can be of, chunked and sliced anyhow."""
    names, rows = cells(pick, logic)
    columns = []
    for at in range(len(names)):
        texts = [row[at] or None for row in rows]
        column = pa.array(texts, pa.string())
        if pick.random() < 0.25:
            column = _as_type(column, pick.choice(_TYPES if pick.random() < 0.7 else _MORE_TYPES))
        if pick.random() < 0.2 and not pa.types.is_nested(column.type) and not pa.types.is_string_view(column.type):
            column = column.dictionary_encode()
        columns.append(column)
    unlike = {name.strip().upper(): place for place, name in enumerate(names)}
    kept = sorted(unlike.values())
    table = pa.Table.from_arrays([columns[at] for at in kept], [names[at] for at in kept])
    if table.num_rows > 1 and pick.random() < 0.5:
        cut = pick.randrange(table.num_rows)
        table = pa.concat_tables([table.slice(0, cut), table.slice(cut)])
    return table.slice(1) if table.num_rows > 1 and pick.random() < 0.3 else table


def _as_type(column: pa.Array, kind: pa.DataType) -> pa.Array:
    if pa.types.is_list(kind):
        return pa.array([[text] if text else None for text in column.to_pylist()], kind)
    if pa.types.is_null(kind):
        return pa.nulls(len(column))
    if pa.types.is_temporal(kind):
        return pa.array([19_800 if text else None for text in column.to_pylist()], pa.int32()).cast(pa.date32()).cast(kind)
    try:
        return column.cast(kind)
    except pa.ArrowException:
        return column
