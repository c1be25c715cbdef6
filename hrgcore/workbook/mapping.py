"""The mapping: a TOML file that says which sheets and columns of a workbook give which design tables (docs/workbook.md)."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from hrgcore.design.codes import SCHEMES
from hrgcore.design.conditions import CONDITION_COLUMNS
from hrgcore.design.tables import BASES, RULE_TABLES, SCHEMA
from hrgcore.errors import InputError

_MAX_BYTES = 1024 * 1024
_SETTINGS = ("id", "title", "release", "version", "status", "attribution")
_MORE_SETTINGS = ("error_hrg", "error_label")
_CHARACTERS = re.compile(r"([1-9][0-9]?)(-([1-9][0-9]?)?)?")

Choices = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Cell:
    """How a table's cell comes out of a row of a sheet: from the cell under ``heading``, in the order of the fields below."""

    heading: str
    separator: str = ""  # any of these characters parts the texts of a cell
    without: str = ""  # characters to be dropped
    code: str = ""  # the scheme of codes to be normalised
    terms: str = ""  # likewise, of terms
    characters: tuple[int, int | None] | None = None  # from, to before
    values: Mapping[str, str] | None = None  # what is written for each text


@dataclass(frozen=True)
class Between:
    """A range made of the cells under two headings. ``open``: what the upper one has where the range has no upper end."""

    low: str
    high: str
    open: tuple[str, ...] = ("",)


@dataclass(frozen=True)
class Rest:
    """The cell of the design in `from`, in the first row of the same table whose ``key`` is that of the row being made."""

    key: str


Column = Cell | Between | Rest


@dataclass(frozen=True)
class Place:
    """Rows of a sheet. ``where`` names the mapping's entry in messages; ``keep`` and ``drop`` hold patterns by heading."""

    where: str
    sheet: str
    headings: int
    keep: Mapping[str, tuple[str, ...]]
    drop: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Source:
    """Rows of one sheet as rows of one table."""

    place: Place
    table: str
    columns: Mapping[str, Column]
    constants: Mapping[str, str]
    basis: str
    distinct: bool
    add: bool  # to the rows of the design in `from`, instead of in their place


@dataclass(frozen=True)
class Labels:
    """Where the whole label of each HRG stands."""

    place: Place
    hrg: Cell
    label: Cell


@dataclass(frozen=True)
class Plan:
    """What a mapping says, checked as far as it can be without the workbook."""

    path: Path
    digest: str
    rest: str  # an embedded design's id or a folder; empty: none
    settings: Mapping[str, str]
    choices: Choices
    sources: tuple[Source, ...]
    labels: Labels | None

    @property
    def sheets(self) -> tuple[str, ...]:
        """The sheets that are read, each once."""
        places = [source.place for source in self.sources] + ([self.labels.place] if self.labels else [])
        return tuple(dict.fromkeys(place.sheet for place in places))


def read_mapping(path: Path) -> Plan:
    """Read and check a mapping. Raises InputError with every fault found."""
    data = _read_file(path)
    try:
        found = tomllib.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise InputError(f"{path}: line {line} is not UTF-8. Save the mapping as UTF-8.") from None
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{path}: {error}. Correct the TOML.") from None
    except RecursionError:
        raise InputError(f"{path}: values stand too deep in each other. Write the mapping as docs/workbook.md does.") from None
    reader = _Reader()
    mapping = reader.mapping(path, sha256(data).hexdigest(), found)
    if reader.faults:
        count = f"{len(reader.faults)} fault{'s' if len(reader.faults) > 1 else ''}"
        raise InputError("\n".join([f"{path}: {count} in the mapping; docs/workbook.md describes it", *reader.faults]))
    return mapping


