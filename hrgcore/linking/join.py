"""The join: every row of critical care and dialysis to the one spell that has its key, or to a reason why there is none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hrgcore.columns import KEY_FIELDS, apc_layout
from hrgcore.errors import InputError, UsageError
from hrgcore.linking.index import KeyIndex, Spells
from hrgcore.linking.keys import SPELL_KEY, all_columns, as_text, find_columns, is_blank, key_cells
from hrgcore.linking.sources import Source, source_of
from hrgcore.logics import ROW_LOGICS, Logic

CORE, UNBUNDLED = "core", "unbundled"
#: Why a row fits no spell.
NO_KEY, NO_SPELL, SEVERAL = "its key is blank", "no spell has its key", "several spells have its key"
_REMEDY = "Name those that hold the key with --on (from Python, on): the spell's column, =, and the column of these rows."


@dataclass(frozen=True)
class Linked:
    """A spell's whole set of HRGs, spell by spell, and the rows that fit no spell.

    ``hrgs``: PROCODET, PROVSPNO, Kind, HRG, Days, Input, Row. ``unlinked``: the row's key (Key_PROCODET and so on, by the spell's
    columns), Kind, HRG, Days, Input, Row, Reason. ``counts``: of each input its rows, those linked, and the others by reason.
    """

    hrgs: pa.Table
    unlinked: pa.Table
    counts: list[dict[str, Any]]


def link(spells: Any, others: Sequence[Any], on: Mapping[str, str] | None = None) -> Linked:
    """Join critical care and dialysis to the spells of admitted care.

    ``spells`` is a result of admitted care, ``others`` are those of acc, pcc, ncc and nrd: each what `Grouper.group` gave, or the
    path of a folder that `hrgcore group` has written. ``on`` names the columns to join on, the spell's and the row's; without it
    they are PROCODET and PROVSPNO. Where the table of spells lacks one, that of episodes has to have them all.

    Every row of ``others`` is in one of the two tables, once. Keys are compared as text, as they stand.

    Raises InputError where a column is missing or a result can't be linked, UsageError where ``on`` or ``others`` is empty.

    >>> grouper = hrgcore.Grouper()
    >>> spells, critical = grouper.group("month"), hrgcore.read.read_input("critical")
    >>> for name in ("PROCODET", "PROVSPNO"):
    ...     critical = critical.append_column(name, spells.table[name].slice(0, len(critical)))
    >>> link(spells, [grouper.group(critical, logic="acc")]).counts[0]["rows"]
    50
    """
    return link_sources(source_of(spells, 0), [source_of(other, place) for place, other in enumerate(others, 1)], on)


def link_sources(spells: Source, others: Sequence[Source], on: Mapping[str, str] | None = None) -> Linked:
    """The same of what was opened already."""
    if not others or (on is not None and not on):
        raise UsageError("Nothing to link. Give results beside that of admitted care, and at least one column to join on.")
    if spells.logic != "apc":
        raise InputError(f"{spells.name}: is of {spells.logic}. Give the result of admitted care (apc) first.")
    logics = [_linkable(other) for other in others]
    on = on or SPELL_KEY
    admitted = _Admitted(spells)
    known = admitted.known(list(on))
    pieces = [admitted.core(), admitted.unbundled()]
    failed = []
    for place, (other, logic) in enumerate(zip(others, logics, strict=True), 2):
        linked, unlinked = _joined(other, logic, on, known, place)
        pieces.append(linked)
        failed.append(unlinked)
    names = [spells.name, spells.name, *(other.name for other in others)]
    kinds = [CORE, UNBUNDLED, *(logic.title for logic in logics)]
    hrgs = pa.concat_tables(pieces)
    hrgs = hrgs.take(pa.array(np.argsort(hrgs.column("Spell").to_numpy(), kind="stable")))
    lost = pa.concat_tables(failed)
    key = admitted.key.take(hrgs.column("Spell"))
    return Linked(
        pa.table({**dict(zip(KEY_FIELDS, key.columns, strict=True)), **_described(hrgs, names, kinds)}),
        pa.table(
            {
                **{f"Key_{name}": lost.column(f"Key_{name}") for name in on},
                **_described(lost, names, kinds),
                "Reason": lost["Reason"],
            }
        ),
        [_counts(*each) for each in zip(names[2:], kinds[2:], pieces[2:], failed, strict=True)],
    )


class _Admitted:
    """The spells of a result of admitted care; ``key`` are their PROCODET and PROVSPNO, in the order of its table."""

    def __init__(self, source: Source) -> None:
        self.source = source
        table = source.read("spells", [*KEY_FIELDS, "SpellHRG"])
        self.key = key_cells(table, KEY_FIELDS, source.name)
        self._hrgs = as_text(table.column("SpellHRG"), "SpellHRG", source.name)
        self._spells = KeyIndex(self.key, np.arange(len(table)))
        if len(self._spells) < len(table):
            raise InputError(f"{source.name}: a spell stands there twice. Group the activity again, all of it in one run.")

    def core(self) -> pa.Table:
        """The core HRG of each spell. ``Row`` counts spells."""
        spells = np.arange(len(self.key))
        return _piece(0, spells, spells + 1, self._hrgs, pa.nulls(len(spells), pa.int32()))

    def unbundled(self) -> pa.Table:
        """The unbundled HRGs of the spells. ``Row`` counts rows of the input."""
        name = self.source.name
        table = self.source.read("unbundled", ["Row", *KEY_FIELDS, "UnbundledHRG", "Days"])
        spells = self._of(table, KEY_FIELDS, "unbundled HRGs")
        hrgs = as_text(table.column("UnbundledHRG"), "UnbundledHRG", name)
        return _piece(1, spells, _numbers(table, "Row", name), hrgs, _numbers(table, "Days", name))

    def known(self, columns: Sequence[str]) -> KeyIndex:
        """The spells by the keys that they have in these columns.

        Raises InputError where neither the spells nor the episodes have them all.
        """
        if tuple(columns) == KEY_FIELDS:
            return self._spells
        names = self.source.columns("spells")
        found = find_columns(names, columns, self.source.name)
        if len(found) == len(columns):
            table = self.source.read("spells", list(found.values()))
            return KeyIndex(key_cells(table, list(found.values()), self.source.name), np.arange(len(table)))
        names = self.source.columns("episodes")
        wanted = all_columns(names, columns, f"{self.source.name}: episodes", _REMEDY)
        fields = apc_layout(names, self.source.name).fields
        key = [fields[name] for name in KEY_FIELDS]
        table = self.source.read("episodes", list(dict.fromkeys([*wanted, *key])))
        return KeyIndex(key_cells(table, wanted, self.source.name), self._of(table, key, "episodes"))

    def _of(self, table: pa.Table, key: Sequence[str], what: str) -> Spells:
        """The spell of each row of another table of the same result."""
        spells, _ = self._spells.spells(key_cells(table, key, self.source.name))
        if (spells < 0).any():
            raise InputError(f"{self.source.name}: has {what} of a spell that it has not. Group the activity again.")
        return spells


def _linkable(source: Source) -> Logic:
    logic = ROW_LOGICS.get(source.logic)
    if logic is None or logic.rows == "attendances":
        what = f"{logic.title} ({logic.name}), whose attendances are" if logic else f"{source.logic}, which is"
        fit = ", ".join(name for name, one in ROW_LOGICS.items() if one.rows != "attendances")
        raise InputError(f"{source.name}: is of {what} no part of a spell. Give results of {fit}.")
    return logic


def _joined(source: Source, logic: Logic, on: Mapping[str, str], known: KeyIndex, place: int) -> tuple[pa.Table, pa.Table]:
    """The rows of a source that fit a spell, and those that don't, with their keys and the reason."""
    names = source.columns("rows")
    columns = all_columns(names, list(on.values()), source.name, _REMEDY)
    hrg = f"{logic.prefix}_HRG"
    days = next((name for name, span in logic.span_columns if span == "days"), None)
    all_columns(names, [hrg, *([days] if days else [])], source.name, f"Group the activity again with --logic {logic.name}.")
    table = source.read("rows", list(dict.fromkeys([*columns, hrg, *([days] if days else [])])))
    keys = key_cells(table, columns, source.name)
    first, last = known.spells(keys)
    found = pa.array(np.select([first < 0, first != last], [NO_SPELL, SEVERAL], ""))
    reason = pc.if_else(is_blank(keys), NO_KEY, found)
    rows = _piece(
        place,
        first,
        np.arange(1, len(table) + 1),
        as_text(table.column(hrg), hrg, source.name),
        _days(table, days, logic, source.name),
    )
    fits = pc.equal(reason, "")
    lost = rows.append_column("Reason", reason)
    for name, cells in zip(on, keys.columns, strict=True):
        lost = lost.append_column(f"Key_{name}", cells)
    return rows.filter(fits), lost.filter(pc.invert(fits))


