"""Changes to the tables of a design, as texts of files: proposed, shown as a diff, tried out, and never written into a design."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import unified_diff

from hrgcore.design.tables import Row


@dataclass
class Edits:
    """Changed cells by row, and new rows by table. Rows are named by table and line of the design as it is."""

    cells: dict[tuple[str, int], dict[str, str]] = field(default_factory=dict)
    added: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    removed: set[tuple[str, int]] = field(default_factory=set)

    def change(self, row: Row, column: str, value: str) -> None:
        """Give a cell another value."""
        self.cells.setdefault((row.table, row.line), {})[column] = value

    def value(self, row: Row, column: str) -> str:
        """What a cell holds once changed."""
        return self.cells.get((row.table, row.line), {}).get(column, row[column])

    def take_away(self, row: Row, codes: Iterable[str]) -> None:
        """Take codes out of a row's code cell; a row of which nothing is left goes."""
        terms = self.value(row, "codes").split()
        for code in codes:
            if code in terms:
                terms.remove(code)
            if any(term.names(code) for term in row.codes["codes"].terms if str(term) in terms):
                terms.append(f"!{code}")
        if all(term.startswith("!") for term in terms):
            self.removed.add((row.table, row.line))
        else:
            self.change(row, "codes", " ".join(terms))

    def add(self, table: str, cells: Mapping[str, str]) -> None:
        """Add a row."""
        self.added.setdefault(table, []).append(dict(cells))

    def merged(self, others: Sequence[Edits]) -> Edits:
        """All changes together. Where two change one cell of codes, both hold."""
        total = Edits({k: dict(v) for k, v in self.cells.items()}, {k: list(v) for k, v in self.added.items()}, set(self.removed))
        for other in others:
            for key, cells in other.cells.items():
                own = total.cells.setdefault(key, {})
                for column, value in cells.items():
                    if column == "codes" and column in own:
                        kept = [term for term in own[column].split() if term.startswith("!") or term in value.split()]
                        own[column] = " ".join(dict.fromkeys([*kept, *(t for t in value.split() if t.startswith("!"))]))
                    else:
                        own[column] = value
            for table, rows in other.added.items():
                total.added.setdefault(table, []).extend(rows)
            total.removed |= other.removed
        return total

    def applied(self, texts: Mapping[str, str]) -> dict[str, str]:
        """The texts of a design's files with the changes in them."""
        changed = dict(texts)
        for table in {table for table, _ in (*self.cells, *self.removed)} | set(self.added):
            name = f"{table}.csv"
            lines = changed[name].splitlines()
            heads = next(csv.reader([lines[0].lstrip("\ufeff")]))
            for (of, line), cells in self.cells.items():
                if of == table:
                    own = dict(zip(heads, next(csv.reader([lines[line - 1]])), strict=False))
                    lines[line - 1] = _line([(own | cells).get(head, "") for head in heads])
            gone = {line for of, line in self.removed if of == table}
            lines = [text for number, text in enumerate(lines, 1) if number not in gone]
            lines += [_line([row.get(head, "") for head in heads]) for row in self.added.get(table, ())]
            changed[name] = "\n".join(lines) + "\n"
        return changed

    def diff(self, texts: Mapping[str, str]) -> str:
        """The changes as a unified diff of the design's files, for `git apply` or `patch -p1`."""
        changed = self.applied(texts)
        parts: list[str] = []
        for name in sorted(changed):
            if changed[name] != texts[name]:
                before, after = (f"{side}/{name}" for side in "ab")
                parts += unified_diff(texts[name].splitlines(True), changed[name].splitlines(True), before, after, n=1)
        return "".join(parts)


def _line(cells: Sequence[str]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="").writerow(cells)
    return out.getvalue()
