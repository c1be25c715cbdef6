"""Where hrgcore keeps what it can make again: compiled kernels and designs. Without a writable place, nothing is kept."""

import os
import sys
from pathlib import Path

CACHE_VARIABLE = "HRGCORE_CACHE"  #: names the folder; set but empty: keep nothing


def cache_folder(name: str) -> Path | None:
    """The cache's subfolder ``name``, made if need be; None where there is no writable place."""
    root = _root()
    if root is None:
        return None
    folder = root / name
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return None
    return folder if os.access(folder, os.W_OK) else None


def _root() -> Path | None:
    chosen = os.environ.get(CACHE_VARIABLE)
    if chosen is not None:
        return Path(chosen) if chosen else None
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA")
    else:
        base = os.environ.get("XDG_CACHE_HOME")
    try:
        return Path(base) / "hrgcore" if base else Path.home() / ".cache" / "hrgcore"
    except RuntimeError:  # no home
        return None
