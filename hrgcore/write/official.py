"""The official product's file set for admitted care, column for column: eleven CSV files around one output name.

Where the manuals that we know are silent, the choice is in a comment marked «choice».
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from hrgcore.columns import apc_layout
from hrgcore.reasons import METHODS
from hrgcore.write import DesignLike, ResultLike
from hrgcore.write.lines import cells, heading_line, join, lines, text_of
from hrgcore.write.manifest import versions
from hrgcore.write.staging import Staging

Index = npt.NDArray[np.int64]


def _with_seven(count: str, name: str) -> tuple[str, ...]:
    return (count, *(f"{name}{number}" for number in range(1, 8)))


FCE_REL = (
    *("FCE_HRG", "GroupingMethodFlag", "DominantProcedure", "FCE_PBC", "CalcEpidur", "ReportingEPIDUR", "FCETrimpoint"),
    *("FCEExcessBeddays", "SpellReportFlag"),
)
FCE_SSC = _with_seven("FCESSC_Ct", "FCESSCs")
SPELL_KEY = ("PROCODET", "PROVSPNO")
SPELL_REL = (
    *("SpellHRG", "SpellGroupingMethodFlag", "SpellDominantProcedure", "SpellPDiag", "SpellSDiag", "SpellEpisodeCount", "SpellLOS"),
    *("ReportingSpellLOS", "SpellTrimpoint", "SpellExcessBeddays", "SpellCCDays", "SpellPBC"),
)
SPELL_MORE = (
    *_with_seven("SpellSSC_Ct", "SpellSSCs"),
    *_with_seven("SpellBP_Ct", "SpellBP"),
    *_with_seven("SpellFlag_Ct", "SpellFlag"),
)
UNBUNDLED = "UnbundledHRGs"
#: One heading over as many cells as a row has errors.
ERROR_FIELDS = "Code Type|Code|Error Message"
SUMMARY = (
    *("Grouper Version", "Database Version", "FCE Count", "Spell Count", "FCE Error Count", "Spell Error Count"),
    *("Run Start Date/Time", "Run End Date/Time", "Input Filename", "Output Filename", "RDF path and name"),
)
#: The files, by what follows the output's name, and what the index says of them.
FILES = {
    "_sort": "Input sorted by provider, spell and episode, with RowNo",
    "_FCE": "Episodes with their HRG and that of their spell",
    "_spell": "Spells with their HRG",
    "_quality": "Episodes with errors",
    "_FCE_rel": "Episode HRGs",
    "_spell_rel": "Spell HRGs",
    "_quality_rel": "Errors, a row each",
    "_flag_rel": "Spell flags, a row each",
    "_ub_rel": "Unbundled HRGs, a row each",
    "_summary": "Summary of the run",
}
#: Columns that releases of now leave blank, besides FCE_SSC and SPELL_MORE. The others are the result's.
_BLANK = frozenset(
    ("FCE_PBC", "ReportingEPIDUR", "FCETrimpoint", "FCEExcessBeddays")
    + ("ReportingSpellLOS", "SpellTrimpoint", "SpellExcessBeddays", "SpellPBC")
)
_BLOCK_ROWS = 1 << 16


@dataclass(frozen=True)
class OfficialRun:
    """What the summary says of a run."""

    input: str
    output: str
    rdf: str
    started: datetime


@dataclass(frozen=True)
class _Rows:
    """Who stands where: ``order`` has the input row of each RowNo, ``spells`` the spells in order of their ``first`` RowNo."""

    order: Index
    row_number: Index  # of each input row
    spells: Index
    first: Index  # in the order of `spells`


@dataclass(frozen=True)
class _Ragged:
    """Cells of which a row has any number: ``row_number`` ascends, ``iteration`` counts from 1 in each row."""

    cells: pa.Array
    row_number: Index
    iteration: Index

    def joined(self, starts: Index) -> pa.ChunkedArray:
        """The cells as text, put together for runs of rows: run i goes from RowNo ``starts[i]`` to before ``starts[i + 1]``."""
        offsets = np.searchsorted(self.row_number, starts)
        lists = pa.LargeListArray.from_arrays(pa.array(offsets, pa.int64()), self.cells)
        return pc.binary_join(lists, text_of(","))


def official_files(output: Path, files: Iterable[str] = tuple(FILES)) -> dict[str, Path]:
    """The paths of the file set of ``output``, by what follows the name in it; the index itself is under the empty text."""
    suffix = output.suffix or ".csv"
    stem = output.with_suffix("") if output.suffix else output
    return {ending: stem.with_name(f"{stem.name}{ending}{suffix}") for ending in ("", *files)}


def write_official(
    result: ResultLike,
    raw: pa.Table,
    output: Path,
    *,
    headings: Sequence[str],
    design: DesignLike,
    run: OfficialRun,
    titles: bool = True,
) -> dict[str, Path]:
    """Write the file set; gives the path of each file. Older files of these names are replaced, the index being written last.

    ``raw`` is the input as it was, row for row that of the result, and ``headings`` what to call its columns. ``titles`` False
    leaves headings off all files.

    Raises OutputError where a file can't be written; no file of the set is left then.
    """
    files = official_files(output)
    rows = _number_rows(result)
    unbundled = _unbundled(result, rows)
    errors = _errors(result, rows)
    with Staging(output.parent) as staging, ExitStack() as open_files:
        staged = {ending: open_files.enter_context(staging.file(path.name)) for ending, path in files.items()}
        if titles:
            for ending, names in _titles(headings).items():
                staged[ending].write(heading_line(names))
        for start in range(0, len(rows.order), _BLOCK_ROWS):
            block = _episode_lines(result, raw, rows, unbundled, errors, start)
            for ending, content in block.items():
                staged[ending].write(content)
        for start in range(0, len(rows.spells), _BLOCK_ROWS):
            for ending, content in _spell_lines(result, rows, unbundled, start).items():
                staged[ending].write(content)
        staged["_ub_rel"].write(lines([_numbers(unbundled.row_number), _numbers(unbundled.iteration), unbundled.cells]))
        staged["_quality_rel"].write(_error_lines(result, rows, errors))
        staged["_summary"].write(_summary(result, design, run))
        for ending, contents in FILES.items():
            staged[""].write(heading_line([files[ending].name, contents]))
        open_files.close()
        staging.publish(last=files[""].name)
    return files


def _titles(headings: Sequence[str]) -> dict[str, Sequence[str]]:
    return {
        "": ("File", "Contents"),  # choice: how the official index looks is not known
        "_sort": (*headings, "RowNo"),
        "_FCE": (*headings, "RowNo", *FCE_REL, *FCE_SSC, *SPELL_REL, *SPELL_MORE, UNBUNDLED),
        "_spell": ("RowNo", *SPELL_KEY, *SPELL_REL, *SPELL_MORE, UNBUNDLED),
        "_quality": (*headings, "RowNo", ERROR_FIELDS),
        "_FCE_rel": ("RowNo", *FCE_REL),
        "_spell_rel": ("RowNo", *SPELL_KEY, *SPELL_REL),
        "_quality_rel": ("RowNo", "Iteration", "Code Type", "Code", "Error Message"),
        "_flag_rel": ("RowNo", *SPELL_KEY, "Iteration", "SpellFlag"),
        "_ub_rel": ("RowNo", "Iteration", UNBUNDLED),
        "_summary": SUMMARY,
    }


def _number_rows(result: ResultLike) -> _Rows:
    """Sort by provider and spell (as text: choice), then by EPIORDER as a number; what is no number comes first."""
    spells = result.spells
    keys = pa.table({name: cells(_last(spells, name)) for name in SPELL_KEY})
    by_key = np.asarray(pc.sort_indices(keys, sort_keys=[(name, "ascending") for name in SPELL_KEY])).astype(np.int64)
    rank = np.empty(len(by_key), np.int64)
    rank[by_key] = np.arange(len(by_key))
    spell_rank = rank[np.asarray(result.spell_of_episode, np.int64)]
    order = np.lexsort((_episode_order(result.episodes), spell_rank)).astype(np.int64)  # stable
    row_number = np.empty(len(order), np.int64)
    row_number[order] = np.arange(1, len(order) + 1)
    first = np.searchsorted(spell_rank[order], np.arange(len(by_key))) + 1
    return _Rows(order, row_number, by_key, first.astype(np.int64))


def _episode_order(episodes: pa.Table) -> Index:
    name = apc_layout(_own_names(episodes)).fields["EPIORDER"]
    text = pc.utf8_trim_whitespace(episodes.column(episodes.column_names.index(name)).cast(pa.string()))
    digits = pc.if_else(pc.match_substring_regex(text, "^[0-9]{1,18}$"), text, "-1")
    return np.asarray(pc.fill_null(digits, "-1").cast(pa.int64())).astype(np.int64)


def _own_names(episodes: pa.Table) -> list[str]:
    """The caller's columns: those before the result's first."""
    names: list[str] = episodes.column_names
    return names[: len(names) - 1 - names[::-1].index("FCE_HRG")]


def _last(table: pa.Table, name: str) -> pa.ChunkedArray:
    """The last column of this name: the result's own columns stand behind the caller's."""
    names = table.column_names
    return table.column(len(names) - 1 - names[::-1].index(name))


def _unbundled(result: ResultLike, rows: _Rows) -> _Ragged:
    table = result.unbundled
    row_number = rows.row_number[np.asarray(table.column("Row"), np.int64) - 1]
    iteration = np.asarray(table.column("Iteration"), np.int64)
    order = np.lexsort((iteration, row_number))
    hrg = cells(table.column("UnbundledHRG"))
    days = cells(table.column("Days"))
    text = pc.if_else(pc.equal(days, ""), hrg, join(hrg, days, by="*"))
    return _Ragged(_array(text.take(pa.array(order))), row_number[order], iteration[order])


def _errors(result: ResultLike, rows: _Rows) -> _Ragged:
    table = result.errors
    row_number = rows.row_number[np.asarray(table.column("Row"), np.int64) - 1]
    order = np.argsort(row_number, kind="stable")
    # The three parts make one field, which is quoted as one.
    parts = [pc.fill_null(table.column(name).cast(pa.string()), "") for name in ("CodeType", "Code", "ErrorMessage")]
    text = cells(pc.binary_join_element_wise(*parts, "|"))
    row_number = row_number[order]
    iteration = np.arange(len(order)) - np.searchsorted(row_number, row_number) + 1
    return _Ragged(_array(text.take(pa.array(order))), row_number, iteration.astype(np.int64))


def _episode_lines(
    result: ResultLike, raw: pa.Table, rows: _Rows, unbundled: _Ragged, errors: _Ragged, start: int
) -> dict[str, memoryview | bytes]:
    order = rows.order[start : start + _BLOCK_ROWS]
    bounds = np.arange(start + 1, start + len(order) + 2)  # RowNo of the block's rows and of the next
    number = _numbers(bounds[:-1])
    spell = np.asarray(result.spell_of_episode, np.int64)[order]
    # What several files repeat is put together once.
    given = join(*(cells(column) for column in raw.take(pa.array(order)).columns), number, by=",")
    episode_columns = _columns(result.episodes, FCE_REL, order)
    has_error = np.diff(np.searchsorted(errors.row_number, bounds)) > 0
    bad = pa.array(np.flatnonzero(has_error))
    return {
        "_sort": lines([given]),
        "_FCE": lines(
            [
                *(given, *episode_columns, _blank(FCE_SSC, len(order))),
                *(*_columns(result.spells, SPELL_REL, spell), _blank(SPELL_MORE, len(order))),
                # Choice: a row without unbundled HRGs has one blank cell under the heading, so that no row is short.
                unbundled.joined(bounds),
            ]
        ),
        "_FCE_rel": lines([number, *episode_columns]),
        "_quality": lines([given.take(bad), errors.joined(bounds).take(bad)]),
    }


def _spell_lines(result: ResultLike, rows: _Rows, unbundled: _Ragged, start: int) -> dict[str, memoryview | bytes]:
    spells = rows.spells[start : start + _BLOCK_ROWS]
    ends = np.append(rows.first, len(rows.order) + 1)[start : start + len(spells) + 1]
    number = _numbers(ends[:-1])
    short = [number, *_columns(result.spells, (*SPELL_KEY, *SPELL_REL), spells)]
    return {
        "_spell": lines([*short, _blank(SPELL_MORE, len(spells)), unbundled.joined(ends)]),
        "_spell_rel": lines(short),
    }


def _columns(table: pa.Table, names: Sequence[str], rows: Index) -> list[pa.ChunkedArray | pa.Array]:
    """Cells of the result's columns at ``rows``. SpellReportFlag is written as 1 and 0, as the user manual has it."""
    taken = pa.array(rows)
    return [_blank((name,), len(rows)) if name in _BLANK else cells(_last(table, name).take(taken)) for name in names]


