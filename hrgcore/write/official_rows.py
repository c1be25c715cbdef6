"""The official product's file sets for the logics whose rows stand by themselves, column for column.

Where the manuals that we know are silent, the choice is in a comment marked «choice».
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hrgcore.logics import Logic
from hrgcore.write import DesignLike
from hrgcore.write.lines import cells, heading_line, join, lines
from hrgcore.write.manifest import versions
from hrgcore.write.official import (
    _BLOCK_ROWS,
    ERROR_FIELDS,
    UNBUNDLED,
    Index,
    OfficialRun,
    _blank,
    _error_lines,
    _errors,
    _numbers,
    _Rows,
    _unbundled,
    official_files,
)
from hrgcore.write.staging import Staging

_COUNTED = ("SSC", "BP", "Flag")
#: Columns of attendances that releases of now leave blank, counts being 0.
ATTENDANCE_MORE = tuple(
    name for kind in _COUNTED for name in (f"Attend{kind}_Ct", *(f"Attend{kind}{number}" for number in range(1, 6)))
)


class RowsLike(Protocol):
    """What these files need of a result; `hrgcore.logics.result.RowsResult` has it."""

    @property
    def logic(self) -> Logic: ...
    @property
    def rows(self) -> pa.Table: ...
    @property
    def errors(self) -> pa.Table: ...
    @property
    def counts(self) -> dict[str, Any]: ...


def files_of(logic: Logic) -> dict[str, str]:
    """The files of a logic's set, by what follows the output's name, and what the index says of them."""
    sort = {"_sort": f"Input sorted by {', '.join(logic.sorted_by)}, with RowNo"} if logic.sorted_by else {}
    relational = {f"_{logic.file}_rel": f"HRGs of {logic.rows}"} if logic.attendances else {}
    return {
        **sort,
        f"_{logic.file}": f"{logic.rows.capitalize()} with their HRG",
        "_quality": f"{logic.rows.capitalize()} with errors",
        **relational,
        "_quality_rel": "Errors, a row each",
        **({"_ub_rel": "Unbundled HRGs, a row each"} if logic.attendances else {}),
        "_summary": "Summary of the run",
    }


def write_official_rows(
    result: RowsLike,
    raw: pa.Table,
    output: Path,
    *,
    headings: Sequence[str],
    design: DesignLike,
    run: OfficialRun,
    titles: bool = True,
) -> dict[str, Path]:
    """Write the file set; gives the path of each file. Arguments are those of `hrgcore.write.official.write_official`.

    Raises OutputError where a file can't be written; no file of the set is left then.
    """
    logic = result.logic
    contents = files_of(logic)
    files = official_files(output, contents)
    order = _order(result)
    row_number = np.empty(len(order), np.int64)
    row_number[order] = np.arange(1, len(order) + 1)
    nothing = np.zeros(0, np.int64)
    rows = _Rows(order, row_number, nothing, nothing)
    errors = _errors(result, rows)  # type: ignore[arg-type]
    added = official_columns(logic)
    unbundled = _unbundled(result, rows) if logic.attendances else None  # type: ignore[arg-type]
    with Staging(output.parent) as staging, ExitStack() as open_files:
        staged = {ending: open_files.enter_context(staging.file(path.name)) for ending, path in files.items()}
        if titles:
            for ending, names in _titles(logic, headings, added).items():
                staged[ending].write(heading_line(names))
        for start in range(0, len(order), _BLOCK_ROWS):
            taken = order[start : start + _BLOCK_ROWS]
            bounds = np.arange(start + 1, start + len(taken) + 2)  # RowNo of the block's rows and of the next
            given = join(*(cells(column) for column in raw.take(pa.array(taken)).columns), _numbers(bounds[:-1]), by=",")
            found = [cells(result.rows.column(name).take(pa.array(taken))) for name in added]
            bad = pa.array(np.flatnonzero(np.diff(np.searchsorted(errors.row_number, bounds)) > 0))
            more = [_blank(ATTENDANCE_MORE, len(taken)), unbundled.joined(bounds)] if unbundled else []
            staged[f"_{logic.file}"].write(lines([given, *found, *more]))
            if unbundled:
                staged[f"_{logic.file}_rel"].write(lines([_numbers(bounds[:-1]), *found]))
            staged["_quality"].write(lines([given.take(bad), errors.joined(bounds).take(bad)]))
            if "_sort" in staged:
                staged["_sort"].write(lines([given]))
        staged["_quality_rel"].write(_error_lines(result, rows, errors))  # type: ignore[arg-type]
        if unbundled:
            staged["_ub_rel"].write(lines([_numbers(unbundled.row_number), _numbers(unbundled.iteration), unbundled.cells]))
        staged["_summary"].write(heading_line(_summary(result, design, run)))
        for ending, what in contents.items():
            staged[""].write(heading_line([files[ending].name, what]))
        open_files.close()
        staging.publish(last=files[""].name)
    return files


def official_columns(logic: Logic) -> list[str]:
    """The columns that the official product adds: of the result's, those before the reason."""
    return list(logic.columns[: logic.columns.index(f"{logic.prefix}_Reason")])


