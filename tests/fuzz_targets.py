"""What fuzzing tries, and what has to hold: a clean result or a clean error, as many rows out as in, nothing said of patients.

A target makes an input from a `random.Random`, as `fuzz_makers` does, gives it to a reader, a grouper or a command, and gives
how many rows were grouped; None where the input was refused.
"""

from __future__ import annotations

import contextlib
import csv
import io
import os
import random
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from pathlib import Path
from typing import Any

import fuzz_makers as make
import pyarrow as pa
import pyarrow.parquet as pq
from row_twins import STARTER, expected_rows, told
from workbook_cases import HEAD, OPCS, Case
from workbooks import write_parts

import hrgcore
from hrgcore import activity, grouper, result
from hrgcore.cli.hrggrouper import main as hrggrouper
from hrgcore.cli.main import main
from hrgcore.decode import Decoder
from hrgcore.errors import HrgcoreError
from hrgcore.grouper import Grouper
from hrgcore.logics import ROW_LOGICS, attend_result
from hrgcore.logics import result as row_result
from hrgcore.read import RecordDefinition, batches, read_csv, read_input
from hrgcore.workbook import read_workbook

Target = Callable[[random.Random], int | None]
#: Exit codes of `hrgcore` that say what is wrong; 70, an unexpected error, is none of them.
CLEAN = (0, 2, 3, 4, 5)
_LETTERS = {"apc": "FCE", "acc": "acc", "em": "attend", "nac": "attend", "nrd": "renal", "pcc": "pcc", "ncc": "ncc"}


def one_grouper() -> Grouper:
    """That of the open design."""
    return STARTER.grouper


@cache
def folder() -> Path:
    """Where files of cases stand; in memory where there is such a place."""
    place = Path("/dev/shm")
    found = Path(tempfile.mkdtemp(prefix="hrgcore-fuzz-", dir=place if os.access(place, os.W_OK) else None))
    return found


