"""An official Code to Group workbook as a design: its sheets become design tables as a mapping says, and the tables are compiled.

docs/workbook.md says how a mapping is written.
"""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass
from pathlib import Path

from hrgcore.design import bundle as bundles
from hrgcore.design.bundle import DesignInfo
from hrgcore.design.compiler import compile_tables
from hrgcore.design.locate import embedded_designs
from hrgcore.design.tables import SETTINGS_FILE, Tables, read_folder, read_texts
from hrgcore.errors import DesignError, InputError
from hrgcore.workbook.mapping import Plan, read_mapping
from hrgcore.workbook.rows import Faults
from hrgcore.workbook.settings import settings_text
from hrgcore.workbook.sheets import read_sheets
from hrgcore.workbook.tables import make_tables
from hrgcore.write.folder import new_folder

_REFERENCE = re.compile(r"\b([a-z0-9_]+)\.csv:([0-9]+)")
_SHOWN = 10


@dataclass(frozen=True)
class WorkbookDesign:
    """The design tables that a workbook gives, by file name, and the origin of their rows (`OPCS row 12`) by table and line."""

    texts: dict[str, str]
    origins: dict[tuple[str, int], str]


def read_workbook(workbook: Path, mapping: Path) -> WorkbookDesign:
    """Read a workbook as its mapping says; the tables are not checked as a design yet.

    Raises InputError where workbook or mapping are wrong, DesignError where the design in `from` is, UsageError where the package
    that reads workbooks is not installed. Warns of HRGs with a label to which the design never groups.
    """
    plan = read_mapping(mapping)
    rest = _read_rest(plan)
    sheets, names, digest = read_sheets(workbook, plan.sheets)
    made = make_tables(plan, sheets, names, rest, Faults(workbook))
    if made.without_split:
        count = len(made.without_split)
        some = ", ".join(made.without_split[:_SHOWN]) + (" …" if count > _SHOWN else "")
        warnings.warn(f"{workbook}: nothing groups to {count} of its HRGs, which splits.csv does not have: {some}", stacklevel=2)
    settings = settings_text(plan, workbook.name, digest, rest.settings if rest else None)
    return WorkbookDesign({**(rest.texts if rest else {}), **made.texts, SETTINGS_FILE: settings}, made.origins)


def compile_workbook(design: WorkbookDesign, output: Path) -> DesignInfo:
    """Compile a workbook's tables to a bundle file.

    Raises DesignError, whose faults name sheet and row beside the line of the table, or OutputError.
    """
    try:
        bundle = compile_tables(read_texts(design.texts))
    except DesignError as error:
        raise DesignError(str(error).partition("\n")[0], tuple(_with_origins(fault, design) for fault in error.faults)) from None
    bundles.write(bundle, output)
    return bundle.info


def write_tables(design: WorkbookDesign, folder: Path) -> None:
    """Write a workbook's tables to a folder, `design.toml` last: without it a folder is no design.

    Raises OutputError where the folder is not empty or can't be written; nothing is left then.
    """
    with new_folder(folder) as staging:
        for name, text in sorted(design.texts.items()):
            with staging.file(name) as file:
                file.write(text.encode())
        staging.publish(last=SETTINGS_FILE)


def _read_rest(plan: Plan) -> Tables | None:
    """The design from which a mapping takes what the workbook does not give."""
    if not plan.rest:
        return None
    embedded = embedded_designs()
    folder = embedded.get(plan.rest, plan.path.parent / plan.rest)
    if not folder.is_dir():
        known = ", ".join(embedded)
        raise InputError(f"{plan.path}: from: no design {plan.rest!r}. Name one of {known}, or a folder beside it.")
    rest = read_folder(folder)
    if rest.faults:
        raise DesignError(f"{folder}: the design in `from` has faults", tuple(rest.faults))
    if rest.settings.id == plan.settings["id"]:
        raise InputError(f"{plan.path}: design.id: {rest.settings.id!r} is that of the design in `from`. Choose another.")
    return rest


def _with_origins(fault: str, design: WorkbookDesign) -> str:
    def named(reference: re.Match[str]) -> str:
        origin = design.origins.get((reference[1], int(reference[2])))
        return f"{reference[0]} ({origin})" if origin else reference[0]

    return _REFERENCE.sub(named, fault)


__all__ = ["WorkbookDesign", "compile_workbook", "read_workbook", "write_tables"]
