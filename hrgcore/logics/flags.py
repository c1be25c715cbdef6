"""Columns beside the HRG: days between dates, and the flag of numbers that contradict one another. They never stop an HRG."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from hrgcore.logics.fields import Flag, Logic
from hrgcore_kernels.codes import NUMBER_BLANK


def written_columns(logic: Logic, numbers: Mapping[str, np.ndarray]) -> dict[str, pa.Array]:
    """The columns of spans (-1 where the dates can't be used) and of the flag, by name. ``numbers`` [rows] by fact."""
    columns = {column: pa.array(numbers[fact], pa.int32()) for column, fact in logic.span_columns}
    if logic.flag:
        columns[logic.flag.column] = _flagged(logic, logic.flag, numbers)
    return columns


def _flagged(logic: Logic, flag: Flag, numbers: Mapping[str, np.ndarray]) -> pa.Array:
    def total(names: tuple[str, ...]) -> np.ndarray:
        facts = [logic.by_name[name].fact if name in logic.by_name else name for name in names]
        found: np.ndarray = np.sum([np.maximum(numbers[fact], 0).astype(np.int64) for fact in facts], axis=0)
        return found

    raised = numbers[flag.days] == NUMBER_BLANK
    for left, right in flag.exceeds:
        raised |= total(left) > total(right)
    places = pa.array(np.zeros(len(raised), np.int8), mask=~raised)
    return pa.DictionaryArray.from_arrays(places, pa.array([flag.value]))
