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

from hrgcore import Grouper, InputError, Result
from hrgcore.embed.kernels import Pointer, jitted, work
from hrgcore.embed.structs import Numbers, header
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
    found = ctypes.CDLL(str(library)).group_at_age
    found.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int]
    return found


def numbers(result: Result, room: int) -> tuple[Numbers, Grouped]:
    """A C struct that says where a result's input is, and room that it is to fill."""
    encoded, order = result.encoded, result.order
    empty = Grouped(
        *(np.zeros_like(np.asarray(part)) for part in (result.grouped.episodes, result.grouped.spells)),
        np.zeros(room, result.grouped.unbundled.dtype),
    )
    given = Numbers(
        *(array.ctypes.data for array in (*encoded, order.rows, order.starts, empty.episodes, empty.spells, empty.unbundled)),
        *map(len, (encoded.rows, encoded.diagnoses, encoded.procedures, empty.spells)),
        room,
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
    given, found = numbers(result, 2 * result.table.num_rows)
    pointer = Pointer(result.bundle)
    assert call(pointer.address, ctypes.addressof(given), -1) == 0
    filled = Grouped(*(part.view(np.recarray) for part in (found.episodes, found.spells, found.unbundled[: given.n_unbundled])))
    assert digests(dataclasses.replace(result, grouped=filled)) == expected


def test_cpp_knows_the_fields(call: Callable[..., int], small: Result) -> None:
    given, found = numbers(small, 0)
    assert (small.order.rows == np.arange(len(small.order.rows))).all()
    given.order = None
    assert call(Pointer(small.bundle).address, ctypes.addressof(given), 1) == 0
    encoded = small.encoded._replace(rows=small.encoded.rows.copy())
    encoded.rows["age"] = 1
    held = work(small.bundle, encoded, small.order)
    jitted()(held)
    assert same(found.spells, held.spells) and not same(found.spells, small.grouped.spells)
    assert given.n_unbundled > 0


@pytest.mark.parametrize("name", ["rows", "starts", "diagnoses", "order"])
def test_what_leads_out_of_its_array(call: Callable[..., int], small: Result, name: str) -> None:
    encoded, order = small.encoded._replace(rows=small.encoded.rows.copy(), diagnoses=small.encoded.diagnoses.copy()), small.order
    if name == "rows":
        encoded.rows["procedure_end"][3] = len(encoded.procedures) + 1
    elif name == "diagnoses":
        encoded.diagnoses[7] = 65_535
    elif name == "order":
        order = dataclasses.replace(order, rows=np.zeros_like(order.rows))
    else:
        order = dataclasses.replace(order, starts=order.starts + 1)
    with pytest.raises(InputError, match="leads out of its array"):
        work(small.bundle, encoded, order)
    given, _ = numbers(dataclasses.replace(small, parts=[encoded], order=order), 0)
    assert call(Pointer(small.bundle).address, ctypes.addressof(given), -1) == WRONG_INPUT
