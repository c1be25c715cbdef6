"""Small spells for the reference engine, under the small design, and what their results say."""

from __future__ import annotations

from collections.abc import Mapping

from small_design import small_texts

from hrgcore.design.tables import read_texts
from hrgcore.reasons import REASONS
from hrgcore.reference import EpisodeResult, ReferenceEngine, SpellResult, Step

TEXTS = small_texts()
ENGINE = ReferenceEngine(read_texts(TEXTS))

BASE: dict[str, object] = {
    "PROCODET": "RXX",
    "PROVSPNO": "1",
    "EPIORDER": "1",
    "STARTAGE": "40",
    "SEX": "1",
    "CLASSPAT": "1",
    "ADMISORC": "19",
    "ADMIMETH": "11",
    "DISDEST": "19",
    "DISMETH": "1",
    "EPIDUR": "3",
    "MAINSPEF": "300",
    "TRETSPEF": "300",
}


def episode(diagnoses: str = "J459", procedures: str = "", **fields: object) -> dict[str, object]:
    """A valid episode with these codes (separated by blanks, from position 1) and fields."""
    values = BASE | {f"DIAG_{position:02d}": code for position, code in enumerate(diagnoses.split(), 1)}
    values |= {f"OPER_{position:02d}": code for position, code in enumerate(procedures.split(), 1)}
    return values | fields


def spell(*episodes: Mapping[str, object]) -> SpellResult:
    """Group episodes as one spell, giving them EPIORDER 1, 2 ... where there are several without one of their own."""
    numbered = [{**values, "EPIORDER": str(order)} for order, values in enumerate(episodes, 1)]
    return ENGINE.group_spell(numbered if len(episodes) > 1 else episodes)


def one(diagnoses: str = "J459", procedures: str = "", **fields: object) -> EpisodeResult:
    """The result of a single episode."""
    return ENGINE.group_spell([episode(diagnoses, procedures, **fields)]).episodes[0]


def why(result: EpisodeResult | SpellResult) -> tuple[str, str]:
    return result.hrg, REASONS[result.reason]


def line(table: str, start: str) -> str:
    """The reference of the one row of a table that begins with ``start``."""
    found = [number for number, text in enumerate(TEXTS[f"{table}.csv"].splitlines(), 1) if text.startswith(start)]
    assert len(found) == 1, found
    return f"{table}.csv:{found[0]}"


def engine_with(**changes: tuple[str, str]) -> ReferenceEngine:
    """An engine over the small design in which a text of a file is replaced: `splits=("old", "new")`."""
    texts = dict(TEXTS)
    for table, (old, new) in changes.items():
        file = "design.toml" if table == "design" else f"{table}.csv"
        assert texts[file].count(old) == 1
        texts[file] = texts[file].replace(old, new)
    tables = read_texts(texts)
    assert not tables.faults
    return ReferenceEngine(tables)


def all_steps(steps: tuple[Step, ...]) -> list[Step]:
    return [found for step in steps for found in (step, *all_steps(step.children))]
