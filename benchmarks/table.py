"""Prints the figures of a pytest-benchmark JSON file as a Markdown table: python benchmarks/table.py FILE.json."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

_HEADINGS = ("case", "median", "rows a second", "spells a second", "notes")


def markdown(results: dict[str, Any]) -> str:
    """The table; benchmarks in order of their group and name."""
    machine = results["machine_info"]
    rows = [_row(entry) for entry in sorted(results["benchmarks"], key=lambda entry: (entry["group"] or "", entry["name"]))]
    load = max((entry["extra_info"].get("load", 0.0) for entry in results["benchmarks"]), default=0.0)
    cpu = machine["cpu"]
    about = f"{cpu.get('brand_raw', machine['machine'])}, {cpu.get('count', '?')} cores, Python {machine['python_version']}"
    lines = ["| " + " | ".join(cells) + " |" for cells in (_HEADINGS, ("---", "---:", "---:", "---:", "---"), *rows)]
    return "\n".join([*lines, "", f"{about}; highest load average {load:.1f}."])


def _row(entry: dict[str, Any]) -> tuple[str, ...]:
    info = entry["extra_info"]
    notes = []
    if "bytes_per_episode" in info:
        notes.append(f"{info['bytes_per_episode']:.0f} bytes an episode")
    if "peak_mib" in info:
        notes.append(f"peak {info['peak_mib']:,.0f} MiB")
    many = info.get("rows", 1) > 1
    rates = [_rate(info[name]) if many and name in info else "" for name in ("rows_per_second", "spells_per_second")]
    name = entry["name"].removeprefix("test_").replace("_", " ")
    return (f"{entry['group'] or ''}: {name}", _time(entry["stats"]["median"]), *rates, "; ".join(notes))


def _rate(value: float) -> str:
    return f"{value / 1e6:.2f} M" if value >= 1e5 else f"{value:,.0f}"


def _time(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds >= 1 else f"{seconds * 1e3:.1f} ms"


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python benchmarks/table.py FILE.json (from pytest benchmarks --benchmark-json FILE.json)")
    print(markdown(json.loads(Path(sys.argv[1]).read_text())))
