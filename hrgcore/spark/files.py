"""Files grouped on a cluster: each task reads a file, groups it and writes its parts; no row passes through Spark."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hrgcore.activity import Rows
from hrgcore.columns import apc_layout
from hrgcore.counts import add_counts
from hrgcore.design import DEFAULT_DESIGN, Bundle, load_design
from hrgcore.design.locate import findable
from hrgcore.encode import SpellKeys
from hrgcore.errors import HrgcoreError, InputError, UsageError
from hrgcore.grouper import LOGICS, Grouper
from hrgcore.logics import ROW_LOGICS
from hrgcore.quality import InputFields, input_fields, tally_errors
from hrgcore.read.batches import ActivityStream
from hrgcore.run import Job, Outcome, Run
from hrgcore.run.parts import Part, group_part, parts_of_periods, parts_of_rows, parts_of_spells
from hrgcore.run.workplace import Workplace, refuse_unusable, write_part
from hrgcore.spark.worker import send, worker_grouper
from hrgcore.stream import LayoutOf, SpellReturns, key_columns, period_layout
from hrgcore.write.manifest import describe_input

if TYPE_CHECKING:
    from pyspark import Broadcast
    from pyspark.sql import SparkSession


def group_files(
    spark: SparkSession,
    inputs: str | Path | Sequence[str | Path],
    output: str | Path,
    logic: str = "apc",
    design: str | Path | Bundle = DEFAULT_DESIGN,
    *,
    format: str = "parquet",
) -> Outcome:
    """Group Parquet files on the workers of a Spark session, a file to a task, into the folder that `hrgcore group` writes.

    ``inputs`` are Parquet files, or folders of them, and ``output`` a new folder, which driver and workers see under the same
    paths. Each file holds whole spells (or critical care periods), which stand together in it: nothing is moved between tasks. The
    tables, row numbers and manifest are those of `hrgcore group`; parts are cut within files, so that their numbers may have gaps.
    ``format`` is `parquet` or `csv`. Gives the counts, as `hrgcore.run.run_job` does.

    A run that breaks off is not taken up again: remove its folder.

    Raises UsageError for an unknown logic, design or format, InputError where an input is no Parquet file, lacks a column, or has a
    spell in two places, OutputError where the folder can't be written; then nothing is left in it.
    """
    begun = time.perf_counter()
    if logic not in LOGICS:
        raise UsageError(f"unknown logic {logic!r}. This version groups {', '.join(LOGICS)}.")
    if format not in ("parquet", "csv"):
        raise UsageError(f"unknown format {format!r}. Write parquet or csv.")
    loaded = load_design(design)
    place = None if isinstance(design, Bundle) or design == DEFAULT_DESIGN else findable(design)
    paths = [inputs] if isinstance(inputs, str | Path) else list(inputs)
    job = Job([Path(path).resolve() for path in paths], Path(output).resolve(), logic, format, design=place)
    refuse_unusable(job.output, resume=False)
    stream = ActivityStream(job.inputs)
    for file in stream.files:
        if file.kind != "parquet":
            raise InputError(f"{file.path}: is no Parquet file. Write it as Parquet, or use hrgcore group.")
    return _SparkRun(job, stream, Grouper(loaded), begun, spark, loaded).outcome()


class _SparkRun(Run):
    """A run whose parts are made by Spark's workers."""

    def __init__(self, job: Job, stream: ActivityStream, grouper: Any, begun: float, spark: SparkSession, design: Bundle) -> None:
        super().__init__(job, stream, grouper, begun)
        self._by_worker = _Work(job.output, job.logic, job.format, self.size, design.info.digest, send(spark, design))
        self._context = spark.sparkContext

    def _options(self) -> dict[str, Any]:
        return {**super()._options(), "spark": self._context.version}

    def _grouped_into(self, place: Workplace) -> dict[str, Any]:
        started = time.perf_counter()
        _ = self.fields  # what the logic needs is missed before any task is
        tasks = list(_tasks(self.stream, self.size))
        done: list[_Done] = self._context.parallelize(tasks, len(tasks)).map(self._by_worker).collect()
        self.seconds["group"] = time.perf_counter() - started
        for one in done:
            if one.error is not None:
                raise one.error
        _refuse_returning(done)
        place.note_digests([described for one in done for described in one.inputs])
        for one in done:
            for entry in one.parts:
                place.note(entry)
        return add_counts(entry["counts"] for one in done for entry in one.parts)


