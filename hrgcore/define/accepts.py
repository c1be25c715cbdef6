"""How many cells of a column a field would accept under a design: the checks of grouping, asked of one column."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hrgcore.columns import APC_COLUMNS, CODED_FIELDS
from hrgcore.design import Bundle
from hrgcore.encode import Encoder
from hrgcore.engine import kernel_lookups
from hrgcore.errors import InputError
from hrgcore.logics import ROW_LOGICS
from hrgcore.logics.choose import row_grouper
from hrgcore.logics.fields import CODES, Field
from hrgcore.logics.read import reader_of
from hrgcore_kernels.codes import NUMBER_BLANK
from hrgcore_kernels.text import CELL_BLANK

_NUMBERED = re.compile(r"_[0-9]{2}$")
_DATE = r"^\s*(?:[0-9]{8}|[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{1,2}/[0-9]{1,2}/[0-9]{4})(?:[ T][0-9:.]+)?\s*$"


class Accepts:
    """What the fields of a logic accept. Fields are named as record definitions name them: `SEX`, `DIAG_01`."""

    def __init__(self, bundle: Bundle, logic: str) -> None:
        """Raises DesignError where the design's tables can't be read."""
        self._encoder = Encoder(kernel_lookups(bundle))
        self._rows = row_grouper(bundle, ROW_LOGICS[logic], self._encoder) if logic in ROW_LOGICS else None
        fields = self._rows.logic.fields if self._rows else _ADMITTED
        self._fields = {one.name.upper(): one for one in fields}
        choices = bundle.tables.settings
        days = (0, choices.number("days_max"))
        self._ranges = {
            "EPIORDER": (1, choices.number("epiorder_max")),
            "STARTAGE": (0, choices.number("age_max")),
            **dict.fromkeys(("EPIDUR", "CRITICALCAREDAYS", "REHABILITATIONDAYS", "SPCDAYS"), days),
        }
        self._unknown_age = choices.number("age_unknown")

    def field(self, name: str) -> Field | None:
        """What is declared of a field; None where any cell does: keys, and what plays no part in grouping."""
        one = self._fields.get(name) or self._fields.get(_NUMBERED.sub("", name))
        return None if one is None or one.kind == "key" else one

    def must(self, name: str) -> bool:
        """Whether no cell of a field may be blank; of numbered columns that is so of the first at most."""
        one = self.field(name)
        return one is not None and one.must and name.upper() in (one.name.upper(), one.place(0).upper())

    def filled(self, cells: pa.Array) -> int:
        """How many cells of a column of text are not blank."""
        return int((self._encoder.icd10(cells) != CELL_BLANK).sum())

    def usable(self, one: Field, cells: pa.Array) -> int:
        """How many cells of a column of text a field would take."""
        if self._rows is not None:
            numbers = self._rows.numbers(one, cells)
            failed = self._rows.failed(one, numbers)
        elif one.kind in CODES:
            place = CODED_FIELDS.index(one.name) if one.kind == "coded" else 0
            lookup = self._encoder.lookups.field[place] if one.kind == "coded" else None
            numbers = reader_of(one, self._encoder, lookup)(cells, None)
            failed = numbers == 0
        else:
            numbers = reader_of(one, self._encoder, None)(cells, None)
            low, high = self._ranges[one.name]
            failed = ((numbers < low) | (numbers > high)) & ~((one.kind == "age") & (numbers == self._unknown_age))
        blank = numbers == (CELL_BLANK if one.kind in CODES else NUMBER_BLANK)
        return int(np.count_nonzero(~(failed | blank)))

    def alike(self, cells: pa.Array) -> list[tuple[str, int]]:
        """What can be told by itself, and how many cells of a column of text look like it."""
        found = [("ICD-10 codes", self._encoder.icd10), ("OPCS-4 codes", self._encoder.opcs4)]
        dates = pc.sum(pc.match_substring_regex(cells, _DATE)).as_py() or 0
        return [*((what, int((read(cells) > 0).sum())) for what, read in found), ("dates", int(dates))]


def as_text(column: Any, name: str) -> pa.Array:
    """A column as a comma-delimited file would have it: text without nulls. Raises InputError where its type has none."""
    kind = column.type
    try:
        if pa.types.is_date(kind) or pa.types.is_timestamp(kind):
            column = pc.strftime(column, format="%Y%m%d")
        elif pa.types.is_floating(kind) and pc.all(pc.equal(pc.round(column), column)).as_py():
            column = column.cast(pa.int64())
        text = pc.fill_null(column.cast(pa.string()), "")
    except pa.ArrowException:
        raise InputError(f"column {name} is of type {kind}; a comma-delimited file has text and numbers. Write it so.") from None
    return text.combine_chunks() if isinstance(text, pa.ChunkedArray) else text


def _admitted() -> tuple[Field, ...]:
    """Admitted care's fields, as those of the other logics are declared."""
    fields = []
    for column in APC_COLUMNS:
        if column.kind in ("number", "coded"):
            kind = "age" if column.name == "STARTAGE" else column.kind
            fields.append(Field(column.name, kind, column.name, column.doc, column.mandatory))
    diagnoses = Field("DIAG", "icd10", "Diagnosis", "diagnosis", must=True, many=True)
    return (*fields, diagnoses, Field("OPER", "opcs4", "Procedure", "procedure", many=True))


_ADMITTED = _admitted()
