"""A look through the XML of a workbook's parts before they are parsed: what they ask for, and what the parser would not say."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from xml.parsers import expat

AGAIN = "Save the workbook again."
_FORMULA = "is a formula without a value"
_MIB = 1024 * 1024
_PLAIN_NUMBER = re.compile(rb"<[^<>]*>([0-9]{1,9})")  # a tag and digits, with nothing between that would cut them in two
_REFERENCE = re.compile(r"([A-Za-z]{1,3})([0-9]{1,7})")

Cell = tuple[int, int]  # row and column, from 0


@dataclass(frozen=True)
class Limits:
    """What a workbook may ask for. The largest official ones stay far below."""

    file_bytes: int = 64 * _MIB
    parts: int = 5_000
    unpacked_bytes: int = 256 * _MIB  # of all parts, as the zip states it
    ratio: int = 200  # unpacked to packed, of a part above `ratio_from`
    ratio_from: int = 8 * _MIB
    sheets: int = 500
    rows: int = 1_048_576
    columns: int = 16_384
    cells: int = 5_000_000  # in the rectangles of all sheets that are read
    characters: int = 50_000_000  # in the cells of all sheets that are read, each repetition counted
    text: int = 32_767  # characters of one text
    notes: int = 200_000  # merged ranges, or cells without a value, of a sheet


LIMITS = Limits()


@dataclass
class SheetFacts:
    """What a look at a sheet's XML told. Rows and columns count from 0."""

    end: Cell = (0, 0)  # one past the last cell with a value
    characters: int = 0
    without_value: dict[Cell, str] = field(default_factory=dict)  # errors, and formulas without a value, which read as blank
    merged: list[tuple[Cell, Cell]] = field(default_factory=list)  # first and last cell


class Refused(Exception):
    """A part is not what it should be; the message says why, and what to do."""


def look_through(data: bytes, handlers: Handlers) -> None:
    """Go through a part's XML. Raises Refused where it is not well-formed UTF-8, has a DOCTYPE, or a handler refuses it."""
    if b"\0" in data:  # UTF-16, which is recognised whatever encoding is asked for
        raise Refused(f"is not UTF-8. {AGAIN}")
    parser = expat.ParserCreate("UTF-8")  # whatever the part says of itself: the parser that comes later reads UTF-8
    handlers.source, handlers.position = data, lambda: parser.CurrentByteIndex
    parser.StartDoctypeDeclHandler = _refuse_doctype
    parser.StartElementHandler = handlers.start
    parser.EndElementHandler = handlers.end
    parser.CharacterDataHandler = handlers.characters
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        raise Refused(f"is no well-formed XML (line {error.lineno}). Get the workbook again, or save it again.") from None
    finally:
        handlers.source = b""  # parser and handlers hold each other: the part need not wait until that is noticed


def _refuse_doctype(*_: object) -> None:
    raise Refused("has a DOCTYPE, which no workbook has and which can point outside of it. Get the workbook from its source.")


class Handlers:
    """What is done at each element; names come without their prefix to `opened` and `closed`.

    ``position`` gives the place in ``source`` where the tag at hand begins.
    """

    source: bytes
    position: Callable[[], int]

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self.opened(name[name.find(":") + 1 :], attributes)  # from the first colon, as the parser cuts

    def end(self, name: str) -> None:
        self.closed(name[name.find(":") + 1 :])

    def opened(self, name: str, attributes: dict[str, str]) -> None:
        if name == "sheetData":  # else it could pass for a sheet that nobody looked through
            raise Refused(f"has a sheet's data and is no sheet. {AGAIN}")

    def closed(self, name: str) -> None: ...

    def characters(self, text: str) -> None: ...


class Elements(Handlers):
    """The attributes of all elements of one name."""

    def __init__(self, name: str) -> None:
        self._name = name
        self.found: list[dict[str, str]] = []

    def opened(self, name: str, attributes: dict[str, str]) -> None:
        super().opened(name, attributes)
        if name == self._name:
            self.found.append(attributes)


class Strings(Handlers):
    """The length of each shared string."""

    def __init__(self, limits: Limits) -> None:
        self.lengths: list[int] = []
        self._limits = limits
        self._inside = False

    def opened(self, name: str, attributes: dict[str, str]) -> None:
        super().opened(name, attributes)
        if name == "si":
            if self._inside:
                raise Refused(f"has a text within a text. {AGAIN}")
            if len(self.lengths) == self._limits.cells:
                raise Refused(f"has more than {self._limits.cells} texts; no Code to Group workbook has so many.")
            self._inside = True
            self.lengths.append(0)

    def closed(self, name: str) -> None:
        self._inside = self._inside and name != "si"

    def characters(self, text: str) -> None:
        if self._inside:
            self.lengths[-1] += len(text)
            if self.lengths[-1] > self._limits.text:
                raise Refused(f"has a text of more than {self._limits.text} characters; no cell holds so many. {AGAIN}")


