"""How far a design covers the codes of each scheme, and what its tables rest on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from hrgcore.design.tables import BASES, RULE_TABLES, SCHEMA, Row, Tables
from hrgcore.reference.design import Design
from hrgcore.witness.wants import may_all_fail

#: The places that a code may have, the first that fits.
DIAGNOSIS_PLACES = ("error_category", "rooted", "conditional", "unplaced")
PROCEDURE_PLACES = ("never_dominant", "error_category", "rooted", "conditional", "unplaced")

Counts = dict[str, int]


class Coverage:
    """The places of a design's codes."""

    def __init__(self, tables: Tables, design: Design) -> None:
        self.tables = tables
        self.design = design
        self._may_fail: dict[tuple[str, ...], bool] = {}

    def diagnosis(self, code: str) -> str:
        """The place of a primary diagnosis: always an error, led to a root (or an error) in every case, in some, or in none."""
        errors, roots = self.design.diagnosis_errors.rules(code), self.design.diagnosis_roots.rules(code)
        if errors and not self._may_all_fail(errors):
            return "error_category"
        if not roots or self.design.diagnosis_hierarchy(code) is None:
            return "unplaced"
        return "conditional" if self._may_all_fail((*errors, *roots)) else "rooted"

    def procedure(self, code: str) -> str:
        """The place of a procedure: of hierarchy 0, an error where it is dominant, or led to a root in every case, some or none."""
        row, rules = self.design.procedures.row(code), self.design.procedure_roots.rules(code)
        if row is None:
            return "unplaced"
        if int(row["hierarchy"]) == 0:
            return "never_dominant"
        if row["error"].strip():
            return "error_category"
        if not rules:
            return "unplaced"
        return "conditional" if self._may_all_fail(rules) else "rooted"

    def by_scheme(self) -> dict[str, dict[str, object]]:
        """For each scheme how many codes there are, how many have each place, and which have none."""
        return {
            "icd10": self._places(self.tables.code_list("icd10"), self.diagnosis, DIAGNOSIS_PLACES),
            "opcs4": self._places(self.tables.code_list("opcs4"), self.procedure, PROCEDURE_PLACES)
            | {"unbundled": sum(bool(self.design.unbundling.rules(code)) for code in self.tables.code_list("opcs4"))},
        }

    def _places(self, codes: Sequence[str], place_of: Callable[[str], str], places: Sequence[str]) -> dict[str, object]:
        placed = {code: place_of(code) for code in codes}
        counted = Counter(placed.values())
        unplaced = [code for code, place in placed.items() if place == "unplaced"]
        return {"codes": len(codes), "places": {place: counted[place] for place in places}, "unplaced": unplaced}

    def _may_all_fail(self, rules: Sequence[Row]) -> bool:
        key = tuple(rule.reference for rule in rules)
        if key not in self._may_fail:
            self._may_fail[key] = may_all_fail([rule.conditions for rule in rules])
        return self._may_fail[key]


def counts(tables: Tables) -> dict[str, object]:
    """How many codes, roots and HRGs a design has, and how many rules in each table of rules."""
    roots = Counter(row["kind"] for row in tables["roots"])
    kinds = {row["root"]: row["kind"] for row in tables["roots"]}
    hrgs = Counter(kinds.get(row["root"], "core") for row in tables["splits"])
    return {
        "codes": {scheme: len(tables.code_list(scheme)) for scheme in ("icd10", "opcs4")},
        "roots": {kind: roots[kind] for kind in ("core", "unbundled")},
        "hrgs": {kind: hrgs[kind] for kind in ("core", "unbundled")},
        "rules": {table: len(tables[table]) for table in RULE_TABLES},
    }


def rows_by_basis(tables: Tables) -> dict[str, Counts]:
    """How many rows of each table rest on each basis."""
    return {table: _by_basis(row.basis for row in tables[table]) for table in SCHEMA}


def hierarchies_by_basis(tables: Tables, design: Design) -> dict[str, Counts]:
    """How many codes have their hierarchy from a row of each basis."""
    found = {}
    for scheme, table, values in (("icd10", "diagnoses", design.diagnoses), ("opcs4", "procedures", design.procedures)):
        rows = (values.row(code) for code in tables.code_list(scheme))
        found[table] = _by_basis(row.basis for row in rows if row is not None)
    return found


def cc_lists_by_basis(tables: Tables) -> dict[str, Counts]:
    """How many rows of each CC list that a subchapter has rest on each basis."""
    used = dict.fromkeys(row["cc_list"].strip() for row in tables["subchapters"] if row["cc_list"].strip())
    bases: dict[str, list[str]] = {name: [] for name in used}
    for row in tables["cc_lists"]:
        bases.setdefault(row["list"], []).append(row.basis)
    return {name: _by_basis(own) for name, own in bases.items()}


def _by_basis(bases: Iterable[str]) -> Counts:
    counted = Counter(bases)
    return {basis: counted[basis] for basis in BASES}
