"""The wheel: one distribution of three packages, whole, and no heavier than it may be. `tools/wheel.py` tries it on each Python."""

from __future__ import annotations

import zipfile
from importlib.util import find_spec
from pathlib import Path

import pytest

from tools import wheel


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if find_spec("setuptools") is None or find_spec("wheel") is None:
        pytest.skip("needs setuptools and wheel, to build without fetching them")
    return wheel.build(tmp_path_factory.mktemp("wheel"))


def test_the_wheel(built: Path) -> None:
    assert wheel.faults(built) == []


def test_faults_are_found(built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a wheel that lacks py.typed, has a package of tests, and is too heavy."""
    other = tmp_path / built.name
    with zipfile.ZipFile(built) as source, zipfile.ZipFile(other, "w") as target:
        for name in source.namelist():
            if name != "hrgcore/py.typed":
                target.writestr(name, source.read(name))
        target.writestr("tests/test_x.py", "")
    monkeypatch.setattr(wheel, "MOST_BYTES", 1000)
    heavy, packages, lacking = wheel.faults(other)
    assert "more than 1,000" in heavy and "tests" in packages and lacking == "lacks hrgcore/py.typed"


def test_pythons_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for version in ("3.12.9", "3.12.10", "3.13.0"):
        (tmp_path / "versions" / version / "bin").mkdir(parents=True)
        (tmp_path / "versions" / version / "bin" / "python").touch()
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert wheel.find("3.12") == tmp_path / "versions" / "3.12.10" / "bin" / "python"
    assert wheel.find("3.14") is None
