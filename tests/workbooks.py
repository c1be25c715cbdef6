"""A maker of .xlsx workbooks for tests: plain ones, and ones that no spreadsheet program would write."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'


@dataclass(frozen=True)
class Raw:
    """A cell as XML; `{at}` becomes its place."""

    xml: str


DATE = Raw('<c r="{at}" s="1"><v>45352</v></c>')  # style 1 is that of dates
ERROR = Raw('<c r="{at}" t="e"><v>#N/A</v></c>')
FORMULA = Raw('<c r="{at}"><f>1+1</f></c>')
FORMULA_EMPTY = Raw('<c r="{at}"><f>1+1</f><v></v></c>')

Value = str | int | float | bool | Raw | None
Rows = Sequence[Sequence[Value]]


def calculated(text: str) -> Raw:
    """A formula with the text that was saved with it."""
    return Raw(f'<c r="{{at}}" t="str"><f>A1&amp;""</f><v>{escape(text)}</v></c>')


def sheet_xml(rows: Rows, strings: list[str], *, merged: Sequence[str] = (), dimension: str = "") -> str:
    """A sheet's XML; its texts are added to ``strings``."""
    lines = []
    for number, row in enumerate(rows, 1):
        cells = [_cell(value, f"{_letters(column)}{number}", strings) for column, value in enumerate(row) if value is not None]
        lines.append(f'<row r="{number}">{"".join(cells)}</row>')
    ranges = "".join(f'<mergeCell ref="{place}"/>' for place in merged)
    return (
        f'{_HEAD}<worksheet xmlns="{_MAIN}">'
        + (f'<dimension ref="{dimension}"/>' if dimension else "")
        + f"<sheetData>{''.join(lines)}</sheetData>"
        + (f'<mergeCells count="{len(merged)}">{ranges}</mergeCells>' if merged else "")
        + "</worksheet>"
    )


def workbook_parts(sheets: Mapping[str, Rows], **options: object) -> dict[str, bytes]:
    """The parts of a workbook by name. ``options`` are those of `sheet_xml`, for all sheets."""
    strings: list[str] = []
    bodies = [sheet_xml(rows, strings, **options) for rows in sheets.values()]  # type: ignore[arg-type]
    numbers = range(1, len(bodies) + 1)
    texts = {
        "[Content_Types].xml": f'<Types xmlns="{_TYPES}"><Default Extension="xml" ContentType="application/xml"/></Types>',
        "_rels/.rels": relations({"rId1": ("officeDocument", "xl/workbook.xml")}),
        "xl/workbook.xml": workbook_xml(list(sheets)),
        "xl/_rels/workbook.xml.rels": relations({f"rId{n}": ("worksheet", f"worksheets/sheet{n}.xml") for n in numbers}),
        "xl/styles.xml": f'<styleSheet xmlns="{_MAIN}"><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>',
        "xl/sharedStrings.xml": shared_xml(strings),
    }
    texts |= {f"xl/worksheets/sheet{n}.xml": body for n, body in zip(numbers, bodies, strict=True)}
    return {name: text.encode() for name, text in texts.items()}


def workbook_xml(names: Sequence[str]) -> str:
    sheets = "".join(f'<sheet name={quoteattr(name)} sheetId="{n}" r:id="rId{n}"/>' for n, name in enumerate(names, 1))
    return f'{_HEAD}<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>{sheets}</sheets></workbook>'


def relations(targets: Mapping[str, tuple[str, str]]) -> str:
    entries = "".join(
        f'<Relationship Id="{name}" Type="{_OFFICE}/{kind}" Target="{target}"/>' for name, (kind, target) in targets.items()
    )
    return f'{_HEAD}<Relationships xmlns="{_RELATIONS}">{entries}</Relationships>'


def shared_xml(strings: Sequence[str]) -> str:
    texts = "".join(f'<si><t xml:space="preserve">{escape(text)}</t></si>' for text in strings)
    return f'{_HEAD}<sst xmlns="{_MAIN}">{texts}</sst>'


def write_parts(path: Path, parts: Mapping[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


def write_workbook(path: Path, sheets: Mapping[str, Rows], **options: object) -> Path:
    """Write a workbook of these sheets. None is no cell; texts, numbers and truth values are cells of these types."""
    return write_parts(path, workbook_parts(sheets, **options))


def _cell(value: Value, at: str, strings: list[str]) -> str:
    if isinstance(value, Raw):
        return value.xml.replace("{at}", at)
    if isinstance(value, bool):
        return f'<c r="{at}" t="b"><v>{int(value)}</v></c>'
    if isinstance(value, int | float):
        return f'<c r="{at}"><v>{value}</v></c>'
    strings.append(value or "")
    return f'<c r="{at}" t="s"><v>{len(strings) - 1}</v></c>'


def _letters(column: int) -> str:
    return chr(65 + column) if column < 26 else chr(64 + column // 26) + chr(65 + column % 26)
