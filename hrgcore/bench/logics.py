"""The logics whose rows stand by themselves: synthetic rows, as a table in memory, to result numbers; one thread."""

from __future__ import annotations

from collections.abc import Callable

from .data import SEED, Data
from .scenario import Prepared, Scenario

_NAMES = ("nac", "em", "nrd", "acc", "pcc", "ncc")


def _of(logic: str) -> Callable[[Data], Prepared]:
    def prepare(data: Data) -> Prepared:
        import pyarrow.parquet as pq

        from hrgcore import Grouper
        from hrgcore.synth import synthesise

        folder = data.path(f"logic-{logic}")
        files = sorted(folder.iterdir()) if folder.exists() else synthesise(folder, data.rows, SEED, logic=logic)
        table, grouper = pq.read_table(files), Grouper(threads=1)
        return Prepared(
            lambda: len(grouper.group(table, logic=logic).grouped.results), data.rows, data.rows, data.rows, table.nbytes
        )

    return prepare


LOGICS = tuple(Scenario(f"logic-{name}", f"{name.upper()}: a table to result numbers, one thread", _of(name)) for name in _NAMES)
