"""What the design tables say about a code: its value, its lists, its rules in the order in which they are tried.

Answers are worked out from the rows when a code is first asked for, and kept.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence

from hrgcore.design.codes import CodeCell, Term
from hrgcore.design.tables import Row

_AFTER_ANY = "~"  # sorts behind every character of a code


class CodeList:
    """The valid codes of a scheme, and how many of them a term names."""

    def __init__(self, codes: Sequence[str]) -> None:
        self._sorted = sorted(codes)
        self._codes = frozenset(codes)
        self._sizes: dict[Term, int] = {}

    def __contains__(self, code: str) -> bool:
        return code in self._codes

    def size(self, term: Term) -> int:
        """The number of listed codes that ``term`` names: the smaller, the more specific."""
        if term not in self._sizes:
            first = bisect_left(self._sorted, term.first)
            self._sizes[term] = bisect_right(self._sorted, term.last + _AFTER_ANY) - first
        return self._sizes[term]


class NamedRows:
    """Which rows name a code in one of their code cells, and how closely."""

    def __init__(self, rows: Iterable[Row], codes: CodeList, column: str = "codes") -> None:
        self._codes = codes
        # Terms within one category stand under the category, wider ones under each of their letters: few remain to be looked at.
        self._terms: dict[str, list[tuple[Term, CodeCell, Row]]] = {}
        for row in rows:
            cell = row.codes[column]
            for term in cell.terms:
                for key in _keys(term):
                    self._terms.setdefault(key, []).append((term, cell, row))

    def naming(self, code: str) -> list[tuple[int, Row]]:
        """(specificity, row) of the rows that name ``code``, in file order; a row counts with its closest term."""
        closest: dict[int, tuple[int, Row]] = {}
        for key in (code[:1], code[:3]):
            for term, cell, row in self._terms.get(key, ()):
                if not term.names(code) or any(other.names(code) for other in cell.without):
                    continue
                size = self._codes.size(term)
                if row.line not in closest or size < closest[row.line][0]:
                    closest[row.line] = (size, row)
        return [closest[line] for line in sorted(closest)]


def _keys(term: Term) -> Iterable[str]:
    if term.first[:3] == term.last[:3] and len(term.first) >= 3:
        return (term.first[:3],)
    return [chr(letter) for letter in range(ord(term.first[0]), ord(term.last[0]) + 1)]


class ValueTable:
    """A table that gives each code one value: of the rows that name a code, the most specific."""

    def __init__(self, rows: Iterable[Row], codes: CodeList) -> None:
        self._rows = NamedRows(rows, codes)
        self._found: dict[str, Row | None] = {}

    def row(self, code: str) -> Row | None:
        """The row for ``code``, or None where no row names it."""
        if code not in self._found:
            naming = self._rows.naming(code)
            self._found[code] = min(naming, key=lambda found: found[0])[1] if naming else None
        return self._found[code]


class RuleTable:
    """Rules about codes, in the order in which they are tried: by step, the most specific first, in file order."""

    def __init__(self, rows: Iterable[Row], codes: CodeList) -> None:
        self._rows = NamedRows(rows, codes)
        self._found: dict[str, tuple[Row, ...]] = {}

    def rules(self, code: str) -> tuple[Row, ...]:
        """The rules for ``code``; none where no row names it."""
        if code not in self._found:
            ordered = sorted(self._rows.naming(code), key=lambda found: (found[1].step, found[0], found[1].line))
            self._found[code] = tuple(row for _, row in ordered)
        return self._found[code]


class ListTable:
    """Named lists of codes; rows of one name add up."""

    def __init__(self, rows: Iterable[Row], codes: CodeList) -> None:
        self._rows = NamedRows(rows, codes)
        self._found: dict[str, frozenset[str]] = {}

    def lists(self, code: str) -> frozenset[str]:
        """The names of the lists that ``code`` is on."""
        if code not in self._found:
            self._found[code] = frozenset(row["list"] for _, row in self._rows.naming(code))
        return self._found[code]


class ExclusionTable:
    """Pairs of a primary and a secondary diagnosis of which the second gives no CC points."""

    def __init__(self, rows: Iterable[Row], codes: CodeList) -> None:
        self._rows = NamedRows(rows, codes, "primary")
        self._found: dict[str, list[Row]] = {}

    def excluding(self, cc_list: str, primary: str, secondary: str) -> Row | None:
        """The first row of ``cc_list`` (or of all lists) that excludes ``secondary`` after ``primary``."""
        if primary not in self._found:
            self._found[primary] = [row for _, row in self._rows.naming(primary)]
        rows = (row for row in self._found[primary] if row["list"] in ("*", cc_list) and secondary in row.codes["excluded"])
        return next(rows, None)


def in_test_order(rows: Iterable[Row]) -> list[Row]:
    """Rules that are not about a code: by step, then in file order."""
    return sorted(rows, key=lambda row: (row.step, row.line))


def by_name(rows: Iterable[Row], column: str) -> dict[str, list[Row]]:
    """Rows gathered by the text of a column, in file order."""
    gathered: dict[str, list[Row]] = {}
    for row in rows:
        gathered.setdefault(row[column], []).append(row)
    return gathered