@dataclass(frozen=True)
class _Task:
    """A file to group: its parts are numbered, and its rows counted, from here on. ``empty``: it is one, if without rows."""

    stream: ActivityStream
    number: int
    start: int
    empty: bool


@dataclass(frozen=True)
class _Done:
    """What a task came to: its input, what the journal is to say of its parts, and digests of the keys of its spells."""

    error: HrgcoreError | None = None
    inputs: tuple[dict[str, Any], ...] = ()
    parts: tuple[dict[str, Any], ...] = ()
    digests: np.ndarray = field(default_factory=lambda: np.empty(0, np.uint64))


def _tasks(stream: ActivityStream, size: int) -> Iterator[_Task]:
    """A task for each file. A part has ``size`` rows at least, but for the last of a file: so many numbers are enough."""
    number = start = 0
    nothing = not any(file.rows for file in stream.files)
    for file in stream.files:
        yield _Task(stream.only(file), number, start, empty=nothing and not number)
        number += -(-file.rows // size) or int(nothing)
        start += file.rows


@dataclass(frozen=True)
class _Work:
    """What a worker does with a task."""

    output: Path
    logic: str
    format: str
    size: int
    digest: str
    sent: Broadcast[bytes]

    def __call__(self, task: _Task) -> _Done:
        try:
            return self._done(task)
        except HrgcoreError as error:  # Spark would try a task again that raises, and bury the message
            return _Done(error)

    def _done(self, task: _Task) -> _Done:
        grouper: Any = worker_grouper(self.digest, self.sent)
        (file,) = task.stream.files
        described = describe_input(file.path)
        if not file.rows and not task.empty:
            return _Done(inputs=(described,))
        fields = input_fields(self.logic, task.stream.schema.names, partial(grouper.accepts, logic=self.logic))
        parts, digests = [], []
        try:
            for part in self._parts(task.stream, grouper):
                parts.append(self._written(Part(task.number + part.number, task.start + part.start, part.content), grouper, fields))
                digests.append(self._keys(part.content))
                del part
        except SpellReturns:
            raise InputError(
                f"{file.path}: spells (or critical care periods) don't stand together in it. Sort it by their key, or group it as a"
                " data frame, with hrgcore.spark.group."
            ) from None
        return _Done(None, (described,), tuple(parts), np.concatenate(digests))

    def _written(self, part: Part, grouper: Any, fields: InputFields) -> dict[str, Any]:
        result = group_part(grouper, self.logic, part)
        quality = tally_errors(result.tables["errors"], result.rows, fields)
        return write_part(self.output, result, self.format, quality, threads=1, mark=_attempt())

    def _parts(self, stream: ActivityStream, grouper: Any) -> Iterator[Part]:
        if self.logic == "apc":
            return parts_of_spells(lambda: stream.batches(grouper.encoder), self.size)
        if ROW_LOGICS[self.logic].keys:
            return parts_of_periods(stream.batches, ROW_LOGICS[self.logic], self.size)
        return parts_of_rows(stream.batches(), self.size)

    def _keys(self, rows: Rows) -> np.ndarray:
        """Digests of the keys of some rows, once for each place where the key changes."""
        if self.logic != "apc" and not ROW_LOGICS[self.logic].keys:
            return np.empty(0, np.uint64)
        layout_of: LayoutOf = apc_layout if self.logic == "apc" else partial(period_layout, ROW_LOGICS[self.logic])
        layout = layout_of(rows.names)
        return SpellKeys.of(*key_columns(rows, layout)).digests(rows.keys(layout).starts)


def _attempt() -> str:
    """What tells this attempt at a task from others: Spark may run two at a time."""
    from pyspark import TaskContext

    context = TaskContext.get()
    return "" if context is None else f"-{context.taskAttemptId()}"


def _refuse_returning(done: Sequence[_Done]) -> None:
    """Raise InputError where two files have episodes of one spell."""
    digests = np.concatenate([one.digests for one in done])
    order = np.argsort(digests, kind="stable")
    twice = np.flatnonzero(digests[order][1:] == digests[order][:-1])
    of_file = np.repeat(np.arange(len(done)), [len(one.digests) for one in done])[order]
    across = twice[of_file[twice] != of_file[twice + 1]]
    if len(across):
        one, other = (done[int(of_file[across[0] + step])].inputs[0]["name"] for step in (0, 1))
        raise InputError(
            f"{one} and {other}: both have rows of the same spell (or critical care period). Write files of whole spells, or group"
            " them as a data frame, with hrgcore.spark.group."
        )
