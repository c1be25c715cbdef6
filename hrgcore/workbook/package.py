"""A workbook file before anything parses it: bounds on its size, and a copy of just those parts that were looked through.

An .xlsx is a zip of XML, and anybody may have made it. Its parser keeps a sheet as one rectangle of cells and gives each cell a
copy of its text, so that a file of a few hundred bytes can ask for hundreds of gigabytes, and the process would be ended for it. So
every part that is needed is read here first, within bounds, and the parser gets a copy that holds these parts and no others.
"""

from __future__ import annotations

import io
import posixpath
import struct
import zipfile
import zlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from hrgcore.errors import InputError
from hrgcore.workbook.scan import (
    AGAIN,
    Cells,
    Elements,
    Handlers,
    Limits,
    Refused,
    SheetFacts,
    Strings,
    column_letter,
    look_through,
)

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENTRY = b"PK\x01\x02"  # begins each entry of a zip's directory
_WORKBOOK = "xl/workbook.xml"
_RELATIONS = "xl/_rels/workbook.xml.rels"
#: What the parser needs beside the sheets themselves.
_COMMON = ("[Content_Types].xml", "_rels/.rels", _WORKBOOK, _RELATIONS, "xl/sharedStrings.xml", "xl/styles.xml")
_UNREADABLE = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, ValueError, NotImplementedError, RuntimeError, OSError)


@dataclass(frozen=True)
class Package:
    """The checked copy: a workbook of the common parts and the sheets asked for."""

    content: bytes
    digest: str  # the SHA-256 of the file itself
    sheet_names: tuple[str, ...]  # all, in the workbook's order
    facts: Mapping[str, SheetFacts]  # by name, of the sheets asked for that are there


def read_package(path: Path, wanted: Collection[str], limits: Limits) -> Package:
    """Check a workbook's file and copy the parts that the sheets named in ``wanted`` need; names it does not have are passed over.

    Raises InputError where the file is no workbook, is damaged, asks for more than ``limits`` allow, or has a DOCTYPE.
    """
    data = _read_file(path, limits)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = _Parts(path, archive, limits)
            return _copy(parts, sha256(data).hexdigest(), wanted, limits)
    except _UNREADABLE:
        raise InputError(f"{path}: the workbook is damaged, or was cut short on its way. Get or save it again.") from None


def _read_file(path: Path, limits: Limits) -> bytes:
    try:
        if not path.is_file():
            raise InputError(f"{path}: no such file. Name an .xlsx workbook.")
        with path.open("rb") as file:
            data = file.read(limits.file_bytes + 1)
    except OSError as error:
        raise InputError(f"{path}: can't be read ({error.strerror}). Check the path and its permissions.") from None
    if len(data) > limits.file_bytes:
        raise InputError(f"{path}: larger than {limits.file_bytes} bytes; a Code to Group workbook is not that large.")
    if data.startswith(_OLE):
        raise InputError(f"{path}: either has a password or is an old .xls. Save it as .xlsx without a password.")
    if not data.startswith(b"PK"):
        raise InputError(f"{path}: not an .xlsx workbook. Name a workbook, or save the file as .xlsx.")
    if data.count(_ENTRY) > limits.parts:  # before zipfile makes an object of each
        raise InputError(f"{path}: has more than {limits.parts} parts; no workbook has. Get it again from its source.")
    return data


