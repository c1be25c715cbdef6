"""Weighted choices: what a table offers each owner (a kind, an age band), drawn for a million rows in one look-up."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]
Numbers = npt.NDArray[np.float64]
Weighted = Sequence[tuple[int, float]]


class Choices:
    """For each of ``owners`` owners, values (whole numbers) and their weights; an owner without values always gives 0.

    ``owner``, ``value`` and ``weight`` have an entry for each value offered, in any order.
    """

    def __init__(self, owner: Integers, value: Integers, weight: Numbers, owners: int) -> None:
        kept = weight > 0
        owner, value, weight = owner[kept], value[kept], weight[kept]
        bare = np.flatnonzero(np.bincount(owner, minlength=owners) == 0)
        owner, value = np.concatenate([owner, bare]), np.concatenate([value, np.zeros(len(bare), np.int64)])
        weight = np.concatenate([weight, np.ones(len(bare))])
        order = np.argsort(owner, kind="stable")
        owner, weight = owner[order], weight[order]
        self._values = value[order].astype(np.int32)
        self._last = np.cumsum(np.bincount(owner, minlength=owners)) - 1
        shares = weight / np.bincount(owner, weight, owners)[owner]
        sums = np.cumsum(shares)
        before = np.concatenate([[0.0], sums[self._last[:-1]]])
        self._edges = owner + np.minimum(sums - before[owner], 1.0)

    @classmethod
    def of(cls, owners: Sequence[Weighted]) -> Choices:
        """From a list for each owner."""
        flat = [(owner, value, weight) for owner, own in enumerate(owners) for value, weight in own]
        owner, value, weight = zip(*flat, strict=True) if flat else ((), (), ())
        return cls(np.array(owner, np.int64), np.array(value, np.int64), np.array(weight, np.float64), len(owners))

    def draw(self, rng: np.random.Generator, owner: Integers) -> npt.NDArray[np.int32]:
        """One value for each entry of ``owner``. int32 [len(owner)]."""
        place = np.searchsorted(self._edges, owner + rng.random(len(owner)), side="right")
        drawn: npt.NDArray[np.int32] = self._values[np.minimum(place, self._last[owner])]
        return drawn
