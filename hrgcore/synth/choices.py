"""Weighted choices: what a table offers each owner (a case, a setting, an age band), drawn for a million rows in one look-up."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]
Weighted = Sequence[tuple[int, float]]


class Choices:
    """For each owner, values (whole numbers) and their weights. An owner without values always gives 0."""

    def __init__(self, owners: Sequence[Weighted]) -> None:
        offered = [[(value, weight) for value, weight in own if weight > 0] or [(0, 1.0)] for own in owners]
        self._values = np.array([value for own in offered for value, _ in own], np.int64)
        self._last = np.cumsum([len(own) for own in offered]) - 1
        self._edges = np.concatenate([owner + _shares([weight for _, weight in own]) for owner, own in enumerate(offered)])

    def draw(self, rng: np.random.Generator, owner: Integers) -> Integers:
        """One value for each entry of ``owner``. int64 [len(owner)]."""
        place = np.searchsorted(self._edges, owner + rng.random(len(owner)), side="right")
        drawn: Integers = self._values[np.minimum(place, self._last[owner])]
        return drawn


def _shares(weights: Sequence[float]) -> npt.NDArray[np.float64]:
    """Cumulative shares; the last is 1."""
    sums = np.cumsum(np.array(weights, np.float64))
    shares: npt.NDArray[np.float64] = sums / sums[-1]
    return shares