def columns_of(table: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The columns that a table must have, and those that it may have beside them, as far as a mapping gives them."""
    must, may = SCHEMA[table]
    conditions = CONDITION_COLUMNS if table in RULE_TABLES else ()
    return must, (*may, *conditions, "note")


def _read_file(path: Path) -> bytes:
    try:
        if not path.is_file():
            raise InputError(f"{path}: no such file. Name a mapping; docs/workbook.md has an example.")
        with path.open("rb") as file:
            data = file.read(_MAX_BYTES + 1)
    except OSError as error:
        raise InputError(f"{path}: can't be read ({error.strerror}). Check the path and its permissions.") from None
    if len(data) > _MAX_BYTES:
        raise InputError(f"{path}: larger than {_MAX_BYTES} bytes; no mapping is that large.")
    return data


class _Reader:
    """Goes through the TOML; each fault names the entry and what to do, and a stand-in takes the entry's place."""

    def __init__(self) -> None:
        self.faults: list[str] = []
        self._labelled = False

    def mapping(self, path: Path, digest: str, found: dict[str, Any]) -> Plan:
        self._only(found, "the mapping", ("format", "from", "design", "choices", "labels", "tables"))
        if found.get("format") != 1 or isinstance(found.get("format"), bool):
            self.faults.append("format: this version reads format = 1. Write that.")
        rest = self._text(found, "from", "", must=False)
        tables = self._table(found.get("tables", {}), "tables")
        self._labelled = "labels" in found
        sources = tuple(source for name, entries in tables.items() for source in self._sources(name, entries))
        labels = self._labels(found["labels"]) if "labels" in found else None
        settings = self._settings(found.get("design", {}))
        self._complete(sources, rest, settings)
        return Plan(path, digest, rest, settings, self._choices(found), sources, labels)

    # The design -----------------------------------------------------------------------------------------------------------------

    def _settings(self, value: object) -> dict[str, str]:
        found = self._table(value, "design")
        self._only(found, "design", (*_SETTINGS, *_MORE_SETTINGS))
        must = {name: self._text(found, name, "design") for name in _SETTINGS}
        return must | {name: self._text(found, name, "design") for name in _MORE_SETTINGS if name in found}

    def _choices(self, found: dict[str, Any]) -> Choices:
        choices = self._table(found.get("choices", {}), "choices")
        for name, choice in choices.items():
            keys = self._table(choice, f"choices.{name}")
            self._only(keys, f"choices.{name}", ("value", "basis", "note"))
            for key, value in keys.items():
                if not isinstance(value, str) and not (key == "value" and isinstance(value, int)):
                    self.faults.append(f"choices.{name}.{key}: write text, or for value a whole number, true or false.")
        return choices

    def _complete(self, sources: tuple[Source, ...], rest: str, settings: Mapping[str, str]) -> None:
        """Fault what is neither in the mapping nor taken from elsewhere."""
        if rest:
            return
        missing = [table for table in SCHEMA if table not in {source.table for source in sources}]
        if missing:
            self.faults.append(
                f"from: nothing gives {', '.join(missing)}. Name a design (an id, or a folder of tables) that has the rest."
            )
        for name in _MORE_SETTINGS:
            if name not in settings:
                self.faults.append(f"design.{name}: is missing. Give it as text.")
        for source in sources:
            taken = [name for name, column in source.columns.items() if isinstance(column, Rest)]
            taken += ["the rows"] if source.add else []
            if taken:
                self.faults.append(
                    f"{source.place.where}: takes {', '.join(taken)} from a design, and no `from` names one. Add it."
                )

    # Sheets and columns ---------------------------------------------------------------------------------------------------------

    def _sources(self, table: str, entries: object) -> list[Source]:
        if table not in SCHEMA:
            self.faults.append(f"tables.{table}: no such table. The tables are {', '.join(SCHEMA)}.")
            return []
        if not isinstance(entries, list):
            self.faults.append(f"tables.{table}: write it with two brackets, [[tables.{table}]], once for each sheet.")
            return []
        return [self._source(table, entry, f"tables.{table} ({number})") for number, entry in enumerate(entries, 1)]

    def _source(self, table: str, entry: object, where: str) -> Source:
        found = self._table(entry, where)
        own = ("columns", "constants", "basis", "distinct", "add")
        place = self._place(found, where, own)
        columns = {
            name: self._column(value, f"{where}.columns.{name}")
            for name, value in self._table(found.get("columns", {}), f"{where}.columns").items()
        }
        constants = self._table(found.get("constants", {}), f"{where}.constants")
        texts = {name: self._text(constants, name, f"{where}.constants", blank=True) for name in constants}
        self._check_columns(table, where, columns, texts)
        basis = self._text(found, "basis", where, must=False) or BASES[0]
        if basis not in BASES:
            self.faults.append(f"{where}.basis: {basis!r} is none of {', '.join(BASES)}.")
        return Source(place, table, columns, texts, basis, self._flag(found, "distinct", where), self._flag(found, "add", where))

    def _check_columns(self, table: str, where: str, columns: Mapping[str, Column], constants: Mapping[str, str]) -> None:
        must, may = columns_of(table)
        for name in (*columns, *constants):
            if name not in (*must, *may):
                self.faults.append(f"{where}: {table}.csv has no column {name}. Its columns are {', '.join((*must, *may))}.")
        for name in columns:
            if name in constants:
                self.faults.append(f"{where}: {name} stands under columns and under constants. Keep one of them.")
        for name in must:
            if name not in columns and name not in constants and not (self._labelled and (table, name) == ("roots", "name")):
                self.faults.append(f"{where}: nothing gives the column {name}. Add it to columns or constants.")
        for name, column in columns.items():
            if isinstance(column, Rest) and not isinstance(columns.get(column.key), Cell):
                self.faults.append(
                    f"{where}.columns.{name}.from: no column {column.key} with a heading is in this entry. Name one."
                )
        if not any(isinstance(column, Cell | Between) for column in columns.values()):
            self.faults.append(f"{where}: no column has a heading of the sheet. Name at least one under columns.")

    def _labels(self, value: object) -> Labels:
        found = self._table(value, "labels")
        place = self._place(found, "labels", ("hrg", "label"))
        cells = []
        for name in ("hrg", "label"):
            column = self._column(found.get(name, ""), f"labels.{name}")
            cells.append(column if isinstance(column, Cell) else Cell(""))
            if not isinstance(column, Cell):
                self.faults.append(f"labels.{name}: name a heading of the sheet.")
        return Labels(place, *cells)

    def _place(self, found: Mapping[str, Any], where: str, own: tuple[str, ...]) -> Place:
        self._only(found, where, ("sheet", "headings", "keep", "drop", *own))
        headings = found.get("headings", 1)
        if not isinstance(headings, int) or isinstance(headings, bool) or not 1 <= headings <= 1000:
            self.faults.append(f"{where}.headings: write the number of the row with the headings, from 1.")
            headings = 1
        return Place(
            where, self._text(found, "sheet", where), headings, *(self._patterns(found, name, where) for name in ("keep", "drop"))
        )

    def _patterns(self, found: Mapping[str, Any], name: str, where: str) -> dict[str, tuple[str, ...]]:
        patterns: dict[str, tuple[str, ...]] = {}
        for heading, value in self._table(found.get(name, {}), f"{where}.{name}").items():
            patterns[heading] = self._texts(value, f"{where}.{name}.{heading}")
        return patterns

    def _column(self, value: object, where: str) -> Column:
        if isinstance(value, str):
            value = {"heading": value}
        found = self._table(value, where)
        if "from" in found:
            self._only(found, where, ("from",))
            return Rest(self._text(found, "from", where))
        if "low" in found or "high" in found:
            self._only(found, where, ("low", "high", "open"))
            ends = (self._text(found, "low", where), self._text(found, "high", where))
            return Between(*ends, self._texts(found.get("open", [""]), f"{where}.open"))
        return self._cell(found, where)

    def _cell(self, found: Mapping[str, Any], where: str) -> Cell:
        self._only(found, where, ("heading", "separator", "without", "code", "terms", "characters", "values"))
        texts = {
            name: self._text(found, name, where, must=False) for name in ("separator", "without", "code", "terms", "characters")
        }
        for name in ("code", "terms"):
            if texts[name] and texts[name] not in SCHEMES:
                self.faults.append(f"{where}.{name}: {texts[name]!r} is none of {', '.join(SCHEMES)}.")
                texts[name] = ""
        if texts["code"] and texts["terms"]:
            self.faults.append(f"{where}: has code and terms. Keep one of them.")
        values = None
        if "values" in found:
            table = self._table(found["values"], f"{where}.values")
            values = {name: self._text(table, name, f"{where}.values", blank=True) for name in table}
        characters = self._characters(texts.pop("characters"), where)
        return Cell(self._text(found, "heading", where), **texts, characters=characters, values=values)

    def _characters(self, text: str, where: str) -> tuple[int, int | None] | None:
        if not text:
            return None
        match = _CHARACTERS.fullmatch(text)
        if match is None or (match[3] and int(match[3]) < int(match[1])):
            self.faults.append(f"{where}.characters: {text!r} is not like '1-3', '4-' or '5'; characters are counted from 1.")
            return None
        return int(match[1]) - 1, (int(match[3]) if match[3] else None) if match[2] else int(match[1])

    # Values ---------------------------------------------------------------------------------------------------------------------

    def _only(self, found: Mapping[str, Any], where: str, known: tuple[str, ...]) -> None:
        for name in found:
            if name not in known:
                self.faults.append(f"{where}: unknown key {name!r}. The keys are {', '.join(known)}.")

    def _table(self, value: object, where: str) -> dict[str, Any]:
        if isinstance(value, dict):
            return value
        self.faults.append(f"{where}: write keys and values here, not {type(value).__name__}.")
        return {}

    def _text(self, found: Mapping[str, Any], name: str, where: str, *, must: bool = True, blank: bool = False) -> str:
        value = found.get(name, "")
        entry = f"{where}.{name}" if where else name
        if not isinstance(value, str):
            self.faults.append(f"{entry}: write it as text, in quotes.")
        elif must and not blank and not value.strip():
            self.faults.append(f"{entry}: is missing. Give it as text.")
        else:
            return value
        return "?"

    def _texts(self, value: object, where: str) -> tuple[str, ...]:
        texts = value if isinstance(value, list) else [value]
        if not texts or not all(isinstance(text, str) for text in texts):
            self.faults.append(f"{where}: write one text in quotes, or several in brackets.")
            return ()
        return tuple(texts)

    def _flag(self, found: Mapping[str, Any], name: str, where: str) -> bool:
        value = found.get(name, False)
        if not isinstance(value, bool):
            self.faults.append(f"{where}.{name}: write true or false.")
        return bool(value)
