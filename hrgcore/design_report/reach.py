"""Whether the kernels group a design's witnesses as the reference engine does: all of them in one batch."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from hrgcore.columns import APC_COLUMNS
from hrgcore.grouper import Grouper
from hrgcore.witness import Witness


def grouped_by_kernels(grouper: Grouper, witnesses: Sequence[Witness]) -> list[bool]:
    """For each witness whether the kernels group it to its HRG, or have its unbundled HRG among the spell's."""
    if not witnesses:
        return []
    spells = grouper.group(witness_table(witnesses)).spells
    found = zip(witnesses, spells["SpellHRG"].to_pylist(), spells["UnbundledHRGs"].to_pylist(), strict=True)
    return [_reached(witness, hrg, unbundled) for witness, hrg, unbundled in found]


def witness_table(witnesses: Sequence[Witness]) -> pa.Table:
    """The episodes of witnesses with the official columns, a spell each, numbered from 1."""
    rows = [
        {"PROCODET": "WITNESS", "PROVSPNO": str(number)} | episode
        for number, witness in enumerate(witnesses, 1)
        for episode in witness.episodes
    ]
    used = {name for row in rows for name in row}
    codes = sorted(name for name in used if name.startswith(("DIAG_", "OPER_")))
    names = [*(column.name for column in APC_COLUMNS if column.mandatory or column.name in used), *codes]
    return pa.table({name: pa.array([row.get(name, "") for row in rows], pa.string()) for name in names})


def _reached(witness: Witness, hrg: str, unbundled: Sequence[str]) -> bool:
    if not witness.unbundled:
        return hrg == witness.hrg
    return witness.hrg in {text.partition("*")[0] for text in unbundled}
