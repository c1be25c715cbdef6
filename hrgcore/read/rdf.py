"""Record definition files (RDF): which field stands in which column, and what to cut out of its text before it is read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from hrgcore.columns import APC_COLUMNS
from hrgcore.errors import InputError
from hrgcore.logics import ROW_LOGICS, is_field
from hrgcore.logics.guess import logic_of
from hrgcore.read.csv import column_name

_FIRST_LINE = "COMMA DELIMITED"
_MAX_POSITION = 10_000
_ITEMS = 7
_NUMBERED = re.compile(r"(DIAG_|DIAG_4_|OPER_|OPERTN_|OPERTN_4_)\d{1,2}")
_FIELDS = frozenset(name for column in APC_COLUMNS for name in (column.name, *column.aliases))
_NUMBERS = frozenset(column.name for column in APC_COLUMNS if column.kind == "number") | frozenset(
    one.name.upper() for logic in ROW_LOGICS.values() for one in logic.numbers
)


@dataclass(frozen=True)
class FieldDefinition:
    """One line of an RDF.

    ``name`` is the column's name in the file; ``field`` the grouper's, empty where the grouper has no use for the column;
    ``position`` counts from 1. ``picture`` keeps (`A`) or drops (`.`) characters by their place, ``extract`` is a set of
    characters to drop.
    """

    name: str
    field: str
    position: int
    picture: str
    extract: str
    line: int


@dataclass(frozen=True)
class RecordDefinition:
    """A whole RDF: its fields in order of position, and the file it was read from."""

    source: str
    fields: tuple[FieldDefinition, ...]

    @classmethod
    def read(cls, path: str | Path) -> RecordDefinition:
        """Read an RDF file.

        Raises InputError, naming the line, where it can't be read or is not an RDF.
        """
        try:
            text = Path(path).read_bytes().decode("utf-8-sig")
        except OSError as error:
            raise InputError(f"{path}: the record definition can't be read ({error.strerror}). Check the path.") from None
        except UnicodeDecodeError as error:
            line = error.object[: error.start].count(b"\n") + 1
            raise InputError(f"{path} line {line}: not UTF-8. A record definition is a text file: save it as UTF-8.") from None
        return cls.parse(text, str(path))

    @classmethod
    def parse(cls, text: str, source: str = "the record definition") -> RecordDefinition:
        """Read an RDF's text; lines may end with LF or CR LF.

        Raises InputError, naming the line, where a line is not as an RDF has it, or a field or a position stands twice.
        """
        lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        if lines[0].strip().rstrip(",").upper() != _FIRST_LINE:
            raise InputError(f"{source} line 1: a record definition starts with {_FIRST_LINE!r}. Is this the right file?")
        fields = [_parse_line(line, number, source) for number, line in enumerate(lines[1:], 2) if line.strip().strip(",")]
        if not fields:
            raise InputError(
                f"{source}: the record definition names no field. Add a line for each, such as PROCODET,PROCODET,1,,,,"
            )
        _refuse_repeats(fields, source)
        return cls(source, tuple(sorted(fields, key=lambda field: field.position)))

    def apply(self, table: pa.Table, *, headings: bool = True, source: str = "the input") -> pa.Table:
        """``table`` with its columns named for the grouper and their text cut as picture and extract say; no column is lost.

        A column that the RDF does not name keeps its heading (``headings``; else it is `COLUMN_nn`), unless the grouper would take
        that for a field: only the RDF says what is a field, so such a column becomes `COLUMN_nn`, too. ``table`` is left as it is:
        official outputs repeat it.

        Raises InputError where the RDF names a column that ``table`` does not have, or the headings are a row of data.
        """
        if headings:
            self._refuse_data_as_headings(table.column_names, source)
        names = self._names(table.column_names, headings)
        columns = list(table.columns)
        for field in self.fields:
            if field.position > len(columns):
                raise InputError(
                    f"{self.source} line {field.line}: {field.field or field.name} stands in column {field.position}, but"
                    f" {source} has {len(columns)} columns. Correct the position, or give the record definition of this file."
                )
            columns[field.position - 1] = _cut(columns[field.position - 1], field)
        return pa.Table.from_arrays(columns, names=names)

    @property
    def text(self) -> str:
        """As the text of an RDF, lines ending with CR LF: what `parse` reads, and the official product."""
        lines = (f"{field.name},{field.field},{field.position},,,{field.picture},{field.extract}" for field in self.fields)
        return "".join(f"{line}\r\n" for line in (_FIRST_LINE, *lines))

    @property
    def cut_line(self) -> int | None:
        """The first line that cuts something out of cells; None if there is none."""
        return min((field.line for field in self.fields if _cuts(field)), default=None)

    def headings(self, count: int) -> list[str]:
        """The headings of a file of ``count`` columns that has none: the RDF's names, and `COLUMN_nn` for what it does not name."""
        names = {field.position: field.name or field.field for field in self.fields}
        return [names.get(number, column_name(number)) for number in range(1, count + 1)]

    def doubts(self, headings: Sequence[str]) -> list[str]:
        """What in a file's headings does not fit: a heading that names another field of this RDF than its column's.

        A definition shifted by one column groups without an error and wrongly: this is how to notice.
        """
        by_name = {name.upper(): field for field in self.fields for name in (field.name, field.field) if name}
        doubts = []
        for field in self.fields:
            heading = headings[field.position - 1].strip() if field.position <= len(headings) else ""
            other = by_name.get(heading.upper(), field)
            if other.field != field.field and heading.upper() not in (field.name.upper(), field.field.upper()):
                doubts.append(
                    f"column {field.position} is headed {heading}, but {self.source} line {field.line} reads it as {field.field}."
                )
        if len(doubts) > 3:
            doubts[3:] = [f"{len(doubts) - 3} more columns differ so. Is the record definition shifted?"]
        return doubts

    def looks_like_headings(self, first_row: Sequence[str]) -> bool:
        """Whether a file's first row is headings: at least half of the fields stand there by name."""
        cells = {number: cell.strip().upper() for number, cell in enumerate(first_row, 1)}
        named = sum(cells.get(field.position, "") in (field.name.upper(), field.field.upper()) for field in self.fields)
        return 2 * named >= len(self.fields)

    def _refuse_data_as_headings(self, headings: Sequence[str], source: str) -> None:
        for field in self.fields:
            if field.field in _NUMBERS and field.position <= len(headings) and headings[field.position - 1].strip().isdigit():
                raise InputError(
                    f"{source}: the first row is data, not headings: column {field.position} ({field.field}) has a number. Say"
                    " that the input has no headings (--no-headings; hrggrouper: leave out -h)."
                )

    def _names(self, given: Sequence[str], headings: bool) -> list[str]:
        defined = {field.position: field.field for field in self.fields if field.field}
        unused = {field.position: field.name for field in self.fields if not field.field}
        taken = {name.upper() for name in defined.values()}
        logic = logic_of(defined.values())
        names = []
        for number, heading in enumerate(given, 1):
            name = defined.get(number)
            if name is None:
                name = heading if headings else unused.get(number, "")
                key = name.strip().upper()
                if not key or key in taken or is_heading(key, logic):
                    name = column_name(number)
                taken.add(name.strip().upper())
            names.append(name)
        return names


