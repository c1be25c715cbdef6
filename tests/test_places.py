"""What others give the kernels as numbers: each place and number has to be there, since kernels look it up without asking."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pytest
from small_spells import episode

from hrgcore import Grouper, InputError, Result
from hrgcore.embed.kernels import Work, work
from hrgcore.encode import SpellOrder
from hrgcore_kernels.layout import Episodes

Change = Callable[[Episodes, np.ndarray, np.ndarray], object]

WRONG: dict[str, Change] = {
    "a diagnosis that the design has not": lambda episodes, rows, starts: episodes.diagnoses.__setitem__(2, 65_535),
    "a procedure that the design has not": lambda episodes, rows, starts: episodes.procedures.__setitem__(0, 65_535),
    "no diagnosis": lambda episodes, rows, starts: episodes.rows.diagnosis_end.__setitem__(1, episodes.rows.diagnosis_start[1]),
    "diagnoses beyond the last": lambda episodes, rows, starts: episodes.rows.diagnosis_end.__setitem__(2, 99),
    "procedures that end before they begin": lambda episodes, rows, starts: episodes.rows.procedure_start.__setitem__(0, 2),
    "procedures beyond the last": lambda episodes, rows, starts: episodes.rows.procedure_end.__setitem__(1, 99),
    "a row twice": lambda episodes, rows, starts: rows.__setitem__(0, 1),
    "a row before the first": lambda episodes, rows, starts: rows.__setitem__(0, -1),
    "a row behind the last": lambda episodes, rows, starts: rows.__setitem__(2, 4),
    "spells that begin late": lambda episodes, rows, starts: starts.__setitem__(0, 1),
    "spells that end early": lambda episodes, rows, starts: starts.__setitem__(2, 3),
    "a spell without episodes": lambda episodes, rows, starts: starts.__setitem__(1, 0),
    "a spell that ends before it begins": lambda episodes, rows, starts: starts.__setitem__(1, 9),
}


def grouped() -> Result:
    """Four episodes of two spells."""
    spells = [
        episode("J459 E119", "W371"),
        episode("I10X", "H041 Y752", EPIORDER="2"),
        episode("J181", PROVSPNO="2"),
        episode("J181", PROVSPNO="2", EPIORDER="2"),
    ]
    return Grouper().group(pa.Table.from_pylist([{name: str(value) for name, value in one.items()} for one in spells]))


def worked(change: Change) -> Work:
    result = grouped()
    episodes = Episodes(*(part.copy() for part in result.encoded))
    episodes = episodes._replace(rows=episodes.rows.view(np.recarray))
    rows, starts = result.order.rows.copy(), result.order.starts.copy()
    change(episodes, rows, starts)
    return work(result.bundle, episodes, dataclasses.replace(result.order, moved=rows, starts=starts))


def test_what_is_sound_is_taken() -> None:
    assert len(worked(lambda *_: None).results) == 4


@pytest.mark.parametrize("name", WRONG)
def test_what_leads_out_of_its_array_is_refused(name: str) -> None:
    with pytest.raises(InputError, match="leads out of its array"):
        worked(WRONG[name])


def test_arrays_of_other_lengths_are_refused() -> None:
    result = grouped()
    for episodes, rows in ((result.encoded._replace(coded=result.encoded.coded[:3]), 4), (result.encoded, 3)):
        order = SpellOrder(result.order.starts, False, result.order.rows[:rows])
        with pytest.raises(InputError, match="leads out of its array"):
            work(result.bundle, episodes, order)
