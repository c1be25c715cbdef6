"""Which logic a record is of, by the names of its fields."""

from __future__ import annotations

from collections.abc import Iterable

from hrgcore.logics.declared import ROW_LOGICS
from hrgcore.logics.fields import is_field

_ADMITTED = frozenset(("EPIORDER", "DIAG_01"))  # no other logic has these


def logic_of(fields: Iterable[str]) -> str | None:
    """The logic whose fields these names are; None where that can't be told.

    All fields that a logic must have are there; of several such logics it is the one that knows the most of the names.
    """
    names = {name.strip().upper() for name in fields}
    if names >= _ADMITTED:
        return "apc"
    known: dict[str, int] = {}
    for logic in ROW_LOGICS.values():
        must = [{heading.upper() for heading in (one.place(0), *one.aliases)} for one in logic.fields if one.must]
        if all(headings & names for headings in must):
            known[logic.name] = sum(is_field(logic, name) for name in names)
    most = max(known.values(), default=0)
    found = [name for name, count in known.items() if count == most]
    return found[0] if len(found) == 1 else None
