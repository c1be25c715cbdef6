"""Prints the figures of a pytest-benchmark JSON file as a Markdown table: python benchmarks/table.py FILE.json."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from hrgcore.bench.measure import Figures
from hrgcore.bench.table import markdown, rows


def table(results: dict[str, Any]) -> str:
    """The table, and what machine it is of."""
    entries = results["benchmarks"]
    machine = results["machine_info"]
    load = max((entry["extra_info"].get("load", 0.0) for entry in entries), default=0.0)
    cpu = machine["cpu"]
    about = f"{cpu.get('brand_raw', machine['machine'])}, {cpu.get('count', '?')} cores, Python {machine['python_version']}"
    counted = any(entry["extra_info"].get("instructions") for entry in entries)
    note = "" if counted else " Instructions were not counted: the processor's counter can't be read here."
    return f"{markdown(rows([_figures(entry) for entry in entries]))}\n\n{about}; highest load average {load:.1f}.{note}"


def _figures(entry: dict[str, Any]) -> Figures:
    info = entry["extra_info"]
    kept = {
        name: info[name] for name in ("about", "episodes", "rows", "spells", "bytes", "cpu_seconds", "peak_bytes", "instructions")
    }
    return Figures(name=info["scenario"], seconds=entry["stats"]["data"], **kept)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python benchmarks/table.py FILE.json (from pytest benchmarks --benchmark-json FILE.json)")
    print(table(json.loads(Path(sys.argv[1]).read_text())))
