"""What the tests of hosts share: the same synthetic spells for every host, and what a result of them comes to, as bytes.

A host is what hrgcore is called from. Each one's test takes `activity` (or the file that it lies in) from the fixtures in
`conftest.py`, groups it in its own way, and holds the digests of its tables against `expected`.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from spells import TOTAL

from hrgcore.columns import KEY_FIELDS
from hrgcore.encode.cells import text_buffers, without_views
from hrgcore.result import EPISODE_COLUMNS
from hrgcore.synth import synthesise

#: As many as every host groups; fewer where the suite is made short.
SPELLS = min(100_000, TOTAL)
SEED = 20_242_026
_EPISODES_A_SPELL = 1.2  # at least as many as synthetic spells have
_ABSENT = "\x00"  # what no cell holds stands for null

#: Of the episodes, the columns by which rows are told apart and those that the result adds: hosts carry others in types of theirs.
EPISODES = (*KEY_FIELDS, "EPIORDER", *EPISODE_COLUMNS)


def write_activity(path: Path) -> None:
    """Write the spells, which stand together, to an Arrow IPC file: codes as dictionaries, numbers as int32."""
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        made = pq.read_table(synthesise(Path(folder) / "drawn", round(SPELLS * _EPISODES_A_SPELL) + 100, SEED)).combine_chunks()
        spells = made.column("PROVSPNO").to_numpy()
        starts = np.flatnonzero(spells[1:] != spells[:-1]) + 1
        written = Path(folder) / path.name
        with pa.ipc.new_file(written, made.schema) as file:
            file.write_table(made.slice(0, int(starts[SPELLS - 1])), max_chunksize=32_768)
        os.replace(written, path)  # whole, whoever else writes it


def read_activity(path: Path) -> pa.Table:
    """The spells, mapped into memory."""
    with pa.memory_map(str(path)) as source:
        return pa.ipc.open_file(source).read_all()


def as_text(table: pa.Table) -> pa.Table:
    """The table with dictionaries as plain text."""
    plain = [pa.field(one.name, pa.string()) if pa.types.is_dictionary(one.type) else one for one in table.schema]
    return table.cast(pa.schema(plain))


def digests(result: Any) -> dict[str, str]:
    """The digests of a result's four tables, of the episodes the columns `EPISODES`."""
    tables = {name: getattr(result, name) for name in ("episodes", "spells", "unbundled", "errors")}
    return {name: digest(table) for name, table in tables.items()}


def digests_of_parts(parts: Iterable[Any]) -> dict[str, str]:
    """The same of results of one part each, which stand behind one another; ``Row`` is then counted from the first part on."""
    found: dict[str, list[pa.Table]] = {}
    before = 0
    for part in parts:
        for name in ("episodes", "spells", "unbundled", "errors"):
            table = getattr(part, name)
            if "Row" in table.column_names:
                table = table.set_column(0, "Row", pc.add(table.column("Row"), before))
            found.setdefault(name, []).append(_texts(_chosen(table)))
        before += part.episodes.num_rows
    return {name: digest(pa.concat_tables(tables)) for name, tables in found.items()}


def digest(data: Any, *, sort: bool = False) -> str:
    """The digest of a table (anything that gives Arrow): of all its columns, or of episodes the columns `EPISODES`.

    The same cells have the same digest, whatever types and chunks they come in. ``sort`` is for hosts that keep no order of rows:
    it has to be set for what is compared, too.
    """
    return hashlib.sha256(canonical(data, sort=sort)).hexdigest()


def canonical(data: Any, *, sort: bool = False) -> bytes:
    """What `digest` is made of: by column its name, the lengths of its cells and the cells as text, null being one of its own.

    Arrow's own formats won't do: what they pad buffers with hangs on where the buffers came from.
    """
    table = _texts(_chosen(data if isinstance(data, pa.Table) else pa.table(data)))
    if sort:
        table = table.take(pc.sort_indices(table, [(name, "ascending") for name in table.column_names]))
    found = []
    for name, column in zip(table.column_names, table.combine_chunks().columns, strict=True):
        whole = pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], pa.large_string())
        offsets, data, _, _ = text_buffers(whole)
        found += [f"{name}\n{len(whole)}\n".encode(), np.diff(offsets).tobytes(), data[offsets[0] : offsets[-1]].tobytes()]
    return b"".join(found)


def _chosen(table: pa.Table) -> pa.Table:
    return table.select(EPISODES) if set(EPISODES) <= {*table.column_names} else table


def _texts(table: pa.Table) -> pa.Table:
    table = without_views(table)
    columns: Mapping[str, Any] = {name: _text(table.column(name)) for name in table.column_names}
    return pa.table(columns)


def _text(column: Any) -> Any:
    kind = column.type
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        column = pc.binary_join(column.cast(pa.list_(pa.string())), "|")
    elif pa.types.is_dictionary(kind):
        column = column.cast(kind.value_type)
    return pc.fill_null(column.cast(pa.large_string()), _ABSENT)