@contextlib.contextmanager
def clean() -> Iterator[None]:
    """Errors that hrgcore raises on purpose end a case, if they say something; any other ends the run."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        try:
            yield
        except HrgcoreError as error:
            assert len(str(error)) > 20, f"an error that says nothing: {error!r}"


def _written(content: bytes, name: str) -> Path:
    path = folder() / name
    path.write_bytes(content)
    return path


def check_result(found: Any, rows: int, logic: str) -> int:
    """Rows in are rows out, and a row is in the error HRG if, and only if, there is an error of it."""
    table = found.episodes if logic == "apc" else found.rows
    assert table.num_rows == rows, f"{rows} rows went in, {table.num_rows} came out"
    listed = found.errors.column("Row").to_pylist()
    assert all(1 <= row <= rows for row in listed)
    counts = found.counts["episodes" if logic == "apc" else "rows"]
    assert counts["total"] == rows == counts["grouped"] + counts["failed"]
    if logic != "apc":
        hrgs = table.column(f"{logic.upper()}_HRG").to_pylist()
        failed = {row for row, hrg in enumerate(hrgs, 1) if hrg == "UZ01Z"}
        assert failed <= set(listed) and (failed == set(listed) or ROW_LOGICS[logic].keys)  # periods have errors that stop no HRG
    else:
        assert sum(found.spells.column("SpellEpisodeCount").to_pylist()) == rows
        failed = {row for row, hrg in enumerate(table.column("FCE_HRG").to_pylist(), 1) if hrg == "UZ01Z"}
        assert failed <= set(listed)
    return rows


def csv_bytes(logic: str, pick: random.Random) -> int | None:
    return check_csv(logic, make.csv_file(pick, logic), headings=pick.random() < 0.95)


def check_csv(logic: str, content: bytes, headings: bool = True) -> int | None:
    """A CSV is grouped as the table is that it holds, or refused."""
    path = _written(content, "in.csv")
    with clean():
        source = path if headings else read_input(path, headings=False)
        found = one_grouper().group(source, logic=logic)
        return check_result(found, read_csv(path, headings=headings).num_rows, logic)
    return None


def binary(kind: str, logic: str, pick: random.Random) -> int | None:
    return check_binary(kind, logic, make.binary_file(pick, logic, kind))


def check_binary(kind: str, logic: str, content: bytes) -> int | None:
    """A damaged Parquet or Arrow file is grouped or refused."""
    path = _written(content, f"in.{kind}")
    with clean():
        return check_result(one_grouper().group(path, logic=logic), read_input(path).num_rows, logic)
    return None


def rdf(pick: random.Random) -> int | None:
    return check_rdf(make.rdf_file(pick))


_EMPTY = pa.table({f"c{place}": pa.array(["A1,", None]) for place in range(45)})


def check_rdf(content: bytes) -> int | None:
    """A record definition is refused, or is the same when it is written and read again, and loses no column."""
    with clean():
        definition = RecordDefinition.read(_written(content, "in.rdf"))
        again = RecordDefinition.parse(definition.text)
        as_said = [(one.name, one.field, one.position, one.picture, one.extract) for one in definition.fields]
        assert as_said == [(one.name, one.field, one.position, one.picture, one.extract) for one in again.fields]
        table = definition.apply(_EMPTY, headings=False)
        assert table.num_columns == _EMPTY.num_columns and len({name.upper() for name in table.column_names}) == table.num_columns
        return table.num_rows
    return None


@cache
def _case() -> Case:
    inside = folder() / "case"
    inside.mkdir()
    case = Case(inside)
    case.mapping.write_text(HEAD + OPCS, encoding="utf-8")
    return case


def workbook(pick: random.Random) -> int | None:
    parts = make.workbook_file(pick)
    content = write_parts(_case().workbook, parts).read_bytes()
    return check_workbook(make.damaged(pick, content) if pick.random() < 0.3 else content)


def check_workbook(content: bytes) -> int | None:
    """A workbook is read or refused."""
    case = _case()
    case.workbook.write_bytes(content)
    with clean():
        return len(read_workbook(case.workbook, case.mapping).texts)
    return None


def cells(logic: str, pick: random.Random) -> int | None:
    """Hostile cells as text: both engines say the same of each row."""
    names, rows = make.cells(pick, logic, most=24)
    named = {name.strip().upper(): (name, at) for at, name in enumerate(names)}
    table = pa.table({name: pa.array([row[at] for row in rows], pa.string()) for name, at in named.values()})
    with clean():
        found = one_grouper().group(table, logic=logic)
        if logic != "apc":
            of = ROW_LOGICS[logic]
            official = {one.place(place): name for one in of.fields for place, name in enumerate(found.layout.columns[one.name])}
            given = [{own: row[name] for own, name in official.items()} for row in table.to_pylist()]
            for row, one, wanted in zip(given, told(found), expected_rows(of, given), strict=True):
                assert one == wanted, row
        return check_result(found, table.num_rows, logic)
    return None


def arrow_types(logic: str, pick: random.Random) -> int | None:
    """Cells under any Arrow type."""
    table = make.arrow_table(pick, logic)
    with clean():
        return check_result(one_grouper().group(table, logic=logic), table.num_rows, logic)
    return None


def group_command(logic: str, pick: random.Random) -> int | None:
    """`hrgcore group`: a folder with all rows, or one line on stderr and nothing left."""
    kind = pick.choice(("csv", "csv", "parquet", "arrow"))
    content = make.csv_file(pick, logic) if kind == "csv" else make.binary_file(pick, logic, kind)
    path, output = _written(content, f"in.{kind}"), folder() / "out"
    shutil.rmtree(output, ignore_errors=True)
    code, said = _run(main, ["group", str(path), "-o", str(output), "--logic", logic])
    assert code in CLEAN, said
    if code:
        assert "error: " in said and not output.exists(), said
        return None
    table = pq.read_table(output / ("episodes" if logic == "apc" else "rows"))
    assert table.num_rows == read_input(path).num_rows
    return table.num_rows


def hrggrouper_command(logic: str, pick: random.Random) -> int | None:
    """`hrggrouper`: every row in the official files, or one line on stderr, an official exit code, and nothing left."""
    names, _ = make.good_rows(logic)
    lines = ["COMMA DELIMITED", *(f"{name},{name},{place},,,," for place, name in enumerate(names, 1))]
    good = "\r\n".join(lines).encode()
    definition = _written(good if pick.random() < 0.9 else make.rdf_file(pick), "in.rdf")
    path = _written(make.csv_file(pick, logic), "in.csv")
    for old in folder().glob("o*.csv"):
        old.unlink()
    switches = ["-i", str(path), "-o", str(folder() / "o.csv"), "-d", str(definition), "-h"]
    switches += ["-l", logic.upper()] if pick.random() < 0.8 else []
    code, said = _run(hrggrouper, switches)
    assert 0 <= code <= 11 and "unexpected" not in said, said
    if code:
        assert "error: " in said and not list(folder().glob("o*.csv")), said
        return None
    ending = next(ending for ending in {_LETTERS[logic], *_LETTERS.values()} if (folder() / f"o_{ending}.csv").exists())
    rows = read_csv(path, unique=False).num_rows
    with (folder() / f"o_{ending}.csv").open(encoding="utf-8", newline="") as file:  # whose rows may be of unequal length
        assert sum(1 for _ in csv.reader(file)) == rows + 1
    return rows


def _run(command: Callable[[list[str]], int], arguments: list[str]) -> tuple[int, str]:
    said = io.StringIO()
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(io.StringIO()):
        code = command(arguments)
    return code, said.getvalue()


class _InlinePool(ThreadPoolExecutor):
    """A pool without threads: to start some for a few rows takes longer than the rows."""

    def map(self, function: Callable[..., Any], *items: Any, **_: Any) -> Iterator[Any]:
        return map(function, *items)


def make_cases_cheap(put: Callable[[Any, str, Any], None] = dict.__setitem__) -> None:
    """Let all cases, those of commands too, group by one grouper, without threads, with the texts of one design decoded once.

    ``put`` sets a name of a module; a test takes that back.
    """
    decoder = Decoder(STARTER.bundle)
    put(vars(hrgcore), "Grouper", lambda *_, **__: one_grouper())
    for module in (grouper, activity, batches):
        put(vars(module), "ThreadPoolExecutor", _InlinePool)
    for module in (result, row_result, attend_result):
        put(vars(module), "Decoder", lambda _: decoder)


def _of_logics(target: Callable[[str, random.Random], int | None]) -> Target:
    return lambda pick: target(pick.choice(make.LOGICS), pick)


def of_bytes(name: str) -> tuple[Callable[[bytes], object], list[bytes]]:
    """What checks bytes as a file of some kind, and files to begin with."""
    checks: dict[str, Callable[[bytes], object]] = {
        "rdf": check_rdf,
        "workbook": check_workbook,
        "csv": partial(check_csv, "em"),
        **{kind: partial(check_binary, kind, "em") for kind in ("parquet", "arrow")},
    }
    pick = random.Random(1)
    makers = {
        "rdf": lambda: make.rdf_file(pick),
        "workbook": lambda: write_parts(_case().workbook, make.workbook_file(pick)).read_bytes(),
        "csv": lambda: make.csv_file(pick, "em"),
        **{kind: partial(make.binary_file, pick, "em", kind) for kind in ("parquet", "arrow")},
    }
    return checks[name], [makers[name]() for _ in range(60)]


#: By name: the target, and how many of a thousand cases of a long run are of it.
TARGETS: dict[str, tuple[Target, int]] = {
    "rdf": (rdf, 420),
    "csv": (_of_logics(csv_bytes), 140),
    "cells": (_of_logics(cells), 30),
    "types": (_of_logics(arrow_types), 40),
    "parquet": (_of_logics(partial(binary, "parquet")), 200),
    "arrow": (_of_logics(partial(binary, "arrow")), 130),
    "workbook": (workbook, 30),
    "group": (_of_logics(group_command), 5),
    "hrggrouper": (_of_logics(hrggrouper_command), 5),
}
