"""The words of each error that a record can have, as the official quality files write them where these are known."""

from __future__ import annotations

#: How messages name a field.
FIELD_LABELS = {
    "EPIORDER": "Episode Order",
    "STARTAGE": "Age",
    "SEX": "Sex",
    "CLASSPAT": "Patient Classification",
    "ADMISORC": "Source of Admission",
    "ADMIMETH": "Method of Admission",
    "DISDEST": "Discharge Destination",
    "DISMETH": "Discharge Method",
    "EPIDUR": "Episode Duration",
    "MAINSPEF": "Main Specialty",
    "TRETSPEF": "Treatment Function",
    "CRITICALCAREDAYS": "Critical Care Days",
    "REHABILITATIONDAYS": "Rehabilitation Days",
    "SPCDAYS": "Specialist Palliative Care Days",
    "DIAG_01": "Primary Diagnosis",
}

NO_RULE = "No rule of the design applies"
DIAGNOSIS_NOT_COVERED = "Diagnosis is not covered by the design"
PROCEDURE_NOT_COVERED = "Procedure is not covered by the design"
NO_SPLIT = "No split of the root applies"
AGE_RISES = "Age rises by more than expected in the spell"


def label(field: str) -> str:
    """How messages name ``field``: `Sex`; `Diagnosis` for DIAG_02 and on, `Procedure` for OPER_01 and on."""
    if field in FIELD_LABELS:
        return FIELD_LABELS[field]
    return "Diagnosis" if field.startswith("DIAG_") else "Procedure"


def blank(field: str) -> str:
    """The message for a mandatory field without a value."""
    return f"{label(field)} is blank"


def invalid(field: str) -> str:
    """The message for a value that the field does not accept."""
    return f"{label(field)} is invalid"


def inconsistent(field: str) -> str:
    """The message for a field that differs between the episodes of a spell."""
    return f"{label(field)} is inconsistent in spell"


def duplicated(field: str) -> str:
    """The message for a value that may stand only once in a spell."""
    return f"{label(field)} is duplicated in spell"


def in_period(check: str, label: str, other: str) -> str:
    """The message for a field that contradicts itself, or another field, in the days of a critical care period."""
    said = {"same": "is inconsistent in period", "once": "is duplicated in period", "not_after": f"is after {other}"}
    return f"{label} {said[check]}"


def category(error: str, name: str) -> str:
    """The message for an error category: `UZ01 - Invalid Primary Diagnosis`."""
    return f"{error} - {name}"
