"""Starting is quick because little is done: one spell is explained without Numba, and a kernel is compiled when it is called."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow.csv as pacsv
import pytest
from designs import both
from small_design import small_texts

from hrgcore.selftest.spells import Input, example_of
from hrgcore_kernels import accelerate
from hrgcore_kernels.accelerate import inline, kernel
from hrgcore_kernels.signatures import array, fields

SPELL = Input(both("small").maker.spells(example_of(1, 5))).table
_SAYS_WHETHER = "; import sys; print('numba' in sys.modules)"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with the small design's tables and a spell as CSV."""
    (tmp_path / "small").mkdir()
    for name, text in small_texts().items():
        (tmp_path / "small" / name).write_text(text, encoding="utf-8")
    pacsv.write_csv(SPELL, tmp_path / "spell.csv")
    return tmp_path


def said_by(code: str, place: Path, cache: str) -> list[str]:
    """The lines that a fresh process prints."""
    environment = {**os.environ, "HRGCORE_CACHE": cache}
    done = subprocess.run([sys.executable, "-c", code], cwd=place, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.parametrize("cache", ["", "cache"])
def test_a_spell_is_explained_without_numba(place: Path, cache: str) -> None:
    """With the design compiled before (second run of those with a cache) and not."""
    code = f"import hrgcore; print(hrgcore.Grouper('small').explain('spell.csv').result.hrg){_SAYS_WHETHER}"
    expected = [both("small").grouper.explain(SPELL).result.hrg, "False"]
    assert said_by(code, place, cache) == expected
    assert said_by(code, place, cache) == expected


def test_the_command_explains_without_numba(place: Path) -> None:
    number = SPELL.column("PROVSPNO")[0].as_py()
    arguments = ["explain", "spell.csv", "--spell", number, "--design", "small"]
    lines = said_by(f"from hrgcore.cli.main import main; main({arguments!r}){_SAYS_WHETHER}", place, "cache")
    assert lines[0].startswith("Spell: ") and lines[-1] == "False"


# Kernels that are compiled when they are called ---------------------------------------------------------------------------------


@inline
def doubled(number):
    return 2 * number


@kernel((array("i8"), array("i8", writable=True)))
def double_all(numbers, out):
    """Doubles numbers."""
    for at in range(len(numbers)):
        out[at] = doubled(numbers[at])


def test_a_kernel_is_compiled_once_and_when_it_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    loads = []
    load = accelerate._load
    monkeypatch.setattr(accelerate, "_load", lambda *given: loads.append(given[0].__name__) or load(*given))
    out = np.zeros(3, np.int64)
    for _ in range(2):
        double_all(np.arange(3), out)
    assert out.tolist() == [0, 2, 4] and loads == ["double_all"]
    assert doubled(4) == 8  # stages stay Python for Python


class Box(NamedTuple):
    """Has a field of the name of a stage."""

    width: np.ndarray
    weight: np.ndarray


@inline
def width(box):
    return box.width[0]


@kernel((fields(Box, array("i8", writable=True), array("u1", writable=True)), array("i8", writable=True)))
def measure(box, out):
    """The width of a box."""
    out[0] = width(box)


def test_a_stage_may_be_named_like_a_field() -> None:
    out = np.zeros(1, np.int64)
    measure(Box(np.array([7]), np.zeros(1, np.uint8)), out)
    assert out.tolist() == [7]
