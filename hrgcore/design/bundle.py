"""The bundle: a compiled design in one file, checksummed, the same bytes for the same tables, read by mapping it into memory.

Layout: magic, format, length of the JSON header, SHA-256 of all that follows, header, then arrays at multiples of 64 bytes. The
tables themselves travel along as text, so that a result can be explained from the bundle alone. Nothing is ever unpickled.
"""

from __future__ import annotations

import hashlib
import json
import os
import struct
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from hrgcore.design.tables import BASES, RULE_TABLES, Tables, read_texts
from hrgcore.design.verify import kind_of, verify
from hrgcore.design.verify_logics import logics_in
from hrgcore.errors import DesignError, OutputError

FORMAT = 7
_MAGIC = b"HRGCORE\x00"
_HEAD = struct.Struct("<8sIQ32s")
_ALIGN = 64
_MAX_HEADER = 16 * 1024 * 1024


@dataclass(frozen=True)
class DesignInfo:
    """Which design this is and what it is for; ``digest`` is the SHA-256 of its tables."""

    id: str
    title: str
    release: str
    version: str
    status: str
    attribution: str
    digest: str

    @classmethod
    def of(cls, tables: Tables) -> DesignInfo:
        """What the settings of design tables say, and the digest of the tables."""
        said = tables.settings
        names = (said.id, said.title, said.release, said.version, said.status, said.attribution)
        return cls(*names, digest(tables.texts))


@dataclass(frozen=True)
class Bundle:
    """A compiled design: its arrays, what it is, and the texts of its tables. Arrays are read-only.

    ``path`` is the file that the arrays are mapped from, None where they lie in memory alone.
    """

    info: DesignInfo
    arrays: dict[str, np.ndarray]
    texts: dict[str, str]
    path: Path | None = field(default=None, compare=False)

    @classmethod
    def from_design(cls, tables: Tables, arrays: dict[str, np.ndarray]) -> Bundle:
        """Put a compiled design together; the arrays become read-only."""
        fixed: dict[str, np.ndarray] = {}
        for name, array in sorted(arrays.items()):
            fixed[name] = np.ascontiguousarray(array)
            fixed[name].flags.writeable = False
        return cls(DesignInfo.of(tables), fixed, tables.texts)

    @cached_property
    def tables(self) -> Tables:
        """The design's tables as rows, for the reference engine and explanations. Raises DesignError where they can't be read."""
        tables = read_texts(self.texts)
        if tables.faults:
            raise DesignError(
                f"{self.info.id}: the tables in the bundle are damaged. Compile the design again.", tuple(tables.faults)
            )
        return tables

    def strings(self, name: str) -> list[str]:
        """A list of texts of the bundle, such as `hrg_codes`; entry 0 is UNKNOWN's. It is made once: leave it as it is."""
        if name not in self._strings:
            self._strings[name] = unpack_strings(self.arrays[f"{name}.bytes"], self.arrays[f"{name}.offsets"])
        return self._strings[name]

    @cached_property
    def _strings(self) -> dict[str, list[str]]:
        return {}

    @cached_property
    def rule_references(self) -> list[str]:
        """How each rule is named: `splits.csv:12`; empty for rule 0."""
        table, line = self.arrays["rule_table"].tolist(), self.arrays["rule_line"].tolist()
        return ["", *(f"{RULE_TABLES[t]}.csv:{at}" for t, at in zip(table[1:], line[1:], strict=True))]

    @cached_property
    def rule_bases(self) -> list[str]:
        """What each rule rests on; empty for rule 0."""
        return ["", *(BASES[basis] for basis in self.arrays["rule_basis"][1:].tolist())]

    @property
    def logics(self) -> list[str]:
        """The logics beside admitted care that the design has."""
        return logics_in(self.arrays)

    def logic_references(self, logic: str) -> list[str]:
        """How each rule of a logic is named: `em/rules.csv:12`; empty for rule 0."""
        return ["", *(f"{logic}/rules.csv:{line}" for line in self.arrays[f"{logic}.rule_line"][1:].tolist())]

    def logic_bases(self, logic: str, array: str = "rule_basis") -> list[str]:
        """What each rule of a logic rests on; empty for rule 0. `rule_rests`: the weakest of it, its lists and its points."""
        return ["", *(BASES[basis] for basis in self.arrays[f"{logic}.{array}"][1:].tolist())]


def digest(texts: dict[str, str]) -> str:
    """The SHA-256 of design tables, whatever the line ends of their files."""
    sha = hashlib.sha256()
    for name, text in sorted(texts.items()):
        body = text.replace("\r\n", "\n").encode()
        sha.update(f"{name}\x00{len(body)}\x00".encode() + body)
    return sha.hexdigest()


