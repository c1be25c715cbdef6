"""What docs/c-interface.md shows is run: its commands with its C program, and its Python as one program."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from embedded import needs_library

import hrgcore
from hrgcore.synth import synthesise

TEXT = (Path(__file__).parents[1] / "docs" / "c-interface.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)


def test_the_commands(tmp_path: Path) -> None:
    needs_library()
    (tmp_path / "program.c").write_text(blocks("c")[0])
    install, *commands = blocks("sh")[0].splitlines()
    assert install == "pip install 'hrgcore[embed]'"
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    script = "\n".join(["set -e", *commands])
    done = subprocess.run(["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, env=environment, timeout=300)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, f"hrgcore {hrgcore.__version__}"), done.stderr


def test_the_python(tmp_path: Path) -> None:
    synthesise(tmp_path / "month", 1000, 1)
    (tmp_path / "shown.py").write_text("\n".join(blocks("python")))
    done = subprocess.run([sys.executable, "shown.py"], cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    changed, *pointer = done.stdout.splitlines()
    assert int(changed.split()[0]) > 0 and pointer == ["True", "True"]
