"""The C library: a C program that knows nothing of Python, and callers that share this process, get what Python gets."""

from __future__ import annotations

import ctypes
import json
import shutil
import subprocess
import sys
import sysconfig
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from small_spells import BASE
from spells import TOTAL

from hrgcore import Grouper
from hrgcore.synth import synthesise

EPISODE = {name: str(value) for name, value in BASE.items()} | {"DIAG_01": "J459", "OPER_01": ""}
TABLES = ("episodes", "spells", "unbundled", "errors")
WRONG_USE, WRONG_INPUT = 2, 3


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the library and its header are."""
    if shutil.which("gcc") is None:
        pytest.skip("needs gcc")
    if not sysconfig.get_config_var("Py_ENABLE_SHARED"):
        pytest.skip("needs a Python with a shared library")
    pytest.importorskip("cffi")
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


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> pa.Table:
    """A hundred thousand spells, or fewer where the suite is made short."""
    spells = min(100_000, TOTAL)
    return pq.read_table(synthesise(tmp_path_factory.mktemp("drawn") / "spells", round(spells * 1.2), 5))


def stream(table: pa.Table) -> tuple[ctypes.Array, int]:
    room = ctypes.create_string_buffer(40)  # an ArrowArrayStream
    table.to_reader()._export_to_c(ctypes.addressof(room))
    return room, ctypes.addressof(room)


def test_c_program(folder: Path) -> None:
    program = folder / "spell"
    source = Path(__file__).parent / "embed" / "spell.c"
    links = [f"-I{folder}", f"-L{folder}", "-lhrgcore", f"-Wl,-rpath,{folder}", "-lpthread"]
    subprocess.run(["gcc", "-std=c11", "-D_GNU_SOURCE", "-Wall", "-Werror", str(source), "-o", str(program), *links], check=True)
    ran = subprocess.run([program, *(f"{name}={text}" for name, text in EPISODE.items())], capture_output=True, text=True)
    expected = Grouper().group(pa.Table.from_pylist([EPISODE])).spells["SpellHRG"].to_pylist()
    assert (ran.returncode, ran.stdout.split()) == (0, expected * 4), ran.stderr


def test_same_from_several_threads(library: ctypes.CDLL, grouper: ctypes.c_void_p, table: pa.Table) -> None:
    expected = Grouper().group(table)

    def group(_: int) -> list[pa.Table]:
        result = ctypes.c_void_p()
        room, address = stream(table)
        assert library.hrgcore_group(grouper, None, ctypes.c_void_p(address), ctypes.byref(result)) == 0
        tables = []
        for name in TABLES:
            assert library.hrgcore_table(result, name.encode(), ctypes.c_void_p(address)) == 0
            tables.append(pa.RecordBatchReader._import_from_c(address).read_all())
        assert library.hrgcore_free_result(result) == 0
        return tables

    with ThreadPoolExecutor(3) as pool:
        for tables in pool.map(group, range(3)):
            assert all(found.equals(getattr(expected, name)) for found, name in zip(tables, TABLES, strict=True))


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
