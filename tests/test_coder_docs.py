"""The page for coders says what there is: every kind of step, every basis, commands that are taken, and words that are said."""

from __future__ import annotations

import re
from pathlib import Path

from small_spells import TEXTS, all_steps, episode

from hrgcore.cli.main import build_parser
from hrgcore.design.row import BASES
from hrgcore.design.tables import read_texts
from hrgcore.explain import explain_spell
from hrgcore.html.explanation import KINDS
from hrgcore.reference import Step

ROOT = Path(__file__).parents[1]
DOCS = (ROOT / "docs" / "coder.md").read_text(encoding="utf-8")


def test_every_kind_of_step_is_explained() -> None:
    explained = set(re.findall(r"^\| ([A-Z][A-Za-z, ]+) \| .*\? \|", DOCS, re.MULTILINE))
    of_rows = {"List", "Score", "Rule"}
    assert explained == set(KINDS.values()) - of_rows
    assert all(name in DOCS.partition("Rows of other logics have")[2] for name in of_rows)


def test_every_kind_that_is_recorded_is_known() -> None:
    source = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "hrgcore" / "reference").glob("*.py"))
    kinds = set(re.findall(r'(?:\.step|first_applying|trace\.tried)\(\s*"([a-z]+)"', source))
    assert len(kinds) > 10 and kinds == set(KINDS)


def test_every_basis_is_explained() -> None:
    assert re.findall(r"^\| `([a-z]+)` \|", DOCS, re.MULTILINE) == list(BASES)


def test_the_commands_are_taken() -> None:
    blocks = "".join(re.findall(r"^```\n(.*?)^```$", DOCS, re.MULTILINE | re.DOTALL))
    commands = re.findall(r"^hrgcore (.*)$", blocks, re.MULTILINE)
    assert [build_parser().parse_args(command.split()).command for command in commands] == ["serve", "explain"]


def test_the_examples_are_said() -> None:
    explained = explain_spell(read_texts(TEXTS), [episode("K635 E119", "H221")])
    steps: list[Step] = all_steps(explained.result.episodes[0].steps)
    assert "FE30A: cc 3+: it is 1." in {step.text for step in steps} and "`FE30A: cc 3+: it is 1.`" in DOCS
