"""Builds the wheel and tries it in a clean environment of each Python that hrgcore is for: python -m tools.wheel [3.12 ...].

A Python is found as `python3.12` on the PATH, or among pyenv's versions; one that is not there is said and passed by. Each gets an
environment of its own, the wheel with its dependencies by plain pip, and groups the same activity: all must come to the same.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
PACKAGES = ("hrgcore", "hrgcore_kernels", "hrgcore_tables")
#: What the wheel may weigh. It held 1.05 MB when this was written; tables of another design weigh about 0.6.
MOST_BYTES = 2_000_000

_TRIAL = """
import hashlib, sys, importlib.metadata
import pyarrow as pa
import hrgcore, hrgcore_kernels, hrgcore_tables
for module in (hrgcore, hrgcore_kernels, hrgcore_tables):
    assert "site-packages" in module.__file__ or "site-packages" in str(module.__path__), module
result = hrgcore.Grouper().group("month")
sums = hashlib.sha256()
for name in ("episodes", "spells", "unbundled", "errors"):
    sums.update(repr(getattr(result, name).to_pydict()).encode())
print(importlib.metadata.version("hrgcore"), result.spells.num_rows, sums.hexdigest()[:16])
"""


def build(folder: Path) -> Path:
    """Build the wheel from a copy of the source, so that nothing of an earlier build gets in."""
    source = folder / "source"
    ignored = shutil.ignore_patterns(".*", "build", "*.egg-info", "__pycache__", "results")
    shutil.copytree(ROOT, source, ignore=ignored)
    _run(sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", str(folder), str(source))
    (wheel,) = folder.glob("*.whl")
    return wheel


def faults(wheel: Path) -> list[str]:
    """What is wrong with a wheel: too heavy, other packages than the three, something missing."""
    found = []
    size = wheel.stat().st_size
    if size > MOST_BYTES:
        found.append(f"weighs {size:,} bytes, more than {MOST_BYTES:,}")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    others = {name.split("/")[0] for name in names} - {*PACKAGES}
    if any(not name.endswith(".dist-info") for name in others):
        found.append(f"has {', '.join(sorted(others))} beside {', '.join(PACKAGES)}")
    places = {"hrgcore": ROOT, "hrgcore_kernels": ROOT / "kernels", "hrgcore_tables": ROOT / "tables"}
    for package, place in places.items():
        own = (path.relative_to(place).as_posix() for path in (place / package).rglob("*") if path.is_file())
        lacking = sorted(name for name in own if "__pycache__" not in name and name not in names)
        if lacking:
            found.append(f"lacks {', '.join(lacking[:5])}")
    return found


def find(version: str) -> Path | None:
    """The interpreter of a version: on the PATH, unless that is pyenv's stand-in, or the newest among pyenv's."""
    on_path = shutil.which(f"python{version}")
    if on_path and "shims" not in Path(on_path).parts:
        return Path(on_path)
    folder = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    known = sorted(folder.glob(f"{version}.*/bin/python"), key=lambda path: [*map(int, path.parts[-3].split(".")[2:3])])
    return known[-1] if known else None


def trial(python: Path, wheel: Path, activity: Path, folder: Path) -> str:
    """What a clean environment says that has the wheel: its version, how many spells, the digest of all tables."""
    _run(str(python), "-m", "venv", str(folder / "venv"))
    own = folder / "venv" / "bin" / "python"
    _run(str(own), "-m", "pip", "install", "-q", "--disable-pip-version-check", "--only-binary=:all:", str(wheel))
    shutil.copytree(activity, folder / "month")
    _run(str(folder / "venv" / "bin" / "hrgcore"), "group", "month", "-o", "grouped", cwd=folder)
    return _run(str(own), "-c", _TRIAL, cwd=folder).strip()


def main(versions: list[str]) -> int:
    """Try all; gives the exit code."""
    from hrgcore.synth import synthesise

    said: dict[str, str] = {}
    with tempfile.TemporaryDirectory(prefix="hrgcore-wheel-") as scratch:
        wheel = build(Path(scratch))
        wrong = faults(wheel)
        print(f"{wheel.name}: {wheel.stat().st_size:,} bytes", *wrong, sep="\n  ")
        synthesise(Path(scratch) / "month", 3000, 1)
        for version in versions or PYTHONS:
            python = find(version)
            if python is None:
                print(f"Python {version}: left out, there is none on the PATH or among pyenv's versions", flush=True)
                continue
            folder = Path(scratch) / version
            folder.mkdir()
            said[version] = trial(python, wheel, Path(scratch) / "month", folder)
            print(f"Python {version}: {said[version]}", flush=True)
            shutil.rmtree(folder)
    if len({*said.values()}) > 1:
        wrong.append("Pythons differ")
    passed = len(said)
    print(f"{passed} passed, {len(wrong)} failed")
    return 1 if wrong or not said else 0


def _run(*command: str, cwd: Path | None = None) -> str:
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONSAFEPATH")}
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=900)
    if done.returncode:
        sys.exit(f"{' '.join(command[:4])} … failed:\n{done.stderr[-2000:]}")
    return done.stdout


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
