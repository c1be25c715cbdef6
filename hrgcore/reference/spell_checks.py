"""Checks that the episodes of a spell agree with one another (docs/grouping.md, section 2)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from hrgcore import messages
from hrgcore.reference.design import Design
from hrgcore.reference.record import Episode
from hrgcore.reference.results import RecordError

_ALIKE = ("SEX", "CLASSPAT", "ADMISORC", "ADMIMETH")
_DAYS_OF_YEAR = 365


def spell_errors(design: Design, ordered: Sequence[Episode]) -> tuple[RecordError, ...]:
    """The errors that every episode of the spell has; ``ordered`` is in spell order."""
    errors: list[RecordError] = []
    orders = [episode.numbers["EPIORDER"] for episode in ordered if "EPIORDER" in episode.numbers]
    if len(set(orders)) < len(orders):
        errors.append(RecordError("EPIORDER", "", messages.duplicated("EPIORDER")))
    for field in _ALIKE:  # values that are not accepted read alike, and so agree with one another
        if len({episode.coded[field] for episode in ordered}) > 1:
            errors.append(RecordError(field, "", messages.inconsistent(field)))
    if any(_age_disagrees(design, earlier, later) for earlier, later in pairwise(ordered)):
        errors.append(RecordError("STARTAGE", "", messages.AGE_RISES))
    return tuple(errors)


def _age_disagrees(design: Design, earlier: Episode, later: Episode) -> bool:
    before, after = earlier.numbers.get("STARTAGE"), later.numbers.get("STARTAGE")
    if before is None or after is None or max(before, after) > design.age_max:
        return False
    return not 0 <= after - before <= design.age_rise + earlier.numbers.get("EPIDUR", 0) // _DAYS_OF_YEAR
