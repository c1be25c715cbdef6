"""Results made by hand for tests of linking, in memory and as folders, and what linking gives as rows."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
from io_fakes import MANDATORY

from hrgcore.folders import MANIFEST
from hrgcore.linking import Linked
from hrgcore.logics import ROW_LOGICS, Logic
from hrgcore.write.folder import table_bytes

KEY = ("PROCODET", "PROVSPNO")


@dataclass
class Admitted:
    """A result of admitted care, as far as linking looks at it."""

    spells: pa.Table
    unbundled: pa.Table
    episodes: pa.Table

    def with_episodes(self, keys: list[tuple[str, str, str]]) -> Admitted:
        """The same with episodes: their spell key, and EPIKEY."""
        cells = _columns(keys, (*KEY, "EPIKEY"))
        others = {name: [""] * len(keys) for name in MANDATORY if name not in KEY}
        return replace(self, episodes=pa.table({**cells, **others}))


@dataclass
class Rows:
    """A result of another logic."""

    logic: Logic
    rows: pa.Table


def admitted(spells: list[tuple[Any, ...]], unbundled: list[tuple[Any, ...]] | None = None) -> Admitted:
    """Spells (key and HRG) and their unbundled HRGs (input row, key, HRG, days)."""
    own = _columns(unbundled or [], ("Row", *KEY, "UnbundledHRG", "Days"))
    typed = pa.table({**own, "Row": own["Row"].cast(pa.int64()), "Days": own["Days"].cast(pa.int32())})
    return Admitted(pa.table(_columns(spells, (*KEY, "SpellHRG"))), typed, pa.table({}))


def nrd(rows: list[tuple[Any, ...]], names: tuple[str, ...] = KEY, hrg: str = "NRD_HRG", logic: str = "nrd") -> Rows:
    """Dialysis sessions: key, under these names, and HRG."""
    return Rows(ROW_LOGICS[logic], pa.table(_columns(rows, (*names, hrg))))


def ncc(rows: list[tuple[Any, ...]]) -> Rows:
    """Days of neonatal critical care."""
    return nrd(rows, hrg="NCC_HRG", logic="ncc")


def acc(rows: list[tuple[Any, ...]]) -> Rows:
    """Periods of adult critical care: key, HRG and days."""
    return nrd(rows, (*KEY, "ACC_HRG"), "Calc_CC_Days", "acc")


def _columns(rows: list[tuple[Any, ...]], names: tuple[str, ...]) -> dict[str, Any]:
    found = {}
    for place, name in enumerate(names):
        cells = [row[place] for row in rows]
        found[name] = pa.array(cells, pa.int32() if any(isinstance(cell, int) for cell in cells) else pa.string())
        if name.endswith("HRG"):
            found[name] = found[name].dictionary_encode()
    return found


def folder(result: Admitted | Rows, path: Path, format: str = "parquet", design: str = "small") -> Path:
    """Write a result as `hrgcore group` does."""
    logic = result.logic.name if isinstance(result, Rows) else "apc"
    outputs = []
    for table in ("rows",) if isinstance(result, Rows) else ("episodes", "spells", "unbundled"):
        file = path / table / f"part-00000.{format}"
        file.parent.mkdir(parents=True)
        content = bytes(table_bytes(getattr(result, table), format, file))
        file.write_bytes(content)
        outputs.append({"name": f"{table}/{file.name}", "sha256": hashlib.sha256(content).hexdigest()})
    manifest = {"logic": logic, "design": {"digest": design}, "outputs": outputs}
    (path / MANIFEST).write_text(json.dumps(manifest))
    return path


def hrgs(found: Linked) -> list[tuple[Any, ...]]:
    """The rows of `hrgs`."""
    return [tuple(row.values()) for row in found.hrgs.to_pylist()]


def unlinked(found: Linked) -> list[tuple[Any, ...]]:
    """Of the rows that fit no spell: key, HRG, row and reason."""
    columns = ["Key_PROCODET", "Key_PROVSPNO", "HRG", "Row", "Reason"]
    return [tuple(row.values()) for row in found.unlinked.select(columns).to_pylist()]


#: No dialysis at all.
NOTHING = nrd([])
