"""The same spells in two results: side by side where they stand in one order, else joined by their keys."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hrgcore.analysis.prices import EPISODE_FIELDS, settings_of
from hrgcore.analysis.results import Results, summed, text, together
from hrgcore.columns import KEY_FIELDS
from hrgcore.errors import InputError

#: Columns of spells that a comparison reads of either side; in a pair they end in `_a` and `_b`.
COLUMNS = ("SpellHRG", "SpellGroupingMethodFlag", "SpellReason", "SpellRootRule", "SpellSplitRule", "SpellLOS")
_MOST_SPELLS = 2_000_000  # that are joined at a time


def pairs(a: Results, b: Results, *, settings: bool) -> Iterator[pa.Table]:
    """Spells that are in both, a part at a time: PROCODET, the columns of either side, the spell's row in ``a`` from 1.

    With ``settings`` also `setting` and `admission` (places, as `settings_of` gives them). Spells of one side only are in
    no pair. Raises InputError where no spell is in both.
    """
    if _same_order(a, b):
        yield from a.map(lambda number: _beside(_side(a, number, settings), _side(b, number, False)))
        return
    yield from _joined(a, b, settings)


def _same_order(a: Results, b: Results) -> bool:
    """Whether each part of one has the keys of the same part of the other."""
    if a.starts != b.starts:
        return False
    keys = list(KEY_FIELDS)

    def same(number: int) -> bool:
        one, other = a.part(number, keys).spells, b.part(number, keys).spells
        return all(text(one.column(key)).equals(text(other.column(key))) for key in keys)

    return all(a.map(same))


def _side(results: Results, number: int, settings: bool) -> pa.Table:
    part = results.part(number, (*KEY_FIELDS, *COLUMNS), EPISODE_FIELDS if settings else ())
    columns = {name: text(part.spells.column(name)) for name in (*KEY_FIELDS, *COLUMNS) if name != "SpellLOS"}
    columns["SpellLOS"] = pc.cast(part.spells.column("SpellLOS"), pa.int64())
    columns["spell"] = pa.array(np.arange(len(part.spells)) + part.first_spell + 1)
    if settings:
        for name, places in zip(("setting", "admission"), settings_of(part), strict=True):
            columns[name] = pa.array(places)
    return pa.table(columns)


def _beside(a: pa.Table, b: pa.Table) -> pa.Table:
    shared = [name for name in a.column_names if name not in COLUMNS]
    columns = {name: a.column(name) for name in shared if name != "PROVSPNO"}
    columns |= {f"{name}_{side}": table.column(name) for side, table in (("a", a), ("b", b)) for name in COLUMNS}
    return pa.table(columns)


def _joined(a: Results, b: Results, settings: bool) -> Iterator[pa.Table]:
    met = 0
    for providers in _provider_groups(a):
        wanted = pa.array(providers, pa.string())
        one, other = _chosen(a, wanted, settings), _chosen(b, wanted, False)
        names = [*KEY_FIELDS, *COLUMNS]
        found = one.join(other.select(names), list(KEY_FIELDS), join_type="inner", left_suffix="_a", right_suffix="_b")
        met += len(found)
        yield found.drop_columns(["PROVSPNO"])
    if not met:
        raise InputError(f"{a.name} and {b.name} have no spell in common. Compare results of the same activity.")


def _chosen(results: Results, providers: pa.Array, settings: bool) -> pa.Table:
    """The spells of some providers."""

    def part(number: int) -> pa.Table:
        side = _side(results, number, settings)
        return side.filter(pc.is_in(side.column("PROCODET"), value_set=providers))

    return _once(pa.concat_tables(results.map(part)), results)


def _once(table: pa.Table, results: Results) -> pa.Table:
    distinct = summed(table.select(list(KEY_FIELDS)).append_column("n", pa.array(np.ones(len(table), np.int64))), KEY_FIELDS)
    if len(distinct) < len(table):
        raise InputError(f"{results.name}: a spell's key stands in several parts. Group it again with hrgcore group.")
    return table


def _provider_groups(results: Results) -> Iterator[Sequence[str]]:
    """Providers in groups that have not too many spells."""

    def count(number: int) -> pa.Table:
        keys = text(results.part(number, ("PROCODET",)).spells.column("PROCODET"))
        return summed(pa.table({"PROCODET": keys, "spells": np.ones(len(keys), np.int64)}), ("PROCODET",))

    counts = together(results.map(count), ("PROCODET",))
    group: list[str] = []
    held = 0
    for provider, spells in zip(counts.column(0).to_pylist(), counts.column(1).to_pylist(), strict=True):
        if group and held + spells > _MOST_SPELLS:
            yield group
            group, held = [], 0
        group.append(provider)
        held += spells
    if group:
        yield group
