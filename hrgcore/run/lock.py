"""One run at a time in a folder: a lock that the system itself lets go when the process that holds it ends, however it ends."""

from __future__ import annotations

import json
import os
import platform
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Any

from hrgcore.errors import OutputError

fcntl: ModuleType | None
try:
    import fcntl
except ImportError:  # Windows
    fcntl = None


class Lock:
    """The lock of a run. The file says who holds it: process, machine, and when that process started."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._handle: int | None = None

    def take(self) -> None:
        """Take the lock; one that a dead process of this machine has left is taken over.

        Raises OutputError where another run holds it, or one of another machine may.
        """
        handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            holder = _holder(handle)
            if not _lock(handle) or not self._is_ours(handle):
                raise OutputError(
                    f"{self._path.parents[1]}: another run{_described(holder)} writes to this folder. Wait for it, or name another."
                )
            holder = _holder(handle)
            if holder and (holder.get("host") != platform.node() or fcntl is None):
                raise OutputError(
                    f"{self._path.parents[1]}: a run{_described(holder)} was at work here. If it is dead, remove {self._path}."
                )
            self._sign(handle)
        except BaseException:
            os.close(handle)
            raise
        self._handle = handle

    def release(self) -> None:
        """Let go, and leave nothing behind."""
        if self._handle is not None:
            with suppress(OSError):
                self._path.unlink(missing_ok=True)
            os.close(self._handle)
            self._handle = None

    def _sign(self, handle: int) -> None:
        try:
            os.ftruncate(handle, 0)
            os.lseek(handle, 0, os.SEEK_SET)
            os.write(handle, json.dumps(_ourselves()).encode())
        except OSError:
            self._path.unlink(missing_ok=True)
            raise

    def _is_ours(self, handle: int) -> bool:
        """Whether the file that we hold still is the one of this name: the run before may have just removed it."""
        try:
            return os.path.samestat(os.fstat(handle), os.stat(self._path))
        except OSError:
            return False


def _lock(handle: int) -> bool:
    if fcntl is None:
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _holder(handle: int) -> dict[str, Any]:
    os.lseek(handle, 0, os.SEEK_SET)
    try:
        found = json.loads(os.read(handle, 4096) or b"{}")
    except ValueError:  # killed while it wrote its name
        return {}
    return found if isinstance(found, dict) else {}


def _ourselves() -> dict[str, Any]:
    return {"process": os.getpid(), "host": platform.node(), "started": _started()}


def _started() -> int | None:
    """When this process started, in ticks since the machine did, where the system tells."""
    try:
        return int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19])
    except (OSError, ValueError, IndexError):
        return None


def _described(holder: dict[str, Any]) -> str:
    return f" (process {holder['process']} on {holder['host']})" if {"process", "host"} <= set(holder) else ""
