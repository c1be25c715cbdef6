"""What the C library's functions do, in Python: each gives its error code and 1, and never lets an exception through."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pyarrow as pa

from hrgcore.errors import HrgcoreError, InputError, UsageError
from hrgcore.grouper import Grouper

_TABLES = ("episodes", "spells", "rows", "unbundled", "errors")
_ERROR_BYTES = 8000  # of the 8,192 that the library keeps
_KEPT: dict[int, Any] = {}  # by handle: numbers, never addresses, so that one freed twice or made up is an error and no crash
_HANDLES = itertools.count(1)  # counting on, and a dict's steps, are whole under Python's lock


def register(ffi: Any, lib: Any) -> None:
    """Give the library its functions."""

    def extern(function: Callable[..., None]) -> None:
        def call(*arguments: Any) -> int:
            try:
                function(*arguments)
            except BaseException as error:  # one that left here would be lost in C
                text = str(error) if isinstance(error, HrgcoreError) else f"{type(error).__name__}: {error}"
                lib.set_error(text.encode(errors="replace")[:_ERROR_BYTES].decode(errors="ignore").encode())
                return _code(error) + 1
            return 1

        ffi.def_extern(name=function.__name__)(call)

    def text(given: Any, default: str) -> str:
        return default if given == ffi.NULL else ffi.string(given).decode(errors="replace")

    def address(pointer: Any) -> int:
        return int(ffi.cast("uintptr_t", pointer))

    def keep(value: Any, place: Any) -> None:
        handle = next(_HANDLES)
        _KEPT[handle] = value
        place[0] = ffi.cast("void *", handle)

    def kept(handle: Any, grouper: bool) -> Any:
        value = _KEPT.get(address(handle))
        if value is None or isinstance(value, Grouper) != grouper:
            kind = "grouper" if grouper else "result"
            raise UsageError(f"no such {kind}: freed already, or never made. Keep it until its last use.")
        return value

    @extern
    def python_open(design: Any, threads: int, opened: Any) -> None:
        named = {} if design == ffi.NULL else {"design": text(design, "")}
        keep(Grouper(**named, threads=threads or None), opened)

    @extern
    def python_group(grouper: Any, logic: Any, stream: Any, grouped: Any) -> None:
        reader = pa.RecordBatchReader._import_from_c(address(stream))
        keep(kept(grouper, True).group(reader, logic=text(logic, "apc")), grouped)

    @extern
    def python_group_batch(grouper: Any, logic: Any, schema: Any, batch: Any, grouped: Any) -> None:
        taken = pa.RecordBatch._import_from_c(address(batch), address(schema))
        keep(kept(grouper, True).group(pa.Table.from_batches([taken]), logic=text(logic, "apc")), grouped)

    @extern
    def python_table(result: Any, name: Any, stream: Any) -> None:
        table = getattr(kept(result, False), text(name, ""), None) if text(name, "") in _TABLES else None
        if not isinstance(table, pa.Table):
            raise UsageError(f"the result has no table {text(name, '')!r}. Name one of those that hrgcore.h lists for its logic.")
        table.to_reader()._export_to_c(address(stream))

    @extern
    def python_explain(grouper: Any, logic: Any, stream: Any, json: Any) -> None:
        reader = pa.RecordBatchReader._import_from_c(address(stream))
        json[0] = lib.copy_text(kept(grouper, True).explain(reader, logic=text(logic, "apc")).json().encode())

    @extern
    def python_free(handle: Any, result: int) -> None:
        kept(handle, not result)
        _KEPT.pop(address(handle), None)


def _code(error: BaseException) -> int:
    """The exit code of an error; what Arrow, or the caller's stream, says is an error of the input."""
    if isinstance(error, HrgcoreError):
        return error.exit_code
    return InputError.exit_code if isinstance(error, pa.ArrowException | OSError) else HrgcoreError.exit_code
