"""The C library: a C program that knows nothing of Python, and callers that share this process, get what Python gets."""

from __future__ import annotations

import ctypes
import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from embedded import needs_library
from hosts import digest
from small_spells import BASE

import hrgcore.embed
from hrgcore import Grouper
from hrgcore.bench.library import Caller, exported, load
from hrgcore.errors import DesignError, HrgcoreError, InputError, UsageError
from hrgcore.synth import synthesise

EPISODE = {name: str(value) for name, value in BASE.items()} | {"DIAG_01": "J459", "OPER_01": ""}
EPISODES = [
    EPISODE,
    EPISODE | {"PROVSPNO": "2", "DIAG_01": "M161", "OPER_01": "W371"},
    EPISODE | {"PROVSPNO": "3", "DIAG_01": ""},
    EPISODE | {"PROVSPNO": "4", "STARTAGE": "3"},
]
WRONG_USE, WRONG_INPUT = 2, 3


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the library and its header are."""
    needs_library()
    built = tmp_path_factory.mktemp("embed")
    subprocess.run([sys.executable, "-m", "hrgcore.embed", "build", "-o", str(built)], check=True, capture_output=True)
    return built


@pytest.fixture(scope="module")
def library(folder: Path) -> ctypes.CDLL:
    return load(folder / "libhrgcore.so")


@pytest.fixture(scope="module")
def grouper(library: ctypes.CDLL) -> ctypes.c_void_p:
    return Caller(library, 2).handle


def test_c_program(folder: Path) -> None:
    program, source = folder / "spells", Path(__file__).parent / "embed" / "spells.c"
    links = [f"-I{folder}", f"-L{folder}", "-lhrgcore", f"-Wl,-rpath,{folder}", "-lpthread"]
    flags = ["-std=c11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-g"]
    subprocess.run(["gcc", *flags, str(source), "-o", str(program), *links], check=True)
    grouper, table = Grouper(), pa.Table.from_pylist(EPISODES)
    hrgs = grouper.group(table).spells["SpellHRG"].to_pylist()
    assert len(set(hrgs)) == len(EPISODES)
    cells = [f"{name}={'|'.join(column.to_pylist())}" for name, column in zip(table.column_names, table.columns, strict=True)]
    # No variables but where compiled kernels are, and those of another Python: the library itself knows its own.
    environment = {name: text for name, text in os.environ.items() if name in ("HRGCORE_CACHE", "HOME", "NUMBA_DISABLE_JIT")}
    environment |= {"PYTHONHOME": "/nowhere", "PYTHONPATH": "/nowhere"}
    ran = subprocess.run([program, "|".join(hrgs), *cells], capture_output=True, text=True, env=environment, timeout=300)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert json.loads(ran.stdout) == json.loads(grouper.explain(table.slice(0, 1)).json())


def test_the_same_spells(library: ctypes.CDLL, activity: pa.Table, expected: dict[str, str]) -> None:
    caller = Caller(library, 2)
    with ThreadPoolExecutor(2) as pool:
        for tables in pool.map(caller.tables, [activity] * 2):
            assert {name: digest(table) for name, table in tables.items()} == expected
    assert library.hrgcore_free_grouper(caller.handle) == 0


def test_another_logic(library: ctypes.CDLL, grouper: ctypes.c_void_p, tmp_path: Path) -> None:
    table = pq.read_table(synthesise(tmp_path / "em", 200, 1, logic="em"))
    result = ctypes.c_void_p()
    room, address = exported(table)
    assert library.hrgcore_group(grouper, b"em", address, ctypes.byref(result)) == 0
    assert library.hrgcore_table(result, b"rows", address) == 0
    rows = pa.RecordBatchReader._import_from_c(address.value).read_all()
    assert digest(rows) == digest(Grouper().group(table, logic="em").rows)
    assert library.hrgcore_table(result, b"spells", address) == WRONG_USE


def test_codes_are_those_of_the_errors() -> None:
    found = dict(re.findall(r"(HRGCORE_\w+) = (\d+)", (Path(hrgcore.embed.__file__).parent / "hrgcore.h").read_text()))
    errors = {"FAILED": HrgcoreError, "WRONG_USE": UsageError, "WRONG_INPUT": InputError, "WRONG_DESIGN": DesignError}
    assert {name: int(found[f"HRGCORE_{name}"]) for name in errors} == {name: one.exit_code for name, one in errors.items()}


def test_explain(library: ctypes.CDLL, grouper: ctypes.c_void_p) -> None:
    one = pa.Table.from_pylist([EPISODE])
    room, address = exported(one)
    text = ctypes.c_char_p()
    assert library.hrgcore_explain(grouper, None, address, ctypes.byref(text)) == 0
    assert json.loads(text.value or b"") == json.loads(Grouper().explain(one).json())
    library.hrgcore_free_text(text)


@pytest.mark.parametrize(
    ("handle", "logic", "rows", "code", "said"),
    [
        (None, b"nonsense", EPISODE, WRONG_USE, "nonsense"),
        (987_654, None, EPISODE, WRONG_USE, "freed already"),
        (None, None, {"A": "1"}, WRONG_INPUT, "PROCODET"),
    ],
)
def test_errors(
    library: ctypes.CDLL, grouper: ctypes.c_void_p, handle: int, logic: bytes, rows: dict, code: int, said: str
) -> None:
    room, address = exported(pa.Table.from_pylist([rows]))
    result = ctypes.c_void_p()
    used = ctypes.c_void_p(handle) if handle else grouper
    assert library.hrgcore_group(used, logic, address, ctypes.byref(result)) == code
    assert said in library.hrgcore_last_error().decode()
    assert room.raw[24:32] == bytes(8)  # the input was released
