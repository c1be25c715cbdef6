"""`hrgcore bench`: every benchmark runs on a little activity, figures are put down rightly, and nothing is left behind."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from hrgcore.bench import measure, once
from hrgcore.bench.data import KINDS, Data
from hrgcore.bench.measure import BenchmarkError, Figures, Lacking, Runner
from hrgcore.bench.scenario import Prepared, Scenario
from hrgcore.bench.scenarios import SCENARIOS, USUAL
from hrgcore.bench.table import markdown, plain, rows
from hrgcore.cli.main import main

EPISODES = 600


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Data:
    return Data.make(tmp_path_factory.mktemp("bench") / "data", EPISODES, KINDS)


@pytest.mark.parametrize("name", [name for name, one in SCENARIOS.items() if not one.slow])
def test_every_benchmark_runs(data: Data, name: str) -> None:
    scenario = SCENARIOS[name]
    if scenario.missing:
        pytest.skip(f"needs {' and '.join(scenario.missing)}")
    assert set(scenario.needs) <= set(KINDS)
    figures = once.timed(scenario, Data.open(data.folder), 1)
    assert 0 < figures["rows"] <= EPISODES and 0 < figures["spells"] <= figures["rows"]
    assert figures["peak_bytes"] > 2**20 and len(figures["seconds"]) == len(figures["cpu_seconds"]) == 1


def test_the_usual_ones_are_there() -> None:
    assert set(USUAL) <= SCENARIOS.keys() and not any(SCENARIOS[name].slow for name in USUAL)


def test_a_benchmark_that_makes_too_little_fails(data: Data) -> None:
    made = iter((EPISODES, EPISODES - 1))
    short = Scenario("short", "", lambda _: Prepared(lambda: next(made), EPISODES, EPISODES, EPISODES))
    with pytest.raises(AssertionError, match=f"short: run 1 made {EPISODES - 1}, not {EPISODES}"):
        once.timed(short, data, 1)


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "scratch").mkdir()
    (tmp_path / "hrgcore.py").write_text("raise RuntimeError('the hrgcore of the working folder')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "scratch"))
    file = tmp_path / "figures.json"
    sizes = ["--episodes", "300", "--episodes", "200"]
    assert main(["bench", *sizes, "--only", "kernel,explain", "--rounds", "2", "--json", str(file)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[:4]] == ["benchmark", "kernel", "explain", "kernel"]
    document = json.loads(file.read_text())
    assert [(one["name"], one["episodes"], len(one["seconds"])) for one in document["results"]] == [
        ("kernel", 200, 2),
        ("explain", 0, 2),
        ("kernel", 300, 2),
    ]
    assert document["machine"]["cores"] == os.cpu_count() and "hrgcore" in document["versions"]
    assert list((tmp_path / "scratch").iterdir()) == []


def test_what_the_command_refuses(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "--only", "kernel,karnel"]) == 2
    assert "no benchmark karnel. There are kernel, " in capsys.readouterr().err
    assert main(["bench", "--episodes", "0"]) == 2
    assert main(["bench", "--only", "explain", "--json", str(tmp_path / "no" / "file")]) == 5


def test_a_package_that_is_not_installed_is_said(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("hrgcore.bench.scenario.find_spec", lambda name: None if name == "duckdb" else name)
    assert main(["bench", "--only", "joins-polars,kernel", "--episodes", "200", "--rounds", "1"]) == 0
    said = capsys.readouterr().out
    assert "joins-polars was left out: duckdb not installed" in said and "\nkernel " in said


# Processes ------------------------------------------------------------------------------------------------------------------------


def runner(folder: Path, code: str) -> Runner:
    """A runner whose module is this code."""
    (folder / "pretended.py").write_text(code)
    return Runner(sys.executable, "pretended", {**os.environ, "PYTHONPATH": str(folder)})


def test_what_goes_wrong_in_a_process_is_said(data: Data, tmp_path: Path) -> None:
    kernel = SCENARIOS["kernel"]
    with pytest.raises(Lacking, match="no attribute"):
        measure.measure(
            kernel,
            data,
            runner(tmp_path, f"raise SystemExit(print('no attribute', file=__import__('sys').stderr) or {once.LACKING})"),
        )
    with pytest.raises(BenchmarkError, match="ZeroDivisionError: division by zero") as failed:
        measure.measure(kernel, data, runner(tmp_path, "1 / 0"))
    assert not isinstance(failed.value, Lacking)


def test_a_revision_that_lacks_something_says_so(data: Data, monkeypatch: pytest.MonkeyPatch) -> None:
    def prepare(_: Data) -> Prepared:
        raise AttributeError("module 'hrgcore.engine' has no attribute 'group'")

    monkeypatch.setitem(SCENARIOS, "kernel", Scenario("kernel", "", prepare))
    assert once.main("kernel", str(data.folder), "1") == once.LACKING


def test_instructions_are_those_of_one_run(data: Data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a `perf` that counts 5,000 for a process and 700 for each run in it."""
    perf = tmp_path / "perf"
    perf.write_text(
        f"#!{sys.executable}\n"
        "import subprocess, sys\n"
        "words = sys.argv[1:]\n"
        "command = words[words.index('--') + 1:]\n"
        "code = subprocess.run(command).returncode\n"
        "runs = int(command[-1]) if len(command) > 1 else 0\n"
        "out = open(words[words.index('-o') + 1], 'w') if '-o' in words else sys.stderr\n"
        "print(f'{5000 + 700 * runs},,instructions:u,1,100.00,,', file=out)\n"
        "sys.exit(code)\n"
    )
    perf.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    measure.counts_instructions.cache_clear()
    try:
        assert measure.measure(SCENARIOS["kernel"], data, rounds=1).instructions == 700
    finally:
        measure.counts_instructions.cache_clear()


@pytest.mark.parametrize("said", ["<not supported>,,instructions:u,0,100.00,,", "", "perf: no permission"])
def test_a_counter_that_does_not_work_counts_nothing(said: str) -> None:
    assert measure._counted(said) is None


# Tables ---------------------------------------------------------------------------------------------------------------------------


def figures(name: str, instructions: int | None = None) -> Figures:
    return Figures(name, "what it does", 1000, 1000, 900, 0, [0.3, 0.001, 0.002], [0.001, 0.002, 0.003], 2**20, instructions)


def test_tables() -> None:
    table = rows([figures("kernel")])
    assert " ".join(plain(table).splitlines()[1].split()) == "kernel 1,000 2.0 ms 0.50 M 2.0 ms 1 MiB what it does"
    assert markdown(table).splitlines()[1] == "| --- | ---: | ---: | ---: | ---: | ---: | --- |"
    counted = rows([figures("kernel"), figures("csv", 123_000)])
    assert [cells[6] for cells in counted] == ["instructions a row", "", "123"]
