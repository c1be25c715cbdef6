"""The folder that a run writes to: one run at a time, files that are whole or absent, and a journal of what is done.

While a run is at work, or has broken off, the folder holds `UNFINISHED` and, in `.hrgcore-run`, the journal: the plan in its first
line and a line for each finished part. The manifest comes last; then these go. A kill at any moment leaves nothing, or a folder
that says it is not finished, or a finished one.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hrgcore.errors import HrgcoreError, OutputError
from hrgcore.folders import JOURNAL, MANIFEST, UNFINISHED, WORK, tables_of
from hrgcore.read.batches import InputChanged
from hrgcore.run.lock import Lock
from hrgcore.run.parts import PartResult
from hrgcore.write.durable import append_durably, write_durably
from hrgcore.write.folder import check_folder, table_bytes
from hrgcore.write.staging import output_errors, remove, sync_folder

_NOTICE = """\
hrgcore group has not finished here: what is in this folder is not a result.
The same command with --resume continues the run. Or remove the folder.
"""


#: What a journal and the manifest say of a run, and how; another number where what they hold has changed.
JOURNAL_FORMAT = 2
TEMPORARY = "temporary"  #: in the folder that a run works in
_PART: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(("part", "start", "rows"), (int,)),
    **{"outputs": (list,), "counts": (dict, type(None)), "quality": (dict,)},
}


@dataclass
class Journal:
    """What is known of a run: its plan, digests of its inputs, whether its spells stand apart, and its finished parts."""

    plan: dict[str, Any]
    digests: list[dict[str, Any]] | None = None
    apart: bool = False
    parts: dict[int, dict[str, Any]] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> Journal | None:
        """What a journal says as far as it can be read; None where it says nothing."""
        try:
            lines = path.read_bytes().split(b"\n")
        except OSError:
            return None
        journal: Journal | None = None
        for line in lines:
            try:
                entry = json.loads(line)
            except ValueError:  # the last line of a run that was killed while it wrote it
                break
            if not isinstance(entry, dict):
                break
            if journal is None:
                if "plan" not in entry:
                    return None
                journal = cls(entry["plan"])
            elif "part" in entry:
                journal.parts[entry["part"]] = entry
            else:
                journal.digests = entry.get("digests", journal.digests)
                journal.apart = entry.get("apart", journal.apart)
        return journal

    def content(self) -> bytes:
        """The journal as a file."""
        entries: list[dict[str, Any]] = [{"plan": self.plan}]
        entries += [{"digests": self.digests}] if self.digests is not None else []
        entries += [{"apart": True}] if self.apart else []
        return b"".join(_line(entry) for entry in (*entries, *self.parts.values()))


class Workplace:
    """A folder claimed for one run. Made by `claim`."""

    def __init__(self, folder: Path, journal: Journal, format: str) -> None:
        self.folder, self.journal, self._format = folder, journal, format
        self._tables = tables_of(journal.plan.get("logic", "apc"))
        self.work = folder / WORK
        self.damaged: list[str] = []

    @classmethod
    @contextmanager
    def claim(
        cls, folder: Path, plan: dict[str, Any], format: str, resume: bool, digests: Callable[[], list[dict[str, Any]]]
    ) -> Iterator[Workplace]:
        """Claim a folder for the run of a plan, until the context ends.

        With ``resume`` it may hold a run of the same plan and the same inputs (``digests`` gives those of now), which is taken up:
        parts that are there and whole are in its journal.
        If the context ends with an error before any part is finished, all that was written is removed, and else kept.

        Raises OutputError where the folder holds anything else, another run is at work in it, or it can't be written.
        """
        begun = resume and (folder / WORK).is_dir()
        created = not folder.exists()
        if not begun:
            _make(folder)
        lock = Lock(folder / WORK / "lock")
        try:
            with output_errors(folder):
                lock.take()
        except BaseException:
            _remove_empty([folder / WORK] if not begun else [], folder if created else None)
            raise
        try:
            found = Journal.read(folder / WORK / JOURNAL) if begun else None
            if found is not None:
                refuse_another(folder, found.plan, plan)
                refuse_strange(folder, found)
                if found.digests is not None:
                    refuse_other_inputs(folder, found.digests, digests())
            place = cls(folder, found or Journal(plan), format)
            try:
                place._prepare()
                yield place
            except BaseException as error:
                place._give_up(created, error)
                raise
        finally:
            lock.release()

    def _prepare(self) -> None:
        """Take stock: parts that are not as the journal says are forgotten, and files that it does not know removed."""
        with output_errors(self.folder):
            for path in self.work.iterdir():
                if path.name not in (JOURNAL, "lock"):
                    shutil.rmtree(path) if path.is_dir() else path.unlink()
            self.temporary.mkdir()
            for number, entry in list(self.journal.parts.items()):
                if not all(_is_whole(self.folder, output) for output in entry["outputs"]):
                    self.damaged.append(Path(entry["outputs"][0]["name"]).name)
                    del self.journal.parts[number]
        write_durably(_NOTICE.encode(), self.folder / UNFINISHED, self.temporary / UNFINISHED)
        self._write_journal()
        self._clear()

    @property
    def temporary(self) -> Path:
        """Where files stand that are not finished."""
        return self.work / TEMPORARY

    def note_digests(self, digests: list[dict[str, Any]]) -> None:
        """Note which inputs these are; before the first part."""
        self.journal.digests = digests
        append_durably(_line({"digests": digests}), self.work / JOURNAL)

    def note_apart(self) -> None:
        """Note that spells don't stand together, and forget the parts that were made before that was known."""
        self.journal.apart = True
        self.journal.parts.clear()
        self._write_journal()
        self._clear()

    def write(self, part: PartResult, quality: Mapping[str, Any]) -> dict[str, Any]:
        """Write a part's tables; ``quality`` is what its errors come to. Gives what is then to be noted of it."""
        return write_part(self.folder, part, self._format, quality, threads=2)  # episodes take as long as all else together

    def note(self, entry: dict[str, Any]) -> None:
        """Note a part that was written as finished."""
        append_durably(_line(entry), self.work / JOURNAL)
        self.journal.parts[entry["part"]] = entry

    @property
    def outputs(self) -> list[dict[str, Any]]:
        """All files written: name, rows, bytes and SHA-256, table by table."""
        parts = [self.journal.parts[number]["outputs"] for number in sorted(self.journal.parts)]
        return [outputs[table] for table in range(len(self._tables)) for outputs in parts]

    def finish(self, manifest: Mapping[str, Any]) -> None:
        """Write the manifest, and take away what says that the run is not finished."""
        content = json.dumps(manifest, indent=2, ensure_ascii=False).encode() + b"\n"
        write_durably(content, self.folder / MANIFEST, self.temporary / MANIFEST)
        sync_folder(self.folder)
        clean(self.folder)

    def _write_journal(self) -> None:
        write_durably(self.journal.content(), self.work / JOURNAL, self.temporary / JOURNAL)
        sync_folder(self.work)

    def _clear(self) -> None:
        """Remove files of parts that the journal does not have."""
        known = {output["name"] for entry in self.journal.parts.values() for output in entry["outputs"]}
        with output_errors(self.folder):
            for table in self._tables:
                for path in sorted((self.folder / table).glob("part-*")):
                    if f"{table}/{path.name}" not in known:
                        path.unlink()

    def _give_up(self, created: bool, error: BaseException) -> None:
        """Leave what can be taken up again, or nothing."""
        if (self.folder / MANIFEST).is_file():
            return
        if isinstance(error, InputChanged):
            self.journal.parts.clear()
        if self.journal.parts:
            shutil.rmtree(self.temporary, ignore_errors=True)
            if isinstance(error, HrgcoreError):
                error.args = (f"{error} {self.folder} has {len(self.journal.parts)} finished parts: --resume continues the run.",)
            return
        with suppress(OSError):
            self._clear()
        remove([self.folder / UNFINISHED])
        shutil.rmtree(self.work, ignore_errors=True)
        _remove_empty([self.folder / table for table in self._tables], self.folder if created else None)


