"""The grouping kernels for compiled code in this process: called from Numba, or by a pointer from C, C++ and Cython.

Both take episodes as numbers (`Result.encoded`), with spells in order (`Result.order`), under a design (`Result.bundle`).
"""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np

from hrgcore import engine
from hrgcore.design import Bundle
from hrgcore.embed.structs import Numbers
from hrgcore.encode import SpellOrder
from hrgcore.errors import InputError
from hrgcore_kernels.accelerate import compiled
from hrgcore_kernels.codes import N_CODED
from hrgcore_kernels.group import group_spells
from hrgcore_kernels.layout import (
    EPISODE,
    EPISODE_RESULT,
    SPELL_RESULT,
    UNBUNDLED,
    Design,
    Episodes,
    Int64s,
    Records,
    Scratch,
)
from hrgcore_kernels.prepare import prepare_spells

_TURNS = np.uint32(2**31)  # of counting, after which it begins anew: far from where its number wraps
OK, FAILED = 0, 1


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
            np.zeros(order.count, np.uint32),
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

    prepare, group = compiled(prepare_spells), compiled(group_spells)

    @numba.njit(nogil=True)
    def group_work(work):  # type: ignore[no-untyped-def]
        room, counts = work.scratch, work.counts
        room.failed[:] = 0
        if room.turn[0] > _TURNS:
            room.turn[0] = 0
            room.seen_diagnoses[:] = 0
            room.seen_procedures[:] = 0
        prepare(work.design.settings, work.episodes, work.rows, work.starts, room.failed, room.several, counts)
        scratch = Scratch(
            room.records,
            room.facts,
            room.diagnoses,
            room.procedures,
            room.seen_diagnoses,
            room.seen_procedures,
            room.turn,
            room.best,
            room.step,
            room.rule,
            room.chosen,
            room.walking,
            room.counted,
            room.several[: counts[0]],
            room.failed,
        )
        group(
            work.design,
            work.episodes,
            work.rows,
            work.starts,
            work.results,
            work.spells,
            work.unbundled,
            counts,
            scratch,
        )
        return counts[0]

    found: Callable[[Work], int] = group_work
    return found


class Pointer:
    """A C function that groups under a design, for code in this process: ``address`` is what to call, while this object lives.

    Its type, `hrgcore_group_numbers`, stands in the header that `hrgcore.embed.structs.header` gives. Callers may be any threads,
    with Python's lock or without; kernels run without.
    """

    def __init__(self, bundle: Bundle) -> None:
        self._design = engine.kernel_design(bundle)
        self._call = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p)(self._group)

    @property
    def address(self) -> int:
        """Where the function is."""
        return ctypes.cast(self._call, ctypes.c_void_p).value or 0

    def _group(self, address: int) -> int:
        try:
            given = Numbers.from_address(address)
            count, spells = given.episodes, given.spells
            episodes = Episodes(
                _array(given.rows, count, EPISODE),
                _array(given.coded, count * N_CODED, "u1").reshape(count, N_CODED),
                _array(given.diagnoses, given.n_diagnoses, "u2"),
                _array(given.procedures, given.n_procedures, "u2"),
            )
            rows = _array(given.order, count, "i8") if given.order else np.arange(max(count, 0))
            order = SpellOrder(_read_only(rows), _read_only(_array(given.starts, spells + 1, "i8")), False, False)
            _check(self._design, episodes, order)
            with ThreadPoolExecutor(1) as pool:
                grouped = engine.group(self._design, Episodes(*map(_read_only, episodes)), order, pool)
            _array(given.episode_results, count, EPISODE_RESULT)[:] = grouped.episodes
            _array(given.spell_results, spells, SPELL_RESULT)[:] = grouped.spells
            kept = min(given.room, len(grouped.unbundled))
            _array(given.unbundled, kept, UNBUNDLED)[:] = grouped.unbundled[:kept]
            given.n_unbundled = len(grouped.unbundled)
        except InputError as error:
            return error.exit_code
        except BaseException:  # none may leave through C
            return FAILED
        return OK


def _array(address: int | None, count: int, kind: Any) -> np.ndarray:
    """The caller's memory as an array."""
    dtype = np.dtype(kind)
    if count < 0 or (count and not address):
        raise InputError("an array has no address, or less than no elements.")
    if not count:
        return np.empty(0, dtype)
    return np.frombuffer((ctypes.c_char * (count * dtype.itemsize)).from_address(address or 0), dtype)


def _read_only(array: np.ndarray) -> np.ndarray:
    seen = array.view(np.recarray) if array.dtype.names else array.view()
    seen.flags.writeable = False
    return seen


def _check(design: Design, episodes: Episodes, order: SpellOrder) -> None:
    """Raise InputError where a place or number leads out of its array: kernels don't look."""
    count, starts = len(episodes.rows), order.starts
    sound = len(starts) > 0 and starts[0] == 0 and starts[-1] == count == len(order.rows) and bool(np.all(starts[1:] > starts[:-1]))
    sound = sound and episodes.coded.shape == (count, N_CODED)
    sound = sound and _within(order.rows, count) and bool(np.all(np.bincount(order.rows, minlength=count) == 1))
    sound = sound and _within(episodes.diagnoses, len(design.diagnoses))
    sound = sound and _within(episodes.procedures, len(design.procedures))
    for name, codes, least in (("diagnosis", episodes.diagnoses, 1), ("procedure", episodes.procedures, 0)):
        first, end = (episodes.rows[f"{name}_{place}"].astype(np.int64) for place in ("start", "end"))
        sound = sound and bool(np.all((end - first >= least) & (end <= len(codes))))
    if not sound:
        raise InputError("a place or number of the episodes leads out of its array. Each episode has a spell and a diagnosis.")


def _within(numbers: np.ndarray, count: int) -> bool:
    return not len(numbers) or bool(numbers.min() >= 0 and numbers.max() < count)
