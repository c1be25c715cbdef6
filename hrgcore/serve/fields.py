"""The fields of a logic as the page shows them, out of the registries of columns."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, cached_property

from hrgcore import messages
from hrgcore.columns import APC_COLUMNS, KEY_FIELDS, MAX_CODES
from hrgcore.logics import ROW_LOGICS
from hrgcore.logics.fields import Field

APC = "apc"
APC_TITLE = "admitted care"
#: Diagnoses and procedures of the official layout of admitted care, and the columns that they stand before.
OFFICIAL_CODES = (14, 12)
_NUMBERED = re.compile(r"([A-Z]+)_([0-9]{2})")


@dataclass(frozen=True)
class Shown:
    """A field on the page. ``kind`` is as in `hrgcore.logics.Field`; ``many``: it stands in numbered columns."""

    name: str
    label: str
    kind: str
    must: bool
    many: bool = False

    @property
    def of_codes(self) -> bool:
        """Whether its values are ICD-10 or OPCS-4 codes."""
        return self.kind in ("icd10", "opcs4")

    def column(self, place: int) -> str:
        """The official name of one of its columns, counted from 0."""
        return f"{self.name}_{place + 1:02d}" if self.many else self.name


@dataclass(frozen=True)
class Form:
    """What the page has for a logic: its fields; whether rows make up a spell; and the fields that all rows of it share."""

    logic: str
    title: str
    row: str
    several: bool
    keys: tuple[Shown, ...]
    fields: tuple[Shown, ...]

    def takes(self, column: str) -> bool:
        """Whether a column, by its official name, is a field or a key of the form."""
        if column in self._singles:
            return True
        match = _NUMBERED.fullmatch(column)
        return match is not None and match[1] in self._many and 1 <= int(match[2]) <= MAX_CODES

    @cached_property
    def _singles(self) -> frozenset[str]:
        return frozenset(one.name for one in (*self.keys, *self.fields) if not one.many)

    @cached_property
    def _many(self) -> frozenset[str]:
        return frozenset(one.name for one in self.fields if one.many)

    @cached_property
    def labels(self) -> dict[str, str]:
        """How the fields are called that have one column."""
        return {one.name: one.label for one in (*self.keys, *self.fields) if not one.many}

    @property
    def official(self) -> list[str]:
        """The columns of a row without headings, in the official order; of numbered ones as many as the official layout has."""
        if self.logic != APC:
            return [one.column(place) for one in (*self.keys, *self.fields) for place in range(20 if one.many else 1)]
        names = [column.name for column in APC_COLUMNS]
        diagnoses, procedures = (
            [f"{prefix}_{place:02d}" for place in range(1, count + 1)]
            for prefix, count in zip(("DIAG", "OPER"), OFFICIAL_CODES, strict=True)
        )
        behind = names.index("TRETSPEF") + 1
        return [*names[:behind], *diagnoses, *procedures, *names[behind:]]


@cache
def form_of(logic: str) -> Form:
    """The form of a logic, which is known."""
    if logic == APC:
        plain = tuple(
            Shown(column.name, messages.label(column.name), column.kind, column.mandatory)
            for column in APC_COLUMNS
            if column.kind in ("number", "coded")
        )
        codes = (Shown("DIAG", "Diagnosis", "icd10", True, many=True), Shown("OPER", "Procedure", "opcs4", False, many=True))
        labels = dict(zip(KEY_FIELDS, ("Provider", "Spell number"), strict=True))
        keys = tuple(Shown(name, label, "key", False) for name, label in labels.items())
        return Form(APC, APC_TITLE, "Episode", True, keys, (*plain, *codes))
    own = ROW_LOGICS[logic]
    keys = tuple(_shown(one) for one in own.fields if one.kind == "key")
    return Form(logic, own.title, "Row", False, keys, tuple(_shown(one) for one in own.fields if one.kind != "key"))


def _shown(one: Field) -> Shown:
    return Shown(one.name, one.label, one.kind, one.must, one.many)