def write_part(
    folder: Path, part: PartResult, format: str, quality: Mapping[str, Any], *, threads: int, mark: str = ""
) -> dict[str, Any]:
    """Write a part's tables into the folder of a run; gives what its journal is to say of it.

    ``mark`` tells apart those that may write the same part at the same time.
    """
    temporary = folder / WORK / TEMPORARY
    names = [f"{table}/part-{part.number:05d}.{format}" for table in part.tables]
    outputs = []

    def made(table: str, name: str) -> tuple[Any, str]:
        content = table_bytes(part.tables[table], format, folder / name)
        return content, hashlib.sha256(content).hexdigest()

    with ThreadPoolExecutor(threads) as pool:
        for table, name, (content, digest) in zip(part.tables, names, pool.map(made, part.tables, names), strict=True):
            target = folder / name
            with output_errors(target):
                target.parent.mkdir(exist_ok=True)
            write_durably(content, target, temporary / f"{table}-{part.number:05d}{mark}")
            size = memoryview(content).nbytes
            outputs.append({"name": name, "rows": part.tables[table].num_rows, "bytes": size, "sha256": digest})
            sync_folder(target.parent)
    sync_folder(folder)
    entry = {"part": part.number, "start": part.start, "rows": part.rows, "outputs": outputs}
    return entry | {"counts": part.counts, "quality": dict(quality)}


