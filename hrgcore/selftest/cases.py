"""Well-known cases, as a casemix reader would check them: each in `cases.csv`, with the root that it should lead to and why.

What stands there is what labels and published material lead one to expect, not what the official grouper was seen to do.
"""

from __future__ import annotations

import csv
from importlib import resources

from hrgcore.columns import APC_COLUMNS

Case = dict[str, str]

_NEWBORN = "8"  # ADMIMETH 82, 83: babies born


def read_cases() -> list[Case]:
    """The cases, by the headings of their file."""
    text = resources.files(__package__).joinpath("cases.csv").read_text("utf-8")
    return list(csv.DictReader(text.splitlines()))


def episode_of(number: int, case: Case) -> dict[str, str]:
    """A case as the official columns."""
    values = {column.name: "" for column in APC_COLUMNS}
    values |= {
        "PROCODET": "CASE",
        "PROVSPNO": str(number),
        "EPIORDER": "1",
        "STARTAGE": case["age"],
        "SEX": case["sex"],
        "CLASSPAT": case["class_pat"],
        "ADMISORC": "79" if case["admission_method"].startswith(_NEWBORN) else "19",
        "ADMIMETH": case["admission_method"],
        "DISDEST": "19",
        "DISMETH": "1",
        "EPIDUR": case["stay"],
        "MAINSPEF": case["main_specialty"],
        "TRETSPEF": case["treatment_function"],
    }
    values |= {f"DIAG_{place:02d}": code for place, code in enumerate(case["diagnoses"].split(), 1)}
    values |= {f"OPER_{place:02d}": code for place, code in enumerate(case["procedures"].split(), 1)}
    return values
