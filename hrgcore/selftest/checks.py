"""The checks of a self-test, one after the other."""

from __future__ import annotations

import base64
import hashlib
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib import metadata
from pathlib import Path
from typing import Any

import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from hrgcore.design import DEFAULT_DESIGN, Bundle, load_design
from hrgcore.grouper import Grouper
from hrgcore.reference import ReferenceEngine
from hrgcore.selftest.cases import episode_of, read_cases
from hrgcore.selftest.spells import Episode, Input, Maker, example_of, table_of
from hrgcore.selftest.twins import differences, kernels_say, reference_says

_MOST_SAID = 10  # differences


@dataclass(frozen=True)
class Check:
    """What a check came to: ``passed`` is None where there was nothing to check; ``details`` are the first of what is wrong."""

    name: str
    passed: bool | None
    said: str
    details: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Installation:
    """A design as this installation reads it, with both engines; each is made when a check first needs it."""

    design: str | Path
    threads: int | None
    spells: int
    seed: int

    @cached_property
    def bundle(self) -> Bundle:
        return load_design(self.design)

    @cached_property
    def grouper(self) -> Grouper:
        return Grouper(self.design, threads=self.threads)

    @cached_property
    def reference(self) -> ReferenceEngine:
        return ReferenceEngine(self.bundle.tables)

    @cached_property
    def made_up(self) -> Input:
        """Made-up spells, the same for the same seed. Cells have no NUL: a CSV file with one is refused."""
        spells = Maker(self.bundle.tables).spells(example_of(self.spells, self.seed))
        return Input([[_without_nul(episode) for episode in spell] for spell in spells])


def run_checks(
    design: str | Path = DEFAULT_DESIGN, *, spells: int = 2000, seed: int = 0, threads: int | None = None
) -> Iterator[Check]:
    """Carry out all checks; gives each as it is done. Raises UsageError or DesignError where the design can't be loaded."""
    installation = _Installation(design, threads, spells, seed)
    checks: tuple[Callable[[_Installation], Check], ...] = (_files, _design, _cases, _made_up_spells, _files_of_spells)
    for check in checks:
        yield check(installation)


def _check(name: str, wrong: Sequence[str], right: str) -> Check:
    return Check(name, not wrong, right if not wrong else f"{len(wrong):,} wrong", tuple(wrong[:_MOST_SAID]))


def _files(_: _Installation) -> Check:
    """Whether the installed files are those that were packed: each against its digest in the record of the installation."""
    name = "installed files"
    packed = [file for file in metadata.files("hrgcore") or () if file.hash is not None and file.parts[0].startswith("hrgcore")]
    packed = [file for file in packed if not file.parts[0].endswith(".dist-info")]
    if not packed:
        return Check(name, None, "there is no record of them: hrgcore runs from a working folder")
    wrong = [str(file) for file in packed if not _is_as_packed(file)]
    return _check(name, wrong, f"{len(packed):,} are as they were packed")


def _is_as_packed(file: metadata.PackagePath) -> bool:
    path = Path(str(file.locate()))
    if file.hash is None or not path.is_file():
        return False
    found = base64.urlsafe_b64encode(hashlib.new(file.hash.mode, path.read_bytes()).digest()).rstrip(b"=").decode()
    return found == file.hash.value


def _design(installation: _Installation) -> Check:
    """That the design loads says that its checksum fits; that its tables can be read, that both engines have the same design."""
    tables = installation.bundle.tables
    hrgs = len(installation.bundle.strings("hrg_codes")) - 1
    rows = sum(len(tables[name]) for name in ("diagnosis_roots", "procedure_roots", "splits"))
    return Check("design", True, f"{hrgs:,} HRGs, {rows:,} rows of roots and splits; the checksum fits")


def _cases(installation: _Installation) -> Check:
    """Whether well-known cases lead to the roots that they should."""
    name = "known cases"
    if installation.bundle.info.id != DEFAULT_DESIGN:
        return Check(name, None, f"they are for {DEFAULT_DESIGN}")
    cases = read_cases()
    episodes = [episode_of(number, case) for number, case in enumerate(cases)]
    result = installation.grouper.group(table_of(episodes))
    found = [{hrg} for hrg in result.spells["SpellHRG"].to_pylist()]
    for row, hrg in zip(result.unbundled["Row"].to_pylist(), result.unbundled["UnbundledHRG"].to_pylist(), strict=True):
        found[row - 1].add(hrg)
    wrong = [
        f"{case['case']}: {', '.join(sorted(hrgs))}, not {case['root']}"
        for case, hrgs in zip(cases, found, strict=True)
        if not any(hrg.startswith(case["root"]) for hrg in hrgs)
    ]
    return _check(name, wrong, f"{len(cases):,} lead to their roots")


def _made_up_spells(installation: _Installation) -> Check:
    """Whether the kernels say of made-up spells what the reference engine says."""
    given = installation.made_up
    said = kernels_say(installation.grouper.group(given.table), given)
    wrong = []
    for spell, ours in zip(given.spells, said, strict=True):
        found = differences(ours, reference_says(installation.reference, spell))
        wrong += [f"spell {spell[0]['PROVSPNO']}: {one}" for one in found]
    rows = given.table.num_rows
    return _check("made-up spells", wrong, f"{len(given.spells):,} ({rows:,} episodes): both engines agree on every field")


def _files_of_spells(installation: _Installation) -> Check:
    """Whether the same spells come to the same out of files."""
    given = installation.made_up.table
    expected = _as_said(installation.grouper.group(given))
    wrong = []
    with tempfile.TemporaryDirectory(prefix="hrgcore-selftest-") as folder:
        pacsv.write_csv(given, f"{folder}/spells.csv")
        pq.write_table(given, f"{folder}/spells.parquet")
        for kind in ("csv", "parquet"):
            found = _as_said(installation.grouper.group(f"{folder}/spells.{kind}"))
            wrong += [f"{kind}: {name}: other than from memory" for name in expected if found[name] != expected[name]]
    return _check("files", wrong, "CSV and Parquet give the same tables as Arrow")


def _as_said(result: Any) -> dict[str, list[dict[str, object]]]:
    """The tables of a result as plain values; no text and an empty one are the same."""
    own = result.episodes.select(result.episodes.column_names[result.table.num_columns :])
    tables = {"episodes": own, "spells": result.spells, "unbundled": result.unbundled, "errors": result.errors}
    return {
        name: [{field: "" if value is None else value for field, value in row.items()} for row in table.to_pylist()]
        for name, table in tables.items()
    }


def _without_nul(episode: Episode) -> Episode:
    return {name: text and text.replace("\0", "?") for name, text in episode.items()}
