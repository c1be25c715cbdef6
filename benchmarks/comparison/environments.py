"""An environment for a revision: a virtual environment with hrgcore installed from that commit, made once and kept by commit."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hrgcore.bench.measure import BenchmarkError

#: What yardsticks need besides.
_YARDSTICKS = ("polars", "duckdb")
_WHOLE = "whole"  # a file that stands in an environment that was made to its end


@dataclass(frozen=True)
class Environment:
    """A revision's Python, its version of hrgcore's cache, and the commit."""

    commit: str
    folder: Path

    @property
    def python(self) -> str:
        return str(self.folder / "venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python"))

    def variables(self, modules: Path) -> dict[str, str]:
        """The environment variables of its processes; ``modules`` is a folder to import from besides.

        Nothing of the caller's own Python gets in, nor of the folder that it is called in, which mostly holds a tree of hrgcore;
        compiled modules are kept, as they are for users.
        """
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        return {**kept, "PYTHONPATH": str(modules), "PYTHONSAFEPATH": "1", "HRGCORE_CACHE": str(self.folder / "cache")}


def commit_of(repository: Path, revision: str) -> str:
    """The commit that a revision names. Raises BenchmarkError where there is none."""
    done = _git(repository, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}", check=False)
    if done.returncode:
        raise BenchmarkError(f"{revision}: no such revision in {repository}. Name a commit, a tag or a branch.")
    return done.stdout.strip()


def environment(repository: Path, commit: str, store: Path) -> Environment:
    """The environment of a commit, out of ``store`` or made there."""
    made = Environment(commit, store / commit)
    if not (made.folder / _WHOLE).is_file():
        shutil.rmtree(made.folder, ignore_errors=True)
        made.folder.mkdir(parents=True)
        with tempfile.TemporaryDirectory(prefix="hrgcore-compare-") as folder:
            tree = Path(folder) / "tree"
            _git(repository, "worktree", "add", "--quiet", "--detach", str(tree), commit)
            try:
                _install(made, tree)
            finally:
                _git(repository, "worktree", "remove", "--force", str(tree))
        (made.folder / _WHOLE).touch()
    return made


def _install(made: Environment, tree: Path) -> None:
    venv, uv = str(made.folder / "venv"), shutil.which("uv")
    what = [str(tree), *_YARDSTICKS]
    if uv is not None:
        _run([uv, "venv", "-q", "--python", sys.executable, venv])
        _run([uv, "pip", "install", "-q", "--compile-bytecode", "--python", made.python, *what])
    else:
        _run([sys.executable, "-m", "venv", venv])
        _run([made.python, "-m", "pip", "install", "-q", *what])


def _git(repository: Path, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    return _run(["git", "-C", str(repository), *words], check=check)


def _run(command: Sequence[str], check: bool = True) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(command, capture_output=True, text=True)
    if check and done.returncode:
        said = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise BenchmarkError(f"{' '.join(command[:4])} … did not come to its end ({said}).")
    return done
