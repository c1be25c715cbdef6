"""The codes of a design by what its tables say of them, worked out when they are asked for."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from hrgcore.columns import CODED_FIELDS
from hrgcore.design.codes import CodeCell
from hrgcore.design.tables import SCORES, Row, Tables
from hrgcore.reference.design import Design

_AFTER_ANY = "~"  # sorts behind every character of a code
_MOST_POINTED = 400  # codes looked at for one row of points: they stand in for all others of the row


@dataclass(frozen=True)
class Diagnosis:
    """What the tables say of a diagnosis."""

    code: str
    lists: frozenset[str]
    hierarchy: int | None
    component: str  # of the trauma score: the body site
    errors: tuple[Row, ...]  # rules by which it may fail as primary diagnosis
    rooted: bool

    @property
    def told(self) -> tuple[object, ...]:
        """What the tables tell it from others by, as far as it matters here."""
        return self.lists, self.hierarchy, self.component, tuple(rule.line for rule in self.errors)


@dataclass(frozen=True)
class Procedure:
    """What the tables say of a procedure. ``longest_stay`` may be infinite; ``hierarchy`` is None where it is not covered."""

    code: str
    lists: frozenset[str]
    hierarchy: int | None
    error: str
    longest_stay: float

    @property
    def told(self) -> tuple[object, ...]:
        return self.lists, self.hierarchy, self.error, self.longest_stay

    def weight(self, los: int) -> int:
        """Its hierarchy in a stay of so many days; 0 where it can't be dominant."""
        return 0 if los > self.longest_stay else self.hierarchy or 0


@dataclass(frozen=True)
class Pointed:
    """A code that gives points, and the part of the score that takes its points only once."""

    code: str
    points: int
    part: str


class Pools:
    """Codes of one design."""

    def __init__(self, tables: Tables, design: Design) -> None:
        self.tables = tables
        self.design = design
        self.field_of_set = {row["set"]: row["field"] for row in tables["sets"]}
        self._codes = {scheme: tables.code_list(scheme) for scheme in ("icd10", "opcs4")}
        self._diagnoses: dict[str, Diagnosis] = {}
        self._procedures: dict[str, Procedure] = {}
        self._members: dict[tuple[str, str], tuple[str, ...]] = {}
        self._points: dict[tuple[str, str], tuple[Pointed, ...]] = {}

    def diagnosis(self, code: str) -> Diagnosis:
        if code not in self._diagnoses:
            design = self.design
            self._diagnoses[code] = Diagnosis(
                code,
                design.diagnosis_lists.lists(code),
                design.diagnosis_hierarchy(code),
                design.component("trauma_diagnosis", code),
                design.diagnosis_errors.rules(code),
                bool(design.diagnosis_roots.rules(code)),
            )
        return self._diagnoses[code]

    def procedure(self, code: str) -> Procedure:
        if code not in self._procedures:
            row = self.design.procedures.row(code)
            self._procedures[code] = Procedure(
                code,
                self.design.procedure_lists.lists(code),
                self.design.procedure_hierarchy(code),
                row["error"].strip() if row else "",
                self.design.longest_stay(code),
            )
        return self._procedures[code]

    def named(self, cell: CodeCell, scheme: str) -> Iterator[str]:
        """The codes that a cell names, in the order of its terms."""
        codes = self._codes[scheme]
        for term in cell.terms:
            for code in codes[bisect_left(codes, term.first) : bisect_right(codes, term.last + _AFTER_ANY)]:
                if code in cell:
                    yield code

    def members(self, table: str, name: str) -> tuple[str, ...]:
        """The codes on a list of `diagnosis_lists` or `procedure_lists`, sorted."""
        if (table, name) not in self._members:
            scheme = "icd10" if table == "diagnosis_lists" else "opcs4"
            found = {code for row in self.tables[table] if row["list"] == name for code in self.named(row.codes["codes"], scheme)}
            self._members[table, name] = tuple(sorted(found))
        return self._members[table, name]

    @cached_property
    def values(self) -> dict[str, list[tuple[str, frozenset[str]]]]:
        """The accepted values of each coded field, each with the sets that it is in; values in few sets come first."""
        found: dict[str, list[tuple[str, frozenset[str]]]] = {field: [] for field in CODED_FIELDS}
        for row in self.tables["value_sets"]:
            own = found.setdefault(row["field"], [])
            own += [(value, self.design.sets(row["field"], value)) for value in row["values"].split()]
        return {field: sorted(values, key=lambda value: len(value[1])) for field, values in found.items()}

    @cached_property
    def primaries(self) -> list[Diagnosis]:
        """Diagnoses that may stand first and lead somewhere: one for all of which the tables say the same; plain ones first."""
        alike: dict[tuple[object, ...], Diagnosis] = {}
        for code in self._codes["icd10"]:
            found = self.diagnosis(code)
            if found.rooted and found.hierarchy is not None and all(rule.conditions for rule in found.errors):
                alike.setdefault(found.told, found)
        return sorted(
            alike.values(), key=lambda one: (len(one.lists), len(one.errors), bool(one.component), one.hierarchy, one.code)
        )

    @cached_property
    def weighed(self) -> list[Procedure]:
        """Procedures that can be dominant, the least first: one for all of which the tables say the same."""
        alike: dict[tuple[object, ...], Procedure] = {}
        for code in self._codes["opcs4"]:
            found = self.procedure(code)
            if found.hierarchy:
                alike.setdefault(found.told, found)
        return sorted(alike.values(), key=lambda one: (len(one.lists), one.hierarchy, one.code))

    @cached_property
    def bystanders(self) -> list[str]:
        """Procedures of hierarchy 0 that fail nothing, plain ones first."""
        found = [one for code in self._codes["opcs4"] if (one := self.procedure(code)).hierarchy == 0 and not one.error]
        plain = [one for one in found if not self.design.unbundling.rules(one.code)]
        return [one.code for one in sorted(plain, key=lambda one: (len(one.lists), one.code))]

    def scored(self, score: str) -> tuple[Pointed, ...]:
        """The codes that give points in a score, plain ones first."""
        rows = [row for row in self.tables["scores"] if row["score"] == score]
        return self._pointed("scores", score, rows, SCORES[score])

    def cc(self, cc_list: str) -> tuple[Pointed, ...]:
        """The diagnoses that give CC points on a list, plain ones first."""
        rows = [row for row in self.tables["cc_lists"] if row["list"] == cc_list]
        return self._pointed("cc_lists", cc_list, rows, "icd10")

    def _pointed(self, table: str, name: str, rows: Iterable[Row], scheme: str) -> tuple[Pointed, ...]:
        if (table, name) not in self._points:
            values = self.design.cc_lists.get(name) if table == "cc_lists" else self.design.scores[name]
            found: dict[str, Pointed] = {}
            for row in rows:
                for code in _thinned(list(self.named(row.codes["codes"], scheme)), _MOST_POINTED):
                    decides = values.row(code) if values else None
                    if decides is not None and int(decides["points"]):
                        # Forms of one diagnosis count once in a CC score, codes of one component in the others.
                        part = code[:4] if table == "cc_lists" else decides["component"].strip() or code
                        found[code] = Pointed(code, int(decides["points"]), part)
            of = self.procedure if scheme == "opcs4" else self.diagnosis
            self._points[table, name] = tuple(sorted(found.values(), key=lambda one: (len(of(one.code).lists), one.code)))
        return self._points[table, name]


def _thinned(codes: list[str], most: int) -> list[str]:
    """At most so many of some codes, evenly spread."""
    return codes[:: -(-len(codes) // most)] if len(codes) > most else codes
