"""The fields of a logic as the page shows them, out of the registries of columns."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, cached_property

from hrgcore import messages
from hrgcore.columns import APC_COLUMNS, KEY_FIELDS, MAX_CODES
from hrgcore.logics import ROW_LOGICS
from hrgcore.logics.fields import Field

CODE_KINDS = ("icd10", "opcs4")  #: kinds of fields whose values are codes, which may be completed
MOST_EPISODES, MOST_DAYS = 40, 120  #: on one page
APC = "apc"
APC_TITLE = "admitted care"
#: Diagnoses and procedures of the official layout of admitted care, and the columns that they stand before.
OFFICIAL_CODES = (14, 12)
_NUMBERED = re.compile(r"([A-Z]+)_([0-9]{2})")


@dataclass(frozen=True)
class Form:
    """What the page has for a logic: its fields, what its rows are, what they make up, how many it takes, and what they share.

    ``keys`` are the same in all rows of a spell or a period.
    """

    logic: str
    title: str
    row: str
    whole: str
    most: int
    keys: tuple[Field, ...]
    fields: tuple[Field, ...]

    @property
    def rows(self) -> str:
        """What its rows are, as messages name them: `episodes`."""
        return f"{self.row.lower()}s"

    @property
    def several(self) -> bool:
        """Whether several rows make up something: the episodes of a spell, the days of a period."""
        return self.most > 1

    @property
    def days(self) -> bool:
        """Whether rows are grouped each by itself, and then held against one another: the days of a period."""
        return self.several and self.logic != APC

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
            return [one.place(place) for one in (*self.keys, *self.fields) for place in range(20 if one.many else 1)]
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
            Field(column.name, column.kind, messages.label(column.name), column.doc, column.mandatory)
            for column in APC_COLUMNS
            if column.kind == "number" or column.kind == "coded"
        )
        codes = (
            Field("DIAG", "icd10", "Diagnosis", "diagnosis", must=True, many=True),
            Field("OPER", "opcs4", "Procedure", "procedure", many=True),
        )
        labels = dict(zip(KEY_FIELDS, ("Provider", "Spell number"), strict=True))
        docs = {column.name: column.doc for column in APC_COLUMNS}
        keys = tuple(Field(name, "key", label, docs[name]) for name, label in labels.items())
        return Form(APC, APC_TITLE, "Episode", "spell", MOST_EPISODES, keys, (*plain, *codes))
    own = ROW_LOGICS[logic]
    row, whole, most = ("Day", "period", MOST_DAYS) if own.keys else ("Row", "row", 1)
    return Form(logic, own.title, row, whole, most, own.keys, tuple(one for one in own.fields if one.kind != "key"))
