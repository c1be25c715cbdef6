"""Changes of tables that would settle disagreements: which root rules, which CC points, which bounds of splits, which checks."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from hrgcore.analysis.edits import Edits
from hrgcore.analysis.reconcile import CHECKS, Flags
from hrgcore.design import Bundle
from hrgcore.design.tables import Row

LEAST = 3  #: spells that a change must settle, on balance, to be proposed
_WHOLE = 0.95  # of a rule's spells that must go to one root for the rule itself to change
NOTE = "proposed by hrgcore reconcile"


@dataclass
class Proposal:
    """A change: its ``kind`` and what it is about, ``gain`` in spells of the half that it was found in, and whom it concerns.

    ``rules``, ``roots`` and ``codes`` say which spells it can touch: those that a rule decided, that are of a root, or whose
    primary diagnosis is a code. ``before`` and ``after`` are filled in when it is tried on the other half.
    """

    kind: str
    of: str
    says: str
    gain: int
    edits: Edits
    rules: frozenset[str] = frozenset()
    roots: frozenset[str] = frozenset()
    codes: frozenset[str] = frozenset()
    spells: int = 0
    before: int = 0
    after: int = 0
    problem: str = ""
    example: int = 0

    def touches(self, spells: pa.Table) -> Flags:
        """Which spells it can touch."""
        found: Flags = np.zeros(len(spells), np.bool_)
        for column, names in (("SpellRootRule", self.rules), ("root_ours", self.roots), ("SpellPDiag", self.codes)):
            if names:
                found |= np.isin(np.array(spells.column(column).to_pylist(), dtype=object), list(names))
        return found


@dataclass
class _Moves:
    """Of one rule: for each code that decided, how many spells have which official root."""

    codes: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    example: int = 0


def propose_roots(spells: pa.Table, bundle: Bundle) -> list[Proposal]:
    """Root rules whose spells have another root officially: the rule's root, or single codes of it moved to a row of their own."""
    rows = {row.reference: row for table in ("diagnosis_roots", "procedure_roots", "exceptions") for row in bundle.tables[table]}
    roots = {row["root"] for row in bundle.tables["roots"] if row["kind"] == "core"}
    error = bundle.strings("hrg_codes")[0]
    found: dict[str, _Moves] = defaultdict(_Moves)
    columns = ("SpellRootRule", "root", "SpellPDiag", "SpellDominantProcedure", "SpellHRG", "official", "spell")
    for rule, root, diagnosis, procedure, ours, official, spell in zip(
        *(spells.column(c).to_pylist() for c in columns), strict=True
    ):
        if rule in rows and error not in (ours, official):
            table = rows[rule].table
            code = diagnosis if table == "diagnosis_roots" else procedure if table == "procedure_roots" else ""
            moves = found[rule]
            moves.codes[code][root] += 1
            if root != ours[:4] and not moves.example:
                moves.example = spell
    proposals = []
    for rule, moves in found.items():
        proposals += _of_rule(rows[rule], moves, roots)
    return proposals


def _of_rule(row: Row, moves: _Moves, roots: set[str]) -> list[Proposal]:
    own = row["root"]
    total: Counter[str] = Counter()
    for counts in moves.codes.values():
        total.update(counts)
    target, most = total.most_common(1)[0]
    spells = sum(total.values())
    if target != own and target in roots and most >= _WHOLE * spells and most - total[own] >= LEAST:
        edits = Edits()
        edits.change(row, "root", target)
        says = f"{row.reference}: root {own} becomes {target}"
        return [
            Proposal(
                "root", f"{own} to {target}", says, most - total[own], edits, frozenset({row.reference}), example=moves.example
            )
        ]
    if row.table == "exceptions":
        return []
    to: dict[str, list[str]] = defaultdict(list)
    gains: Counter[str] = Counter()
    for code, counts in moves.codes.items():
        best, size = counts.most_common(1)[0]
        if best != own and best in roots and code and 2 * size > sum(counts.values()) and size - counts[own] >= LEAST:
            to[best].append(code)
            gains[best] += size - counts[own]
    proposals = []
    for best, codes in to.items():
        edits = Edits()
        edits.take_away(row, codes)
        edits.add(row.table, {**row.cells, "codes": " ".join(sorted(codes)), "root": best, "basis": "observed", "note": NOTE})
        says = f"{row.reference}: {' '.join(sorted(codes))} moved to a row of their own that leads to {best}, not {own}"
        proposals.append(
            Proposal("root", f"{own} to {best}", says, gains[best], edits, frozenset({row.reference}), example=moves.example)
        )
    return proposals


def propose_checks(spells: pa.Table, bundle: Bundle) -> list[Proposal]:
    """Primary diagnoses that fail on one side alone."""
    error = bundle.strings("hrg_codes")[0]
    counts: dict[str, Counter[tuple[bool, bool]]] = defaultdict(Counter)
    examples: dict[str, int] = {}
    columns = ("SpellPDiag", "SpellHRG", "official", "fault", "spell")
    for code, ours, official, fault, spell in zip(*(spells.column(c).to_pylist() for c in columns), strict=True):
        counts[code][ours == error, official == error] += 1
        if fault == CHECKS:
            examples.setdefault(code, spell)
    rows = bundle.tables["diagnosis_errors"]
    valid = set(bundle.strings("icd10_codes")) - {""}
    kinds = Counter(row["error"] for row in rows)
    proposals = []
    for code, seen in counts.items():
        if code not in valid:
            continue
        stops, lets = seen[False, True], seen[True, False]
        grouped, failed = stops + seen[False, False], lets + seen[True, True]
        naming = [row for row in rows if code in row.codes["codes"]]
        edits = Edits()
        if kinds and stops >= LEAST and 2 * stops > grouped and not naming:
            kind = kinds.most_common(1)[0][0]
            edits.add("diagnosis_errors", {"codes": code, "error": kind, "step": "1", "basis": "observed", "note": NOTE})
            says = f"diagnosis_errors.csv: {code} fails as primary diagnosis ({kind}; which category, no output says)"
            proposals.append(
                Proposal("validation", code, says, 2 * stops - grouped, edits, codes=frozenset({code}), example=examples[code])
            )
        elif lets >= LEAST and 2 * lets > failed and naming:
            for row in naming:
                edits.take_away(row, [code])
            says = f"{', '.join(row.reference for row in naming)}: {code} does not fail as primary diagnosis"
            proposals.append(
                Proposal("validation", code, says, 2 * lets - failed, edits, codes=frozenset({code}), example=examples[code])
            )
    return proposals


def by_gain(proposals: Iterable[Proposal]) -> list[Proposal]:
    """The proposals that settle most, first."""
    return sorted(proposals, key=lambda proposal: (-proposal.gain, proposal.kind, proposal.of, proposal.says))


def rows_of(proposals: Iterable[Proposal]) -> list[Mapping[str, Any]]:
    """The proposals as rows of a table."""
    return [
        {"kind": p.kind, "of": p.of, "change": p.says, "gain_found": p.gain, "held_out_spells": p.spells, "agree_before": p.before,
         "agree_after": p.after, "problem": p.problem, "example": p.example}
        for p in proposals
    ]  # fmt: skip
