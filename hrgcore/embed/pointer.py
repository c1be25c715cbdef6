"""The grouping kernels by a pointer, for C, C++ and Cython in this process.

They take what `hrgcore.embed.kernels` takes, named by addresses.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from hrgcore import engine
from hrgcore.design import Bundle
from hrgcore.embed.addresses import array_at, fields_at, read_only, table_of
from hrgcore.embed.kernels import Work, jitted
from hrgcore.embed.structs import NUMBERS
from hrgcore.errors import InputError
from hrgcore_kernels.accelerate import compiled
from hrgcore_kernels.codes import N_CODED
from hrgcore_kernels.layout import BLOCK, EPISODE, EPISODE_RESULT, RECORD, SPELL_RESULT, UNBUNDLED, Episodes, count_facts
from hrgcore_kernels.places import check_places
from hrgcore_kernels.signatures import DESIGN, array

OK, FAILED, WRONG = 0, 1, InputError.exit_code  # what the function gives


class Pointer:
    """A C function that groups, and the design that it groups under, for code in this process: both last while this object does.

    The function is one of `numba.cfunc`: it needs neither Python nor Python's lock, and any threads may call it. Its type,
    `hrgcore_group_numbers`, and what it takes stand in the header that `hrgcore.embed.structs.header` gives.
    """

    def __init__(self, bundle: Bundle) -> None:
        self._function = _group_numbers()
        self._arrays = engine.kernel_design(bundle)
        self._table = table_of(self._arrays)

    @property
    def address(self) -> int:
        """Where the function is."""
        found: int = self._function.address
        return found

    @property
    def design(self) -> int:
        """Where the design is: the function is told with each call."""
        return self._table.ctypes.data


@functools.cache
def _group_numbers() -> Any:
    """The C function, compiled when it is first asked for."""
    import numba
    from numba.core import types

    complete, group_given = _complete(), _group_given()

    @numba.cfunc(types.int32(types.voidptr))
    def group_numbers(address):  # type: ignore[no-untyped-def]
        given = numba.carray(address, 1, NUMBERS)[0]  # type: ignore[attr-defined]
        try:
            return group_given(given) if complete(given) else WRONG
        except Exception:  # there is no memory left
            return FAILED

    return group_numbers


def _complete() -> Any:
    """A Numba function of `NUMBERS`: whether arrays that have elements have an address."""
    import numba

    @numba.njit(nogil=True)
    def there(address, count):  # type: ignore[no-untyped-def]
        return count == 0 or (count > 0 and address != 0)

    @numba.njit(nogil=True)
    def complete(given):  # type: ignore[no-untyped-def]
        return (
            given.design != 0
            and there(given.rows, given.episodes)
            and there(given.coded, given.episodes)
            and there(given.diagnoses, given.n_diagnoses)
            and there(given.procedures, given.n_procedures)
            and there(given.starts, given.spells + 1)
            and there(given.episode_results, given.episodes)
            and there(given.spell_results, given.spells)
            and there(given.unbundled, given.room)
        )

    return complete


def _group_given() -> Any:
    """A Numba function of `NUMBERS` that checks its places and groups."""
    import numba

    group, check = jitted(), compiled(check_places)
    numba.extending.register_jitable(count_facts)
    scratch = numba.njit(nogil=True)(engine.scratch)
    design_at, fixed = fields_at(DESIGN), read_only()
    rows_at, coded_at = array_at(array(EPISODE)), array_at(array("u1", 2))
    codes_at, places_at = array_at(array("u2")), array_at(array("i8"))
    results_at, spells_at, unbundled_at = (
        array_at(array(kind, writable=True)) for kind in (EPISODE_RESULT, SPELL_RESULT, UNBUNDLED)
    )

    @numba.njit(nogil=True)
    def group_given(given):  # type: ignore[no-untyped-def]
        count, spells = given.episodes, given.spells
        design = design_at(given.design)
        episodes = Episodes(
            rows_at(given.rows, (count,)),
            coded_at(given.coded, (count, N_CODED)),
            codes_at(given.diagnoses, (given.n_diagnoses,)),
            codes_at(given.procedures, (given.n_procedures,)),
        )
        order = fixed(np.arange(count)) if given.order == 0 else places_at(given.order, (count,))
        starts = places_at(given.starts, (spells + 1,))
        counts = np.zeros(3, np.int64)
        check(design, episodes, order, starts, np.zeros(count, np.uint8), counts)
        if counts[0] == 0:
            return WRONG
        unbundled = unbundled_at(given.unbundled, (given.room,)) if given.room > 0 else np.zeros(1, UNBUNDLED)
        block = scratch(
            design,
            np.zeros(BLOCK, RECORD),
            np.zeros(count, np.uint32),
            given.n_diagnoses,
            given.n_procedures,
        )
        given.n_unbundled = group(
            Work(
                design,
                episodes,
                order,
                starts,
                results_at(given.episode_results, (count,)),
                spells_at(given.spell_results, (spells,)),
                unbundled,
                counts,
                block,
            )
        )
        return OK

    return group_given
