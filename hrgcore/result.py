"""The result of grouping, as Arrow tables: dense integers become text once, on the way out."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa

from hrgcore.activity import Activity, CodeCells, TableActivity
from hrgcore.columns import Layout
from hrgcore.decode import Decoder
from hrgcore.design import Bundle
from hrgcore.encode import Encoder, SpellOrder
from hrgcore.encode.cells import without_blanks
from hrgcore.engine import Grouped, kernel_lookups
from hrgcore.error_rows import error_table
from hrgcore.errors import InputError
from hrgcore.plain_parts import plain, records
from hrgcore.reasons import REASONS
from hrgcore_kernels.layout import Episodes

EPISODE_COLUMNS = (
    "FCE_HRG",
    "GroupingMethodFlag",
    "DominantProcedure",
    "CalcEpidur",
    "SpellReportFlag",
    "FCE_Reason",
    "FCE_RootRule",
    "FCE_SplitRule",
    "SpellHRG",
)


def refuse_result_columns(names: list[str], source: str) -> None:
    """Raise InputError where an input has columns that the result writes itself."""
    clash = [name for name in names if name in EPISODE_COLUMNS]
    if clash:
        raise InputError(f"{source}: has columns {', '.join(clash)}, which the result writes too. Rename or drop them.")


@dataclass(frozen=True)
class Result:
    """Grouped activity. Each table is made when it is first asked for.

    ``activity`` is the input; ``grouped`` holds the kernels' numbers, ``order`` which rows make which spell.

    >>> result = hrgcore.Grouper().group("month")
    >>> result.spells.num_rows <= result.episodes.num_rows == 300
    True
    >>> pa.table(result).equals(result.episodes)  # as any tool takes it
    True
    """

    activity: Activity
    layout: Layout
    grouped: Grouped
    order: SpellOrder
    encoder: Encoder
    bundle: Bundle

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        """``episodes``, for whatever takes Arrow: `polars.from_arrow(result)`, `pandas`, DuckDB."""
        return self.episodes.__arrow_c_stream__(requested_schema)

    def __reduce__(self) -> tuple[Any, ...]:
        return _remake, (self.bundle, self.table, self.layout, plain(self.grouped), self.order)

    @cached_property
    def encoded(self) -> Episodes:
        """The input as numbers, as the kernels take it: it is encoded again, as nothing else asks for all of it."""
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            return self.activity.kept(self.layout).encode(self.encoder, self.layout, pool).episodes

    @property
    def table(self) -> pa.Table:
        """The input, all of it."""
        return self.activity.table

    @cached_property
    def _decode(self) -> Decoder:
        return Decoder(self.bundle)

    @cached_property
    def spell_of_episode(self) -> np.ndarray:
        """The place in ``spells`` of each input row's spell. int64 [episodes]."""
        return self.order.spell_of_row()

    @cached_property
    def episodes(self) -> pa.Table:
        """The input's rows and columns in their order, then what grouping gives for each episode."""
        found, decode = self.grouped.episodes, self._decode
        columns: dict[str, Any] = {
            "FCE_HRG": decode.hrg(found["hrg"]),
            "GroupingMethodFlag": decode.method(found["method"]),
            "DominantProcedure": decode.procedure(found["dominant"]),
            "CalcEpidur": pa.array(np.ascontiguousarray(found["los"])),
            "SpellReportFlag": pa.array(found["report"] == 1),
            "FCE_Reason": decode.reason(found["reason"]),
            "FCE_RootRule": decode.rule(found["root_rule"]),
            "FCE_SplitRule": decode.rule(found["split_rule"]),
            "SpellHRG": decode.hrg(self.grouped.spells["hrg"][self.spell_of_episode]),
        }
        table = self.table
        for name, column in columns.items():
            table = table.append_column(name, column)
        return table

    @cached_property
    def spells(self) -> pa.Table:
        """One row a spell, in order of first appearance in the input."""
        found, decode = self.grouped.spells, self._decode
        report = np.ascontiguousarray(found["report_row"])
        diagnoses = CodeCells.diagnoses(self.activity, self.layout)
        second = without_blanks(diagnoses.cells(1, report)) if diagnoses.count > 1 else pa.repeat(pa.scalar(""), len(found))
        return pa.table(
            {
                **self._keys(self.order.first_rows),
                "SpellHRG": decode.hrg(found["hrg"]),
                "SpellGroupingMethodFlag": decode.method(found["method"]),
                "SpellDominantProcedure": decode.procedure(found["dominant"]),
                "SpellPDiag": without_blanks(diagnoses.cells(0, report)),
                "SpellSDiag": second,
                "SpellEpisodeCount": pa.array(np.diff(self.order.starts).astype(np.int32)),
                "SpellLOS": pa.array(np.ascontiguousarray(found["los"])),
                "SpellCCDays": pa.array(np.ascontiguousarray(found["critical_care_days"])),
                "SpellReason": decode.reason(found["reason"]),
                "SpellRootRule": decode.rule(found["root_rule"]),
                "SpellSplitRule": decode.rule(found["split_rule"]),
                "UnbundledHRGs": self._unbundled_of_spells(),
            }
        )

    @cached_property
    def unbundled(self) -> pa.Table:
        """One row an unbundled HRG, spell by spell; ``Row`` counts input rows from 1, ``Iteration`` from 1 within the episode."""
        found = self.grouped.unbundled
        return self._decode.unbundled_rows(found, self._keys(np.ascontiguousarray(found["row"])))

    @cached_property
    def errors(self) -> pa.Table:
        """One row an error: the input row from 1, spell key, field, code as given, and message; in input order."""
        found = error_table(self.activity, self.layout, self.grouped, self.encoder, self.bundle)
        rows = found.column("Row").to_numpy() - 1
        for place, (name, column) in enumerate(self._keys(rows).items(), 1):
            found = found.add_column(place, name, column)
        return found

    @property
    def counts(self) -> dict[str, Any]:
        """How many episodes and spells were grouped and failed, by reason, and on which evidence the grouped ones rest."""
        return {
            "episodes": _counts(self.grouped.episodes),
            "spells": _counts(self.grouped.spells),
            "unbundled": len(self.grouped.unbundled),
            "evidence": {
                "root": self._evidence(self.grouped.episodes["root_rule"]),
                "split": self._evidence(self.grouped.episodes["split_rule"]),
            },
        }

    def _evidence(self, rules: np.ndarray) -> dict[str, int]:
        """Episodes grouped by rows of each basis."""
        bases = np.array(self.bundle.rule_bases)
        grouped = self.grouped.episodes["hrg"] != 0
        names, places = np.unique(bases, return_inverse=True)
        by_rule = np.bincount(rules[grouped], minlength=len(bases))
        counts = np.bincount(places, by_rule, len(names)).astype(np.int64)
        return {name: count for name, count in zip(names.tolist(), counts.tolist(), strict=True) if count}

    def _keys(self, rows: np.ndarray) -> dict[str, Any]:
        indices = pa.array(rows)
        return {name: self.activity.cells(self.layout.fields[name], indices) for name in ("PROCODET", "PROVSPNO")}

    def _unbundled_of_spells(self) -> Any:
        found = self.grouped.unbundled
        counts = (
            np.bincount(self.spell_of_episode[found["row"]], minlength=self.order.count)
            if len(found)
            else np.zeros(self.order.count, int)
        )
        offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
        return pa.ListArray.from_arrays(pa.array(offsets), self._decode.unbundled(found["hrg"], found["days"]))


def _remake(bundle: Bundle, table: pa.Table, layout: Layout, grouped: Grouped, order: SpellOrder) -> Result:
    """A result that was pickled: its input as a table, however it was read."""
    encoder = Encoder(kernel_lookups(bundle))
    return Result(TableActivity(table), layout, records(grouped), order, encoder, bundle)


def _counts(found: np.ndarray) -> dict[str, Any]:
    counts = np.bincount(found["reason"])
    grouped = int((found["hrg"] != 0).sum())
    return {
        "total": len(found),
        "grouped": grouped,
        "failed": len(found) - grouped,
        "by_reason": {REASONS[reason]: count for reason, count in enumerate(counts.tolist()) if count},
    }
