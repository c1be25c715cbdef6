"""The activity of benchmarks: synthetic, in a folder, in the shapes in which activity comes."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

SEED = 20_242_025
SAMPLE = 500  #: episodes of the sample: about as many as the official one has
KINDS = ("parquet", "csv", "quoted", "lists", "sample")
_NOTE = "data.json"


@dataclass(frozen=True)
class Data:
    """A folder of synthetic episodes.

    ``csv`` is plain, ``quoted`` has quotes around all cells and CR LF, ``lists`` has codes as lists (Parquet), ``sample`` is one
    CSV file of `SAMPLE` episodes.
    """

    folder: Path
    rows: int
    spells: int

    @classmethod
    def make(cls, folder: Path, rows: int, kinds: Iterable[str]) -> Data:
        """Make the activity of so many episodes, in these kinds at least."""
        from hrgcore.synth import synthesise

        files = synthesise(folder / "parquet", rows, SEED)
        # A spell is in one part only.
        spells = sum(pc.count_distinct(pq.read_table(file, columns=["PROVSPNO"])["PROVSPNO"]).as_py() for file in files)
        (folder / _NOTE).write_text(json.dumps({"rows": rows, "spells": spells}), encoding="utf-8")
        data = cls(folder, rows, spells)
        for kind in kinds:
            data.add(kind)
        return data

    @classmethod
    def open(cls, folder: Path) -> Data:
        """What `make` made."""
        return cls(folder, **json.loads((folder / _NOTE).read_text(encoding="utf-8")))

    def path(self, kind: str) -> Path:
        """The folder of a kind; of the sample, its file."""
        return self.folder / ("sample.csv" if kind == "sample" else kind)

    def files(self, kind: str) -> list[Path]:
        """The parts of a kind."""
        return sorted(self.path(kind).iterdir())

    def bytes(self, kind: str) -> int:
        """How large the parts of a kind are."""
        return sum(file.stat().st_size for file in self.files(kind))

    def table(self) -> Any:
        """All episodes as a table: codes as dictionaries."""
        return pq.read_table(self.files("parquet"))

    def add(self, kind: str) -> None:
        """Make a kind that is not there yet."""
        if self.path(kind).exists():
            return
        if kind == "csv":
            from hrgcore.synth import synthesise

            synthesise(self.path(kind), self.rows, SEED, format="csv")
        elif kind == "sample":
            self._make_sample()
        else:
            source, change = {"quoted": ("csv", _quoted), "lists": ("parquet", _lists)}[kind]
            self.add(source)
            self.path(kind).mkdir()
            for file in self.files(source):
                change(file, self.path(kind) / file.name)

    def _make_sample(self) -> None:
        self.add("csv")
        with self.files("csv")[0].open("rb") as lines:
            self.path("sample").write_bytes(b"".join(line for line, _ in zip(lines, range(SAMPLE + 1), strict=False)))


def _quoted(source: Path, target: Path) -> None:
    # Cells of synthetic activity have no comma or quote in them.
    with source.open("rb") as lines, target.open("wb") as file:
        file.writelines(b'"' + line.rstrip(b"\n").replace(b",", b'","') + b'"\r\n' for line in lines)


def _lists(source: Path, target: Path) -> None:
    """Codes as lists, blank cells left out."""
    table = pq.read_table(source)
    for prefix in ("DIAG", "OPER"):
        names = [name for name in table.column_names if name.startswith(f"{prefix}_")]
        columns = [pa.concat_arrays(table[name].cast(pa.string()).chunks) for name in names]
        by_row = np.arange(len(names) * table.num_rows).reshape(len(names), -1).T.ravel()
        cells = pa.concat_arrays(columns).take(pa.array(by_row))
        given = pc.fill_null(pc.not_equal(cells, ""), False)
        counts = np.add.reduceat(given.to_numpy(zero_copy_only=False).astype(int), np.arange(0, len(by_row), len(names)))
        offsets = pa.array(np.concatenate([[0], np.cumsum(counts)]).astype(np.int32))
        lists = pa.ListArray.from_arrays(offsets, cells.filter(given))
        table = table.drop_columns(names).append_column(prefix, lists)
    pq.write_table(table, target, row_group_size=131_072, compression="zstd")
