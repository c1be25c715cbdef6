"""Writing synthetic activity: part by part, so that memory does not grow with the number of episodes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from hrgcore.errors import OutputError, UsageError
from hrgcore.logics import ROW_LOGICS
from hrgcore.synth.columns import HES, OFFICIAL, as_table
from hrgcore.synth.draw import draw
from hrgcore.synth.mix import load_mix
from hrgcore.synth.rows import draw_rows
from hrgcore.write.staging import Staging, output_errors

FORMATS = ("parquet", "csv")
NAMES = ("official", "hes")
PART_EPISODES = 1_000_000
_ROW_GROUP = 131_072
_FIRST_SPELL = 100_000_000_000
_SPELLS_OF_PART = 10_000_000


def synthesise(
    folder: str | Path, episodes: int, seed: int, *, format: str = "parquet", names: str = "official", logic: str = "apc"
) -> list[Path]:
    """Write ``episodes`` synthetic episodes, or rows of another logic, to ``folder`` as part-00000, part-00001 …

    The same seed gives the same bytes.

    Raises OutputError where the folder is not empty or can't be written (no part is left then), UsageError for an unknown format or
    logic, or HES names of another logic than admitted care.
    """
    if logic != "apc" and (logic not in ROW_LOGICS or names != "official"):
        raise UsageError(f"logic is one of apc, {', '.join(ROW_LOGICS)}, and only apc has HES names; not {logic!r}, {names!r}.")
    if format not in FORMATS or names not in NAMES:
        raise UsageError(f"format is one of {', '.join(FORMATS)}, names one of {', '.join(NAMES)}; not {format!r}, {names!r}.")
    if episodes < 1 or seed < 0:
        raise UsageError("give at least one episode, and a seed of 0 or more.")
    folder = Path(folder)
    with output_errors(folder):
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise OutputError(f"{folder}: is there already and is not an empty folder. Name a new folder.")
        folder.mkdir(parents=True, exist_ok=True)
    written = []
    with Staging(folder) as staging:
        for number, table in enumerate(_tables(episodes, seed, names == "hes") if logic == "apc" else _rows(logic, episodes, seed)):
            written.append(f"part-{number:05d}.{format}")
            with staging.file(written[-1]) as file:
                _WRITERS[format](table, file)
            del table  # before the next part is drawn
        staging.publish(written[-1])
    return [folder / name for name in written]


def _tables(episodes: int, seed: int, hes: bool) -> Iterator[pa.Table]:
    """The parts, each drawn from the seed and its number alone."""
    mix = load_mix()
    for number, start in enumerate(range(0, episodes, PART_EPISODES)):
        rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, number])))
        columns = HES if hes else OFFICIAL
        yield as_table(
            draw(mix, rng, min(PART_EPISODES, episodes - start), *columns), mix, rng, _FIRST_SPELL + number * _SPELLS_OF_PART, hes
        )


def _rows(logic: str, count: int, seed: int) -> Iterator[pa.Table]:
    """The parts of another logic than admitted care, likewise."""
    for number, start in enumerate(range(0, count, PART_EPISODES)):
        rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, number])))
        yield draw_rows(logic, rng, min(PART_EPISODES, count - start), start)


def _write_parquet(table: pa.Table, file: BinaryIO) -> None:
    pq.write_table(table, file, row_group_size=_ROW_GROUP, compression="zstd")


def _write_csv(table: pa.Table, file: BinaryIO) -> None:
    file.write((",".join(table.column_names) + "\n").encode())
    options = pacsv.WriteOptions(include_header=False, quoting_style="none")
    for batch in table.to_batches(max_chunksize=_ROW_GROUP):
        plain = [column.cast(pa.string()) for column in batch.columns]
        pacsv.write_csv(pa.RecordBatch.from_arrays(plain, names=table.column_names), file, options)


_WRITERS: dict[str, Any] = {"parquet": _write_parquet, "csv": _write_csv}
