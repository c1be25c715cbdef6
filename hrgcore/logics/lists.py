"""Fields that stand in one column of lists instead of numbered columns: their entries as such columns, made at the door."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from hrgcore.encode.codes import check_list_column, longest_list, take_entries
from hrgcore.logics.fields import Logic, RowLayout


def without_lists(logic: Logic, table: pa.Table, layout: RowLayout) -> tuple[pa.Table, RowLayout]:
    """A table in which entries of lists stand in columns `INV_01` and on, and where its fields are; as it is if it has no lists.

    Raises InputError where such a column holds something else than lists of text, or a list is too long.
    """
    if not layout.lists:
        return table, layout
    every, columns = np.arange(table.num_rows), dict(layout.columns)
    made = table.select(list(dict.fromkeys(layout.names)))
    for field, name in layout.lists.items():
        column = table.column(name)
        check_list_column(column, name)
        places = [logic.by_name[field].place(place) for place in range(longest_list(column))]
        for place, own in enumerate(places):
            made = made.append_column(own, take_entries(column, place, every))
        columns[field] = tuple(places)
    return made, RowLayout(columns)