def clean(folder: Path) -> None:
    """Take away what a finished run needs no more."""
    remove([folder / UNFINISHED])
    shutil.rmtree(folder / WORK, ignore_errors=True)


def finished_manifest(folder: Path) -> dict[str, Any] | None:
    """The manifest of a finished run, or None. Raises OutputError where it can't be read."""
    path = folder / MANIFEST
    with output_errors(path):
        if not path.is_file():
            return None
        try:
            found: dict[str, Any] = json.loads(path.read_bytes())
        except ValueError:
            raise OutputError(f"{path}: is not a manifest of hrgcore. Name a new folder.") from None
    return found


def refuse_damaged(folder: Path, outputs: list[dict[str, Any]]) -> None:
    """Raise OutputError unless all files of a finished run are there and whole."""
    wrong = [output["name"] for output in outputs if not _is_whole(folder, output)]
    if wrong:
        raise OutputError(f"{folder}: {wrong[0]} is gone or not as it was written. Group the input again, into a new folder.")


def refuse_unusable(folder: Path, resume: bool) -> None:
    """Raise OutputError where a run can't begin in ``folder``, before any work is done for it."""
    if (folder / WORK).is_dir() or (folder / MANIFEST).is_file():
        if resume:
            return
        if not (folder / MANIFEST).is_file():
            raise OutputError(
                f"{folder}: the folder is not empty: it has an unfinished run. Continue that with --resume, or name a new folder."
            )
    check_folder(folder)


def _make(folder: Path) -> None:
    """Make the folder of a new run, and the one it works in."""
    check_folder(folder)
    with output_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        try:
            (folder / WORK).mkdir()
        except FileExistsError:
            raise OutputError(f"{folder}: another run has just begun here. Wait for it, or name another folder.") from None


def _remove_empty(folders: list[Path], last: Path | None) -> None:
    """Remove folders, but not one into which somebody has put something."""
    for folder in [*folders, *([last] if last else [])]:
        with suppress(OSError):
            folder.rmdir()


def refuse_another(folder: Path, found: Any, wanted: Mapping[str, Any]) -> None:
    """Raise OutputError where the run in a folder, of the plan ``found``, is not the one that is wanted, saying how they differ."""
    if not isinstance(found, Mapping) or found.get("journal") != wanted["journal"]:
        raise OutputError(
            f"{folder}: the run here was begun by another version of hrgcore, which noted it otherwise, so that --resume can't"
            " continue it. Group the input into a new folder, or remove this one."
        )
    names = [name.replace("_", " ") for name in wanted if found.get(name) != wanted[name]]
    if names:
        raise OutputError(
            f"{folder}: the run here had other {', '.join(names)}: --resume continues the same run only. Name a new folder."
        )


def refuse_strange(folder: Path, journal: Journal) -> None:
    """Raise OutputError where a journal has parts that this version did not write."""
    for entry in journal.parts.values():
        if not all(isinstance(entry.get(name), kind) for name, kind in _PART.items()):
            raise OutputError(f"{folder}: the journal of the run here is damaged. Group the input into a new folder.")


def refuse_other_inputs(folder: Path, known: list[dict[str, Any]], found: list[dict[str, Any]]) -> None:
    """Raise OutputError where an input is not what it was when the run in a folder read it."""
    changed = [now["name"] for before, now in zip(known, found, strict=True) if before["sha256"] != now["sha256"]]
    if changed:
        raise OutputError(f"{folder}: {changed[0]} is not what the run here has read. Group it into a new folder.")


def _is_whole(folder: Path, output: Mapping[str, Any]) -> bool:
    try:
        with (folder / output["name"]).open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return False
    return bool(digest == output["sha256"])


def _line(entry: Mapping[str, Any]) -> bytes:
    return json.dumps(entry, ensure_ascii=False).encode() + b"\n"
