"""From a workbook's sheets to the texts of design tables, as a mapping says; each row's note names its sheet and row."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from hrgcore.design.tables import SCHEMA, Tables
from hrgcore.workbook.labels import part_labels
from hrgcore.workbook.mapping import Cell, Column, Labels, Place, Plan, Rest, Source, columns_of
from hrgcore.workbook.rows import Faults, Found, find_rows
from hrgcore.workbook.sheets import Sheet

#: Columns that must be there and may be blank in a row.
_MAY_BE_BLANK = {("subchapters", "cc_list"), ("subchapters", "interventions"), ("scores", "component"), ("unbundling", "codes")}


@dataclass
class MadeRow:
    """A row of a table. ``origin`` is where in the workbook it comes from: `OPCS row 12`; empty where it comes from elsewhere."""

    cells: dict[str, str]
    origin: str = ""


@dataclass
class MadeTables:
    """The texts of the tables that a workbook changes, by file name, and the origin of their rows by table and line."""

    texts: dict[str, str] = field(default_factory=dict)
    origins: dict[tuple[str, int], str] = field(default_factory=dict)
    without_split: list[str] = field(default_factory=list)  # HRGs with a label that no split has

    def add(self, table: str, rows: Sequence[MadeRow]) -> None:
        """Write a table with the columns that it must have, those that any row has, `basis` and `note`."""
        must, may = columns_of(table)
        columns = [*must, *(name for name in may if name != "note" and any(row.cells.get(name) for row in rows)), "basis", "note"]
        lines = [_line(columns)]
        count = lines[0].count("\n")
        for row in rows:
            lines.append(_line([row.cells.get(name, "") for name in columns]))
            count += lines[-1].count("\n")  # a row of another design may go over several lines
            if row.origin:
                self.origins[table, count] = row.origin
        self.texts[f"{table}.csv"] = "".join(lines)


def make_tables(plan: Plan, sheets: Mapping[str, Sheet], names: Sequence[str], rest: Tables | None, faults: Faults) -> MadeTables:
    """Make the tables of a mapping from the sheets at hand; ``names`` are all the workbook has, ``rest`` is the design in `from`.

    Raises InputError naming sheet, row and column of every fault.
    """
    maker = _Maker(sheets, names, rest, faults)
    made = MadeTables()
    rows: dict[str, list[MadeRow]] = {}
    for source in plan.sources:
        if source.table not in rows:
            adds = any(other.add for other in plan.sources if other.table == source.table)
            rows[source.table] = maker.rest_rows(source.table) if adds else []
        rows[source.table] += maker.rows(source, labelled=plan.labels is not None)
    if plan.labels:
        for table in ("roots", "splits"):
            if table not in rows:
                rows[table] = maker.rest_rows(table)
        made.without_split = maker.label(plan.labels, rows["roots"], rows["splits"])
    faults.raise_any()
    for table, found in rows.items():
        made.add(table, found)
    return made


class _Maker:
    """Makes rows of what a mapping asks for."""

    def __init__(self, sheets: Mapping[str, Sheet], names: Sequence[str], rest: Tables | None, faults: Faults) -> None:
        self._sheets = sheets
        self._names = names
        self._rest = rest
        self._faults = faults
        self._by_key: dict[tuple[str, str], dict[str, Mapping[str, str]]] = {}

    def rest_rows(self, table: str) -> list[MadeRow]:
        """The rows of a table of the design in `from`."""
        return [MadeRow(dict(row.cells)) for row in self._rest[table]] if self._rest else []

    def rows(self, source: Source, labelled: bool) -> list[MadeRow]:
        """The rows that a source gives its table. With ``labelled``, roots are named later."""
        may_be_blank = _MAY_BE_BLANK | ({("roots", "name")} if labelled else set())
        must = [name for name in SCHEMA[source.table][0] if (source.table, name) not in may_be_blank]
        made: list[MadeRow] = []
        seen: set[tuple[str, ...]] = set()
        for found in self._find(source.place, list(source.columns.values())):
            cells = self._cells(source, found)
            for name in must:
                if not cells[name] and not found.faulty:
                    self._blank(source, name, found)
            said = cells.pop("note", "")
            note = f"{found.origin}: {said}" if said else found.origin
            key = tuple(cells.values())
            if source.distinct and key in seen:
                continue
            seen.add(key)
            made.append(MadeRow({**cells, "basis": source.basis, "note": note}, found.origin))
        return made

    def _cells(self, source: Source, found: Found) -> dict[str, str]:
        cells = dict(source.constants)
        for name, column in source.columns.items():
            if not isinstance(column, Rest):
                cells[name] = found.make(column)
        for name, column in source.columns.items():
            if isinstance(column, Rest):
                cells[name] = self._from_rest(source.table, column.key, cells[column.key]).get(name, "")
        return cells

    def _from_rest(self, table: str, key: str, value: str) -> Mapping[str, str]:
        """The cells of the first row of the design in `from` that has ``value`` in its column ``key``."""
        if (table, key) not in self._by_key:
            rows = self._rest[table] if self._rest else []
            self._by_key[table, key] = {row[key]: row.cells for row in reversed(rows)}
        return self._by_key[table, key].get(value, {})

    def _blank(self, source: Source, name: str, found: Found) -> None:
        """Fault a cell that must not be blank."""
        column = source.columns.get(name)
        if not isinstance(column, Cell):
            self._faults.add(
                f"{found.origin}: nothing gives {source.table}.csv its {name}. Mend {source.place.where} of the mapping."
            )
            return
        found.fault(column.heading, f"leaves {source.table}.csv without its {name}. {_remedy(found, column.heading)}")

    def label(self, labels: Labels, roots: Sequence[MadeRow], splits: Sequence[MadeRow]) -> list[str]:
        """Name roots and label splits so that each HRG has the workbook's label; gives the HRGs that have a label and no split."""
        before = self._faults.count
        found = self._labels(labels)
        if self._faults.count > before:
            return []
        by_root: dict[str, list[MadeRow]] = {}
        for split in splits:
            by_root.setdefault(split.cells["root"], []).append(split)
            if _hrg(split) not in found:
                place = f"sheet {labels.place.sheet!r}: no label for {_hrg(split)}"
                self._faults.add(f"{place} of splits.csv. Add the HRG to the sheet, or take it out of splits.csv.")
        for root in roots:
            own = by_root.get(root.cells["root"], [])
            if not own or any(_hrg(split) not in found for split in own):
                continue  # said above, or by the compiler
            name, written = part_labels([found[_hrg(split)][0] for split in own], [split.cells for split in own])
            root.cells["name"] = name
            _add_note(root, "name", found[_hrg(own[0])][1])
            for split, text in zip(own, written, strict=True):
                split.cells["label"] = text
                _add_note(split, "label", found[_hrg(split)][1])
        return sorted(set(found) - {_hrg(split) for split in splits})

    def _labels(self, labels: Labels) -> dict[str, tuple[str, str]]:
        """The label of each HRG, and where it stands."""
        labelled: dict[str, tuple[str, str]] = {}
        for found in self._find(labels.place, [labels.hrg, labels.label]):
            hrg, label = found.make(labels.hrg), found.make(labels.label)
            for text, cell in ((hrg, labels.hrg), (label, labels.label)):
                if not text and not found.faulty:
                    found.fault(cell.heading, f"is blank. {_remedy(found, cell.heading)}")
            other, origin = labelled.setdefault(hrg, (label, found.origin))
            if other != label and not found.faulty:
                found.fault(labels.hrg.heading, f"{hrg} has another label in {origin}. Keep one of them")
        return labelled

    def _find(self, place: Place, columns: Sequence[Column]) -> Iterator[Found]:
        return find_rows(self._sheets, self._names, place, columns, self._faults)


def _remedy(found: Found, heading: str) -> str:
    merged = found.merged(heading)
    if merged:
        return f"It is one of the merged cells {merged}, whose value stands in the first only: part them and fill each"
    return "Fill it, or leave the row out with `keep` or `drop`"


def _hrg(split: MadeRow) -> str:
    return split.cells["root"] + split.cells["split"]


def _add_note(row: MadeRow, what: str, origin: str) -> None:
    """Say in a row's note that its name or label comes from elsewhere than the row itself."""
    if origin != row.origin:
        note = row.cells.get("note", "")
        row.cells["note"] = f"{note}; {what}: {origin}" if note else f"{what}: {origin}"


def _line(cells: Sequence[str]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue()
