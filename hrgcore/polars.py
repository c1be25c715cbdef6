"""hrgcore in Polars: `import hrgcore.polars` gives data frames and lazy frames `.hrg.group()`.

>>> import polars as pl
>>> import hrgcore.polars
>>> frame = pl.read_parquet("month/*.parquet")
>>> frame.hrg.group().select("PROVSPNO", "SpellHRG").shape
(300, 2)
>>> lazy = pl.scan_parquet("month/*.parquet").hrg.group("spells")
>>> lazy.collect().equals(frame.hrg.group("spells"))
True
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import polars as pl

from hrgcore.errors import UsageError
from hrgcore.folders import tables_of
from hrgcore.grouper import Grouper

__all__ = ["FrameNamespace", "LazyNamespace", "group"]


def group(frame: pl.DataFrame, table: str | None = None, *, grouper: Grouper | None = None, logic: str = "apc") -> pl.DataFrame:
    """Group a data frame; gives one table of the result, for `LazyFrame.map_batches` and the like.

    ``table`` is `episodes` (if none is named), `spells`, `unbundled` or `errors`; of other logics `rows` or `errors`. ``grouper``
    is one of the embedded design if none is given. All episodes of a spell have to be in ``frame``: with `map_batches`, leave
    ``streamable`` as it is and switch the push-downs off, as `frame.lazy().hrg.group()` does.
    """
    result = (grouper or _embedded()).group(frame, logic=logic)
    return _frame(getattr(result, _table(table, logic)))


@pl.api.register_dataframe_namespace("hrg")
class FrameNamespace:
    """What `frame.hrg` gives."""

    def __init__(self, frame: pl.DataFrame) -> None:
        self._frame = frame

    def group(self, table: str | None = None, *, grouper: Grouper | None = None, logic: str = "apc") -> pl.DataFrame:
        """The frame grouped: one table of the result, as `hrgcore.polars.group` names them."""
        return group(self._frame, table, grouper=grouper, logic=logic)

    def tables(self, *, grouper: Grouper | None = None, logic: str = "apc") -> dict[str, pl.DataFrame]:
        """All tables of the result by name, the frame being grouped once."""
        result = (grouper or _embedded()).group(self._frame, logic=logic)
        return {name: _frame(getattr(result, name)) for name in tables_of(logic)}


@pl.api.register_lazyframe_namespace("hrg")
class LazyNamespace:
    """What `lazy.hrg` gives."""

    def __init__(self, frame: pl.LazyFrame) -> None:
        self._frame = frame

    def group(self, table: str | None = None, *, grouper: Grouper | None = None, logic: str = "apc") -> pl.LazyFrame:
        """The same, when it is collected. What is filtered or selected after it does not change what is grouped."""
        schema = self._frame.collect_schema()
        found = group(schema.to_frame(), table, grouper=grouper, logic=logic).schema
        return self._frame.map_batches(
            lambda frame: group(frame, table, grouper=grouper, logic=logic),
            predicate_pushdown=False,
            projection_pushdown=False,
            slice_pushdown=False,
            schema=found,
        )

    def stream(self, table: str | None = None, *, grouper: Grouper | None = None, logic: str = "apc") -> Iterator[pl.DataFrame]:
        """One table of the result, part by part, in memory for a few batches. Spells must stand together; none is cut."""
        name = _table(table, logic)
        for result in (grouper or _embedded()).stream(self._frame, logic=logic):
            yield _frame(getattr(result, name))


def _table(name: str | None, logic: str) -> str:
    names = tables_of(logic)
    if name is not None and name not in names:
        raise UsageError(f"no table {name!r} of {logic}. There are {', '.join(names)}.")
    return name or names[0]


@lru_cache(maxsize=1)
def _embedded() -> Grouper:
    return Grouper()


def _frame(table: Any) -> pl.DataFrame:
    frame = pl.from_arrow(table)
    assert isinstance(frame, pl.DataFrame)
    return frame
