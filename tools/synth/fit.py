"""Shares codes out among kinds of admission so that both national activity by root and national usage by code are kept."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]

_ROUNDS = 200


def share_out(code: Places, kind: Places, start: Numbers, capacity: Numbers, wanted: Numbers) -> Numbers:
    """Episodes of each pair of a code and a kind.

    A kind's episodes come to ``wanted`` if the ``capacity`` of its codes allows; no code is used more often than its capacity.
    Kinds and codes are scaled in turn, from ``start`` (iterative proportional fitting with upper bounds).
    """
    found = start.copy()
    for _ in range(_ROUNDS):
        sums = np.bincount(kind, found, len(wanted))
        found *= np.divide(wanted, sums, out=np.ones_like(wanted), where=sums > 0)[kind]
        used = np.bincount(code, found, len(capacity))
        found *= np.minimum(1, np.divide(capacity, used, out=np.ones_like(capacity), where=used > 0))[code]
    return found


def cell(codes: Sequence[str], weights: Numbers, least: float, most: int) -> str:
    """Codes and whole weights as a cell of the tables, the heaviest first; those below the share ``least`` are left out."""
    total = weights.sum()
    order = [place for place in np.argsort(-weights)[:most] if weights[place] >= max(0.5, least * total)]
    return " ".join(f"{codes[place]}*{weights[place]:.0f}" for place in order)