def pack_strings(strings: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Texts as UTF-8 bytes and offsets."""
    encoded = [string.encode() for string in strings]
    offsets = np.concatenate([np.zeros(1, np.int32), np.cumsum([len(part) for part in encoded], dtype=np.int32)])
    return np.frombuffer(b"".join(encoded), np.uint8), offsets


def unpack_strings(data: np.ndarray, offsets: np.ndarray) -> list[str]:
    """The reverse of `pack_strings`."""
    whole = data.tobytes()
    ends = offsets.tolist()
    return [whole[start:end].decode() for start, end in zip(ends[:-1], ends[1:], strict=True)]


def to_bytes(bundle: Bundle) -> bytes:
    """The bundle's file. The same design gives the same bytes."""
    arrays = dict(bundle.arrays)
    for name, text in bundle.texts.items():
        arrays[f"text:{name}"] = np.frombuffer(text.encode(), np.uint8)
    entries: dict[str, tuple[list[int], int]] = {}
    at = 0
    for name, array in sorted(arrays.items()):
        entries[name] = (list(array.shape), at)
        at += -(-array.nbytes // _ALIGN) * _ALIGN
    header = json.dumps({"info": bundle.info.__dict__, "arrays": entries}, sort_keys=True).encode()
    header += b" " * (-(_HEAD.size + len(header)) % _ALIGN)
    body = bytearray(header)
    for _, array in sorted(arrays.items()):
        body += array.tobytes()
        body += b"\x00" * (-(_HEAD.size + len(body)) % _ALIGN)
    return _HEAD.pack(_MAGIC, FORMAT, len(header), hashlib.sha256(body).digest()) + bytes(body)


def write(bundle: Bundle, path: Path) -> None:
    """Write a bundle: to a temporary name first, so that a broken write leaves no bundle. Raises OutputError."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with open(temporary, "wb") as file:
            file.write(to_bytes(bundle))
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise OutputError(f"{path}: can't be written ({error.strerror}). Choose another place, or make room.") from None


def read(path: Path) -> Bundle:
    """Map a bundle into memory. Raises DesignError where it is no bundle, is damaged, or holds numbers out of range."""
    try:
        size = path.stat().st_size
        if size < _HEAD.size:
            raise DesignError(f"{path}: not a design bundle. Make one with 'hrgcore compile FOLDER -o BUNDLE'.")
        file = np.memmap(path, np.uint8, mode="r")
    except OSError as error:
        raise DesignError(f"{path}: can't be read ({error.strerror}).") from None
    return _checked(file, str(path), path)


def from_bytes(body: bytes, source: str) -> Bundle:
    """The bundle that `to_bytes` gave. Raises DesignError as `read` does, naming ``source``."""
    return _checked(np.frombuffer(body, np.uint8), source, None)


def _checked(file: np.ndarray, source: str, path: Path | None) -> Bundle:
    magic, version, header_length, checksum = _HEAD.unpack(bytes(file[: _HEAD.size]))
    if magic != _MAGIC:
        raise DesignError(f"{source}: not a design bundle. Make one with 'hrgcore compile FOLDER -o BUNDLE'.")
    if version != FORMAT:
        raise DesignError(f"{source}: bundle of format {version}; this version reads format {FORMAT}. Compile the design again.")
    if hashlib.sha256(file[_HEAD.size :].data).digest() != checksum:
        raise DesignError(f"{source}: damaged, its checksum does not fit. Compile the design again.")
    try:
        return _read_body(file, header_length, path)
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise DesignError(f"{source}: its header is wrong ({type(error).__name__}). Compile the design again.") from None


def _read_body(file: np.ndarray, header_length: int, path: Path | None) -> Bundle:
    if header_length > min(_MAX_HEADER, file.size - _HEAD.size):
        raise ValueError("header longer than the file")
    start = _HEAD.size + header_length
    header = json.loads(bytes(file[_HEAD.size : start]))
    arrays: dict[str, np.ndarray] = {}
    texts: dict[str, str] = {}
    for name, (shape, offset) in header["arrays"].items():
        kind: np.dtype[Any] = np.dtype(np.uint8) if name.startswith("text:") else kind_of(name)
        count = int(np.prod(shape, dtype=np.int64))
        first = start + offset
        if offset < 0 or first % _ALIGN or min(shape) < 0 or first + count * kind.itemsize > file.size:
            raise ValueError(name)
        view = np.asarray(file[first : first + count * kind.itemsize]).view(kind).reshape(shape)
        if name.startswith("text:"):
            texts[name.removeprefix("text:")] = view.tobytes().decode()
        else:
            arrays[name] = view
    verify(arrays)
    info = DesignInfo(**header["info"])
    if not all(isinstance(value, str) for value in header["info"].values()) or info.digest != digest(texts):
        raise ValueError("info")
    return Bundle(info, arrays, texts, path)
