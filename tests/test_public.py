"""The public surface: typed for a program that uses it, its examples run, its reference up to date, its versions one."""

from __future__ import annotations

import doctest
import importlib
import os
import subprocess
import sys
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

import pytest

import hrgcore
from tools import reference

ROOT = Path(__file__).parents[1]

PROGRAM = """
from collections.abc import Iterator

import hrgcore
from hrgcore.read import open_input


def spells(path: str) -> int:
    grouper = hrgcore.Grouper("hrg4plus-2425-open", threads=2)
    try:
        result: hrgcore.Result = grouper.group(path)
    except hrgcore.InputError as error:
        print(error, error.exit_code)
        return 0
    parts: Iterator[hrgcore.Result] = grouper.stream(result.table)
    text: str = grouper.explain(result.table).text()
    design: str = grouper.design.digest
    reveal_type(hrgcore.link(result, [grouper.group(open_input(path), logic="acc")]).counts)
    print(text, design, result.counts["episodes"]["total"])
    return sum(int(part.spells.num_rows) for part in parts)
"""
WRONG = {
    "hrgcore.Grouper(threads='two')": "arg-type",
    "hrgcore.Grouper().design.name": "attr-defined",
    "hrgcore.Grouper().groups('a')": "attr-defined",
    "hrgcore.link('a')": "call-arg",
}


def mypy(program: str, folder: Path) -> tuple[int, str]:
    """What mypy --strict says of a program that imports hrgcore as its users do, from elsewhere."""
    (folder / "program.py").write_text(program, encoding="utf-8")
    (folder / "mypy.ini").write_text("[mypy]\nstrict = True\n[mypy-pyarrow.*]\nignore_missing_imports = True\n", encoding="utf-8")
    environment = {**os.environ, "MYPYPATH": os.pathsep.join(map(str, (ROOT, ROOT / "kernels", ROOT / "tables")))}
    command = [sys.executable, "-m", "mypy", "--follow-imports=silent", "--cache-dir", str(folder / "cache"), "program.py"]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.skipif(find_spec("mypy") is None, reason="needs mypy")
def test_a_user_s_program_is_typed(tmp_path: Path) -> None:
    wrong = "".join(f"{line}\n" for line in WRONG)
    code, said = mypy(PROGRAM + "\n" + wrong, tmp_path)
    assert "list[dict[str, Any]]" in said.replace("builtins.", ""), said
    errors = [line for line in said.splitlines() if ": error: " in line]
    assert code == 1 and len(errors) == len(WRONG), said
    for line, kind in zip(errors, WRONG.values(), strict=True):
        assert line.endswith(f"[{kind}]"), line


def test_all_that_is_named_public_is_there() -> None:
    assert (Path(hrgcore.__file__).parent / "py.typed").is_file()
    for name in hrgcore.__all__:
        assert getattr(hrgcore, name) is not None
    assert metadata.version("hrgcore") == hrgcore.__version__


def test_everything_in_the_package_is_in_the_reference() -> None:
    listed = {name for module, _, names in reference.PUBLIC for name in names if module == "hrgcore"}
    assert listed >= {*hrgcore.__all__} - {"__version__"}


def test_the_reference_is_up_to_date() -> None:
    assert reference.TARGET.read_text(encoding="utf-8") == reference.reference()


#: Modules whose public functions have examples.
WITH_EXAMPLES = {"hrgcore.grouper", "hrgcore.result", "hrgcore.polars", "hrgcore.stream", "hrgcore.linking.join", "hrgcore"}


@pytest.mark.parametrize(
    "module", sorted({"hrgcore", *(file.removesuffix(".py").replace("/", ".") for _, file, _ in reference.PUBLIC)})
)
def test_examples_in_docstrings(module: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = module.removesuffix(".__init__")
    if module == "hrgcore.polars":
        pytest.importorskip("polars", reason="needs Polars")
    monkeypatch.chdir(tmp_path)
    loaded = importlib.import_module(module)
    found = doctest.testmod(loaded, optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS, extraglobs=examples(tmp_path))
    assert found.failed == 0
    assert found.attempted or module not in WITH_EXAMPLES


def examples(folder: Path) -> dict[str, object]:
    """What examples use: hrgcore, and folders to group."""
    from hrgcore.synth import synthesise

    if not (folder / "month").exists():
        synthesise(folder / "month", 300, 1)
        synthesise(folder / "critical", 50, 1, logic="acc")
    return {"hrgcore": hrgcore}
