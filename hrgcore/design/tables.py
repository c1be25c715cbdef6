"""Design tables as typed rows: what the compiler and the reference engine both start from.

Reading goes on after a fault: `Tables.faults` lists them all, with file, line and remedy.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from hrgcore.design.codes import SCHEMES, CodeCell, Scheme, parse_code_cell
from hrgcore.design.conditions import CONDITION_COLUMNS, Condition, parse_conditions
from hrgcore.design.csv_lines import read_lines
from hrgcore.design.logic_tables import LogicTables, read_logics
from hrgcore.design.row import BASES as BASES
from hrgcore.design.row import Row as Row
from hrgcore.design.row import check_basis, read_step
from hrgcore.errors import DesignError
from hrgcore.logics import ROW_LOGICS

SETTINGS_FILE = "design.toml"
MAX_HIERARCHY = 12
_MAX_TABLE_BYTES = 64 * 1024 * 1024

#: Tables whose rows are rules; the number of a table is its place here.
RULE_TABLES = ("diagnosis_errors", "diagnosis_roots", "procedure_roots", "exceptions", "splits", "unbundling")
#: Each table's own columns: (must be there, may be there). `basis` must and `note` may stand in all; rules add the conditions.
SCHEMA: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "icd10": (("category", "codes"), ()),
    "opcs4": (("category", "codes"), ()),
    "value_sets": (("field", "values"), ()),
    "sets": (("set", "field", "values"), ()),
    "diagnosis_lists": (("list", "codes"), ()),
    "procedure_lists": (("list", "codes"), ()),
    "errors": (("error", "name"), ()),
    "diagnoses": (("codes", "hierarchy"), ()),
    "diagnosis_errors": (("codes", "error"), ("step",)),
    "diagnosis_roots": (("codes", "root"), ("step",)),
    "procedures": (("codes", "hierarchy"), ("error", "longest_stay")),
    "procedure_roots": (("codes", "root"), ("step",)),
    "grid": (("procedure", *map(str, range(MAX_HIERARCHY + 1))), ()),
    "exceptions": (("method", "root"), ("step",)),
    "subchapters": (("subchapter", "name", "cc_list", "interventions"), ()),
    "roots": (("root", "kind", "name"), ("interventions",)),
    "splits": (("root", "split"), ("step", "label")),
    "cc_lists": (("list", "points", "codes"), ()),
    "cc_exclusions": (("list", "primary", "excluded"), ()),
    "scores": (("score", "component", "points", "codes"), ()),
    "unbundling": (("codes", "root"), ("step", "days")),
}
#: The scheme of a table's code cells, by table and column.
_CODE_CELLS: dict[str, dict[str, str]] = {
    "diagnosis_lists": {"codes": "icd10"},
    "procedure_lists": {"codes": "opcs4"},
    "diagnoses": {"codes": "icd10"},
    "diagnosis_errors": {"codes": "icd10"},
    "diagnosis_roots": {"codes": "icd10"},
    "procedures": {"codes": "opcs4"},
    "procedure_roots": {"codes": "opcs4"},
    "cc_lists": {"codes": "icd10"},
    "cc_exclusions": {"primary": "icd10", "excluded": "icd10"},
    "unbundling": {"codes": "opcs4"},
}
#: The scores, and the scheme of the codes that give them points, in the order in which the kernels hold them.
SCORES = {
    "trauma_diagnosis": "icd10",
    "trauma_intervention": "opcs4",
    "burn_severity": "icd10",
    "burn_intervention": "opcs4",
}


@dataclass(frozen=True)
class Settings:
    """What `design.toml` says."""

    id: str
    title: str
    release: str
    version: str
    status: str
    attribution: str
    error_hrg: str
    error_label: str
    choices: Mapping[str, Mapping[str, object]]

    def number(self, choice: str) -> int:
        value = self.choices[choice]["value"]
        assert isinstance(value, int)
        return value


#: Choices whose value the engines read; all are whole numbers (or true and false).
ENGINE_CHOICES = ("five_character_parent", "epiorder_max", "age_max", "age_unknown", "age_rise", "days_max")
_TEXT_SETTINGS = ("id", "title", "release", "version", "status", "attribution", "error_hrg", "error_label")


@dataclass
class Tables:
    """A whole design as text and rows. ``faults`` is empty where it could be read without any."""

    texts: dict[str, str]
    settings: Settings
    rows: dict[str, list[Row]]
    logics: dict[str, LogicTables] = field(default_factory=dict)  # the logics beside admitted care that the design has
    faults: list[str] = field(default_factory=list)

    def __getitem__(self, table: str) -> list[Row]:
        return self.rows[table]

    def code_list(self, scheme: str) -> list[str]:
        """All valid codes of a scheme, sorted."""
        return sorted({row["category"] + suffix for row in self[scheme] for suffix in row["codes"].split()})

    def fault(self, row: Row, message: str) -> None:
        """Note a fault of ``row``; the message says what is wrong and what to do."""
        self.faults.append(f"{row.reference}: {message}")


def read_folder(folder: Path) -> Tables:
    """Read a folder of design tables. Raises DesignError where there is none; faults in it are collected, not raised."""
    texts, faults = folder_texts(folder)
    tables = read_texts(texts)
    unread = {fault.partition(":")[0] for fault in faults}
    tables.faults[:] = faults + [fault for fault in tables.faults if fault.partition(":")[0] not in unread]  # not "missing" as well
    return tables


def folder_texts(folder: Path) -> tuple[dict[str, str], list[str]]:
    """The texts of a folder's tables by file name, and the faults of files that could not be read. Raises DesignError."""
    if not (folder / SETTINGS_FILE).is_file():
        raise DesignError(f"{folder}: not a design, it has no {SETTINGS_FILE}. Name a folder of design tables.")
    texts: dict[str, str] = {}
    faults: list[str] = []
    for path in _table_files(folder):
        name = path.relative_to(folder).as_posix()
        try:
            if path.stat().st_size > _MAX_TABLE_BYTES:
                faults.append(f"{name}: larger than {_MAX_TABLE_BYTES} bytes; a design table is not that large.")
                continue
            texts[name] = path.read_text(encoding="utf-8-sig")
        except UnicodeDecodeError as error:
            line = error.object[: error.start].count(b"\n") + 1
            faults.append(f"{name}:{line}: byte {error.start} is not UTF-8. Save the table as UTF-8.")
        except OSError as error:
            faults.append(f"{name}: can't be read ({error.strerror}). Mend the file or its permissions.")
    return texts, faults


