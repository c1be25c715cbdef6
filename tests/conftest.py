"""What tests share: the facts and samples beside the repository, where they are."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from workbook_cases import Case


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of facts and samples; a test that needs it is skipped where it is absent."""
    folder = Path(__file__).parents[1].parent / "shared"
    if not (folder / "samples").is_dir():
        pytest.skip(f"needs the facts and samples in {folder}, which are not part of the repository")
    return folder


@pytest.fixture
def case(tmp_path: Path) -> Case:
    """A mapping and a workbook, to be read."""
    from workbook_cases import Case

    return Case(tmp_path)


# Inputs of runs (tests/runs.py), in parts that are small enough for tests.


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    import runs

    monkeypatch.setattr("hrgcore.run.parts.PART_EPISODES", runs.PART)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """An input whose spells stand together."""
    import runs

    return runs.write(runs.TABLE, tmp_path / "in.parquet")


@pytest.fixture(params=["together", "apart"])
def either(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """An input of either order."""
    import runs

    table = runs.TABLE if request.param == "together" else runs.shuffled(runs.TABLE)
    return runs.write(table, tmp_path / f"{request.param}.parquet")
