"""The command `hrgcore`: what it prints and writes, one line for each error, and every exit code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from io_fakes import MANDATORY, FakeDesign, FakeGrouper

import hrgcore
from hrgcore.cli import shell
from hrgcore.cli.main import main
from hrgcore.errors import DesignError

ROWS = [
    "RXX,1,1,50,1,1,19,11,19,1,3,100,100,I10X",
    "RXX,1,2,50,1,1,19,11,19,1,3,100,100,I10X",
    "RYY,2,1,50,1,1,19,11,19,1,3,100,100,",
]
SECRET = "9434765919"


@pytest.fixture
def source(tmp_path) -> Path:
    path = tmp_path / "in.csv"
    path.write_text("\n".join([",".join(MANDATORY), *ROWS, ""]))
    return path


@pytest.fixture(autouse=True)
def fake(monkeypatch) -> type[FakeGrouper]:
    monkeypatch.setitem(vars(hrgcore), "Grouper", FakeGrouper)
    return FakeGrouper


def error_of(capsys) -> str:
    """The one line of stderr."""
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1 and err.startswith("hrgcore: error: ")
    assert "Traceback" not in err and SECRET not in err
    return err


def test_group_writes_a_folder_and_says_how_it_went(source, tmp_path, capsys) -> None:
    assert main(["group", str(source), "-o", str(tmp_path / "out")]) == 0
    out, err = capsys.readouterr()
    lines = [" ".join(line.split()) for line in out.splitlines()]
    assert "episodes 3 2 66.7%" in lines and "spells 2 1 50.0%" in lines and "1 invalid field" in lines
    assert f"results: {tmp_path / 'out'}" in lines
    assert "design: fake 1, open reconstruction, for tests" in lines
    assert err == ""  # nobody watches: no progress
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert [entry["name"] for entry in manifest["inputs"]] == [str(source)]
    assert manifest["logic"] == "apc" and set(manifest["seconds"]) == {"start", "read", "group", "write", "total"}
    assert manifest["run"]["spells"] == "together" and "spells: they stood together" in lines


def test_group_from_a_file_without_headings_as_csv(source, tmp_path, capsys) -> None:
    source.write_text("\n".join(ROWS))
    rdf = tmp_path / "x.rdf"
    rdf.write_text("\n".join(["COMMA DELIMITED", *(f"{name},{name},{at},,,," for at, name in enumerate(MANDATORY, 1))]))
    command = [
        "group",
        str(source),
        "-o",
        str(tmp_path / "out"),
        "--rdf",
        str(rdf),
        "--no-headings",
        "--format",
        "csv",
        "--threads",
        "1",
    ]
    assert main([*command, "--logic", "APC"]) == 0
    assert (tmp_path / "out" / "episodes" / "part-00000.csv").read_text().count("\n") == 4
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert [entry["role"] for entry in manifest["inputs"]] == ["data", "rdf"]
    assert manifest["options"] == {"format": "csv", "threads": 1, "headings": False, "design": None}


def test_options_reach_the_grouper(source, tmp_path, monkeypatch) -> None:
    seen = {}

    class Watching(FakeGrouper):
        def __init__(self, design="default", *, threads=None) -> None:
            super().__init__()
            seen.update(design=design, threads=threads)

    monkeypatch.setitem(vars(hrgcore), "Grouper", Watching)
    assert main(["group", str(source), "-o", str(tmp_path / "a"), "--design", "mine", "--threads", "2"]) == 0
    assert seen == {"design": "mine", "threads": 2}
    assert main(["group", str(source), "-o", str(tmp_path / "b")]) == 0
    assert seen == {"design": "default", "threads": None}


def test_progress_on_a_terminal(source, tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert main(["group", str(source), "-o", str(tmp_path / "out")]) == 0
    assert "grouping rows 1 to 3 …" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["group", "{in}", "-o", "{out}", "--logic", "xyz"], 2, "The logics are apc, acc, em, nac, pcc, nrd, ncc."),
        (["group", "{in}", "-o", "{out}", "--logic", "xyz"], 2, "unknown logic 'xyz'"),
        (["group", "{in}"], 2, "required: -o"),
        (["group", "{in}", "-o", "{out}", "--threads", "0"], 2, "not a whole number from 1"),
        (["group", "{in}", "-o", "{out}", "--format", "xlsx"], 2, "invalid choice"),
        (["group", "{in}", "-o", "{out}", "--frob"], 2, "unrecognized arguments: --frob"),
        (["frob"], 2, "invalid choice"),
        (["group", "{absent}", "-o", "{out}"], 3, "no such file"),
        (["group", "{in}", "-o", "{out}", "--rdf", "{absent}"], 3, "record definition can't be read"),
        (["group", "{in}", "-o", "{full}"], 5, "not empty"),
        (["group", "{in}", "-o", "{in}"], 5, "is a file"),
        (["explain", "{in}", "--spell", "77"], 3, "no spell 77"),
        (["explain", "{in}", "--spell", "1", "--provider", "RYY"], 3, "no spell 1 of provider RYY"),
    ],
)
def test_user_errors_are_one_line_with_a_fixed_code(source, tmp_path, capsys, arguments, code: int, says: str) -> None:
    places = {"in": source, "out": tmp_path / "out", "absent": tmp_path / "absent", "full": tmp_path}
    assert main([word.format(**places) for word in arguments]) == code
    assert says in error_of(capsys)
    assert not (tmp_path / "out").exists()


def test_a_ragged_row_leaves_no_output(source, tmp_path, capsys) -> None:
    source.write_text(source.read_text() + f"{SECRET},1\n")
    assert main(["group", str(source), "-o", str(tmp_path / "out")]) == 3
    assert "row 4 (line 5) has 2 columns" in error_of(capsys)
    assert not (tmp_path / "out").exists()


def test_a_design_with_faults(source, tmp_path, monkeypatch, capsys) -> None:
    def refuse(*_, **__) -> None:
        raise DesignError("the design has faults", ("roots.csv line 2: no such root",))

    monkeypatch.setitem(vars(hrgcore), "Grouper", refuse)
    assert main(["group", str(source), "-o", str(tmp_path / "out")]) == 4
    assert "roots.csv line 2" in capsys.readouterr().err


def test_interrupted(source, tmp_path, monkeypatch, capsys) -> None:
    def interrupt(*_, **__) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(FakeGrouper, "group", interrupt)
    assert main(["group", str(source), "-o", str(tmp_path / "out")]) == 130
    assert capsys.readouterr().err == "hrgcore: interrupted\n"


@pytest.mark.parametrize("debug", ["", "1"])
def test_the_unexpected_asks_to_be_reported(source, tmp_path, monkeypatch, capsys, debug: str) -> None:
    def fail(*_, **__) -> None:
        raise ZeroDivisionError(SECRET)

    monkeypatch.setattr(FakeGrouper, "group", fail)
    monkeypatch.setenv(shell.DEBUG_VARIABLE, debug)
    assert main(["group", str(source), "-o", str(tmp_path / "out")]) == 70
    err = capsys.readouterr().err
    assert "unexpected ZeroDivisionError in test_cli.py, line" in err and "report" in err
    assert ("Traceback" in err) == (SECRET in err) == (debug == "1")


def test_warnings_are_one_line(source, tmp_path, capsys) -> None:
    rdf = tmp_path / "x.rdf"
    names = [*MANDATORY[:4], "CLASSPAT", "SEX", *MANDATORY[6:]]
    rdf.write_text("\n".join(["COMMA DELIMITED", *(f"{name},{name},{at},,,," for at, name in enumerate(names, 1))]))
    assert main(["group", str(source), "-o", str(tmp_path / "out"), "--rdf", str(rdf)]) == 0
    err = capsys.readouterr().err.splitlines()
    assert len(err) == 2 and err[0].startswith("hrgcore: warning: ") and "column 5 is headed SEX" in err[0]


@pytest.mark.parametrize(("kind", "says"), [("text", "2 episodes explained"), ("json", '{"episodes": 2}'), ("html", "<p>2</p>")])
def test_explain(source, capsys, kind: str, says: str) -> None:
    assert main(["explain", str(source), "--spell", " 1", "--format", kind]) == 0
    assert capsys.readouterr().out == says + "\n"


def test_explain_wants_to_know_the_provider(source, capsys) -> None:
    source.write_text(source.read_text() + ROWS[0].replace("RXX", "RYY") + "\n")
    assert main(["explain", str(source), "--spell", "1"]) == 2
    assert "2 providers have a spell 1. Say which with --provider" in error_of(capsys)
    assert main(["explain", str(source), "--spell", "1", "--provider", "RYY"]) == 0
    assert capsys.readouterr().out == "1 episodes explained\n"


def test_designs_compile_diff(monkeypatch, capsys, tmp_path) -> None:
    import hrgcore.design
    from hrgcore.design import locate

    diff = ModuleType("hrgcore.design.diff")
    diff.diff_designs = lambda a, b: [] if a == b else [f"{a} is not {b}"]
    monkeypatch.setitem(sys.modules, diff.__name__, diff)
    monkeypatch.setattr(locate, "list_designs", lambda: [FakeDesign()])
    given = []
    monkeypatch.setattr(hrgcore.design, "compile_folder", lambda *paths: given.extend(paths) or FakeDesign(), raising=False)
    assert main(["designs"]) == 0
    assert "fake  A design for tests" in (out := capsys.readouterr().out) and "open reconstruction" in out
    assert main(["compile", "tables", "-o", "x.hrgcore"]) == 0
    assert given == [Path("tables"), Path("x.hrgcore")] and "x.hrgcore: fake 1" in capsys.readouterr().out
    assert main(["diff", "a", "b"]) == 0 and capsys.readouterr().out == "a is not b\n"
    assert main(["diff", "a", "a"]) == 0 and capsys.readouterr().out == "no differences\n"


def test_no_command_shows_the_help(capsys) -> None:
    assert main([]) == 2
    assert "COMMAND" in capsys.readouterr().out


def python(code_or_module: list[str], **options) -> subprocess.CompletedProcess[str]:
    root = Path(__file__).parents[1]
    path = os.pathsep.join(map(str, (root, root / "kernels", root / "tables")))
    environment = {**os.environ, "PYTHONPATH": path}
    return subprocess.run([sys.executable, *code_or_module], env=environment, text=True, capture_output=True, timeout=60, **options)


@pytest.mark.parametrize("switch", ["--help", "--version"])
def test_help_and_version_import_nothing_heavy(switch: str) -> None:
    code = (
        f"import sys; from hrgcore.cli.main import main; code = main([{switch!r}])",
        "print(sorted(sys.modules), file=sys.stderr); sys.exit(code)",
    )
    done = python(["-c", "; ".join(code)])
    assert done.returncode == 0 and "hrgcore" in done.stdout
    loaded = set(done.stderr.strip("[]\n").replace("'", "").split(", "))
    assert "hrgcore.cli.main" in loaded
    assert not {"numba", "numpy", "pyarrow"} & loaded


def test_as_a_module_and_into_a_closed_pipe() -> None:
    assert python(["-m", "hrgcore", "frob"]).returncode == 2
    closed = (
        "import os, sys; r, w = os.pipe(); os.close(r); os.dup2(w, 1)",
        "from hrgcore.cli.main import main; sys.exit(main(['--version']))",
    )
    done = python(["-c", "; ".join(closed)])
    assert (done.returncode, done.stderr) == (shell.BROKEN_PIPE, "")