class Cells(Handlers):
    """Where a sheet's cells are, counted as the parser counts them, how much text they hold, and which have no value.

    What the parser would misread is refused: it takes the first text for one whose number it can't read, and drops the value before
    a formula.
    """

    def __init__(self, shared: list[int], limits: Limits) -> None:
        self.facts = SheetFacts()
        self._shared = shared
        self._limits = limits
        self._at: Cell = (0, 0)
        self._next: Cell = (0, 0)
        self._type = ""
        self._held: list[str] = []  # the elements of the cell so far
        self._pieces: list[str] | None = None  # of a value's text, as they come
        self._begins = 0  # where the value's tag begins

    def opened(self, name: str, attributes: dict[str, str]) -> None:
        if name == "c":
            self._at = self._position(attributes["r"]) if "r" in attributes else self._next
            self._next = (self._next[0], self._at[1] + 1)
            self._type = attributes.get("t", "")
            self._held = []
        elif name in ("f", "v", "is"):
            if name in self._held or (name == "f" and self._held):
                raise Refused(f"has two values, or a formula after its value, in one cell. {AGAIN}")
            self._held.append(name)
            self._pieces = [] if name != "f" else None
            self._begins = self.position()
        elif name == "row" and "r" in attributes:
            self._next = (self._number(attributes["r"], self._limits.rows) - 1, self._next[1])
        elif name == "mergeCell":
            first, _, last = attributes.get("ref", "").partition(":")
            self.facts.merged.append((self._position(first), self._position(last or first)))
            self._bound(len(self.facts.merged), "merged ranges")

    def characters(self, text: str) -> None:
        if self._pieces is not None:
            self._pieces.append(text)

    def closed(self, name: str) -> None:
        if name in ("v", "is") and self._pieces is not None:
            self._value(self._pieces)
            self._pieces = None
        elif name == "c" and self._held == ["f"] and self._type != "str":
            self._without_value(_FORMULA)
        elif name == "row":
            self._next = (self._next[0] + 1, 0)

    def _value(self, pieces: list[str]) -> None:
        facts, (row, column) = self.facts, self._at
        facts.end = (max(facts.end[0], row + 1), max(facts.end[1], column + 1))
        if facts.end[0] > self._limits.rows or facts.end[1] > self._limits.columns:
            raise Refused(f"has cells beyond the last row or column that a sheet can have. {AGAIN}")
        facts.characters += self._length(pieces)
        if self._type == "e":
            self._without_value(f"is the error {''.join(pieces)[:20]}")
        elif "f" in self._held and not pieces and self._type != "str":
            self._without_value(_FORMULA)

    def _without_value(self, what: str) -> None:
        self.facts.without_value[self._at] = what
        self._bound(len(self.facts.without_value), "cells without a value")

    def _bound(self, count: int, what: str) -> None:
        if count > self._limits.notes:
            raise Refused(f"has more than {self._limits.notes} {what}; no Code to Group workbook has so many.")

    def _length(self, pieces: list[str]) -> int:
        if self._type != "s" or not pieces:
            return sum(map(len, pieces))
        match = _PLAIN_NUMBER.fullmatch(self.source, self._begins, self.position())
        if match is None or int(match[1]) >= len(self._shared):
            raise Refused(f"has a cell whose text is number {''.join(pieces)[:20]!r} of {len(self._shared)} texts. {AGAIN}")
        return self._shared[int(match[1])]

    def _position(self, reference: str) -> Cell:
        match = _REFERENCE.fullmatch(reference)
        if match is None:
            raise Refused(f"has a cell called {reference[:20]!r}, which is no place in a sheet. {AGAIN}")
        return self._number(match[2], self._limits.rows) - 1, column_number(match[1])

    def _number(self, text: str, most: int) -> int:
        if not (text.isascii() and text.isdigit()) or not 1 <= len(text) <= 9 or not 1 <= int(text) <= most:
            raise Refused(f"has a row called {text[:20]!r}; rows are numbered from 1 to {most}. {AGAIN}")
        return int(text)


def column_letter(column: int) -> str:
    """How a sheet names its column ``column`` (from 0): `A`, `B` … `AA`."""
    letters = ""
    number = column + 1
    while number > 0:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def column_number(letters: str) -> int:
    """The column (from 0) that a sheet names by these letters."""
    number = 0
    for letter in letters.upper():
        number = 26 * number + ord(letter) - 64
    return number - 1
