"""Shared by all benchmarks: synthetic activity of several sizes, made once a run."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from hrgcore.bench.data import Data

SIZES = {"10k": 10_000, "1m": 1_000_000, "20m": 20_000_000}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--slow", action="store_true", help="also run what takes minutes: 20 million episodes")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "slow: takes minutes; run with --slow")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--slow"):
        for item in items:
            if "slow" in item.keywords:
                item.add_marker(pytest.mark.skip(reason="takes minutes: give --slow"))


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Data]:
    """Makes the activity of a size when it is first asked for."""
    done: dict[str, Data] = {}

    def make(size: str) -> Data:
        if size not in done:
            done[size] = Data.make(tmp_path_factory.mktemp(f"activity-{size}") / "data", SIZES[size], ())
        return done[size]

    return make
