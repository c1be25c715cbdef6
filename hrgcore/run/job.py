"""One run from files to a folder: reading, grouping and writing at the same time, on the path that the input's order asks for."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from hrgcore.counts import add_counts
from hrgcore.logics import ROW_LOGICS
from hrgcore.quality import InputFields, add_tallies, at_a_glance, input_fields, tally_errors
from hrgcore.read.batches import ActivityStream
from hrgcore.read.pooled import in_order
from hrgcore.run import parts
from hrgcore.run.ahead import ahead
from hrgcore.run.apart import Apart
from hrgcore.run.parts import GrouperLike, PartResult, group_part, parts_of_periods, parts_of_rows, parts_of_spells
from hrgcore.run.workplace import (
    JOURNAL_FORMAT,
    Workplace,
    clean,
    finished_manifest,
    refuse_another,
    refuse_damaged,
    refuse_other_inputs,
    refuse_unusable,
)
from hrgcore.stream import SpellReturns
from hrgcore.write import DesignLike
from hrgcore.write.manifest import build_manifest, describe_input, versions

#: Whether the spells of an input stand together: which of the two paths a run takes.
TOGETHER, APART = "together", "apart"

_WRITERS = 2  # parts that are written at the same time: the larger table of one leaves cores idle


class DesignedGrouper(GrouperLike, Protocol):
    """A grouper that says by which design it groups, and which values that takes."""

    @property
    def design(self) -> DesignLike: ...

    def accepts(self, field: str, values: Any, *, logic: str = "apc") -> np.ndarray: ...


@dataclass(frozen=True)
class Job:
    """What is to be grouped, how, and where to."""

    inputs: Sequence[str | Path]
    output: Path
    logic: str = "apc"
    format: str = "parquet"
    rdf: Path | None = None
    headings: bool = True
    threads: int | None = None  # is noted only, as the next: the grouper has it
    design: str | None = None  # where it was found
    resume: bool = False
    say: Callable[[str], None] = field(default=lambda _: None)  # what has to be known
    stage: Callable[[str], None] = field(default=lambda _: None)  # what may be watched


@dataclass(frozen=True)
class Outcome:
    """How a run went.

    ``counts`` are those of `Result.counts`; ``spells`` is `together` or `apart`; None: rows have none.
    ``quality`` has errors by kind.
    """

    counts: Mapping[str, Any]
    design: DesignLike
    spells: str | None
    quality: Sequence[Mapping[str, Any]] = ()


def run_job(job: Job, grouper_of: Callable[[], DesignedGrouper]) -> Outcome:
    """Carry out a run, or take it up where it broke off; ``grouper_of`` makes the grouper once the input was found to be readable.

    Raises HrgcoreError, with what is to be done; the output then has nothing in it, or an unfinished run (see `Workplace`).
    """
    begun = time.perf_counter()
    refuse_unusable(job.output, job.resume)
    stream = ActivityStream(job.inputs, rdf=job.rdf, headings=job.headings, threads=job.threads)
    job.stage("loading the design")
    return Run(job, stream, grouper_of(), begun).outcome()


class Run:
    """A run whose input was found to be readable. ``begun`` is when it began, as `time.perf_counter` counts."""

    def __init__(self, job: Job, stream: ActivityStream, grouper: DesignedGrouper, begun: float) -> None:
        self.job, self.stream, self.grouper, self.begun = job, stream, grouper, begun
        self.size = parts.PART_EPISODES
        self.threads = job.threads or os.cpu_count() or 1
        self.seconds = {"start": time.perf_counter() - begun, "read": 0.0, "group": 0.0, "write": 0.0}
        self.rdf = [describe_input(job.rdf, role="rdf")] if job.rdf is not None else []

    @cached_property
    def fields(self) -> InputFields:
        """The fields of the input; asked for once it was found to have those that the logic needs."""
        accepts = partial(self.grouper.accepts, logic=self.job.logic)
        return input_fields(self.job.logic, self.stream.schema.names, accepts)

    def outcome(self) -> Outcome:
        """Carry it out. Raises HrgcoreError as `run_job` does."""
        plan = self._plan()
        manifest = finished_manifest(self.job.output) if self.job.resume else None
        if manifest is not None:
            return self._finished(manifest, plan)
        with Workplace.claim(self.job.output, plan, self.job.format, self.job.resume, self._digests) as place:
            return self._work(place)

    def _plan(self) -> dict[str, Any]:
        """All that the bytes of the parts hang on."""
        return {
            "journal": JOURNAL_FORMAT,
            "version": versions()["hrgcore"],
            "pyarrow": versions()["pyarrow"],
            "design": self.grouper.design.digest,
            "logic": self.job.logic,
            "format": self.job.format,
            "headings": self.job.headings,
            "rdf": [entry["sha256"] for entry in self.rdf],
            "part_size": self.size,
            "inputs": [[str(file.path), file.bytes] for file in self.stream.files],
        }

    def _finished(self, manifest: dict[str, Any], plan: dict[str, Any]) -> Outcome:
        """Say of a finished run that it is finished, if it is this one and whole."""
        refuse_another(self.job.output, manifest.get("run", {}).get("plan"), plan)
        refuse_other_inputs(self.job.output, [entry for entry in manifest["inputs"] if entry["role"] == "data"], self._digests())
        refuse_damaged(self.job.output, manifest["outputs"])
        clean(self.job.output)
        self.job.say("the run was finished already; its files are whole")
        return Outcome(manifest["counts"], self.grouper.design, manifest["run"]["spells"], manifest["quality"])

    def _options(self) -> dict[str, Any]:
        return {name: getattr(self.job, name) for name in ("format", "threads", "headings", "design")}

    def _digests(self) -> list[dict[str, Any]]:
        return [describe_input(file.path) for file in self.stream.files]

    def _work(self, place: Workplace) -> Outcome:
        for name in place.damaged:
            self.job.say(f"{name} is gone or not as it was written: it is made again")
        if place.journal.parts:
            self.job.stage(f"continuing after {len(place.journal.parts)} finished parts")
        counts = self._grouped_into(place)
        spells = None if self.job.logic != "apc" else APART if place.journal.apart else TOGETHER
        tallies = (place.journal.parts[number]["quality"] for number in sorted(place.journal.parts))
        quality = at_a_glance(add_tallies(tallies), self.fields.places)
        self.seconds["total"] = time.perf_counter() - self.begun
        manifest = build_manifest(
            counts,
            self.grouper.design,
            inputs=[*(place.journal.digests or []), *self.rdf],
            logic=self.job.logic,
            options=self._options(),
            seconds=self.seconds,
            quality=quality,
        )
        run = {"spells": spells, "parts": len(place.journal.parts), "plan": place.journal.plan}
        place.finish({**manifest, "run": run, "outputs": place.outputs})
        return Outcome(counts, self.grouper.design, spells, quality)

    def _grouped_into(self, place: Workplace) -> dict[str, Any]:
        """Group all that the place does not have yet; gives the counts of the whole."""
        counts = self._together(place) if not place.journal.apart else None
        return self._apart(place) if counts is None else counts

    def _together(self, place: Workplace) -> dict[str, Any] | None:
        """Group the parts as they come; gives the counts, or None where spells turn out not to stand together."""
        try:
            self._write(place, self._grouped(place))
        except SpellReturns:
            if self.job.logic != "apc":
                raise
            self.job.say("the input's spells don't stand together: they are brought together by way of temporary files")
            place.note_apart()
            return None
        return add_counts(entry["counts"] for _, entry in sorted(place.journal.parts.items()))

    def _apart(self, place: Workplace) -> dict[str, Any]:
        """Group an input in which spells don't stand together."""
        way = Apart(self.stream, self.grouper, self.job.logic, self.size, place.temporary)
        self._write(place, way.results())
        return way.counts

    def _grouped(self, place: Workplace) -> Iterator[PartResult]:
        if self.job.logic == "apc":
            cut = parts_of_spells(lambda: self.stream.batches(self.grouper.encoder), self.size, self.threads)
        elif ROW_LOGICS[self.job.logic].keys:
            cut = parts_of_periods(self.stream.batches, ROW_LOGICS[self.job.logic], self.size, self.threads)
        else:
            cut = parts_of_rows(self.stream.batches(), self.size, self.threads)
        read = ahead(self._timed("read", cut))
        done = set(place.journal.parts)
        for part in read:
            if part.number in done:
                continue
            self.job.stage(f"grouping rows {part.start + 1:,} to {part.start + part.content.count:,}")
            started = time.perf_counter()
            result = group_part(self.grouper, self.job.logic, part)
            self.seconds["group"] += time.perf_counter() - started
            yield result
            del part, result  # what is kept in a loop while the next is waited for, counts as a part in memory

    def _write(self, place: Workplace, results: Iterator[PartResult]) -> None:
        """Write what comes, some parts at the same time, and note them in their order."""

        def write(part: PartResult) -> tuple[dict[str, Any], float]:
            started = time.perf_counter()
            entry = place.write(part, tally_errors(part.tables["errors"], part.rows, self.fields))
            return entry, time.perf_counter() - started

        with (
            ThreadPoolExecutor(_WRITERS) as pool,
            closing(in_order(pool, write, self._unwritten(place, results), ahead=_WRITERS - 1)) as written,
        ):
            for entry, seconds in written:
                place.note(entry)
                self.seconds["write"] += seconds

    def _unwritten(self, place: Workplace, results: Iterator[PartResult]) -> Iterator[PartResult]:
        """Those that the place does not have. Which inputs these are is noted before the first: no part stands for others."""
        known = place.journal.digests is not None
        digests = ahead(() if known else (describe_input(file.path) for file in self.stream.files), len(self.stream.files) + 1)
        for part in ahead(results):
            if place.journal.digests is None:
                place.note_digests(list(digests))
            if part.number not in place.journal.parts:
                yield part
            del part

    def _timed(self, name: str, items: Iterator[Any]) -> Iterator[Any]:
        while True:
            started = time.perf_counter()
            item = next(items, None)
            self.seconds[name] += time.perf_counter() - started
            if item is None:
                return
            yield item
            del item
