"""What an analysis writes: a folder of Parquet tables and a page, with a manifest that says what made them."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from hrgcore.analysis.results import Results
from hrgcore.charts import STYLE
from hrgcore.design import Bundle
from hrgcore.folders import MANIFEST
from hrgcore.html import Html, design_footer, joined, page, tag
from hrgcore.html.markup import Content
from hrgcore.write.folder import new_folder, table_bytes
from hrgcore.write.manifest import SCHEMA_VERSION, describe_input, peak_memory, versions

PAGE = "report.html"


@dataclass
class Analysis:
    """What is to be written: ``tables`` by name, the ``page``, other ``texts`` by file name, and what was read."""

    command: str
    results: Sequence[Results]
    tables: Mapping[str, pa.Table]
    page: str
    begun: float
    texts: Mapping[str, str] = field(default_factory=dict)
    files: Sequence[Path] = ()  # other files that were read
    figures: Mapping[str, Any] = field(default_factory=dict)


def write_analysis(output: Path, analysis: Analysis) -> None:
    """Write the tables, the page and, last, the manifest to a new folder. Raises OutputError where that can't be done."""
    contents: dict[str, Any] = {
        f"{name}.parquet": table_bytes(table, "parquet", output / name) for name, table in analysis.tables.items()
    }
    contents |= {name: text.encode() for name, text in {PAGE: analysis.page, **analysis.texts}.items()}
    manifest = {
        "schema": SCHEMA_VERSION,
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": versions(),
        "command": analysis.command,
        "results": [{"folder": results.name, "design": results.design} for results in analysis.results],
        "inputs": [describe_input(path) for path in analysis.files],
        "figures": dict(analysis.figures),
        "seconds": {"total": round(time.perf_counter() - analysis.begun, 3)},
        "peak_memory_bytes": peak_memory(),
        "outputs": [{"name": name, "bytes": memoryview(content).nbytes} for name, content in contents.items()],
    }
    with new_folder(output) as staging:
        for name, content in contents.items():
            with staging.file(name) as file:
                file.write(content)
        with staging.file(MANIFEST) as file:
            file.write(json.dumps(manifest, indent=2, ensure_ascii=False).encode() + b"\n")
        staging.publish(last=MANIFEST)


def report_page(title: str, parts: Sequence[Content], results: Sequence[Results]) -> str:
    """A page of an analysis: its parts, and at its foot which designs made the results."""
    designs = {str(r.design.get("id")): r.design for r in results}
    foot = joined(design_footer(name, str(d.get("title", "")), str(d.get("status", ""))) for name, d in designs.items())
    return page(title, [tag("h1", title), *parts], footer=foot, style=STYLE)


def cards(values: Sequence[tuple[str, str]]) -> Html:
    """The figures that matter most: what they are, and what they come to."""
    return tag("div", *(tag("div", tag("b", value), tag("span", name)) for name, value in values), class_="cards")


def labels_of(bundle: Bundle | None) -> dict[str, str]:
    """The label of each HRG; none without a design."""
    return dict(zip(bundle.strings("hrg_codes"), bundle.strings("hrg_labels"), strict=True)) if bundle else {}


def subchapters_of(bundle: Bundle | None) -> dict[str, str]:
    """The name of each subchapter; none without a design."""
    return {row["subchapter"]: row["name"] for row in bundle.tables["subchapters"]} if bundle else {}


def share(part: float, whole: float) -> str:
    """A share as text, `1.3%`; only nothing is `0.0%`, and only all `100.0%`."""
    if not whole:
        return "–"
    text = f"{100 * part / whole:.1f}%"
    if text == "100.0%" and part < whole:
        return ">99.9%"
    return "<0.1%" if text == "0.0%" and part > 0 else text


def money(value: float) -> str:
    """Pounds, rounded: `£1,234`, `-£20`."""
    return f"{'-' if value < 0 else ''}£{abs(value):,.0f}"
