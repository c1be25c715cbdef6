"""The manifest: what somebody needs to defend a run, from versions and digests to counts, time and memory."""

from __future__ import annotations

import hashlib
import platform
import sys
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from hrgcore.errors import InputError
from hrgcore.write import DesignLike

SCHEMA_VERSION = 1
_PACKAGES = ("hrgcore", "numba", "numpy", "pyarrow")


def build_manifest(
    counts: Mapping[str, Any],
    design: DesignLike,
    *,
    inputs: Iterable[Mapping[str, Any]],
    logic: str,
    options: Mapping[str, Any],
    seconds: Mapping[str, float],
    quality: Iterable[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """The manifest of a run, ready for JSON.

    ``counts`` are those of `Result.counts`, ``inputs`` come from `describe_input`; ``seconds`` holds the time of each stage;
    ``quality`` has errors by kind, as `hrgcore.quality.at_a_glance` gives them.
    """
    return {
        "schema": SCHEMA_VERSION,
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": versions(),
        "design": {
            "id": design.id,
            "title": design.title,
            "release": design.release,
            "version": design.version,
            "status": design.status,
            "attribution": design.attribution,
            "digest": design.digest,
        },
        "inputs": [dict(entry) for entry in inputs],
        "logic": logic,
        "options": dict(options),
        "counts": dict(counts),
        "quality": [dict(entry) for entry in quality],
        "seconds": {stage: round(value, 3) for stage, value in seconds.items()},
        "peak_memory_bytes": peak_memory(),
    }


def describe_input(path: str | Path, role: str = "data") -> dict[str, Any]:
    """Name, size and SHA-256 of an input file; ``role`` is `data` or `rdf`.

    Raises InputError where it can't be read.
    """
    try:
        with open(path, "rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            size = file.tell()
    except OSError as error:
        raise InputError(f"{path}: can't be read ({error.strerror}). Was it moved while hrgcore ran?") from None
    return {"name": str(path), "role": role, "bytes": size, "sha256": digest}


def versions() -> dict[str, str]:
    """Versions of hrgcore, Python and the packages that results rest on."""
    found = {"python": platform.python_version(), "platform": platform.platform()}
    for package in _PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:  # run from a source folder
            found[package] = str(getattr(sys.modules.get(package), "__version__", "unknown"))
    return found


def peak_memory() -> int | None:
    """The most memory that this process has held so far, in bytes; None where the system does not tell (Windows)."""
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(peak) if sys.platform == "darwin" else int(peak) * 1024
