"""Compiled code in the same process as a host: the kernels called from Numba, and by a pointer from C++."""

from __future__ import annotations

import ctypes
import dataclasses
import shutil
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hosts import digests

from hrgcore import Grouper, Result
from hrgcore.embed.kernels import jitted, work
from hrgcore.embed.pointer import Pointer
from hrgcore.embed.structs import NUMBERS, header
from hrgcore.engine import Grouped

WRONG_INPUT = 3


@pytest.fixture(scope="module")
def result(activity: pa.Table) -> Result:
    return Grouper().group(activity)


@pytest.fixture(scope="module")
def small(activity: pa.Table) -> Result:
    return Grouper().group(activity.slice(0, 500))


@pytest.fixture(scope="module")
def call(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., int]:
    """A C++ function that calls what it is given, from some threads of its own, and makes all patients as old as it is told."""
    if shutil.which("g++") is None:
        pytest.skip("needs g++")
    folder = tmp_path_factory.mktemp("numbers")
    (folder / "hrgcore_kernels.h").write_text(header())
    source, library = Path(__file__).parent / "embed" / "numbers.cpp", folder / "numbers.so"
    subprocess.run(
        ["g++", "-std=c++17", "-Wall", "-Werror", "-shared", "-fPIC", f"-I{folder}", str(source), "-o", str(library), "-lpthread"],
        check=True,
    )
    found = ctypes.PyDLL(str(library)).group_at_age  # which keeps Python's lock: what waited for it would end in NO_END
    found.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int]
    return found


def struct(*values: int) -> Any:
    """A C struct of these values."""
    return np.array([values], NUMBERS).view(np.recarray)


def numbers(pointer: Pointer, result: Result, room: int) -> tuple[Any, Grouped]:
    """A C struct that says where the design and a result's input are, and room that it is to fill."""
    encoded, order = result.encoded, result.order
    empty = Grouped(
        *(np.zeros_like(np.asarray(part)) for part in (result.grouped.episodes, result.grouped.spells)),
        np.zeros(room, result.grouped.unbundled.dtype),
    )
    given = struct(
        pointer.design,
        *(array.ctypes.data for array in (*encoded, order.rows, order.starts, empty.episodes, empty.spells, empty.unbundled)),
        *map(len, (encoded.rows, encoded.diagnoses, encoded.procedures, empty.spells)),
        room,
        0,
    )
    return given, empty


def same(found: np.ndarray, expected: np.ndarray) -> bool:
    """Whether all fields are the same; what is between them, to align them, is not of interest."""
    return len(found) == len(expected) and all((found[name] == expected[name]).all() for name in expected.dtype.names)


def test_numba(result: Result, expected: dict[str, str]) -> None:
    import numba

    group = jitted()

    @numba.njit(nogil=True)
    def several_times(work: Any, times: int) -> int:
        found = 0
        for _ in range(times):
            work.results.hrg[:] = 0
            found = group(work)
        return found

    def thread(_: int) -> Any:
        held = work(result.bundle, result.encoded, result.order)
        count = several_times(held, 2)
        return dataclasses.replace(result, grouped=Grouped(held.results, held.spells, held.unbundled[:count]))

    with ThreadPoolExecutor(2) as pool:
        for found in pool.map(thread, range(2)):
            assert digests(found) == expected


def test_numba_sees_what_is_written(small: Result) -> None:
    encoded = small.encoded._replace(rows=small.encoded.rows.copy())
    held = work(small.bundle, encoded, small.order, unbundled=1)
    encoded.rows["age"] = 1
    count = jitted()(held)
    age = small.table.schema.get_field_index("STARTAGE")
    children = Grouper().group(small.table.set_column(age, "STARTAGE", pa.array(["1"] * small.table.num_rows)))
    assert same(held.results, children.grouped.episodes) and same(held.spells, children.grouped.spells)
    assert count == len(children.grouped.unbundled) > 1  # counted without room
    assert not same(held.results, small.grouped.episodes)


def test_cpp(call: Callable[..., int], result: Result, expected: dict[str, str]) -> None:
    pointer = Pointer(result.bundle)
    given, found = numbers(pointer, result, 2 * result.table.num_rows)
    assert call(pointer.address, given.ctypes.data, -1) == 0
    filled = Grouped(*(part.view(np.recarray) for part in (found.episodes, found.spells, found.unbundled[: given.n_unbundled[0]])))
    assert digests(dataclasses.replace(result, grouped=filled)) == expected


def test_cpp_knows_the_fields(call: Callable[..., int], small: Result) -> None:
    pointer = Pointer(small.bundle)
    given, found = numbers(pointer, small, 0)
    assert (small.order.rows == np.arange(len(small.order.rows))).all()
    given.order = 0
    assert call(pointer.address, given.ctypes.data, 1) == 0
    encoded = small.encoded._replace(rows=small.encoded.rows.copy())
    encoded.rows["age"] = 1
    held = work(small.bundle, encoded, small.order)
    jitted()(held)
    assert same(found.spells, held.spells) and not same(found.spells, small.grouped.spells)
    assert given.n_unbundled[0] > 0


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("design", 0),
        ("starts", 0),
        ("procedures", 0),
        ("spell_results", 0),
        ("episodes", -1),
        ("spells", -1),
        ("room", -1),
    ],
)
def test_what_has_no_address_or_less_than_no_elements(call: Callable[..., int], small: Result, field: str, value: int) -> None:
    pointer = Pointer(small.bundle)
    given, _ = numbers(pointer, small, 10)
    setattr(given, field, value)
    assert call(pointer.address, given.ctypes.data, -1) == WRONG_INPUT


def test_what_leads_out_of_its_array(call: Callable[..., int], small: Result) -> None:
    encoded = small.encoded._replace(diagnoses=small.encoded.diagnoses.copy())
    encoded.diagnoses[7] = 65_535
    pointer = Pointer(small.bundle)
    other = dataclasses.replace(small)
    other.__dict__["encoded"] = encoded
    given, _ = numbers(pointer, other, 10)
    assert call(pointer.address, given.ctypes.data, -1) == WRONG_INPUT


def test_nothing_to_group(small: Result) -> None:
    pointer, starts = Pointer(small.bundle), np.zeros(1, np.int64)
    given = struct(*(0,) * (len(NUMBERS) - 1), 9)
    given.design, given.starts = pointer.design, starts.ctypes.data
    assert ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p)(pointer.address)(given.ctypes.data) == 0
    assert given.n_unbundled[0] == 0
