"""What the pages for the analyst and for the maintainer of a design show is run, and what they name is there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from report_pages import check_page

from hrgcore.cli.main import build_parser, main

DOCS = Path(__file__).parents[1] / "docs"


def commands(page: str) -> list[list[str]]:
    text = (DOCS / page).read_text(encoding="utf-8")
    lines = "".join(re.findall(r"^```sh\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)).splitlines()
    return [shlex.split(line)[1:] for line in lines]


@pytest.mark.parametrize("page", ["analyst.md", "design-maintainer.md"])
def test_commands_run_as_they_stand(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for command in commands(page):
        assert main(command) == 0, command
    for report in tmp_path.glob("*/report.html"):
        check_page(report.read_text(encoding="utf-8"))
    assert len(list(tmp_path.glob("*/report.html"))) == (3 if page == "analyst.md" else 0)


@pytest.mark.parametrize("page", ["analyst.md", "design-maintainer.md"])
def test_options_and_links_exist(page: str, capsys: pytest.CaptureFixture[str]) -> None:
    text = (DOCS / page).read_text(encoding="utf-8")
    helps = ""
    for command in ("compare", "reconcile", "report", "designs", "group", "synth"):
        with pytest.raises(SystemExit):
            build_parser().parse_args([command, "--help"])
        helps += capsys.readouterr().out
    options = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", text))
    assert options and all(option in helps for option in options)
    assert all((DOCS / link.partition("#")[0]).exists() for link in re.findall(r"\]\(([^)]+)\)", text))
