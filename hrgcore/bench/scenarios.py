"""All benchmarks, by name."""

from __future__ import annotations

from .files import FILES
from .hosts import HOSTS
from .logics import LOGICS
from .processes import PROCESSES
from .scenario import Scenario
from .stages import STAGES
from .yardsticks import YARDSTICKS

SCENARIOS: dict[str, Scenario] = {
    scenario.name: scenario for scenario in (*STAGES, *FILES, *LOGICS, *PROCESSES, *HOSTS, *YARDSTICKS)
}

#: What `hrgcore bench` runs unless told otherwise, and at how many episodes.
USUAL = (
    *("kernel", "encode", "spells", "csv", "parquet", "lists", "stream", "command", "start", "explain"),
    *("pyarrow-csv", "pyarrow-parquet", "joins-hrgcore", "joins-polars", "joins-duckdb"),
)
USUAL_SIZES = (10_000, 1_000_000)