class _Parts:
    """The parts of a zip within bounds."""

    def __init__(self, path: Path, archive: zipfile.ZipFile, limits: Limits) -> None:
        self.path = path
        self._archive = archive
        self._entries: dict[str, zipfile.ZipInfo] = {}
        for entry in archive.infolist():
            self._check(entry, limits)
            self._entries[entry.filename] = entry
        total = sum(entry.file_size for entry in self._entries.values())
        if total > limits.unpacked_bytes:
            raise InputError(f"{path}: would unpack to {total} bytes; at most {limits.unpacked_bytes} are taken.")
        if _WORKBOOK not in self._entries:
            other = {"xl/workbook.bin": "an .xlsb workbook", "content.xml": "an OpenDocument file"}
            kind = next((kind for name, kind in other.items() if name in self._entries), "a zip, but no .xlsx workbook")
            raise InputError(f"{path}: is {kind}. Save it as .xlsx.")

    def _check(self, entry: zipfile.ZipInfo, limits: Limits) -> None:
        """What the directory states binds zipfile, too: it gives no byte more than that of a part."""
        if entry.filename in self._entries:
            raise InputError(f"{self.path}: part {entry.filename!r} stands twice in it. {AGAIN}")
        if entry.flag_bits & 1:
            raise InputError(f"{self.path}: is encrypted. Save it without a password.")
        if entry.file_size > limits.ratio_from and entry.file_size > limits.ratio * max(1, entry.compress_size):
            raise InputError(
                f"{self.path}: part {entry.filename!r} unpacks from {entry.compress_size} to {entry.file_size} bytes, as only a zip"
                " bomb does. Get the workbook from its source, or save it again."
            )

    def __contains__(self, name: str) -> bool:
        return name in self._entries

    def read(self, name: str) -> bytes:
        return self._archive.read(self._entries[name])

    def look_through(self, name: str, data: bytes, handlers: Handlers) -> None:
        """Go through a part's XML. Raises InputError where it is not well-formed UTF-8 or is refused."""
        try:
            look_through(data, handlers)
        except Refused as error:
            raise InputError(f"{self.path}: part {name!r} {error}") from None


def _copy(parts: _Parts, digest: str, wanted: Collection[str], limits: Limits) -> Package:
    places, names = _sheet_places(parts, limits)
    for name in wanted:
        if names.count(name) > 1:
            raise InputError(f"{parts.path}: has several sheets called {name!r}. Rename all but one.")
    copied: dict[str, bytes] = {}
    strings = Strings(limits)
    for name in _COMMON:
        if name in parts:
            copied[name] = parts.read(name)
            parts.look_through(name, copied[name], strings if name == "xl/sharedStrings.xml" else Handlers())
    facts: dict[str, SheetFacts] = {}
    for name in wanted:
        place = places.get(name, "")
        if place in parts and place not in _COMMON:
            content = copied[place] = parts.read(place)
            cells = Cells(strings.lengths, limits)
            parts.look_through(place, content, cells)
            facts[name] = cells.facts
            _check_total(parts.path, facts, limits)
    return Package(_pack(copied), digest, tuple(names), facts)


def _check_total(path: Path, facts: Mapping[str, SheetFacts], limits: Limits) -> None:
    last = list(facts)[-1]
    cells = sum(found.end[0] * found.end[1] for found in facts.values())
    if cells > limits.cells:
        rows, columns = facts[last].end
        raise InputError(
            f"{path}: sheet {last!r} reaches to row {rows} and column {column_letter(columns - 1)}: with it {cells} cells are to be"
            f" read, and at most {limits.cells} are. Remove stray values far out on the sheet."
        )
    if sum(found.characters for found in facts.values()) > limits.characters:
        raise InputError(f"{path}: up to sheet {last!r}, cells hold more than {limits.characters} characters. Shorten the sheet.")


def _sheet_places(parts: _Parts, limits: Limits) -> tuple[dict[str, str], list[str]]:
    """The part of each sheet, by the sheet's name, and all names in their order."""
    if _RELATIONS not in parts:
        raise InputError(f"{parts.path}: has no {_RELATIONS}, which says where its sheets are. {AGAIN}")
    relations, sheets = Elements("Relationship"), Elements("sheet")
    parts.look_through(_RELATIONS, parts.read(_RELATIONS), relations)
    parts.look_through(_WORKBOOK, parts.read(_WORKBOOK), sheets)
    if len(sheets.found) > limits.sheets:
        raise InputError(f"{parts.path}: has {len(sheets.found)} sheets; at most {limits.sheets} are taken.")
    targets = {found.get("Id", ""): found.get("Target", "") for found in relations.found}
    places: dict[str, str] = {}
    for sheet in sheets.found:
        identifier = next((value for name, value in sheet.items() if name.rpartition(":")[2] == "id" and ":" in name), "")
        places[sheet.get("name", "")] = posixpath.normpath(posixpath.join("/xl", targets.get(identifier, ""))).lstrip("/")
    return places, [sheet.get("name", "") for sheet in sheets.found]


def _pack(parts: Mapping[str, bytes]) -> bytes:
    copy = io.BytesIO()
    with zipfile.ZipFile(copy, "w", zipfile.ZIP_STORED) as archive:
        for name, content in parts.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return copy.getvalue()
