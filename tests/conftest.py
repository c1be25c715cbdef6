"""What tests share: the facts and samples beside the repository, where they are."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import pyarrow as pa
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


# The spells that every host groups (tests/hosts.py).


@pytest.fixture(scope="session")
def activity_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The spells as an Arrow IPC file, which the processes of one test run share."""
    import hosts

    folder = tmp_path_factory.getbasetemp()
    file = (folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder) / "hosts.arrow"
    if not file.exists():
        hosts.write_activity(file)
    return file


@pytest.fixture(scope="session")
def activity(activity_file: Path) -> pa.Table:
    """The spells."""
    import hosts

    return hosts.read_activity(activity_file)


@pytest.fixture(scope="session")
def expected(activity: pa.Table) -> dict[str, str]:
    """The digests of the tables that the spells come to, grouped as one Arrow table."""
    import hosts

    from hrgcore import Grouper

    return hosts.digests(Grouper().group(activity))
