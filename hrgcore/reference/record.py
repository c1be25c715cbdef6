"""Reading an episode's texts (docs/grouping.md, section 1) and checking each of its fields (section 2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from math import isnan

from hrgcore import messages
from hrgcore.columns import APC_COLUMNS, CODED_FIELDS, MAX_CODES, NUMBER_FIELDS
from hrgcore.design.codes import ICD10, OPCS4
from hrgcore.reference.design import Design
from hrgcore.reference.results import RecordError

BLANKS = " \t\n\r\v\f"  #: what is dropped around a cell: ASCII white space
MAX_DIGITS = 9
INFANT_AGES = range(7001, 7008)  # HES: under one year

_UPPER = str.maketrans("abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ")
_DIAGNOSES = tuple(f"DIAG_{position:02d}" for position in range(1, MAX_CODES + 1))
_PROCEDURES = tuple(f"OPER_{position:02d}" for position in range(1, MAX_CODES + 1))
_CHECKED = tuple(column for column in APC_COLUMNS if column.kind in ("number", "coded"))


@dataclass(frozen=True)
class Code:
    """A valid code of an episode.

    ``text`` is the code without full stops, in capitals; ``listed`` the code of the code list that it is read as: itself, or its
    four-character parent. ``episode`` counts the spell's episodes from 0, in input order.
    """

    text: str
    listed: str
    field: str
    episode: int

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Episode:
    """An episode as read.

    A coded field without an accepted value is empty. ``numbers``, ``diagnoses`` and ``procedures`` have valid values only; optional
    numbers that are blank or invalid are 0.
    """

    index: int
    coded: Mapping[str, str]
    numbers: Mapping[str, int]
    diagnoses: tuple[Code, ...]
    procedures: tuple[Code, ...]
    errors: tuple[RecordError, ...]
    primary_text: str
    secondary_text: str

    @property
    def has_primary(self) -> bool:
        """Whether DIAG_01 is valid; it is then the first of ``diagnoses``."""
        return bool(self.diagnoses) and self.diagnoses[0].field == "DIAG_01"

    @property
    def order(self) -> int:
        """EPIORDER; 0, before all others, where it is invalid."""
        return self.numbers.get("EPIORDER", 0)

    @property
    def calc_epidur(self) -> int:
        """The days of the episode without critical care, rehabilitation and palliative care days; at least 0."""
        return max(0, self.numbers.get("EPIDUR", 0) - self.other_days)

    @property
    def other_days(self) -> int:
        """The critical care, rehabilitation and palliative care days of the episode."""
        return sum(self.numbers[field] for field in ("CRITICALCAREDAYS", "REHABILITATIONDAYS", "SPCDAYS"))


def cell_text(value: object) -> str:
    """A cell's text without the blanks around it; empty where it has nothing but blanks and hyphens."""
    if value is None or (isinstance(value, float) and isnan(value)):  # data frames write a missing number as NaN
        return ""
    if isinstance(value, float | Decimal) and value % 1 == 0:
        value = int(value)
    text = str(value).strip(BLANKS)
    return text if text.strip(BLANKS + "-") else ""


def normalised(text: str) -> str:
    """The text of a cell as a code: without full stops, in capitals."""
    return text.replace(".", "").translate(_UPPER)


def read_icd10(design: Design, code: str) -> str | None:
    """The listed code that a normalised ICD-10 code is read as; None where it is invalid."""
    if not ICD10.fullmatch(code):
        return None
    if code in design.icd10:
        return code
    parent = code[:4]
    return parent if design.five_character_parent and len(code) == 5 and parent in design.icd10 else None


def read_opcs4(design: Design, code: str) -> str | None:
    """A normalised OPCS-4 code if it is valid, else None."""
    return code if OPCS4.fullmatch(code) and code in design.opcs4 else None


def read_episode(design: Design, index: int, values: Mapping[str, object]) -> Episode:
    """Read and check every field of an episode, whatever fails first."""
    errors: list[RecordError] = []
    coded: dict[str, str] = {}
    numbers = dict.fromkeys((column.name for column in _CHECKED if not column.mandatory), 0)
    for column in _CHECKED:
        field = column.name
        text = cell_text(values.get(field))
        if field in CODED_FIELDS:
            valid = text in design.value_sets.get(field, ())
            coded[field] = text if valid else ""
        elif not text and not column.mandatory:
            continue
        else:
            number = _number(design, field, text)
            valid = number is not None
            if number is not None:
                numbers[field] = number
        if not valid:
            errors.append(RecordError(field, text, messages.invalid(field) if text else messages.blank(field)))
    diagnoses: list[Code] = []
    procedures: list[Code] = []
    for fields, read, codes in ((_DIAGNOSES, read_icd10, diagnoses), (_PROCEDURES, read_opcs4, procedures)):
        for field in fields:
            value = values.get(field)
            if (value is None or value == "") and field != "DIAG_01":
                continue
            text = cell_text(value)
            if not text:
                if field == "DIAG_01":
                    errors.append(RecordError(field, "", messages.blank(field)))
                continue
            code = normalised(text)
            listed = read(design, code)
            if listed is None:
                errors.append(RecordError(field, text, messages.invalid(field)))
            else:
                codes.append(Code(code, listed, field, index))
    primary, secondary = (cell_text(values.get(field)) for field in _DIAGNOSES[:2])
    return Episode(index, coded, numbers, tuple(diagnoses), tuple(procedures), tuple(errors), primary, secondary)


def _number(design: Design, field: str, text: str) -> int | None:
    """The value of a number field; None where it is blank, not a whole number in digits, or out of range."""
    assert field in NUMBER_FIELDS
    if not (text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS):
        return None
    number = int(text)
    if field == "EPIORDER":
        return number if 1 <= number <= design.epiorder_max else None
    if field == "STARTAGE":
        if number in INFANT_AGES:
            return 0
        return number if number <= design.age_max or number == design.age_unknown else None
    return number if number <= design.days_max else None
