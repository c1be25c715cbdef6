"""The HRGs that the official product, or whoever else, gave: its output files, or any table with the keys and an HRG column."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from hrgcore.analysis.results import text
from hrgcore.columns import APC_COLUMNS
from hrgcore.errors import InputError
from hrgcore.read import read_input
from hrgcore.write.official import UNBUNDLED, official_files

#: The columns that hold an HRG of a spell and of an episode: the official product's names, then those of HES extracts.
SPELL_HRG = ("SPELLHRG", "SUSCOREHRG", "SUSHRG", "HRG")
EPISODE_HRG = ("FCE_HRG", "HRGNHS")
_TEXTS = (".csv", ".txt")
_MORE = {"method": ("SPELLGROUPINGMETHODFLAG",), "dominant": ("SPELLDOMINANTPROCEDURE",)}


@dataclass(frozen=True)
class Official:
    """What is held to be right. ``spells`` has `key`, `hrg`, and `method` and `dominant` where known; ``episodes`` `key`, `hrg`.

    Keys are text: provider and spell number, for episodes the order too. Either table is None where the file has no such HRGs.
    ``doubled`` counts spells that stood with several HRGs; the first counts.
    """

    path: Path
    spells: pa.Table | None
    episodes: pa.Table | None
    doubled: int


def read_official(path: Path, spell_hrg: str | None = None, episode_hrg: str | None = None) -> Official:
    """Read output of the official product (the name given to it, its `_FCE` or `_spell` file) or another table.

    ``spell_hrg`` and ``episode_hrg`` name the columns where they are none of those known. Raises InputError.
    """
    path = _file_of(path)
    names = _headings(path)
    found = {name.strip().upper(): name for name in names}
    keys = [_column(found, (column.name, *column.aliases)) for column in APC_COLUMNS[:3]]
    if keys[0] is None or keys[1] is None:
        raise InputError(f"{path}: has no PROCODET and PROVSPNO, by which spells are matched. Give a table that has them.")
    hrgs = {"spell": _named(found, spell_hrg, SPELL_HRG, path), "episode": _named(found, episode_hrg, EPISODE_HRG, path)}
    if keys[2] is None:
        hrgs["episode"] = None
    if not any(hrgs.values()):
        raise InputError(
            f"{path}: has no column of HRGs ({', '.join((*SPELL_HRG, *EPISODE_HRG))}). Name it: --spell-hrg or --episode-hrg."
        )
    more = {name: _column(found, wanted) for name, wanted in _MORE.items()}
    table = _read(path, names, [name for name in (*keys, *hrgs.values(), *more.values()) if name])
    key = joined(*(table.column(name) for name in keys[:2]))
    spells = episodes = None
    doubled = 0
    if hrgs["spell"]:
        columns = {"key": key, "hrg": _hrg(table.column(hrgs["spell"]))}
        columns |= {name: text(table.column(own)) for name, own in more.items() if own}
        spells, doubled = _first_of_each(pa.table(columns))
    if hrgs["episode"]:
        order = joined(key, table.column(keys[2]))
        episodes = _first_of_each(pa.table({"key": order, "hrg": _hrg(table.column(hrgs["episode"]))}))[0]
    return Official(path, spells, episodes, doubled)


def joined(*columns: pa.ChunkedArray) -> pa.ChunkedArray:
    """Cells of several columns as one text, without blanks around them."""
    return pc.binary_join_element_wise(*(pc.utf8_trim_whitespace(text(column)) for column in columns), "\0")


def _file_of(path: Path) -> Path:
    """Of the official product's file set, the one with both HRGs."""
    if path.is_dir():
        return path
    files = official_files(path)
    return next((files[ending] for ending in ("_FCE", "_spell") if files[ending].is_file()), path)


def _headings(path: Path) -> list[str]:
    if path.suffix.lower() not in _TEXTS:
        return list(read_input(path).slice(0, 0).column_names)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return next(csv.reader(file), [])
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(
            f"{path}: can't be read ({type(error).__name__}). Check the path and that it is a UTF-8 CSV file."
        ) from None


def _read(path: Path, names: Sequence[str], wanted: Sequence[str]) -> pa.Table:
    if UNBUNDLED not in names or path.suffix.lower() not in _TEXTS:
        return read_input(path).select(list(wanted))
    # The last heading stands over as many cells as a row has unbundled HRGs: no reader of tables takes that.
    places = [names.index(name) for name in wanted]
    columns: list[list[str]] = [[] for _ in wanted]
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.reader(file)
        next(rows)
        for number, row in enumerate(rows, 2):
            if len(row) < len(names) - 1:
                raise InputError(f"{path}: line {number} has {len(row)} cells, {len(names)} were expected. Write the file again.")
            for column, place in zip(columns, places, strict=True):
                column.append(row[place])
    return pa.table({name: pa.array(cells, pa.string()) for name, cells in zip(wanted, columns, strict=True)})


def _column(found: dict[str, str], wanted: Sequence[str]) -> str | None:
    return next((found[name] for name in wanted if name in found), None)


def _named(found: dict[str, str], given: str | None, wanted: Sequence[str], path: Path) -> str | None:
    if given is None:
        return _column(found, wanted)
    if given.strip().upper() not in found:
        raise InputError(f"{path}: has no column {given}. Its columns are {', '.join(list(found)[:30])}.")
    return found[given.strip().upper()]


def _hrg(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.utf8_upper(pc.utf8_trim_whitespace(text(column)))


def _first_of_each(table: pa.Table) -> tuple[pa.Table, int]:
    """The first row of each key that has an HRG, and how many keys have several HRGs."""
    table = table.filter(pc.not_equal(table.column("hrg"), ""))
    place = pa.array(range(len(table)), pa.int64())
    found = table.append_column("place", place).group_by("key").aggregate([("place", "min"), ("hrg", "count_distinct")])
    doubled = pc.sum(pc.greater(found.column("hrg_count_distinct"), 1)).as_py() or 0
    return table.take(found.column("place_min").combine_chunks().sort()), int(doubled)
