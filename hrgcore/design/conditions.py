"""The conditions of a rule, as the tables write them: ranges of facts, and lists or sets that must or must not be there."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

#: Facts that a range can test, in the order in which the kernels hold them.
RANGE_FACTS = (
    "age",
    "los",
    "cc",
    "interventions",
    "procedures",
    "trauma_sites",
    "trauma_diagnosis",
    "trauma_intervention",
    "burn_severity",
    "burn_intervention",
)
#: Scopes in which lists (or, for `patient`, sets) can be looked for.
LIST_SCOPES = ("patient", "primary", "diagnosis", "procedure", "companion")
CONDITION_COLUMNS = RANGE_FACTS + LIST_SCOPES

UNBOUNDED = 2**31 - 1  #: the upper end of `19+`

_RANGE = re.compile(r"([0-9]{1,9})(?:(\+)|-([0-9]{1,9}))?")
_NAME = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True)
class Range:
    """``low <= fact <= high``."""

    fact: str
    low: int
    high: int


@dataclass(frozen=True)
class Lists:
    """At least one of ``names`` is there in ``scope``; with ``negated``, none of them is."""

    scope: str
    names: tuple[str, ...]
    negated: bool


Condition = Range | Lists


def parse_range(text: str) -> tuple[int, int]:
    """Parse `19+`, `0-18` or `4`. Raises ValueError."""
    match = _RANGE.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is not a range; write 19+, 0-18 or 4")
    low = int(match[1])
    high = UNBOUNDED if match[2] else int(match[3]) if match[3] else low
    if low > high:
        raise ValueError(f"{text!r} runs backwards; put the lower end first")
    return low, high


def parse_conditions(
    cells: Mapping[str, str], ranges: Sequence[str] = RANGE_FACTS, scopes: Sequence[str] = LIST_SCOPES
) -> tuple[Condition, ...]:
    """Parse the condition cells of a row, in the fixed order of the columns. Raises ValueError with the column's name."""
    conditions: list[Condition] = []
    for column in (*ranges, *scopes):
        text = cells.get(column, "").strip()
        if not text:
            continue
        if column in ranges:
            try:
                conditions.append(Range(column, *parse_range(text)))
            except ValueError as error:
                raise ValueError(f"{column}: {error}") from None
            continue
        for term in text.split():
            names = tuple(term.removeprefix("!").split("|"))
            if not all(_NAME.fullmatch(name) for name in names):
                raise ValueError(f"{column}: {term!r} is not a condition; write name, !name or one|other")
            conditions.append(Lists(column, names, term.startswith("!")))
    return tuple(conditions)


def describe(condition: Condition) -> str:
    """A condition as the tables write it: `age 19+`, `diagnosis !burn_extent`."""
    if isinstance(condition, Lists):
        return f"{condition.scope} {'!' if condition.negated else ''}{'|'.join(condition.names)}"
    if condition.high == UNBOUNDED:
        return f"{condition.fact} {condition.low}+"
    if condition.low == condition.high:
        return f"{condition.fact} {condition.low}"
    return f"{condition.fact} {condition.low}-{condition.high}"
