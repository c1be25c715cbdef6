"""Well-known cases, as a casemix reader would check them: each in `cases.csv`, with the root that it should lead to and why.

What stands there is what labels and published material lead one to expect, not what the official grouper was seen to do.
"""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

import pyarrow as pa
import pytest

import hrgcore
from hrgcore.columns import APC_COLUMNS
from hrgcore.design.locate import DEFAULT_DESIGN, load_design
from hrgcore.reference import ReferenceEngine

Case = dict[str, str]

with open(Path(__file__).with_name("cases.csv"), encoding="utf-8", newline="") as _file:
    CASES: list[Case] = list(csv.DictReader(_file))
_NEWBORN = "8"  # ADMIMETH 82, 83: babies born


def episode(number: int, case: Case) -> dict[str, str]:
    """The case as the official columns."""
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


EPISODES = [episode(number, case) for number, case in enumerate(CASES)]


@cache
def by_kernels() -> list[list[str]]:
    """The core HRG of each case and the unbundled ones."""
    names = sorted({name for values in EPISODES for name in values})
    result = hrgcore.Grouper().group(pa.table({name: [values.get(name, "") for values in EPISODES] for name in names}))
    found = [[hrg] for hrg in result.spells.column("SpellHRG").to_pylist()]
    for row in result.unbundled.to_pylist():
        found[int(row["PROVSPNO"])].append(row["UnbundledHRG"])
    return found


@cache
def reference() -> ReferenceEngine:
    return ReferenceEngine(load_design(DEFAULT_DESIGN).tables)


def test_there_are_at_least_forty() -> None:
    assert len({case["case"] for case in CASES}) == len(CASES) >= 40
    assert all(case["why"] for case in CASES)


@pytest.mark.parametrize("number", range(len(CASES)), ids=[case["case"] for case in CASES])
def test_the_case_leads_to_the_expected_root(number: int) -> None:
    expected = CASES[number]["root"]
    assert expected in {hrg[: len(expected)] for hrg in by_kernels()[number]}, CASES[number]["why"]
    spell = reference().group_spell([EPISODES[number]])
    assert [spell.hrg, *(hrg.partition("*")[0] for hrg in spell.unbundled)] == by_kernels()[number]
