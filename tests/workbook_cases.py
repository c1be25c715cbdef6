"""A case of loading a workbook: a small mapping and sheets, over a design of which only the rest is there."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path

from small_design import small_texts
from workbooks import (
    Rows,
    workbook_parts,
    write_parts,
    write_workbook,
)

from hrgcore.workbook import read_workbook

HEAD = """\
format = 1
from = "rest"
[design]
id = "made"
title = "Made"
release = "none"
version = "1"
status = "Made for tests."
attribution = "None."
"""
OPCS = """\
[[tables.opcs4]]
sheet = "OPCS"
columns.category = { heading = "Code", code = "opcs4", characters = "1-3" }
columns.codes = { heading = "Code", code = "opcs4", characters = "4" }
"""
DIAGNOSES = """\
[[tables.diagnoses]]
sheet = "Diagnoses"
columns.codes = { heading = "Code", code = "icd10" }
columns.hierarchy = "Hierarchy"
columns.note = "Note"
"""
SPLITS = """\
[[tables.splits]]
sheet = "Splits"
columns.root = { heading = "HRG", characters = "1-4" }
columns.split = { heading = "HRG", characters = "5" }
columns.age = { low = "From", high = "To" }
"""
LABELS = """\
[labels]
sheet = "HRG"
hrg = "HRG"
label = "Label"
"""
HEADED = [["Code", "Hierarchy", "Note"]]
GOOD = {"OPCS": [["Code"], ["A57.3"], ["A57.7"]]}


def gutted() -> dict[str, str]:
    """The small design without what the workbook has: only so much is left as the mapping asks for."""
    texts = small_texts()
    for table in ("icd10", "opcs4", "procedures", "diagnoses", "splits"):
        texts[f"{table}.csv"] = texts[f"{table}.csv"].partition("\n")[0] + "\n"
    texts["cc_lists.csv"] = "list,points,codes,basis\nother,1,A00,judgement\n"
    texts["roots.csv"] = "root,kind,name,interventions,basis\nEB03,unbundled,Wrong,dialysis,judgement\n"
    texts["procedure_lists.csv"] = texts["procedure_lists.csv"].replace("dialysis,X403,judgement\n", "")
    texts["design.toml"] = texts["design.toml"].replace('id = "small"', 'id = "rest"')
    return texts


def write_folder(folder: Path, texts: Mapping[str, str]) -> Path:
    folder.mkdir()
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def csv_lines(text: str) -> list[str]:
    """The lines of a table without commas in its cells."""
    return [",".join(cell.replace(",", ";") for cell in row) for row in csv.reader(text.splitlines())]


def table_rows(folder: Path, table: str) -> list[dict[str, str]]:
    with (folder / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


class Case:
    """A folder with a mapping and a workbook, to be read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.mapping = folder / "mapping.toml"
        self.workbook = folder / "book.xlsx"
        write_folder(folder / "rest", {**small_texts(), "design.toml": gutted()["design.toml"]})

    def read(self, mapping: str | bytes = HEAD + OPCS, sheets: Mapping[str, Rows] = GOOD, **options: object) -> dict[str, str]:
        """The texts of the tables that a mapping makes of sheets."""
        self.mapping.write_bytes(mapping.encode() if isinstance(mapping, str) else mapping)
        write_workbook(self.workbook, sheets, **options)
        return read_workbook(self.workbook, self.mapping).texts

    def read_parts(self, **changed: str | bytes | None) -> dict[str, str]:
        """Likewise, of the good workbook with some parts changed, by the end of their names (None: taken away)."""
        parts = workbook_parts(GOOD)
        for ending, content in changed.items():
            name = {"sheet": "xl/worksheets/sheet1.xml", "rels": "xl/_rels/workbook.xml.rels"}.get(ending, f"xl/{ending}.xml")
            if content is None:
                del parts[name]
            else:
                parts[name] = content.encode() if isinstance(content, str) else content
        return self.read_bytes(write_parts(self.workbook, parts).read_bytes())

    def read_bytes(self, content: bytes) -> dict[str, str]:
        self.mapping.write_text(HEAD + OPCS, encoding="utf-8")
        self.workbook.write_bytes(content)
        return read_workbook(self.workbook, self.mapping).texts
