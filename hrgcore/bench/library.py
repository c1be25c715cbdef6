"""The C library as a host, called as a C program calls it."""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import Any

import pyarrow as pa

TABLES = ("episodes", "spells", "unbundled", "errors")
_STREAM_BYTES = 40  # an ArrowArrayStream: five pointers


def load(path: Path) -> ctypes.CDLL:
    """Load the library."""
    loaded = ctypes.CDLL(str(path.resolve()))
    loaded.hrgcore_last_error.restype = ctypes.c_char_p
    return loaded


class Caller:
    """A grouper of the library."""

    def __init__(self, library: ctypes.CDLL, threads: int = 0) -> None:
        self.library = library
        self.handle = ctypes.c_void_p()
        self._done(library.hrgcore_open(None, threads, ctypes.byref(self.handle)))

    def tables(self, table: Any) -> dict[str, pa.Table]:
        """The tables of a result of admitted care."""
        result = ctypes.c_void_p()
        stream, address = exported(table)
        self._done(self.library.hrgcore_group(self.handle, None, address, ctypes.byref(result)))
        found = {}
        for name in TABLES:
            self._done(self.library.hrgcore_table(result, name.encode(), address))
            found[name] = pa.RecordBatchReader._import_from_c(ctypes.addressof(stream)).read_all()
        self._done(self.library.hrgcore_free_result(result))
        return found

    def _done(self, code: int) -> None:
        if code:
            raise RuntimeError(self.library.hrgcore_last_error().decode())


def exported(table: Any) -> tuple[Any, ctypes.c_void_p]:
    """A table as a C stream, and where that is."""
    stream = ctypes.create_string_buffer(_STREAM_BYTES)
    table.to_reader()._export_to_c(ctypes.addressof(stream))
    return stream, ctypes.c_void_p(ctypes.addressof(stream))
