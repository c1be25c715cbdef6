"""Two results of the same activity: which spells moved, from where to where, why, and what it would mean in money."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hrgcore.analysis.causes import CauseFinder, causes
from hrgcore.analysis.pairs import pairs
from hrgcore.analysis.prices import Prices
from hrgcore.analysis.results import Results, ranked, summed, together, whole
from hrgcore.design import Bundle

LONGEST = 30  #: days from which stays are counted together
_FLOW = ("PROCODET", "SpellHRG_a", "SpellHRG_b")
_SUMS = ("spells", "grouped_a", "grouped_b", "days", "days_b")
_MONEY = ("income_a", "income_b", "priced", "excess_a", "excess_b")
_RULES = [
    f"{name}_{side}" for name in ("SpellGroupingMethodFlag", "SpellReason", "SpellRootRule", "SpellSplitRule") for side in "ab"
]
_MOVE = ("SpellHRG_a", "SpellHRG_b", *_RULES)


@dataclass(frozen=True)
class Comparison:
    """What moved. Columns that end in `_a` and `_b` are of the first and the second result.

    ``matrix`` has each pair of HRGs of a provider with spells, days and money, those that did not move too; ``flows`` the
    moves by pair of HRGs, ``chapters``, ``subchapters`` and ``providers`` the sums, ``stays`` the distribution of days;
    ``causes`` why. ``only`` counts the spells that stand on one side only.
    """

    matrix: pa.Table
    stays: pa.Table
    causes: pa.Table
    only: tuple[int, int]
    totals: dict[str, float] = field(default_factory=dict)

    @property
    def flows(self) -> pa.Table:
        moved = self.matrix.filter(pc.not_equal(self.matrix.column("SpellHRG_a"), self.matrix.column("SpellHRG_b")))
        return ranked(summed(moved.drop_columns(["PROCODET"]), _FLOW[1:]), "spells")

    @property
    def chapters(self) -> pa.Table:
        return self.by_prefix(1)

    @property
    def subchapters(self) -> pa.Table:
        return self.by_prefix(2)

    @property
    def providers(self) -> pa.Table:
        table = self.matrix.append_column("moved", _moved(self.matrix))
        return ranked(summed(table.drop_columns(list(_FLOW[1:])), ("PROCODET",)), "moved")

    def by_prefix(self, length: int) -> pa.Table:
        """Spells by the first characters of their HRGs: how many before and after, how many left, came and moved within."""
        part = {side: pc.utf8_slice_codeunits(self.matrix.column(f"SpellHRG_{side}"), 0, length) for side in "ab"}
        moved, same = self.matrix_moved, pc.equal(part["a"], part["b"])
        spells = self.matrix.column("spells")
        zero = pa.scalar(0, pa.int64())
        rows = []
        for side, own, other in (("a", "spells_a", "left"), ("b", "spells_b", "came")):
            columns = {"part": part[side], "spells_a": zero, "spells_b": zero, "left": zero, "came": zero, "within": zero}
            columns[own], columns[other] = spells, pc.if_else(same, zero, spells)
            if side == "a":
                columns["within"] = pc.if_else(pc.and_(same, moved), spells, zero)
            full = {n: c if isinstance(c, pa.ChunkedArray | pa.Array) else pa.repeat(c, len(spells)) for n, c in columns.items()}
            rows.append(pa.table(full))
        return summed(pa.concat_tables(rows), ("part",)).sort_by("part")

    @property
    def matrix_moved(self) -> pa.ChunkedArray:
        return pc.not_equal(self.matrix.column("SpellHRG_a"), self.matrix.column("SpellHRG_b"))


def compare(a: Results, b: Results, designs: tuple[Bundle | None, Bundle | None], prices: Prices | None = None) -> Comparison:
    """Compare two results of the same activity, part by part. Raises InputError where they have no spell in common."""
    matrices: list[pa.Table] = []
    moves: list[pa.Table] = []
    stays = np.zeros((2, LONGEST + 1), np.int64)

    def parts() -> None:
        for pair in pairs(a, b, settings=prices is not None):
            table = _counted(pair, prices)
            matrices.append(summed(table.select([*_FLOW, *_SUMS, *(_MONEY if prices else ())]), _FLOW))
            moved = pc.not_equal(pair.column("SpellHRG_a"), pair.column("SpellHRG_b"))
            chosen = pa.table({**{n: pair.column(n) for n in (*_MOVE, "spell")}, "spells": table["spells"], "days": table["days"]})
            moves.append(summed(chosen.filter(moved), _MOVE, "spell"))
            days = np.minimum(whole(pair.column("SpellLOS_a")), LONGEST)
            flags = moved.to_numpy(zero_copy_only=False).astype(np.int64)
            stays[:] += np.bincount(flags * (LONGEST + 1) + days, minlength=stays.size).reshape(stays.shape)
            if len(matrices) == 8:
                matrices[:], moves[:] = [together(matrices, _FLOW)], [together(moves, _MOVE, "spell")]

    parts()
    matrix = together(matrices, _FLOW)
    totals = {name: pc.sum(matrix.column(name)).as_py() or 0 for name in matrix.column_names if name not in _FLOW}
    spells = int(totals["spells"])
    found = Comparison(
        matrix.sort_by([(name, "ascending") for name in _FLOW]),
        pa.table({"days": np.arange(LONGEST + 1), "unmoved": stays[0], "moved": stays[1]}),
        causes(together(moves, _MOVE, "spell"), CauseFinder(*designs)),
        (a.starts[-1] - spells, b.starts[-1] - spells),
        totals,
    )
    found.totals["moved"] = int(stays[1].sum())
    return found


def _counted(pair: pa.Table, prices: Prices | None) -> pa.Table:
    one = np.ones(len(pair), np.int64)
    columns = {name: pair.column(name) for name in _FLOW}
    columns |= {"spells": one, "days": whole(pair.column("SpellLOS_a")), "days_b": whole(pair.column("SpellLOS_b"))}
    for side in "ab":
        grouped = pc.not_equal(pair.column(f"SpellGroupingMethodFlag_{side}"), "U")
        columns[f"grouped_{side}"] = grouped.cast(pa.int64())
    if prices is not None:
        setting, admission = (pair.column(name).to_numpy() for name in ("setting", "admission"))
        money = {}
        for side, days in (("a", columns["days"]), ("b", columns["days_b"])):
            money[side], columns[f"excess_{side}"] = prices.of(pair.column(f"SpellHRG_{side}"), days, setting, admission)
        # Money moves only where both HRGs have a price: else a missing price would look like a loss.
        priced = ~np.isnan(money["a"]) & ~np.isnan(money["b"])
        columns["priced"] = priced.astype(np.int64)
        for side in "ab":
            columns[f"income_{side}"] = np.where(priced, money[side], 0.0)
    return pa.table(columns)


def _moved(matrix: pa.Table) -> pa.ChunkedArray:
    changed = pc.not_equal(matrix.column("SpellHRG_a"), matrix.column("SpellHRG_b"))
    return pc.if_else(changed, matrix.column("spells"), pa.scalar(0, pa.int64()))
