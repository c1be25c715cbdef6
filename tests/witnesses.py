"""The witnesses of the designs that tests group under; looked for once."""

from __future__ import annotations

from functools import cache

from designs import both

from hrgcore.witness import Witnesses, find_witnesses


@cache
def witnesses_of(name: str) -> Witnesses:
    """The witnesses of the design `small` or `starter`."""
    return find_witnesses(both(name).bundle.tables)
