"""The grouping kernels for Numba code in this process.

They take episodes as numbers (`Result.encoded`), with spells in order (`Result.order`), under a design (`Result.bundle`).
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from hrgcore import engine
from hrgcore.design import Bundle
from hrgcore.encode import SpellOrder
from hrgcore.errors import InputError
from hrgcore_kernels.accelerate import compiled
from hrgcore_kernels.codes import N_CODED
from hrgcore_kernels.group import group_spells
from hrgcore_kernels.layout import (
    EPISODE_RESULT,
    SPELL_RESULT,
    UNBUNDLED,
    Design,
    Episodes,
    Int64s,
    Records,
    Scratch,
)
from hrgcore_kernels.places import check_places


class Work(NamedTuple):
    """What `jitted` takes: input, design, results and room. It serves one thread at a time, any number of times."""

    design: Design
    episodes: Episodes  # the caller's arrays, seen as read-only: what is written into them counts at the next call
    rows: Int64s  # [episodes] spell by spell
    starts: Int64s  # [spells + 1] places in ``rows``
    results: Records  # EPISODE_RESULT [episodes], in the order of the episodes
    spells: Records  # SPELL_RESULT [spells]
    unbundled: Records  # UNBUNDLED [room]
    counts: Int64s  # [3]
    scratch: Scratch


def work(bundle: Bundle, episodes: Episodes, order: SpellOrder, *, unbundled: int | None = None) -> Work:
    """Make room to group these episodes, and for so many unbundled HRGs (two for each episode).

    Raises InputError where a place or number leads out of its array; what is written later is not checked.
    """
    design = engine.kernel_design(bundle)
    _check(design, episodes, order)
    room = 2 * len(episodes.rows) + 1 if unbundled is None else max(unbundled, 1)
    return Work(
        design,
        Episodes(*map(_read_only, episodes)),
        _read_only(order.rows),
        _read_only(order.starts),
        np.zeros(len(episodes.rows), EPISODE_RESULT).view(np.recarray),
        np.zeros(order.count, SPELL_RESULT).view(np.recarray),
        np.zeros(room, UNBUNDLED).view(np.recarray),
        np.zeros(3, np.int64),
        engine.scratch(
            design,
            engine.block_records(),
            np.zeros(len(order.rows), np.uint32),
            len(episodes.diagnoses),
            len(episodes.procedures),
        ),
    )


@functools.cache
def jitted() -> Callable[[Work], int]:
    """A Numba function, to be called from compiled code: it groups a `Work` and returns the number of unbundled HRGs.

    Those beyond the room for them are counted, but not kept.
    """
    import numba

    group = compiled(group_spells)

    @numba.njit(nogil=True)
    def group_work(work):  # type: ignore[no-untyped-def]
        room = work.scratch
        room.failed[:] = 0
        group(
            work.design,
            work.episodes,
            work.rows,
            work.starts,
            0,
            work.results,
            work.spells,
            work.unbundled,
            work.counts,
            room,
        )
        return work.counts[0]

    found: Callable[[Work], int] = group_work
    return found


def _read_only(array: np.ndarray) -> np.ndarray:
    seen = array.view(np.recarray) if array.dtype.names else array.view()
    seen.flags.writeable = False
    return seen


def _check(design: Design, episodes: Episodes, order: SpellOrder) -> None:
    """Raise InputError where a place or number leads out of its array: kernels don't look."""
    found = np.zeros(1, np.int64)
    if episodes.coded.shape == (len(episodes.rows), N_CODED):
        seen = np.zeros(len(episodes.rows), np.uint8)
        check_places(design, Episodes(*map(_read_only, episodes)), _read_only(order.rows), _read_only(order.starts), seen, found)
    if not found[0]:
        raise InputError("a place or number of the episodes leads out of its array. Each episode has a spell and a diagnosis.")
