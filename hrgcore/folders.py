"""What stands in a folder of results, by name: those who write it and those who read it go by this."""

from __future__ import annotations

from pathlib import Path

#: The tables of a result of admitted care: each is a folder of parts. The first has the input's rows.
TABLES = ("episodes", "spells", "unbundled", "errors")
#: Those of the logics whose rows stand by themselves.
ROW_TABLES = ("rows", "errors")
ATTENDANCE_TABLES = ("rows", "unbundled", "errors")
#: Comes last: a folder without it is no result.
MANIFEST = "manifest.json"
#: Stands in a folder while a run is not finished, and says so to whoever looks.
UNFINISHED = "UNFINISHED"
#: What a run keeps for itself until it is finished: its lock, its journal and temporary files.
WORK = ".hrgcore-run"
JOURNAL = "journal.jsonl"


def tables_of(logic: str) -> tuple[str, ...]:
    """The tables of a result of a logic."""
    return {"apc": TABLES, "nac": ATTENDANCE_TABLES}.get(logic, ROW_TABLES)


def input_table(folder: Path) -> Path:
    """The table of a result that has the input's rows."""
    return next((folder / tables[0] for tables in (TABLES, ROW_TABLES) if (folder / tables[0]).is_dir()), folder / TABLES[0])


def is_result(folder: Path) -> bool:
    """Whether a folder has a finished result in it."""
    return (folder / MANIFEST).is_file() and input_table(folder).is_dir()


def result_of(path: Path) -> Path | None:
    """The folder of results that ``path`` is, or whose table of the input's rows it is or is a part of."""
    for folder, table in ((path.parent, path), (path.parent.parent, path.parent)):
        if is_result(folder) and table.name == input_table(folder).name:
            return folder
    return path if is_result(path) else None


def unfinished_run(path: Path) -> Path | None:
    """The folder of an unfinished run that ``path`` is, or is a table or a part of."""
    for folder in (path, path.parent, path.parent.parent):
        if (folder / WORK).is_dir() and not (folder / MANIFEST).is_file():
            return folder
    return None