def _table_files(folder: Path) -> Iterator[Path]:
    """The files of a design: those in its folder, and in the folders of its other logics."""
    for path in sorted(folder.iterdir()):
        if path.suffix in (".csv", ".toml"):
            yield path
        elif path.name in ROW_LOGICS and path.is_dir():
            yield from (inner for inner in sorted(path.iterdir()) if inner.suffix == ".csv")


def read_texts(texts: dict[str, str]) -> Tables:
    """Read design tables from the texts of their files, by file name."""
    faults: list[str] = []
    settings = _read_settings(texts.get(SETTINGS_FILE, ""), faults)
    rows = {table: list(_read_table(table, texts.get(f"{table}.csv"), faults)) for table in SCHEMA}
    logics = read_logics(texts, rows["value_sets"], faults)
    known = {f"{table}.csv" for table in SCHEMA} | {f"{name}.csv" for tables in logics.values() for name in tables.names}
    unknown = [name for name in texts if name != SETTINGS_FILE and name not in known]
    faults += [f"{name}: not a table of a design. Remove it, or correct its name." for name in unknown]
    return Tables(texts, settings, rows, logics, faults)


def _read_settings(text: str, faults: list[str]) -> Settings:
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        at = re.search(r"at line (\d+)", str(error))
        line = at[1] if at else text.count("\n") + 1  # at the end of the document
        faults.append(f"{SETTINGS_FILE}:{line}: {error}. Correct the TOML.")
        return Settings(**dict.fromkeys(_TEXT_SETTINGS, ""), choices={name: {"value": 0} for name in ENGINE_CHOICES})
    if found.get("format") != 1:
        faults.append(f"{SETTINGS_FILE}: format is {found.get('format')!r}; this version reads format = 1.")
    values: dict[str, str] = {}
    for name in _TEXT_SETTINGS:
        value = found.get(name)
        if not isinstance(value, str) or not value.strip():
            faults.append(f"{SETTINGS_FILE}: {name} is missing; give it as text.")
            value = ""
        values[name] = value
    choices = found.get("choices", {})
    for name in ENGINE_CHOICES:
        choice = choices.get(name) if isinstance(choices, dict) else None
        if not isinstance(choice, dict) or not isinstance(choice.get("value"), int) or not 0 <= choice["value"] < 2**31:
            faults.append(f"{SETTINGS_FILE}: choices.{name} needs a value that is a whole number.")
            stand_in = {name: {"value": 0, "basis": BASES[0]}}
            choices = choices | stand_in if isinstance(choices, dict) else stand_in
    for name, choice in choices.items():
        if not isinstance(choice, dict) or "value" not in choice or choice.get("basis") not in BASES:
            faults.append(f"{SETTINGS_FILE}: choices.{name} needs value, basis (one of {', '.join(BASES)}) and note.")
    return Settings(**values, choices=choices)


def _read_table(table: str, text: str | None, faults: list[str]) -> Iterator[Row]:
    must, may = SCHEMA[table]
    allowed = (*may, "note", *(CONDITION_COLUMNS if table in RULE_TABLES else ()))
    for line, cells in read_lines(f"{table}.csv", text, (*must, "basis"), allowed, faults):
        row = _read_row(table, line, cells, faults)
        if row is not None:
            yield row


def _read_row(table: str, line: int, cells: dict[str, str], faults: list[str]) -> Row | None:
    before = len(faults)
    where = f"{table}.csv:{line}"
    check_basis(where, cells, faults)
    codes: dict[str, CodeCell] = {}
    for column, scheme in _row_schemes(table, cells).items():
        if table == "unbundling" and not cells[column].strip():
            continue
        try:
            codes[column] = parse_code_cell(cells[column], scheme)
        except ValueError as error:
            faults.append(f"{where}: {column}: {error}.")
    conditions: tuple[Condition, ...] = ()
    try:
        conditions = parse_conditions(cells) if table in RULE_TABLES else ()
    except ValueError as error:
        faults.append(f"{where}: {error}.")
    step = read_step(where, cells, faults)
    return Row(table, line, cells, codes, conditions, step) if len(faults) == before else None


def _row_schemes(table: str, cells: Mapping[str, str]) -> dict[str, Scheme]:
    if table == "scores":
        return {"codes": SCHEMES[SCORES.get(cells["score"], "icd10")]}
    return {column: SCHEMES[name] for column, name in _CODE_CELLS.get(table, {}).items()}
