"""The `Grouper`: group activity under one design, whole or as a stream, and explain one spell."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np
import pyarrow as pa

from hrgcore import engine
from hrgcore.activity import Activity, TableActivity
from hrgcore.columns import Layout, apc_layout
from hrgcore.design import DEFAULT_DESIGN, Bundle, DesignInfo, load_design
from hrgcore.encode import Block, Encoder, SpellOrder, join_blocks, order_rows
from hrgcore.encode.cells import without_views
from hrgcore.errors import DesignError, UsageError
from hrgcore.foreign import foreign_activity, foreign_batches, foreign_table
from hrgcore.logics import ROW_LOGICS
from hrgcore.pipeline import Pipeline
from hrgcore.read import open_input, read_input
from hrgcore.result import Result, refuse_result_columns
from hrgcore.stream import key_columns, one_schema, period_layout, whole_spells

if TYPE_CHECKING:
    from hrgcore.design.tables import Tables
    from hrgcore.explain import Explanation
    from hrgcore.logics.group import RowGrouper
    from hrgcore.logics.result import RowsResult

LOGICS = ("apc", *ROW_LOGICS)


class Grouper:
    """Groups coded activity to HRGs under one design. Safe to share between threads, and between processes by fork or pickle.

    ``design`` is the id of an embedded design, a bundle, or a folder of design tables; ``threads`` the number of threads (all
    cores by default). Raises UsageError for an unknown design and DesignError for a wrong one.

    A pickle says which design it is and where its bundle lies; it is opened again, mapped into memory, where it is unpickled.

    >>> grouper = Grouper(threads=2)
    >>> grouper.design.id
    'hrg4plus-2425-open'
    """

    def __init__(self, design: str | Path | Bundle = DEFAULT_DESIGN, *, threads: int | None = None) -> None:
        if threads is not None and threads < 1:
            raise UsageError(f"threads is {threads}; give 1 or more.")
        self._bundle: Bundle = load_design(design)
        self._design = engine.kernel_design(self._bundle)
        self._encoder = Encoder(engine.kernel_lookups(self._bundle))
        self._rows: dict[str, RowGrouper] = {}
        self._explainers: dict[str, Any] = {}
        self._threads = threads or os.cpu_count() or 1
        self._remade = (self._bundle, threads)

    def __reduce__(self) -> tuple[Any, ...]:
        return _remake, self._remade

    @property
    def design(self) -> DesignInfo:
        """Which design this is, what it is for, and the digest of its tables."""
        return self._bundle.info

    @property
    def encoder(self) -> Encoder:
        """What turns the text of this design's codes into numbers."""
        return self._encoder

    def accepts(self, field: str, values: Any, *, logic: str = "apc") -> np.ndarray:
        """Which values (an Arrow array of text) a field, by its official name, can hold. bool [values].

        False for blank ones and for fields that are not checked. Numbers of admitted care are not held against their range.
        """
        if logic == "apc":
            return self._encoder.accepts(field, values)
        return self._row_grouper(logic).accepts(field, values)

    @overload
    def group(self, data: Any, *, logic: Literal["apc"] = "apc") -> Result: ...
    @overload
    def group(self, data: Any, *, logic: str) -> Any: ...
    def group(self, data: Any, *, logic: str = "apc") -> Any:
        """Group activity: a path, an input of `hrgcore.read.open_input`, or a table of another tool.

        That is anything with `__arrow_c_stream__` or `__arrow_c_array__`, as pyarrow, Polars, pandas, DuckDB, nanoarrow and arro3
        have; a pyarrow dataset, of which other columns than grouping needs are read when a table asks for them; or a Polars
        LazyFrame.

        Gives a `Result`; of the logics whose rows stand by themselves (``logic`` is not `apc`) a `RowsResult`.

        Episodes of a spell need not stand together or in order. Bad rows are grouped to the error HRG and listed in ``errors``;
        raises InputError where the input as a whole can't be grouped, UsageError for an unknown logic, DesignError where the design
        has no tables for it.

        >>> result = Grouper().group("month")
        >>> result.counts["episodes"]["total"]
        300
        """
        if logic == "apc":
            return self._group(_as_activity(data))
        return self._group_rows(self._row_grouper(logic), _as_table(data))

    @overload
    def stream(self, batches: Any, *, logic: Literal["apc"] = "apc") -> Iterator[Result]: ...
    @overload
    def stream(self, batches: Any, *, logic: str) -> Iterator[Any]: ...
    def stream(self, batches: Any, *, logic: str = "apc") -> Iterator[Any]:
        """Group a stream of batches, result by result, in memory for a few batches.

        ``batches`` is what `group` takes but paths, or an iterable of that, such as batches, tables and data frames. Spells must
        stand together; those cut by the edge of a batch are grouped with the next. So must critical care periods. Raises InputError
        where one comes back after another.

        >>> import pyarrow.dataset
        >>> dataset = pyarrow.dataset.dataset("month", format="parquet")
        >>> sum(part.episodes.num_rows for part in Grouper().stream(dataset))
        300
        """
        if logic == "apc":
            for table in whole_spells(foreign_batches(batches)):
                yield self._group(TableActivity(table))
            return
        grouper = self._row_grouper(logic)
        of, source = grouper.logic, foreign_batches(batches)
        for table in whole_spells(source, partial(period_layout, of)) if of.keys else one_schema(source):
            yield self._group_rows(grouper, table)

    @overload
    def explain(self, episodes: Any, *, logic: Literal["apc"] = "apc") -> Explanation: ...
    @overload
    def explain(self, episodes: Any, *, logic: str, row: int | None = None) -> Any: ...
    def explain(self, episodes: Any, *, logic: str = "apc", row: int | None = None) -> Any:
        """Explain one spell, given as a table of its episodes: each step, the row that decided it, what was tested and failed.

        Of the other logics it explains one row, and gives a `RowExplanation`: the only one, or number ``row``, from 0, held against
        the others of its critical care period. Raises InputError where the rows are of more than one spell, or there is not the
        one row.

        >>> grouper = Grouper()
        >>> result = grouper.group("month")
        >>> spell = result.table.filter(result.spell_of_episode == 0)
        >>> grouper.explain(spell).result.hrg == result.spells["SpellHRG"][0].as_py()
        True
        """
        table = _as_table(episodes)
        if logic != "apc":
            from hrgcore.logics.explain import RowExplainer, official_rows

            self._check_tables(logic)
            one, *others = official_rows(ROW_LOGICS[logic], table, row)
            return self._explainer(logic, lambda tables: RowExplainer(tables, ROW_LOGICS[logic])).explain(one, others)
        from hrgcore.explain import Explainer, official_episodes

        rows = official_episodes(table)
        return self._explainer(logic, Explainer).explain(rows)

    def _explainer(self, logic: str, make: Callable[[Tables], Any]) -> Any:
        """What explains a logic, made when it is first asked for."""
        if logic not in self._explainers:
            self._explainers[logic] = make(self._bundle.tables)
        return self._explainers[logic]

    def _group(self, activity: Activity) -> Result:
        refuse_result_columns(list(activity.names), "the input")
        layout = apc_layout(activity.names)
        with ThreadPoolExecutor(self._threads) as pool:
            pipeline = Pipeline(self._design, pool, activity.rows_about)
            left = [block for block in activity.blocks(self._encoder, layout, pool) if not pipeline.add(block)]
            found = pipeline.end() or self._group_apart(activity, layout, pipeline.rows, left, pool)
        order, grouped = found
        return Result(activity, layout, grouped, order, self._encoder, self._bundle)

    def _group_apart(
        self, activity: Activity, layout: Layout, rows: int, left: list[Block], pool: ThreadPoolExecutor
    ) -> tuple[SpellOrder, engine.Grouped]:
        """Group rows whose spells may not stand together: they are brought together first.

        Blocks that were grouped as they came are not kept: their ``rows`` are encoded again, and ``left`` are those behind.
        """
        again = activity.kept(layout).part(0, rows).blocks(self._encoder, layout, pool)
        whole = join_blocks([*again, *left], pool.map)
        latest = int(self._design.settings[1])
        order = order_rows(whole.keys, whole.episodes.rows["epiorder"], latest, lambda: key_columns(activity, layout))
        return order, engine.group(self._design, whole.episodes, order, pool)

    def _check_tables(self, logic: str) -> None:
        _check_logic(logic)
        if logic not in self._bundle.logics:
            raise DesignError(f"{self.design.id} has no tables of {logic}. Add them in a folder {logic}, or name another design.")

    def _row_grouper(self, logic: str) -> RowGrouper:
        self._check_tables(logic)
        if logic not in self._rows:
            from hrgcore.logics.choose import row_grouper  # whose kernels admitted care does without

            self._rows[logic] = row_grouper(self._bundle, ROW_LOGICS[logic], self._encoder)
        return self._rows[logic]

    def _group_rows(self, grouper: RowGrouper, table: pa.Table) -> RowsResult:
        from hrgcore.logics.choose import grouped_rows

        with ThreadPoolExecutor(self._threads) as pool:
            return grouped_rows(without_views(table), grouper, pool, self._bundle)


def _remake(bundle: Bundle, threads: int | None) -> Grouper:
    return Grouper(bundle, threads=threads)


def _as_activity(data: Any) -> Activity:
    if isinstance(data, Activity):
        return data
    if isinstance(data, str | Path):
        return open_input(data)
    taken = foreign_activity(data)
    return taken if isinstance(taken, Activity) else TableActivity(taken)


def _as_table(data: Any) -> pa.Table:
    """A path's table, or that of another tool, or of activity."""
    if isinstance(data, Activity):
        return data.table
    return read_input(data) if isinstance(data, str | Path) else foreign_table(data)


def _check_logic(logic: str) -> None:
    if logic not in LOGICS:
        raise UsageError(f"unknown logic {logic!r}. This version groups {', '.join(LOGICS)}.")
