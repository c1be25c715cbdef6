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
from hrgcore.errors import DesignError, HrgcoreError, InputError, UsageError
from hrgcore.synth import synthesise

EPISODE = {name: str(value) for name, value in BASE.items()} | {"DIAG_01": "J459", "OPER_01": ""}
EPISODES = [
    EPISODE,
    EPISODE | {"PROVSPNO": "2", "DIAG_01": "M161", "OPER_01": "W371"},
    EPISODE | {"PROVSPNO": "3", "DIAG_01": ""},
    EPISODE | {"PROVSPNO": "4", "STARTAGE": "3"},
]
TABLES = ("episodes", "spells", "unbundled", "errors")
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
    loaded = ctypes.CDLL(str(folder / "libhrgcore.so"))
    loaded.hrgcore_last_error.restype = ctypes.c_char_p
    return loaded


@pytest.fixture(scope="module")
def grouper(library: ctypes.CDLL) -> ctypes.c_void_p:
    opened = ctypes.c_void_p()
    assert library.hrgcore_open(None, 2, ctypes.byref(opened)) == 0, library.hrgcore_last_error()
    return opened


def stream(table: pa.Table) -> tuple[ctypes.Array, int]:
    room = ctypes.create_string_buffer(40)  # an ArrowArrayStream
    table.to_reader()._export_to_c(ctypes.addressof(room))
    return room, ctypes.addressof(room)


def test_c_program(folder: Path) -> None:
    program, source = folder / "spells", Path(__file__).parent / "embed" / "spells.c"
    links = [f"-I{folder}", f"-L{folder}", "-lhrgcore", f"-Wl,-rpath,{folder}", "-lpthread"]
    flags = ["-std=c11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-g"]
    subprocess.run(["gcc", *flags, str(source), "-o", str(program), *links], check=True)
    grouper, table = Grouper(), pa.Table.from_pylist(EPISODES)
    hrgs = grouper.group(table).spells["SpellHRG"].to_pylist()
    assert len(set(hrgs)) == len(EPISODES)
    cells = [f"{name}={'|'.join(column.to_pylist())}" for name, column in zip(table.column_names, table.columns, strict=True)]
    # No variables but where compiled kernels are: the library itself knows its Python.
    environment = {name: text for name, text in os.environ.items() if name in ("HRGCORE_CACHE", "HOME", "NUMBA_DISABLE_JIT")}
    ran = subprocess.run([program, "|".join(hrgs), *cells], capture_output=True, text=True, env=environment, timeout=300)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert json.loads(ran.stdout) == json.loads(grouper.explain(table.slice(0, 1)).json())


def test_the_same_spells(library: ctypes.CDLL, grouper: ctypes.c_void_p, activity: pa.Table, expected: dict[str, str]) -> None:
    def group(_: int) -> dict[str, str]:
        result = ctypes.c_void_p()
        room, address = stream(activity)
        assert library.hrgcore_group(grouper, None, ctypes.c_void_p(address), ctypes.byref(result)) == 0
        tables = {}
        for name in TABLES:
            assert library.hrgcore_table(result, name.encode(), ctypes.c_void_p(address)) == 0
            tables[name] = digest(pa.RecordBatchReader._import_from_c(address).read_all())
        assert library.hrgcore_free_result(result) == 0
        return tables

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(group, range(2))) == [expected] * 2


def test_another_logic(library: ctypes.CDLL, grouper: ctypes.c_void_p, tmp_path: Path) -> None:
    table = pq.read_table(synthesise(tmp_path / "em", 200, 1, logic="em"))
    result = ctypes.c_void_p()
    room, address = stream(table)
    assert library.hrgcore_group(grouper, b"em", ctypes.c_void_p(address), ctypes.byref(result)) == 0
    assert library.hrgcore_table(result, b"rows", ctypes.c_void_p(address)) == 0
    rows = pa.RecordBatchReader._import_from_c(address).read_all()
    assert digest(rows) == digest(Grouper().group(table, logic="em").rows)
    assert library.hrgcore_table(result, b"spells", ctypes.c_void_p(address)) == WRONG_USE


def test_codes_are_those_of_the_errors() -> None:
    found = dict(re.findall(r"(HRGCORE_\w+) = (\d+)", (Path(hrgcore.embed.__file__).parent / "hrgcore.h").read_text()))
    errors = {"FAILED": HrgcoreError, "WRONG_USE": UsageError, "WRONG_INPUT": InputError, "WRONG_DESIGN": DesignError}
    assert {name: int(found[f"HRGCORE_{name}"]) for name in errors} == {name: one.exit_code for name, one in errors.items()}


def test_explain(library: ctypes.CDLL, grouper: ctypes.c_void_p) -> None:
    one = pa.Table.from_pylist([EPISODE])
    room, address = stream(one)
    text = ctypes.c_char_p()
    assert library.hrgcore_explain(grouper, None, ctypes.c_void_p(address), ctypes.byref(text)) == 0
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
    room, address = stream(pa.Table.from_pylist([rows]))
    result = ctypes.c_void_p()
    used = ctypes.c_void_p(handle) if handle else grouper
    assert library.hrgcore_group(used, logic, ctypes.c_void_p(address), ctypes.byref(result)) == code
    assert said in library.hrgcore_last_error().decode()
    assert room.raw[24:32] == bytes(8)  # the input was released
