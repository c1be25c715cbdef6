"""Choosing codes whose points add up to what a range asks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from hrgcore.design.conditions import UNBOUNDED
from hrgcore.witness.pools import Pointed

ANY = (0, UNBOUNDED)
_State = tuple[int, int]  # sum of points, number of parts
_Bounds = tuple[int, int]


def choose(offers: Iterable[Pointed], have: Mapping[str, int], points: _Bounds, parts: _Bounds = ANY) -> list[str] | None:
    """The fewest codes that bring the points of all parts, and the number of parts with any, into these ranges; None: none do.

    ``have`` has the points that each part has already: a code adds what it has more. At most one code a part is chosen.
    """
    reached: dict[_State, tuple[Pointed, ...]] = {_kept(sum(have.values()), len(have), points, parts): ()}
    if not _fitting(reached, points, parts):
        for part, choices in _by_part(offers).items():
            had = have.get(part, 0)
            for (total, count), way in list(reached.items()):
                for offer in choices:
                    state = _kept(total + max(0, offer.points - had), count + (part not in have), points, parts)
                    longer = state in reached and len(reached[state]) <= len(way) + 1
                    if state[0] <= points[1] and state[1] <= parts[1] and not longer:
                        reached[state] = (*way, offer)
    ways = _fitting(reached, points, parts)
    return [offer.code for offer in min(ways, key=len)] if ways else None


def _by_part(offers: Iterable[Pointed]) -> dict[str, list[Pointed]]:
    """The first offer of each number of points, by part."""
    found: dict[str, dict[int, Pointed]] = {}
    for offer in offers:
        found.setdefault(offer.part, {}).setdefault(offer.points, offer)
    return {part: list(choices.values()) for part, choices in found.items()}


def _fitting(reached: Mapping[_State, tuple[Pointed, ...]], points: _Bounds, parts: _Bounds) -> list[tuple[Pointed, ...]]:
    return [way for (total, count), way in reached.items() if points[0] <= total <= points[1] and parts[0] <= count <= parts[1]]


def _kept(total: int, count: int, points: _Bounds, parts: _Bounds) -> _State:
    """A state; beyond the lower end of an open range all sums are alike."""
    return (
        min(total, points[0]) if points[1] == UNBOUNDED else total,
        min(count, parts[0]) if parts[1] == UNBOUNDED else count,
    )
