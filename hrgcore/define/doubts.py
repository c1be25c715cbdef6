"""Columns that look like something else than their heading says: a shift by one column groups without an error, and wrongly."""

from __future__ import annotations

import pyarrow as pa

from hrgcore.define.accepts import Accepts, as_text
from hrgcore.read.rdf import FieldDefinition, RecordDefinition

SAMPLE_ROWS = 10_000  #: rows at the start of a file that are looked at
_FEWEST = 3  # cells from which something can be told
_SHARE = 0.9  # of the cells fit what a column looks like
_BETTER = 0.25  # of the cells fit that, and not the column's own field
_DOUBTED = 0.5  # of the cells fit the field, and less is doubted whatever they look like
_MOST = 12  # doubts that are told one by one


def doubtful_columns(definition: RecordDefinition, rows: pa.Table, accepts: Accepts) -> list[str]:
    """What is doubtful about the columns of a file, a line each: which column, what it looks like, what to do.

    ``rows`` are some of the file's, under its own headings. A column is held against its own field, those of the columns beside it,
    and what can be told by itself: ICD-10 codes, OPCS-4 codes, dates. Values are not shown.
    """
    by_position = {field.position: field for field in definition.fields}
    found = (_doubt(field, by_position, rows, accepts) for field in definition.fields)
    doubts = [f"{definition.source}: {doubt}" for doubt in found if doubt]
    if len(doubts) > _MOST:
        doubts[_MOST:] = [f"{definition.source}: {len(doubts) - _MOST} more columns don't fit their headings either."]
    return doubts


def _doubt(field: FieldDefinition, by_position: dict[int, FieldDefinition], rows: pa.Table, accepts: Accepts) -> str | None:
    own = accepts.field(field.field)
    if own is None:
        return None
    cells = as_text(rows.column(field.position - 1), field.name)
    filled = accepts.filled(cells)
    column = f"column {field.position} ({field.name})"
    if not filled and len(cells) >= _FEWEST and accepts.must(field.field):
        return (
            f"{column} is blank in all {len(cells):,} rows looked at, and must not be. Check that the headings stand above theirs."
        )
    if filled < _FEWEST:
        return None
    fits = accepts.usable(own, cells)
    what, most = max((*_beside(field, by_position, cells, accepts), *accepts.alike(cells)), key=lambda look: look[1])
    if most >= _SHARE * filled and most - fits >= _BETTER * filled:
        return (
            f"{column} looks like {what}: {most:,} of {filled:,} values fit that, and {fits:,} fit {field.field}. Are the headings"
            " shifted by a column? Correct them, or the positions in the record definition."
        )
    if fits < _DOUBTED * filled:
        return (
            f"{column}: only {fits:,} of {filled:,} values are what {field.field} accepts. Check that the heading stands above its"
            " own column, and how values are written."
        )
    return None


def _beside(
    field: FieldDefinition, by_position: dict[int, FieldDefinition], cells: pa.Array, accepts: Accepts
) -> list[tuple[str, int]]:
    """What the columns beside one are, and how many of its cells fit that; both together where as many fit the one as the other."""
    found = []
    for place in (field.position - 1, field.position + 1):
        beside = by_position.get(place)
        one = accepts.field(beside.field) if beside else None
        if beside is not None and one is not None:
            found.append((f"{beside.field}, the field of column {place}", accepts.usable(one, cells)))
    if len(found) == 2 and found[0][1] == found[1][1]:
        return [(f"{found[0][0]}, or {found[1][0]}", found[0][1])]
    return found
