"""What docs/embedding.md shows is run, in order, as one program; each host's example only where the host is installed."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from hrgcore.synth import synthesise

TEXT = (Path(__file__).parents[1] / "docs" / "embedding.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
_GUARD = "__main__"
_HOSTS = ("polars", "duckdb", "pandas", "dask")


def test_the_examples_run(tmp_path: Path) -> None:
    absent = [name for name in _HOSTS if find_spec(name) is None]
    if absent:
        pytest.skip(f"needs {' and '.join(absent)}")
    synthesise(tmp_path / "month", 5000, 1)
    first = BLOCKS[0]
    said = said_by([block for block in BLOCKS if _GUARD not in block], tmp_path)
    assert "SpellHRG" in "".join(said)
    assert {path.name for path in (tmp_path / "by_sex").iterdir()} >= {"SEX=1", "SEX=2"}
    # Spawned processes import the program: without all that is before.
    processes = said_by([first, *(block for block in BLOCKS if _GUARD in block)], tmp_path)
    spells = said[0].split()[0]
    assert f"{spells} spells of codes as ENUM" in said
    assert int(spells) > 4000 and processes.count(spells) == 2  # those of both examples


def said_by(blocks: list[str], folder: Path) -> list[str]:
    """The lines that a program of these blocks prints."""
    (folder / "shown.py").write_text("\n".join(blocks), encoding="utf-8")
    done = subprocess.run([sys.executable, "shown.py"], cwd=folder, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()
