"""What a design says of a code, and which codes begin as somebody types. Codes only: their texts are their owners'."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass

from hrgcore import messages
from hrgcore.design.tables import Tables
from hrgcore.reference.design import Design
from hrgcore.reference.record import normalised, read_icd10, read_opcs4

SCHEMES = ("icd10", "opcs4")
_MOST = 20
_MOST_ROOTS = 3


@dataclass(frozen=True)
class Said:
    """What is said of a code; an invalid one is said to be so."""

    text: str
    valid: bool


class CodeBook:
    """The codes of a design."""

    def __init__(self, design: Design, tables: Tables) -> None:
        self._design = design
        self._sorted = {scheme: tables.code_list(scheme) for scheme in SCHEMES}
        self._names: Mapping[str, str] = {row["root"]: row["name"].replace("{}", "").strip(" ,") for row in tables["roots"]}

    def complete(self, scheme: str, typed: str) -> list[tuple[str, str]]:
        """The first codes of a scheme that begin with what was typed, each with what is said of it."""
        start = normalised(typed.strip())
        codes = self._sorted[scheme]
        at = bisect_left(codes, start)
        found = [code for code in codes[at : at + _MOST] if start and code.startswith(start)]
        return [(code, self.said(scheme, code).text) for code in found]

    def said(self, scheme: str, text: str) -> Said:
        """What the design says of a code as it was typed."""
        code = normalised(text.strip())
        return self._diagnosis(code) if scheme == "icd10" else self._procedure(code)

    def _diagnosis(self, code: str) -> Said:
        listed = read_icd10(self._design, code)
        if listed is None:
            return Said("not a valid ICD-10 code here", False)
        said = [f"read as {listed}"] if listed != code else []
        failing = next((row for row in self._design.diagnosis_errors.rules(listed) if not row.conditions), None)
        if failing is not None:
            error = failing["error"]
            said.append(f"not as primary: {messages.category(error, self._design.errors[error])}")
        else:
            said.append(self._leads([row["root"] for row in self._design.diagnosis_roots.rules(listed)]))
        return Said("; ".join(said), True)

    def _procedure(self, code: str) -> Said:
        listed = read_opcs4(self._design, code)
        if listed is None:
            return Said("not a valid OPCS-4 code here", False)
        hierarchy = self._design.procedure_hierarchy(listed)
        if hierarchy is None:
            return Said("not covered by the design", True)
        if hierarchy == 0:
            return Said("never dominant", True)
        leads = self._leads([row["root"] for row in self._design.procedure_roots.rules(listed)])
        return Said(f"hierarchy {hierarchy}; {leads}", True)

    def _leads(self, roots: list[str]) -> str:
        several = list(dict.fromkeys(roots))
        if not several:
            return "not covered by the design"
        if len(several) == 1:
            return f"{several[0]} {self._names.get(several[0], '')}".strip()
        more = " and others" if len(several) > _MOST_ROOTS else ""
        return f"{', '.join(several[:_MOST_ROOTS])}{more}"
