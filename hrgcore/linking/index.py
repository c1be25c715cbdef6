"""An index of spells by key: a hash of each column's texts, and sorted numbers for keys of several columns."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Spells = npt.NDArray[np.int64]


class KeyIndex:
    """The first and the last of the spells that have a key. Takes about 8 bytes a key and column beside the distinct texts."""

    def __init__(self, keys: pa.Table, spells: Spells) -> None:
        """``keys`` are columns of text without nulls, of one type; ``spells`` [keys] the spell of each row."""
        self._steps: list[tuple[Any, npt.NDArray[np.int64]]] = []
        numbers = np.zeros(len(keys), np.int64)
        for column in keys.columns:
            values = column.unique()
            # Numbers are ranks among those there are: with every further column they stay far from where int64 ends.
            known, numbers = np.unique(_with_column(numbers, column, values)[0], return_inverse=True)
            self._steps.append((values, known))
        self._first = np.full(len(known) + 1, len(spells) and spells.max(), np.int64)
        self._last = np.zeros(len(known) + 1, np.int64)
        np.minimum.at(self._first, numbers, spells)
        np.maximum.at(self._last, numbers, spells)
        self._first[-1] = self._last[-1] = -1  # of the keys that nobody has

    def __len__(self) -> int:
        """How many keys there are."""
        return len(self._first) - 1

    def spells(self, keys: pa.Table) -> tuple[Spells, Spells]:
        """The first and the last spell of each key, -1 where none has it. int64 [keys] each."""
        numbers = np.zeros(len(keys), np.int64)
        for column, (values, known) in zip(keys.columns, self._steps, strict=True):
            wanted, there = _with_column(numbers, column, values)
            at = np.searchsorted(known, wanted)
            numbers = np.where(there & (np.searchsorted(known, wanted, "right") > at), at, -1)
        return self._first[numbers], self._last[numbers]


def _with_column(numbers: npt.NDArray[np.int64], column: Any, values: Any) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Numbers of what is numbered so far together with a column's place among its ``values``; whether both are there."""
    places = pc.fill_null(pc.index_in(column, value_set=values), -1).to_numpy().astype(np.int64)
    return numbers * len(values) + places, (numbers >= 0) & (places >= 0)
