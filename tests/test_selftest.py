"""The self-test says that a sound installation groups rightly, and finds what is wrong with one that does not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_design import small_texts

from hrgcore import engine, grouper
from hrgcore.cli.main import main
from hrgcore.selftest import Check, checks, run_checks

Change = Callable[[Any], None]


@pytest.fixture
def small(tmp_path: Path) -> str:
    """The small design as a folder of tables."""
    for name, text in small_texts().items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return str(tmp_path)


@pytest.fixture
def spoil(monkeypatch: pytest.MonkeyPatch) -> Callable[[Change], None]:
    """Has the kernels' results changed before anybody sees them."""

    def by(change: Change) -> None:
        group = engine.group

        def spoilt(*given: Any) -> Any:
            grouped = group(*given)
            change(grouped)
            return grouped

        monkeypatch.setattr(engine, "group", spoilt)

    return by


def found(design: str) -> dict[str, Check]:
    return {check.name: check for check in run_checks(design, spells=200)}


def test_a_sound_installation(small: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["selftest", "--design", small, "--spells", "200"]) == 0
    said = capsys.readouterr().out
    assert "hrgcore " in said and "200 (" in said and "WRONG" not in said
    assert said.endswith("This installation groups rightly.\n")


def test_known_cases_of_the_embedded_design() -> None:
    (cases,) = (check for check in run_checks(spells=20) if check.name == "known cases")
    assert cases.passed and "lead to their roots" in cases.said


def test_one_wrong_hrg_of_one_spell_is_found(small: str, spoil: Callable[[Change], None]) -> None:
    def change(grouped: Any) -> None:
        grouped.spells["hrg"][np.flatnonzero(grouped.spells["hrg"])[-1]] ^= 1

    spoil(change)
    check = found(small)["made-up spells"]
    assert check.passed is False and "SpellHRG" in check.details[0]


@pytest.mark.parametrize("field", ["hrg", "method", "dominant", "los", "report", "reason", "root_rule", "split_rule"])
def test_every_field_of_an_episode_is_compared(small: str, spoil: Callable[[Change], None], field: str) -> None:
    """One episode of those that have something there has another's."""

    def change(grouped: Any) -> None:
        values = grouped.episodes[field]
        at, other = int(np.argmax(values)), int(np.argmin(values))
        values[at] = values[other]

    spoil(change)
    assert found(small)["made-up spells"].passed is False


def test_the_exit_code_and_the_last_line_say_so(
    small: str, spoil: Callable[[Change], None], capsys: pytest.CaptureFixture[str]
) -> None:
    spoil(lambda grouped: grouped.episodes["hrg"].fill(1))
    assert main(["selftest", "--design", small, "--spells", "50"]) == 1
    said = capsys.readouterr().out
    assert "WRONG made-up spells" in said and "NOT to be trusted" in said


def test_a_reader_that_loses_a_row_is_found(small: str, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = grouper.open_input

    def losing(path: str) -> Any:
        activity = opened(path)
        return activity if path.endswith(".csv") else grouper.TableActivity(activity.table.slice(1))

    monkeypatch.setattr(grouper, "open_input", losing)
    files = found(small)["files"]
    assert files.passed is False
    assert all(line.startswith("parquet: ") for line in files.details)


def test_a_changed_file_is_found(small: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A record of two files, of which one is as it was packed."""

    class Packed:
        def __init__(self, name: str, text: str, packed: str) -> None:
            self.parts = ("hrgcore", name)
            (tmp_path / name).write_text(text)
            digest = checks.base64.urlsafe_b64encode(checks.hashlib.sha256(packed.encode()).digest()).rstrip(b"=").decode()
            self.hash = type("Hash", (), {"mode": "sha256", "value": digest})()

        def locate(self) -> Path:
            return tmp_path / self.parts[1]

        def __str__(self) -> str:
            return "/".join(self.parts)

    monkeypatch.setattr(checks.metadata, "files", lambda _: [Packed("a.py", "as it was", "as it was"), Packed("b.py", "x", "y")])
    check = next(run_checks(small))
    assert (check.passed, check.said, check.details) == (False, "1 wrong", ("hrgcore/b.py",))


def test_a_damaged_bundle_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "x.hrgcore").write_bytes(b"HRGCORE" * 100)
    assert main(["selftest", "--design", str(tmp_path / "x.hrgcore")]) == 4
    assert "not a design bundle" in capsys.readouterr().err