def is_heading(heading: str, logic: str | None) -> bool:
    """Whether a logic takes a column of this heading (in capitals) for a field of its own; None: whether any does."""
    if logic in ROW_LOGICS:
        return is_field(ROW_LOGICS[logic], heading)
    admitted = heading in _FIELDS or _NUMBERED.fullmatch(heading) is not None
    return admitted or (logic is None and any(is_field(one, heading) for one in ROW_LOGICS.values()))


def _parse_line(line: str, number: int, source: str) -> FieldDefinition:
    items = line.split(",")
    if len(items) < 3 or any(items[_ITEMS:]):
        raise InputError(
            f"{source} line {number}: {len(items)} items where a field has {_ITEMS}: name,field,position,,,picture,extract."
            " Correct the line; extract can't hold a comma."
        )
    items += [""] * (_ITEMS - len(items))
    name, field, position = (item.strip() for item in items[:3])
    if not name and not field:
        raise InputError(f"{source} line {number}: the field has no name. Name it in the first and second item.")
    if not re.fullmatch(r"[0-9]{1,6}", position) or not 1 <= int(position) <= _MAX_POSITION:
        raise InputError(f"{source} line {number}: the position must be a column number from 1, not {position[:20]!r}. Correct it.")
    if any(item.strip() not in ("", "0") for item in items[3:5]):
        raise InputError(
            f"{source} line {number}: the fourth and fifth item have no use in a comma-delimited file. Leave them empty."
        )
    picture = items[5].strip()
    if picture.strip("A."):
        raise InputError(f"{source} line {number}: a picture is of A (keep) and . (drop) only, not {picture[:20]!r}. Correct it.")
    return FieldDefinition(name, field.upper(), int(position), picture, items[6], number)


def _refuse_repeats(fields: Sequence[FieldDefinition], source: str) -> None:
    by_field: dict[str, int] = {}
    by_position: dict[int, int] = {}
    for field in fields:
        if field.field and by_field.setdefault(field.field, field.line) != field.line:
            raise InputError(
                f"{source} line {field.line}: {field.field} is defined in line {by_field[field.field]} already. Drop one."
            )
        if by_position.setdefault(field.position, field.line) != field.line:
            raise InputError(
                f"{source} line {field.line}: column {field.position} is defined in line {by_position[field.position]} already."
                " Correct one of the positions."
            )


def _cuts(field: FieldDefinition) -> bool:
    return bool(field.picture.strip("A") or field.extract)


def _cut(column: pa.ChunkedArray, field: FieldDefinition) -> pa.ChunkedArray:
    """The column's text without what picture and extract drop. Characters beyond the picture's end are kept."""
    if not _cuts(field):
        return column
    text = column.cast(pa.string())
    if "." in field.picture:
        # Each run of A is a slice of the text, and so is what stands behind the picture.
        kept = [pc.utf8_slice_codeunits(text, run.start(), run.end()) for run in re.finditer("A+", field.picture)]
        kept.append(pc.utf8_slice_codeunits(text, len(field.picture)))
        text = pc.binary_join_element_wise(*kept, "")
    for character in dict.fromkeys(field.extract):
        text = pc.replace_substring(text, character, "")
    return text