def _blank(names: Sequence[str], rows: int) -> pa.Array:
    """Columns that are never filled, counts being 0, as one column of cells that are put together already."""
    return pa.repeat(text_of(",".join("0" if name.endswith("_Ct") else "" for name in names)), rows)


def _error_lines(result: ResultLike, rows: _Rows, errors: _Ragged) -> memoryview | bytes:
    order = pa.array(np.argsort(rows.row_number[np.asarray(result.errors.column("Row"), np.int64) - 1], kind="stable"))
    parts = [cells(result.errors.column(name).take(order)) for name in ("CodeType", "Code", "ErrorMessage")]
    return lines([_numbers(errors.row_number), _numbers(errors.iteration), *parts])


def _summary(result: ResultLike, design: DesignLike, run: OfficialRun) -> bytes:
    failed = METHODS[0]
    return heading_line(
        [
            f"hrgcore {versions()['hrgcore']}",
            f"{design.id} {design.version} ({design.title})",
            str(result.episodes.num_rows),
            str(result.spells.num_rows),
            # Choice: errors are records in the error HRG, not records with a row in `_quality`.
            str(pc.sum(pc.equal(_last(result.episodes, "GroupingMethodFlag").cast(pa.string()), failed)).as_py() or 0),
            str(pc.sum(pc.equal(result.spells.column("SpellGroupingMethodFlag").cast(pa.string()), failed)).as_py() or 0),
            # Choice: the official form of date and time is not known.
            run.started.isoformat(" ", "seconds"),
            datetime.now().isoformat(" ", "seconds"),
            *(run.input, run.output, run.rdf),
        ]
    )


def _numbers(values: Index) -> pa.Array:
    return pa.array(values, pa.int64()).cast(pa.large_string())


def _array(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
