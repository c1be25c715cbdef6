"""What is linked: results of grouping, in memory or in folders, as tables of which single columns are read."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa

from hrgcore.errors import InputError
from hrgcore.folders import MANIFEST, is_result
from hrgcore.read.batches import ActivityStream
from hrgcore.write.manifest import describe_input


class Source(Protocol):
    """A result of grouping. ``name`` is what tables and messages call it, ``logic`` that by which it was grouped."""

    name: str
    logic: str

    def columns(self, table: str) -> list[str]:
        """The columns of one of its tables."""

    def read(self, table: str, columns: Sequence[str]) -> pa.Table:
        """Some columns of one of its tables. Raises InputError where they can't be read."""


def source_of(given: Any, place: int) -> Source:
    """A folder of results, by its path, or a result of `Grouper.group`; ``place`` names the latter.

    Raises InputError where it is neither.
    """
    if isinstance(given, str | Path):
        return Folder(Path(given))
    if hasattr(given, "rows") or hasattr(given, "spells"):
        return Held(given, place)
    raise InputError(f"a {type(given).__name__} can't be linked. Give results of grouping, or the paths of folders of results.")


class Held:
    """A result in memory."""

    def __init__(self, result: Any, place: int) -> None:
        self.logic: str = result.logic.name if hasattr(result, "rows") else "apc"
        self.name = f"{place} ({self.logic})"
        self._result = result

    def columns(self, table: str) -> list[str]:
        return list(getattr(self._result, table).column_names)

    def read(self, table: str, columns: Sequence[str]) -> pa.Table:
        return getattr(self._result, table).select(list(columns))


class Folder:
    """A folder that `hrgcore group` has written. What is read of it must be what its manifest says.

    ``files`` fills with name, size and SHA-256 of each file that was read. ``design`` is that of the manifest,
    ``design_path`` where the run found it (None: the one by default), ``version`` that of the hrgcore that ran.
    """

    def __init__(self, path: Path) -> None:
        """Raises InputError where the folder is none of finished results."""
        if not is_result(path):
            what = "has no finished results" if path.is_dir() else "is no folder"
            raise InputError(f"{path}: {what}. Give a folder that hrgcore group has written (-o) and finished.")
        self.path, self.name = path, str(path)
        self.files: list[dict[str, Any]] = []
        self._streams: dict[str, ActivityStream] = {}
        try:
            manifest = json.loads((path / MANIFEST).read_bytes())
            self.logic: str = manifest["logic"]
            self.design: dict[str, Any] = dict(manifest["design"])
            self.version = str(manifest.get("versions", {}).get("hrgcore", "of an unknown version"))
            found = manifest.get("options", {}).get("design")
            self.design_path = str(found) if found else None
            self._digests = {output["name"]: output["sha256"] for output in manifest["outputs"]}
        except (OSError, ValueError, LookupError, TypeError, AttributeError):
            raise InputError(f"{path / MANIFEST}: is no manifest of hrgcore group. Group the activity again.") from None

    def columns(self, table: str) -> list[str]:
        return list(self._stream(table).schema.names)

    def read(self, table: str, columns: Sequence[str]) -> pa.Table:
        return pa.concat_tables(self.read_parts(table, columns))

    def read_parts(self, table: str, columns: Sequence[str]) -> Iterator[pa.Table]:
        """What `read` gives, a part at a time."""
        for rows in self._stream(table).batches():
            yield rows.read(columns)

    def _stream(self, table: str) -> ActivityStream:
        if table not in self._streams:
            stream = ActivityStream(self.path / table)
            self._check(table, stream)
            self._streams[table] = stream
        return self._streams[table]

    def _check(self, table: str, stream: ActivityStream) -> None:
        """Raise InputError unless a table's files are all there and as they were written."""
        known = {name: digest for name, digest in self._digests.items() if name.startswith(f"{table}/")}
        files = [describe_input(file.path) for file in stream.files]
        found = {f"{table}/{file.path.name}": entry["sha256"] for file, entry in zip(stream.files, files, strict=True)}
        wrong = sorted(name for name in known.keys() | found.keys() if known.get(name) != found.get(name))
        if wrong:
            raise InputError(
                f"{self.path}: {wrong[0]} is not as the manifest says: gone, changed or put there. Group the activity again."
            )
        self.files += files
