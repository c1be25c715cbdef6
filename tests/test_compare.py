"""`benchmarks/compare`: ratios say what the times were, revisions take turns, README figures are as the tool writes them."""

from __future__ import annotations

import json
import os
import re
import sys
from datetime import date
from pathlib import Path

import pytest

from hrgcore.bench.measure import BenchmarkError
from hrgcore.bench.scenarios import SCENARIOS
from hrgcore.bench.table import HEADINGS

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT / "benchmarks"))

from comparison import environments, readme  # noqa: E402
from comparison.main import main  # noqa: E402
from comparison.ratios import Ratio, document, table, verdict  # noqa: E402
from comparison.rounds import Taken  # noqa: E402

_variables = environments.Environment.variables


def taken(*seconds: float) -> Taken:
    return Taken([*seconds], [*seconds], {"rows": 10, "spells": 9, "bytes": 0, "peak_bytes": 2**20})


# Ratios ---------------------------------------------------------------------------------------------------------------------------


def test_ratios_are_by_round() -> None:
    """The machine was slow in the second round: that hides nothing."""
    ratio = Ratio.of([1.0, 4.0, 1.0, 1.0, 1.0], [0.5, 2.0, 0.5, 0.6, 0.4])
    assert ratio.median == 0.5 and (ratio.least, ratio.greatest) == (0.4, 0.6)
    assert ratio.least <= ratio.low <= 0.5 <= ratio.high <= ratio.greatest


@pytest.mark.parametrize(
    ("time", "cpu", "expected"),
    [
        ([0.5] * 5, [0.5] * 5, "B is faster"),
        ([2.0] * 5, [2.0] * 5, "B is slower"),
        ([2.0] * 5, [1.0] * 5, "no difference seen"),
        ([2.0] * 5, [0.5] * 5, "no difference seen"),
        ([0.5, 0.9, 1.1, 1.2, 0.8], [0.5] * 5, "no difference seen"),
    ],
)
def test_a_difference_is_one_that_both_times_show(time: list[float], cpu: list[float], expected: str) -> None:
    assert verdict(Ratio.of([1.0] * 5, time), Ratio.of([1.0] * 5, cpu)) == expected


def test_what_a_revision_lacks_is_named() -> None:
    lacking = {"stream": [Taken(lacking="no stream"), taken(1.0)], "csv": [taken(1.0, 1.0), taken(2.0, 2.0)]}
    _, stream, csv = table(lacking)
    assert (stream[1], stream[2], stream[-1]) == ("", "1.00 s", "not in A")
    assert (csv[3], csv[-1]) == ("2.000", "B is slower")
    entries = {entry["name"]: entry for entry in document(lacking)}
    assert entries["stream"]["lacking"] == {"A": "no stream"} and "ratio" not in entries["stream"]
    assert entries["csv"]["ratio"]["median"] == 2.0


# Taking turns ---------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Environments that were made before: of the commits `sound`, and of `old`, which has no `Grouper.explain`."""
    here = [str(ROOT), str(ROOT / "kernels"), str(ROOT / "tables")]
    old = tmp_path / "old-tree"
    old.mkdir()
    (old / "sitecustomize.py").write_text("import hrgcore.grouper\ndel hrgcore.grouper.Grouper.explain\n")
    for commit, path in (("sound", here), ("old", [str(old), *here])):
        python = tmp_path / "store" / commit / "venv" / "bin" / "python"
        python.parent.mkdir(parents=True)
        (tmp_path / "store" / commit / "whole").touch()
        python.write_text(f'#!/bin/sh\nPYTHONPATH="$PYTHONPATH:{":".join(path)}" exec {sys.executable} "$@"\n')
        python.chmod(0o755)
    monkeypatch.setattr("comparison.main.commit_of", lambda _, revision: revision)
    monkeypatch.setattr(environments.Environment, "variables", _with_the_cache_of_tests)
    return tmp_path / "store"


