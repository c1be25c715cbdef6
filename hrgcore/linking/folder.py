"""Linking from folders of results to a new folder: two tables, and the manifest that says what made them."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hrgcore.errors import UsageError
from hrgcore.folders import MANIFEST
from hrgcore.linking.join import Linked, link_sources
from hrgcore.linking.keys import SPELL_KEY
from hrgcore.linking.sources import Folder
from hrgcore.write.folder import check_folder, new_folder, table_bytes
from hrgcore.write.manifest import SCHEMA_VERSION, peak_memory, versions

TABLES = ("hrgs", "unlinked")


@dataclass(frozen=True)
class LinkJob:
    """What is to be linked, how, and where to; `say` tells what has to be known."""

    spells: Path
    others: Sequence[Path]
    output: Path
    on: Mapping[str, str] | None = None
    format: str = "parquet"
    say: Callable[[str], None] = lambda _: None


def link_folders(job: LinkJob) -> Linked:
    """Link folders of results, and write `hrgs`, `unlinked` and, last, the manifest to a new folder.

    Raises HrgcoreError, with what is to be done; the output is then as it was before.
    """
    begun = time.perf_counter()
    check_folder(job.output)
    paths = [path.resolve() for path in (job.spells, *job.others)]
    if len(set(paths)) < len(paths):
        raise UsageError("A folder of results is given twice: its HRGs would count twice. Name each once.")
    folders = [Folder(path) for path in (job.spells, *job.others)]
    linked = link_sources(folders[0], folders[1:], job.on)
    for folder in folders[1:]:
        if folder.design.get("digest") != folders[0].design.get("digest"):
            job.say(f"{folder.name} was grouped by another design than {folders[0].name}")
    for entry in linked.counts:
        if entry["rows"] and not entry["linked"]:
            job.say(f"no row of {entry['input']} fits a spell: is its key the same as that of the spells?")
    with new_folder(job.output) as staging:
        outputs = []
        for table in TABLES:
            name = f"{table}.{job.format}"
            content = table_bytes(getattr(linked, table), job.format, job.output / name)
            with staging.file(name) as file:
                file.write(content)
            digest = hashlib.sha256(content).hexdigest()
            rows = len(getattr(linked, table))
            outputs.append({"name": name, "rows": rows, "bytes": memoryview(content).nbytes, "sha256": digest})
        with staging.file(MANIFEST) as file:
            file.write(json.dumps(_manifest(job, folders, linked, begun, outputs), indent=2, ensure_ascii=False).encode() + b"\n")
        staging.publish(last=MANIFEST)
    return linked


def _manifest(
    job: LinkJob, folders: Sequence[Folder], linked: Linked, begun: float, outputs: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    return {
        "schema": SCHEMA_VERSION,
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": versions(),
        "linked": [{"folder": folder.name, "logic": folder.logic, "design": folder.design} for folder in folders],
        "inputs": [entry for folder in folders for entry in folder.files],
        "options": {"format": job.format, "on": dict(job.on or SPELL_KEY)},
        "counts": {"hrgs": len(linked.hrgs), "unlinked": len(linked.unlinked), "inputs": linked.counts},
        "seconds": {"total": round(time.perf_counter() - begun, 3)},
        "peak_memory_bytes": peak_memory(),
        "outputs": list(outputs),
    }
