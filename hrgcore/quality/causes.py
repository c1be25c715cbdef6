"""Causes of errors that counts can tell. Where they can't, nothing is said: a wrong hint costs more than none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from hrgcore.quality.tally import INVALID, SEPARATOR, SPELL_CHECKS

_MANY = 10  # rows: fewer may be chance
_MOST = 0.5  # of a kind's errors
_NEARLY_ALL = 0.9
_OFTEN = 0.01  # of all rows
_APART = 2  # columns from one to the next that count as neighbours: one between them may hold what happens to be valid


class Cause(NamedTuple):
    """What likely happened, and what to do."""

    cause: str
    remedy: str


HEADINGS = Cause("headings were read as data", "leave out --no-headings (hrggrouper: give -h)")
LOST_ZEROS = Cause("leading zeros are lost", "export the column as text, not by way of a spreadsheet")
SPELLS = Cause("spell ids are not unique", "give each spell of a provider its own PROVSPNO")


def shifted(side: str) -> Cause:
    """``side`` of a column, `left` or `right`, is where its cells belong."""
    return Cause(f"columns are shifted: cells fit the field to the {side}", "check headings, or positions in the record definition")


def other_list(category: str) -> Cause:
    """``category`` is one, of those that the design has no code of, that stands in the input most."""
    return Cause(f"another edition of the code list: no code of {category} is known", "take the design of the data's year")


def causes_of(counts: Mapping[str, Any], places: Mapping[str, int]) -> dict[str, Cause]:
    """The causes of the kinds whose causes can be told; ``places`` are the columns of fields, counted from 0."""
    kinds: Mapping[str, Mapping[str, Any]] = counts.get("kinds", {})
    causes: dict[str, Cause] = {}
    for kind, own in kinds.items():
        if own.get("zero", 0) >= _MOST * own["errors"]:
            causes[kind] = LOST_ZEROS
        elif category := _unknown_category(own):
            causes[kind] = other_list(category)
    if _spells_run_together(counts):
        causes |= dict.fromkeys((kind for kind in kinds if kind.endswith(SPELL_CHECKS)), SPELLS)
    rest = {kind: own for kind, own in kinds.items() if kind not in causes}
    left, right = (_shifted(rest, side, counts["rows"], places) for side in ("left", "right"))
    if len(left) != len(right):  # some cells fit on either side by chance; where as many do, the side can't be told
        kinds_at, side = (left, "left") if len(left) > len(right) else (right, "right")
        causes |= dict.fromkeys(kinds_at, shifted(side))
    return causes


def _unknown_category(own: Mapping[str, Any]) -> str:
    """The category with the most errors, if most errors are of categories with many rows and several codes; else nothing."""
    errors: dict[str, int] = {
        category: sum(codes.values())
        for category, codes in own.get("categories", {}).items()
        if len(codes) > 1 and sum(codes.values()) >= _MANY
    }
    if not errors or sum(errors.values()) < _MOST * own["errors"]:
        return ""
    return max(sorted(errors), key=errors.__getitem__)


def _spells_run_together(counts: Mapping[str, Any]) -> bool:
    """Whether many rows fail checks of their spell, and most of them several: one field alone would rather be badly filled in."""
    any_check, several = counts.get("spell_rows", 0), counts.get("spell_rows_several", 0)
    return bool(several >= _MANY and any_check >= _OFTEN * counts["rows"] and several >= _MOST * any_check)


def _shifted(kinds: Mapping[str, Mapping[str, Any]], side: str, rows: int, places: Mapping[str, int]) -> list[str]:
    """Kinds of neighbouring columns of which nearly all cells are invalid, and fit the column beside."""
    at: dict[int, str] = {}
    for kind, own in kinds.items():
        place = places.get(kind.partition(SEPARATOR)[0])
        everywhere = own["rows"] >= max(_MANY, _NEARLY_ALL * rows)
        if place is not None and kind.endswith(INVALID) and everywhere and own.get(side, 0) >= _NEARLY_ALL * own["errors"]:
            at[place] = kind
    columns = sorted(at)
    near = [(one, other) for one, other in zip(columns[:-1], columns[1:], strict=True) if other - one <= _APART]
    return [at[place] for place in sorted({place for pair in near for place in pair})]
