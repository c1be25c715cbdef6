"""Counts of several parts as those of the whole."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from hrgcore.reasons import REASONS

_ORDER = {reason: place for place, reason in enumerate(REASONS.values())}


def add_counts(counts: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """The sum, figure by figure; reasons stand in their own order and everything else as it first came."""
    total: dict[str, Any] = {}
    for each in counts:
        for name, value in each.items():
            if isinstance(value, dict):
                total[name] = add_counts([total.get(name, {}), value])
            else:
                total[name] = total.get(name, 0) + value
    if any(name in _ORDER for name in total):
        return dict(sorted(total.items(), key=lambda entry: _ORDER.get(entry[0], len(_ORDER))))
    return total
