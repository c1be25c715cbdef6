"""The columns of admitted care, declared once: readers, encoding, validation and writers all read this registry."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from hrgcore.errors import InputError

Kind = Literal["key", "number", "coded", "icd10", "opcs4", "ignored"]

MAX_CODES = 99  #: the most diagnosis and the most procedure columns that a record may have


@dataclass(frozen=True)
class Column:
    """One input field: its official name, kind, whether it must be there, the HES names that mean it, and what it holds."""

    name: str
    kind: Kind
    mandatory: bool
    doc: str
    aliases: tuple[str, ...] = ()


APC_COLUMNS: tuple[Column, ...] = (
    Column("PROCODET", "key", True, "provider; with PROVSPNO the spell key", ("PROCODE3", "PROCODE5", "PROCODE")),
    Column("PROVSPNO", "key", True, "hospital provider spell number", ("PROVSPNOPS", "SUSSPELLID")),
    Column("EPIORDER", "number", True, "order of the episode in its spell"),
    Column("STARTAGE", "number", True, "age in whole years at episode start"),
    Column("SEX", "coded", True, "sex"),
    Column("CLASSPAT", "coded", True, "patient classification"),
    Column("ADMISORC", "coded", True, "source of admission"),
    Column("ADMIMETH", "coded", True, "method of admission"),
    Column("DISDEST", "coded", True, "discharge destination"),
    Column("DISMETH", "coded", True, "discharge method"),
    Column("EPIDUR", "number", True, "days of the episode"),
    Column("MAINSPEF", "coded", True, "main specialty of the consultant"),
    Column("NEOCARE", "ignored", False, "neonatal level of care"),
    Column("TRETSPEF", "coded", True, "treatment function"),
    Column("CRITICALCAREDAYS", "number", False, "critical care days in the episode"),
    Column("REHABILITATIONDAYS", "number", False, "rehabilitation days in the episode"),
    Column("SPCDAYS", "number", False, "specialist palliative care days in the episode"),
)

KEY_FIELDS: tuple[str, ...] = tuple(column.name for column in APC_COLUMNS if column.kind == "key")
CODED_FIELDS: tuple[str, ...] = tuple(column.name for column in APC_COLUMNS if column.kind == "coded")
NUMBER_FIELDS: tuple[str, ...] = tuple(column.name for column in APC_COLUMNS if column.kind == "number")

_DIAGNOSIS = re.compile(r"DIAG_(?:4_)?(\d{1,2})")
_PROCEDURE = re.compile(r"(?:OPER_|OPERTN_4_|OPERTN_)(\d{1,2})")
#: A column of lists is named as the numbered columns are, without the number.
DIAGNOSIS_LISTS = ("DIAG",)
PROCEDURE_LISTS = ("OPER", "OPERTN")


#: What HES calls a person, and the day on which a stay began.
_PERSONS, _ADMITTED = ("TOKEN_PERSON_ID", "PSEUDO_HESID", "ENCRYPTED_HESID", "EXTRACT_HESID", "HESID"), "ADMIDATE"


@dataclass(frozen=True)
class Layout:
    """Where the fields of one input stand: the input's own column name for each official name.

    ``fields`` maps official names to the input's; ``diagnoses`` and ``procedures`` hold the input's names in order of position (the
    position of entry ``i`` is ``i + 1``). Where ``diagnosis_lists`` or ``procedure_lists`` is set, it is one column of lists
    instead, and positions are those in each row's list. ``hes`` tells that the input has HES names.
    """

    fields: dict[str, str]
    diagnoses: tuple[str, ...]
    procedures: tuple[str, ...]
    hes: bool
    diagnosis_lists: bool = False
    procedure_lists: bool = False

    @property
    def names(self) -> list[str]:
        """The columns that grouping reads, each once."""
        return [*self.fields.values(), *self.diagnoses, *self.procedures]


def apc_layout(names: Sequence[str], source: str = "the input") -> Layout:
    """Find the fields of admitted care among an input's column names; letter case does not matter.

    Diagnoses and procedures stand in numbered columns (`DIAG_01`) or, where there is none, in one column of lists (`DIAG`).

    Raises InputError where a heading stands twice, a mandatory column is missing, or diagnosis or procedure columns skip a number.
    """
    found = find_headings(names, source)
    fields: dict[str, str] = {}
    aliased = False
    for column in APC_COLUMNS:
        for candidate in (column.name, *column.aliases):
            if candidate in found:
                fields[column.name] = found[candidate]
                aliased |= candidate != column.name
                break
    diagnoses = numbered_columns(_DIAGNOSIS, found, source, "diagnosis")
    procedures = numbered_columns(_PROCEDURE, found, source, "procedure")
    diagnosis_lists, procedure_lists = not diagnoses, not procedures
    if diagnosis_lists:
        diagnoses = list_columns(DIAGNOSIS_LISTS, found, source, "diagnoses")
    if procedure_lists:
        procedures = list_columns(PROCEDURE_LISTS, found, source, "procedures")
    missing = [column.name for column in APC_COLUMNS if column.mandatory and column.name not in fields]
    if not diagnoses:
        missing.append("DIAG_01")
    if missing:
        raise InputError(
            f"{source}: no column {', '.join(missing)}. Admitted care needs it under this name or its HES name; if the file has no"
            f" headings, give its record definition file (--rdf).{_without_spells(missing, found)}"
        )
    hes = aliased or any("_4_" in name.upper() for name in diagnoses)
    return Layout(fields, diagnoses, procedures, hes, diagnosis_lists, procedure_lists and bool(procedures))


def _without_spells(missing: Sequence[str], found: dict[str, str]) -> str:
    """What to do with a HES extract that has everything but the number of the spell; else nothing."""
    person = next((found[name] for name in _PERSONS if name in found), None)
    if missing != ["PROVSPNO"] or person is None or _ADMITTED not in found:
        return ""
    return (
        f" This looks like a HES extract without spell numbers: add a column PROVSPNO of {person} and {found[_ADMITTED]} put"
        " together, which the episodes of a stay share."
    )


def find_headings(names: Sequence[str], source: str) -> dict[str, str]:
    """An input's column names by what they are in capitals, without blanks around. Raises InputError where one stands twice."""
    found: dict[str, str] = {}
    for name in names:
        key = name.strip().upper()
        if key in found:
            raise InputError(f"{source}: the heading {name!r} stands twice. Rename or drop one of the two columns.")
        found[key] = name
    return found


def list_columns(names: Sequence[str], found: dict[str, str], source: str, what: str) -> tuple[str, ...]:
    """The column of lists of a field, if there is one. Raises InputError where there are several."""
    columns = [found[name] for name in names if name in found]
    if len(columns) > 1:
        raise InputError(f"{source}: columns {' and '.join(columns)} are both lists of {what}. Keep one of them.")
    return tuple(columns)


def numbered_columns(pattern: re.Pattern[str], found: dict[str, str], source: str, what: str) -> tuple[str, ...]:
    """The columns whose headings match ``pattern``, in order of the number in it. Raises InputError where they skip a number."""
    positions: dict[int, str] = {}
    for key, name in found.items():
        match = pattern.fullmatch(key)
        if match is None:
            continue
        position = int(match[1])
        if position in positions:
            raise InputError(f"{source}: columns {positions[position]} and {name} are both {what} {position}. Keep one of them.")
        positions[position] = name
    expected = range(1, len(positions) + 1)
    if sorted(positions) != list(expected):
        gap = next(position for position in expected if position not in positions)
        raise InputError(f"{source}: {what} columns skip number {gap}. Number them from 1 without a gap.")
    return tuple(positions[position] for position in expected)
