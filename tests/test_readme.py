"""What the README shows is run: its commands, with this interpreter's environment in place of a new one, and its Python."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
_MAKES_AN_ENVIRONMENT = ("python3 -m venv", ".venv/bin/pip")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def hrgcore_commands(block: str) -> list[list[str]]:
    """The `hrgcore` commands of a shell block as arguments of this interpreter."""
    commands = [command.strip() for command in block.strip().split("&&")]
    kept = [command for command in commands if not command.startswith(_MAKES_AN_ENVIRONMENT)]
    return [[sys.executable, "-m", "hrgcore", *shlex.split(command)[1:]] for command in kept]


@pytest.fixture(scope="module")
def month(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which the README's first block was run."""
    folder = tmp_path_factory.mktemp("readme")
    commands = hrgcore_commands(blocks("sh")[0])
    assert len(commands) == 2
    for command in commands:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=600)
        assert done.returncode == 0, done.stderr
    assert "grouped" in done.stdout
    return folder


def test_the_main_job_gives_what_the_readme_says(month: Path) -> None:
    names = {path.name for path in (month / "grouped").iterdir()}
    assert names == {"episodes", "spells", "unbundled", "errors", "manifest.json"}


def test_the_python_of_the_readme_runs(month: Path) -> None:
    (code,) = blocks("python")
    done = subprocess.run([sys.executable, "-c", code], cwd=month, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    assert "'SpellHRG': '" in done.stdout


def test_the_two_commands_of_set_up_are_single_lines() -> None:
    main_job, tests = blocks("sh")
    assert main_job.count("\n") == 1 and tests.count("\n") == 1
    assert tests.rstrip().endswith(".venv/bin/pytest")


def test_every_place_that_the_readme_names_is_there() -> None:
    for place in re.findall(r"\]\(([^)#]+)\)|^\| `([^`]+)` \|", README, re.MULTILINE):
        assert (ROOT / (place[0] or place[1])).exists(), place


def test_without_a_place_to_write_it_groups_all_the_same(tmp_path: Path, month: Path) -> None:
    """A read-only install without a writable home: nothing is cached, and nothing fails."""
    environment = {name: value for name, value in os.environ.items() if name not in ("HRGCORE_CACHE", "XDG_CACHE_HOME")}
    environment["HOME"] = "/dev/null/nowhere"
    command = [sys.executable, "-m", "hrgcore", "group", str(month / "month"), "-o", str(tmp_path / "out")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / "manifest.json").is_file()
