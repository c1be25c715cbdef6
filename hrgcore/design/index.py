"""Dense numbers of codes, and the codes that a table's terms name, as the compiler needs them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from hrgcore.design.codes import CodeCell, Term
from hrgcore.design.tables import Row, Tables

Ids = npt.NDArray[np.int64]
T = TypeVar("T")


class CodeIndex:
    """The valid codes of one scheme in sorted order. The code at place ``i`` has the number ``i + 1``; 0 is UNKNOWN.

    Codes that a term names share a prefix or a run of prefixes, so their numbers are a run too.
    """

    def __init__(self, codes: list[str]) -> None:
        self.codes = codes
        self.number = {code: place + 1 for place, code in enumerate(codes)}
        self._prefixes = {length: [code[:length] for code in codes] for length in range(1, 6)}

    def __len__(self) -> int:
        return len(self.codes)

    def run(self, term: Term) -> tuple[int, int]:
        """The numbers named by ``term``, from the first to before the second."""
        prefixes = self._prefixes[len(term.first)]
        return bisect_left(prefixes, term.first) + 1, bisect_right(prefixes, term.last) + 1

    def named(self, cell: CodeCell) -> Iterator[tuple[int, Ids]]:
        """For each term of a cell: how many codes the term names, and the numbers left when others are taken away."""
        taken = [self.run(term) for term in cell.without]
        for term in cell.terms:
            first, end = self.run(term)
            ids = np.arange(first, end, dtype=np.int64)
            for low, high in taken:
                ids = ids[(ids < low) | (ids >= high)]
            yield end - first, ids

    def members(self, cell: CodeCell) -> Ids:
        """The numbers of all codes that a cell names, without repeats."""
        parts = [ids for _, ids in self.named(cell)]
        return np.unique(np.concatenate(parts)) if parts else np.empty(0, np.int64)


def check_terms(index: CodeIndex, row: Row, tables: Tables) -> None:
    """Fault the terms of a row that name no valid code."""
    for column, cell in row.codes.items():
        for term in (*cell.terms, *cell.without):
            low, high = index.run(term)
            if low == high:
                tables.fault(row, f"{column}: {term} names no valid code. Correct it, or add the code to the code list.")


def closest_rows(index: CodeIndex, rows: Iterable[Row], tables: Tables) -> list[Row | None]:
    """For each code number, the row that names it most specifically (None: no row names it; entry 0 is UNKNOWN).

    Two rows that name a code equally closely are a fault.
    """
    closest: list[Row | None] = [None] * (len(index) + 1)
    size_of = np.full(len(index) + 1, np.iinfo(np.int64).max)
    rivals: dict[int, Row] = {}  # by code number: another row as close as the closest
    for row in rows:
        for size, ids in index.named(row.codes["codes"]):
            for number in ids[size_of[ids] >= size].tolist():
                other = closest[number]
                if other is None or size_of[number] > size:
                    closest[number] = row
                    size_of[number] = size
                    rivals.pop(number, None)
                elif other is not row:
                    rivals.setdefault(number, row)
    said: set[tuple[int, int]] = set()
    for number, row in rivals.items():
        other = closest[number]
        if other is not None and (pair := (other.line, row.line)) not in said:
            said.add(pair)
            code = index.codes[number - 1]
            tables.fault(row, f"names {code} as closely as {other.reference}. Keep one, or name the code itself in one of them.")
    return closest