def _titles(logic: Logic, headings: Sequence[str], added: Sequence[str]) -> Mapping[str, Sequence[str]]:
    attendance: dict[str, Sequence[str]] = {}
    if logic.attendances:
        attendance = {f"_{logic.file}_rel": ("RowNo", *added), "_ub_rel": ("RowNo", "Iteration", UNBUNDLED)}  # choice: the first
    more = (*ATTENDANCE_MORE, UNBUNDLED) if logic.attendances else ()
    titles = {
        **attendance,
        "": ("File", "Contents"),  # choice: how the official index looks is not known
        f"_{logic.file}": (*headings, "RowNo", *added, *more),
        "_quality": (*headings, "RowNo", ERROR_FIELDS),
        "_quality_rel": ("RowNo", "Iteration", "Code Type", "Code", "Error Message"),
        "_summary": _summary_titles(logic),
    }
    return titles | ({"_sort": (*headings, "RowNo")} if logic.sorted_by else {})


def _order(result: RowsLike) -> Index:
    """The input row of each RowNo: the input's order, or by the key as text and the date as a number (choice); stable."""
    if not result.logic.sorted_by:
        return np.arange(result.rows.num_rows)
    own = {name.strip().upper(): name for name in reversed(result.rows.column_names)}
    keys = {}
    for field in result.logic.sorted_by:
        one = result.logic.by_name[field]
        heading = next(name.upper() for name in (one.name, *one.aliases) if name.upper() in own)
        text = cells(result.rows.column(own[heading]))
        if one.kind == "date":
            plain = pc.utf8_trim_whitespace(text)
            text = pc.if_else(pc.match_substring_regex(plain, "^[0-9]{1,9}$"), plain, "-1").cast(pa.int64())
        keys[field] = text
    names = [(name, "ascending") for name in keys]
    return np.asarray(pc.sort_indices(pa.table(keys), sort_keys=names)).astype(np.int64)


def _summary_titles(logic: Logic) -> list[str]:
    # Choice: "Attendance" is what a manual of an earlier release has for attendances; what others are called is not known.
    noun = "Attendance" if logic.rows == "attendances" else "Record"
    return [
        *(
            "Grouper Version",
            "Database Version",
            f"{noun} Count",
            f"{noun} Error Count",
            "Run Start Date/Time",
            "Run End Date/Time",
        ),
        *("Input Filename", "Output Filename", "RDF path and name"),
    ]


def _summary(result: RowsLike, design: DesignLike, run: OfficialRun) -> list[str]:
    counts = result.counts["rows"]
    return [
        f"hrgcore {versions()['hrgcore']}",
        f"{design.id} {design.version} ({design.title})",
        str(counts["total"]),
        str(counts["failed"]),
        run.started.isoformat(" ", "seconds"),
        datetime.now().isoformat(" ", "seconds"),
        *(run.input, run.output, run.rdf),
    ]
