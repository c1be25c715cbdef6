"""`hrgcore explain` of a folder of results: by the design that made it, or not at all; and likewise what else reads results."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from report_pages import check_page
from runs import write
from small_logics import texts as logic_texts
from two_designs import design, results, table

from hrgcore.cli.main import main
from hrgcore.design import bundle as bundles
from hrgcore.design import compile_tables, read_texts
from hrgcore.errors import DesignError
from hrgcore.folders import MANIFEST, result_of
from hrgcore.grouper import Grouper

Told = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def spell() -> str:
    """The number of a spell, the only one of its number, that the altered design groups otherwise."""
    one, other = (pq.read_table(results(name) / "spells") for name in ("small", "altered"))
    numbers = one.column("PROVSPNO").to_pylist()
    moved = zip(numbers, one.column("SpellHRG").to_pylist(), other.column("SpellHRG").to_pylist(), strict=True)
    return next(number for number, a, b in moved if a != b and number.strip() and numbers.count(number) == 1)


@pytest.fixture
def out(tmp_path: Path, spell: str) -> Path:
    """Results under the altered design, which lies beside them: the spell is among them."""
    shutil.copy(design("altered"), tmp_path / "mine.hrgcore")
    taken = [row < 300 or number == spell for row, number in enumerate(table().column("PROVSPNO").to_pylist())]
    source = write(table().filter(pa.array(taken)), tmp_path / "in.parquet")
    assert main(["group", str(source), "-o", str(tmp_path / "out"), "--design", str(tmp_path / "mine.hrgcore")]) == 0
    return tmp_path / "out"


def explained(name: str, spell: str) -> dict[str, Any]:
    """What a design of the two says of a spell."""
    rows = [number == spell for number in table().column("PROVSPNO").to_pylist()]
    found: dict[str, Any] = Grouper(design(name)).explain(table().filter(pa.array(rows))).to_dict()
    return found


def change(out: Path, *names: str, to: str) -> None:
    """Change a value of the manifest."""
    manifest = inner = json.loads((out / MANIFEST).read_text())
    for name in names[:-1]:
        inner = inner[name]
    inner[names[-1]] = to
    (out / MANIFEST).write_text(json.dumps(manifest))


def test_the_design_is_the_one_that_made_the_results(
    out: Path, spell: str, capsys: Told, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path.parent)  # it is found from anywhere
    capsys.readouterr()
    for place in (out, out / "episodes", out / "episodes" / "part-00000.parquet"):
        assert result_of(place) == out
        assert main(["explain", str(place), "--spell", spell, "--format", "json"]) == 0
        told = capsys.readouterr()
        assert json.loads(told.out) == explained("altered", spell) != explained("small", spell) and told.err == ""


def test_what_is_no_result_has_the_design_that_is_asked_for(tmp_path: Path, spell: str, capsys: Told) -> None:
    write(table(), tmp_path / "in.parquet")
    for name in ("small", "altered"):
        command = ["explain", str(tmp_path / "in.parquet"), "--spell", spell, "--format", "json", "--design", str(design(name))]
        assert main(command) == 0
        assert json.loads(capsys.readouterr().out) == explained(name, spell)


@pytest.mark.parametrize("what", ["gone", "another", "broken", "elsewhere", "embedded"])
def test_a_design_that_is_not_to_be_had_is_asked_for(out: Path, spell: str, what: str, capsys: Told, tmp_path: Path) -> None:
    (tmp_path / "mine.hrgcore").unlink()
    if what == "another":
        shutil.copy(design("small"), tmp_path / "mine.hrgcore")
    elif what == "broken":
        (tmp_path / "mine.hrgcore").write_text("no bundle")
    elif what == "elsewhere":
        change(out, "options", "design", to="//another/machine/mine.hrgcore")
    elif what == "embedded":
        change(out, "design", "id", to="hrg4plus-2425-open")
    assert main(["explain", str(out), "--spell", spell]) == 2
    told = capsys.readouterr().err
    assert "Name the design that made it with --design" in told
    assert ("other tables than the" if what in ("another", "embedded") else "which is not at hand") in told
    assert main(["explain", str(out), "--spell", spell, "--design", str(design("altered")), "--format", "json"]) == 0
    told = capsys.readouterr()
    assert json.loads(told.out) == explained("altered", spell) and told.err == ""


def test_a_manifest_makes_nobody_ask_another_machine(out: Path, spell: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def load(place: str) -> None:
        asked.append(place)
        raise DesignError("none")

    monkeypatch.setattr("hrgcore.analysis.made_by.load_design", load)
    for place in ("//another/machine/mine.hrgcore", r"\\another\machine\mine.hrgcore", "C:/mine.hrgcore", "/mine.hrgcore"):
        change(out, "options", "design", to=place)
        assert main(["explain", str(out), "--spell", spell]) == 2
    assert asked == ["C:/mine.hrgcore", "/mine.hrgcore"]


def test_another_design_is_said_and_explains(out: Path, spell: str, capsys: Told) -> None:
    capsys.readouterr()
    assert main(["explain", str(out), "--spell", spell, "--design", str(design("small")), "--format", "json"]) == 0
    told = capsys.readouterr()
    assert json.loads(told.out) == explained("small", spell)
    assert told.err.startswith(f"hrgcore: warning: {out} was grouped by other tables than {design('small')}")


def test_another_version_is_said(out: Path, spell: str, capsys: Told, tmp_path: Path) -> None:
    change(out, "versions", "hrgcore", to="0.0.1")
    for command in (["explain", str(out), "--spell", spell], ["report", str(out), "-o", str(tmp_path / "report")]):
        assert main(command) == 0
        assert f"warning: {out} was grouped by hrgcore 0.0.1, and this is " in capsys.readouterr().err


def test_the_page_opens_under_that_design(out: Path, spell: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("starlette", reason="the page needs the extra `serve`")
    pytest.importorskip("httpx2", reason="the client of the tests needs httpx2")
    from pages import ORIGIN, hrg, words
    from starlette.testclient import TestClient

    from hrgcore.serve.app import Page

    given: dict[str, Any] = {}
    monkeypatch.setattr("hrgcore.serve.run.serve", lambda **named: given.update(named))
    assert main(["explain", str(out), "--spell", spell, "--open"]) == 0
    page = Page(given["design"], given["opened"], given["logic"])
    opened = TestClient(page.app, base_url=ORIGIN).get(page.path)
    said = explained("altered", spell)
    assert hrg(opened) == said["spell"]["hrg"] and said["design"]["title"] in words(opened)


def test_the_logic_is_that_of_the_results(tmp_path: Path, capsys: Told) -> None:
    bundles.write(compile_tables(read_texts(logic_texts())), tmp_path / "mine.hrgcore")
    (tmp_path / "in.csv").write_text("AGE,AEPATIENTGROUP,INV_01,TREAT_01\n30,30,01,01\n30,30,01,02\n")
    command = ["group", str(tmp_path / "in.csv"), "-o", str(tmp_path / "out"), "--logic", "em"]
    assert main([*command, "--design", str(tmp_path / "mine.hrgcore")]) == 0
    capsys.readouterr()
    assert main(["explain", str(tmp_path / "out"), "--row", "2", "--format", "json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["logic"] == "em" and told["design"]["id"] == "small"
    assert told["row"]["hrg"] == pq.read_table(tmp_path / "out" / "rows").column("EM_HRG")[1].as_py()
    assert main(["explain", str(tmp_path / "out"), "--spell", "1"]) == 2
    assert "which row of em to explain, with --row" in capsys.readouterr().err
    assert main(["explain", str(tmp_path / "out"), "--row", "1", "--logic", "acc"]) == 2
    assert "has results of em, not of acc" in capsys.readouterr().err


def test_results_of_two_designs_are_not_explained_together(out: Path, spell: str, capsys: Told) -> None:
    assert main(["explain", str(out), str(results("small")), "--spell", spell]) == 2
    assert "one at a time" in capsys.readouterr().err


def test_a_manifest_that_is_none_is_said(out: Path, spell: str, capsys: Told) -> None:
    (out / MANIFEST).write_text('{"logic": "apc", "design": {}, "outputs": [], "options": []}')
    assert main(["explain", str(out), "--spell", spell]) == 3
    assert "is no manifest of hrgcore group" in capsys.readouterr().err


def test_compare_and_reconcile_find_it_too(out: Path, capsys: Told, tmp_path: Path) -> None:
    capsys.readouterr()
    assert main(["compare", str(out), str(out), "-o", str(tmp_path / "compared")]) == 0
    assert main(["reconcile", str(out / "spells"), str(out), "-o", str(tmp_path / "reconciled")]) == 0
    assert capsys.readouterr().err == ""
    check_page((tmp_path / "reconciled" / "report.html").read_text(encoding="utf-8"))
    (tmp_path / "mine.hrgcore").unlink()
    assert main(["compare", str(out), str(out), "-o", str(tmp_path / "again")]) == 0
    assert "with --design-a. Without it there are no labels" in capsys.readouterr().err
    assert main(["reconcile", str(out / "spells"), str(out), "-o", str(tmp_path / "once more")]) == 2
    wrong = ["--design", str(design("small"))]
    assert main(["reconcile", str(out / "spells"), str(out), "-o", str(tmp_path / "once more"), *wrong]) == 2
    assert "Name the right design with --design" in capsys.readouterr().err
