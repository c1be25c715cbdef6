"""The record definition that a file's headings stand for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hrgcore.columns import apc_layout
from hrgcore.errors import InputError
from hrgcore.logics import ROW_LOGICS, row_layout
from hrgcore.read.rdf import FieldDefinition, RecordDefinition, is_heading


def definition_of(names: Sequence[str], logic: str, source: str) -> RecordDefinition:
    """The record definition of a file with these headings: official names and those of HES, in the file's order of columns.

    Columns that the logic has no use for are left out. Raises InputError where no heading is a field's name, a column that must be
    there is missing, a heading stands twice, or a column holds lists of codes, which a comma-delimited file can't.
    """
    if not any(is_heading(name.strip().upper(), logic) for name in names):
        raise InputError(
            f"{source}: no heading is the name of a field of {logic}, so nothing tells which column is which. Where the first row"
            " is data, put a row of headings above it, or write the record definition by hand."
        )
    positions = {name: number for number, name in enumerate(names, 1)}
    fields = sorted((positions[name], field, name.strip()) for field, name in _fields(names, logic, source))
    return RecordDefinition(
        source,
        tuple(FieldDefinition(name, field, position, "", "", line) for line, (position, field, name) in enumerate(fields, 2)),
    )


def _fields(names: Sequence[str], logic: str, source: str) -> Iterator[tuple[str, str]]:
    """Each field's official name and the file's."""
    if logic in ROW_LOGICS:
        own = ROW_LOGICS[logic]
        places = row_layout(own, names, source)
        for field, column in places.lists.items():
            raise _holds_lists(source, column, field)
        for field, columns in places.columns.items():
            yield from ((own.by_name[field].place(number).upper(), name) for number, name in enumerate(columns))
        return
    layout = apc_layout(names, source)
    yield from layout.fields.items()
    for field, columns, lists in (
        ("DIAG", layout.diagnoses, layout.diagnosis_lists),
        ("OPER", layout.procedures, layout.procedure_lists),
    ):
        if lists:
            raise _holds_lists(source, columns[0], field)
        yield from ((f"{field}_{number:02d}", name) for number, name in enumerate(columns, 1))


def _holds_lists(source: str, column: str, field: str) -> InputError:
    return InputError(
        f"{source}: column {column} is for lists of codes, which no column of a comma-delimited file can hold. Write"
        f" them into columns {field}_01, {field}_02 and on."
    )