def _days(table: pa.Table, column: str | None, logic: Logic, source: str) -> Any:
    """Days of each row: those that grouping has found, 1 where a row is a day, else none."""
    if column is None:
        return pa.array(np.full(len(table), 1, np.int32), mask=np.full(len(table), logic.rows != "days"))
    days = _numbers(table, column, source)
    return pc.if_else(pc.less(days, 0), pa.scalar(None, days.type), days)


def _piece(place: int, spells: Any, rows: Any, hrgs: Any, days: Any) -> pa.Table:
    """HRGs of one source: the spell of each, from 0, and where it comes from."""
    count = len(hrgs)
    table = {"Spell": spells, "Source": np.full(count, place, np.int64), "Row": rows, "HRG": hrgs, "Days": days}
    kinds = {"Spell": pa.int64(), "Source": pa.int64(), "Row": pa.int64(), "HRG": pa.large_string(), "Days": pa.int32()}
    return pa.table(table).cast(pa.schema(kinds))


def _numbers(table: pa.Table, name: str, source: str) -> Any:
    """A column of whole numbers, which in CSV is text. Raises InputError where it holds anything else."""
    column = table.column(name)
    try:
        if not pa.types.is_integer(column.type):
            text = column.cast(pa.large_string())
            column = pc.if_else(pc.equal(text, ""), None, text)
        return column.cast(pa.int64())
    except pa.ArrowException:
        raise InputError(f"{source}: column {name} holds what is no whole number. Group the activity again.") from None


def _described(table: pa.Table, names: Sequence[str], kinds: Sequence[str]) -> dict[str, Any]:
    """The columns that both tables have."""
    source = table.column("Source")
    return {
        "Kind": pa.array(kinds).dictionary_encode().take(source),
        "HRG": table.column("HRG"),
        "Days": table.column("Days"),
        "Input": pa.array(names).dictionary_encode().take(source),
        "Row": table.column("Row"),
    }


def _counts(name: str, kind: str, linked: pa.Table, unlinked: pa.Table) -> dict[str, Any]:
    reasons = {entry["values"]: entry["counts"] for entry in pc.value_counts(unlinked.column("Reason")).to_pylist()}
    ordered = {reason: reasons[reason] for reason in (NO_KEY, NO_SPELL, SEVERAL) if reason in reasons}
    return {"input": name, "kind": kind, "rows": len(linked) + len(unlinked), "linked": len(linked), "unlinked": ordered}