def _with_the_cache_of_tests(one: environments.Environment, modules: Path) -> dict[str, str]:
    return _variables(one, modules) | {name: os.environ[name] for name in ("HRGCORE_CACHE",) if name in os.environ}


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests stand in a folder with another hrgcore in it: none that they mean."""
    (tmp_path / "here" / "hrgcore").mkdir(parents=True)
    (tmp_path / "here" / "hrgcore" / "__init__.py").write_text("raise RuntimeError('the hrgcore of the working folder')")
    monkeypatch.chdir(tmp_path / "here")


@pytest.mark.usefixtures("elsewhere")
def test_two_revisions(store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "out.json"
    options = [
        "--episodes",
        "300",
        "--rounds",
        "2",
        "--only",
        "kernel,explain,start-help",
        "--store",
        str(store),
        "--json",
        str(file),
    ]
    assert main(ROOT, ["old", "sound", *options]) == 0
    said = capsys.readouterr()
    assert [line.split()[0] for line in said.out.splitlines()[:3]] == ["benchmark", "kernel", "explain"]
    assert said.out.splitlines()[2].endswith("not in A") and "round 2 of 2" in said.err
    results = {entry["name"]: entry for entry in json.loads(file.read_text())["results"]}
    assert len(results["kernel"]["sides"]["A"]["seconds"]) == 2 and results["kernel"]["ratio"]["median"] > 0
    assert "explain" in results["explain"]["lacking"]["A"]


@pytest.mark.parametrize(
    "arguments", [["one"], ["one", "two", "three"], ["a", "b", "--only", "karnel"], ["a", "b", "--rounds", "0"]]
)
def test_what_it_refuses(store: Path, arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(ROOT, [*arguments, "--store", str(store)]) == 1
    assert capsys.readouterr().err.startswith("compare: error: ")


def test_an_unknown_revision_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(BenchmarkError, match="no such revision"):
        environments.commit_of(ROOT, "no-such-revision")


# The README's figures -------------------------------------------------------------------------------------------------------------

_TAKEN_ON = re.compile(
    r".+, \d+ cores, \w+ \w+; Python 3[.\d]+(, \w+ [\w.]+)+; commit [0-9a-f]{7}, \d{4}-\d\d-\d\d\."
    r" Times are medians of \d+ processes, of each its best run; the load was [\d.]+ before\."
)


def assert_of_the_form(block: str) -> None:
    """Assert that a block is as the tool writes it, whatever the values."""
    lines = block.splitlines()
    assert lines[:2] == [readme.BEGIN, ""] and lines[-2:] == ["", readme.END]
    table, about = lines[2:-4], lines[-3]
    assert lines[-4] == "" and _TAKEN_ON.fullmatch(about), about
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in table]
    assert cells[0] == [heading for heading in HEADINGS if heading in cells[0]] and {"time", "rows a second"} <= {*cells[0]}
    assert [row[0] for row in cells[2:]] == [name for name in readme.SHOWN if name in {row[0] for row in cells}]
    assert {"kernel", "command", "start", "pyarrow-csv"} <= {row[0] for row in cells}
    for row in cells[2:]:
        assert re.fullmatch(r"[\d.]+ m?s", row[2]) and row[-1] == SCENARIOS[row[0]].about


def made_up_block() -> str:
    figures = {name: taken(0.5) for name in readme.SHOWN}
    about = {"processor": "a processor", "cores": 2, "system": "Linux x86_64", "python": "3.11.7", "load": 0.1}
    return readme.block("0123456789", 1_000_000, figures, about, {"hrgcore": "1", "numba": "0.60.0"}, date(2026, 1, 2))


def test_the_tool_writes_the_form() -> None:
    assert_of_the_form(made_up_block())
    with pytest.raises(AssertionError):
        assert_of_the_form(made_up_block().replace("500.0 ms", "fast"))


def test_the_figures_of_the_readme_have_the_form() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert text.count(readme.BEGIN) == text.count(readme.END) == 1
    assert_of_the_form(text[text.index(readme.BEGIN) : text.index(readme.END) + len(readme.END)])


def test_the_block_alone_is_rewritten(tmp_path: Path) -> None:
    file = tmp_path / "README.md"
    file.write_text(f"before\n{readme.BEGIN}\nold\n{readme.END}\nafter\n")
    readme.rewrite(file, made_up_block())
    assert file.read_text() == f"before\n{made_up_block()}\nafter\n"
    file.write_text("nothing")
    with pytest.raises(BenchmarkError, match="has not the lines"):
        readme.rewrite(file, made_up_block())
