"""Workbooks that were damaged, or made to do harm."""

from __future__ import annotations

import re
import sys
import zipfile
from pathlib import Path

import pytest
from workbook_cases import GOOD, Case
from workbooks import (
    FORMULA,
    Raw,
    relations,
    shared_xml,
    sheet_xml,
    workbook_parts,
    workbook_xml,
    write_parts,
    write_workbook,
)

from hrgcore.errors import InputError, UsageError
from hrgcore.workbook import read_workbook, sheets
from hrgcore.workbook.scan import Limits


def test_what_is_no_workbook(case: Case, tmp_path: Path) -> None:
    good = write_workbook(tmp_path / "good.xlsx", GOOD).read_bytes()
    for content, says in (
        (b"", "not an .xlsx workbook"),
        (b"Code,Version\nA57.3,4\n", "not an .xlsx workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 512, "either has a password or is an old .xls"),
        (good[:-30], "damaged, or was cut short"),
        (good[: len(good) // 2], "damaged, or was cut short"),
        (b"PK\x03\x04", "damaged, or was cut short"),
        (good.replace(b"PK\x01\x02", b"PK\x01\x03", 1), "damaged, or was cut short"),
    ):
        with pytest.raises(InputError, match=re.escape(says)):
            case.read_bytes(content)


def test_a_flipped_byte_is_damage_or_nothing(case: Case, tmp_path: Path) -> None:
    """Whatever byte is changed, the workbook is read or refused; nothing else comes out."""
    good = write_workbook(tmp_path / "good.xlsx", GOOD).read_bytes()
    refused = 0
    for at in range(0, len(good), 7):
        try:
            case.read_bytes(good[:at] + bytes([good[at] ^ 0x55]) + good[at + 1 :])
        except InputError:
            refused += 1
    assert refused > 50


@pytest.mark.parametrize(
    ("names", "says"),
    [
        (["a.txt"], "is a zip, but no .xlsx workbook. Save it as .xlsx."),
        (["xl/workbook.bin"], "is an .xlsb workbook"),
        (["content.xml"], "is an OpenDocument file"),
        (["xl/workbook.xml"], "has no xl/_rels/workbook.xml.rels"),
    ],
)
def test_other_zips(case: Case, names: list[str], says: str) -> None:
    with pytest.raises(InputError, match=re.escape(says)):
        case.read_bytes(write_parts(case.workbook, dict.fromkeys(names, b"<x/>")).read_bytes())


def test_a_missing_file_and_a_folder(case: Case, tmp_path: Path) -> None:
    case.read()
    for path in (tmp_path / "absent.xlsx", tmp_path):
        with pytest.raises(InputError, match="no such file"):
            read_workbook(path, case.mapping)
        with pytest.raises(InputError, match="no such file"):
            read_workbook(case.workbook, path)


def test_a_zip_bomb_is_not_unpacked(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    parts = workbook_parts(GOOD) | {"xl/media/image.bin": b"\0" * (9 * 1024 * 1024)}
    bomb = write_parts(case.workbook, parts).read_bytes()
    monkeypatch.setattr(zipfile.ZipFile, "read", lambda *_: pytest.fail("unpacked"))
    with pytest.raises(InputError, match=r"'xl/media/image\.bin' unpacks from \d+ to 9437184 bytes, as only a zip bomb does"):
        case.read_bytes(bomb)


def test_a_part_larger_than_its_zip_says(case: Case) -> None:
    """The directory's word for a size is what is measured; the part gives no more than that, and is damaged then."""
    parts = workbook_parts(GOOD)
    data = bytearray(write_parts(case.workbook, parts).read_bytes())
    at = data.rindex(b"xl/worksheets/sheet1.xml") - 46
    assert data[at : at + 4] == b"PK\x01\x02"
    data[at + 24 : at + 28] = (10).to_bytes(4, "little")
    with pytest.raises(InputError, match="damaged, or was cut short"):
        case.read_bytes(bytes(data))


@pytest.mark.parametrize(
    ("limits", "says"),
    [
        ({"file_bytes": 1000}, "larger than 1000 bytes"),
        ({"parts": 6}, "has more than 6 parts"),
        ({"unpacked_bytes": 1000}, "bytes; at most 1000 are taken"),
        ({"sheets": 0}, "has 1 sheets; at most 0 are taken"),
        ({"rows": 2}, "has a row called '3'; rows are numbered from 1 to 2"),
        ({"columns": 0}, "has cells beyond the last row or column"),
        ({"cells": 3, "text": 99}, ""),
        ({"cells": 2}, "has more than 2 texts"),
        ({"characters": 13}, "up to sheet 'OPCS', cells hold more than 13 characters"),
        ({"text": 4}, "has a text of more than 4 characters"),
    ],
)
def test_limits(case: Case, monkeypatch: pytest.MonkeyPatch, limits: dict[str, int], says: str) -> None:
    monkeypatch.setattr(sheets, "LIMITS", Limits(**limits))
    if not says:
        case.read()
        return
    with pytest.raises(InputError, match=re.escape(says)):
        case.read()


@pytest.mark.parametrize(("cell", "merged", "what"), [(FORMULA, [], "cells without a value"), ("x", ["A1:A2"], "merged ranges")])
def test_notes_are_bounded(case: Case, monkeypatch: pytest.MonkeyPatch, cell: Raw | str, merged: list[str], what: str) -> None:
    monkeypatch.setattr(sheets, "LIMITS", Limits(notes=0))
    with pytest.raises(InputError, match=f"has more than 0 {what}"):
        case.read(sheets={"OPCS": [["Code", cell]]}, merged=merged)


def test_a_far_cell_is_refused_before_a_rectangle_is_made(case: Case) -> None:
    for far in ("XFD1048576", "A1048576", "xfd900000"):
        body = sheet_xml([["Code"], [Raw(f'<c r="{far}"><v>1</v></c>'), Raw('<c r="XFD1"><v>1</v></c>')]], [])
        with pytest.raises(InputError, match="sheet 'OPCS' reaches to row [0-9]+ and column XFD: with it [0-9]+ cells"):
            case.read_parts(sheet=body)


def test_one_long_text_in_many_cells_is_counted_as_often(case: Case) -> None:
    """The parser gives each cell a copy of its text: a file of some kilobytes could fill any memory."""
    cells = [Raw('<c r="{at}" t="s"><v>0</v></c>')]
    body = sheet_xml([cells] * 2_000, [])
    with pytest.raises(InputError, match="cells hold more than 50000000 characters"):
        case.read_parts(sheet=body, sharedStrings=shared_xml(["x" * 30_000]))
    assert case.workbook.stat().st_size < 100_000


def test_elements_with_a_prefix_are_the_same_elements(case: Case) -> None:
    strings: list[str] = []
    body = re.sub(r"<(/?)(?=[a-zA-Z])", r"<\1x:", sheet_xml([["Code"], ["A57.3"]], strings)).replace("xmlns=", "xmlns:x=")
    assert "A57,3" in case.read_parts(sheet=body, sharedStrings=shared_xml(strings))["opcs4.csv"]
    far = body.replace('r="A2"', 'r="XFD900000"')
    with pytest.raises(InputError, match="reaches to row 900000 and column XFD"):
        case.read_parts(sheet=far, sharedStrings=shared_xml(strings))


def test_far_cells_without_a_value_do_no_harm(case: Case) -> None:
    strings: list[str] = []
    body = sheet_xml([["Code"], ["A57.3", Raw('<c r="XFD1048576" s="1"/>')]], strings)
    assert "A57,3" in case.read_parts(sheet=body, sharedStrings=shared_xml(strings))["opcs4.csv"]


@pytest.mark.parametrize("place", ["", "A", "1", "A0", "A1048577", "AAAA1", "A99999999", "A1:B2", "Ä1", "A١", "A-1"])
def test_places_that_no_sheet_has(case: Case, place: str) -> None:
    with pytest.raises(InputError, match=r"part 'xl/worksheets/sheet1\.xml' has a (cell|row) called"):
        case.read_parts(sheet=sheet_xml([["Code"], [Raw(f'<c r="{place}"><v>1</v></c>')]], []))


@pytest.mark.parametrize("row", ["0", "4294967295", "x", "", "-1", "1.0"])
def test_rows_that_no_sheet_has(case: Case, row: str) -> None:
    with pytest.raises(InputError, match="has a row called"):
        case.read_parts(sheet=sheet_xml([["Code"]], []).replace('r="1"', f'r="{row}"'))


def test_cells_beyond_the_edge_by_counting(case: Case) -> None:
    cell = '<c r="XFD1"><v>1</v></c><c><v>1</v></c>'
    with pytest.raises(InputError, match="beyond the last row or column"):
        case.read_parts(sheet=sheet_xml([[Raw(cell)]], []))


@pytest.mark.parametrize(
    "doctype",
    [
        '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]>',
        '<!DOCTYPE x SYSTEM "http://example.invalid/x.dtd">',
    ],
)
@pytest.mark.parametrize("part", ["sheet", "workbook", "rels", "sharedStrings", "styles"])
def test_entities_and_other_files_are_refused(case: Case, part: str, doctype: str) -> None:
    name = {"sheet": "xl/worksheets/sheet1.xml", "rels": "xl/_rels/workbook.xml.rels"}.get(part, f"xl/{part}.xml")
    text = workbook_parts(GOOD)[name].decode().removeprefix('<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n')
    with pytest.raises(InputError, match=re.escape(f"part {name!r} has a DOCTYPE")):
        case.read_parts(**{part: doctype + text})


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ('<c r="A2" t="s"><v>7</v></c>', "a cell whose text is number '7' of 3 texts"),
        ('<c r="A2" t="s"><v> 1</v></c>', "a cell whose text is number ' 1' of 3 texts"),
        ('<c r="A2" t="s"><v>1<!-- -->0</v></c>', "a cell whose text is number '10' of 3 texts"),
        ('<c r="A2" t="s"><v>0&#49;</v></c>', "a cell whose text is number '01' of 3 texts"),
        ('<c r="A2" t="s"><v>1</v><v>2</v></c>', "has two values, or a formula after its value"),
        ('<c r="A2"><v>1</v><f>1</f></c>', "has two values, or a formula after its value"),
    ],
)
def test_cells_that_the_parser_would_misread(case: Case, value: str, says: str) -> None:
    strings = ["Code", "A57.3", "A57.7"]
    body = sheet_xml([[Raw('<c r="{at}" t="s"><v>0</v></c>')], [Raw(value)]], [])
    with pytest.raises(InputError, match=re.escape(says)):
        case.read_parts(sheet=body, sharedStrings=shared_xml(strings))


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"sheet": "<worksheet><sheetData>"}, "part 'xl/worksheets/sheet1.xml' is no well-formed XML (line 1)"),
        ({"sheet": b"\xff\xfe<\0x\0/\0>\0"}, "is not UTF-8"),
        ({"sheet": b"\0<\0x\0/\0>"}, "is not UTF-8"),
        ({"sheet": b'<?xml version="1.0"?><worksheet>\xe9</worksheet>'}, "is no well-formed XML"),
        ({"sheet": ""}, "is no well-formed XML"),
        ({"sheet": "<chartsheet/>"}, "sheet 'OPCS', row 1: no heading 'Code'; the row has none."),
        ({"sheet": None}, "no sheet 'OPCS'"),
        ({"sharedStrings": None}, "a cell whose text is number '0' of 0 texts"),
        ({"sharedStrings": "<sst><si><t>a<si><t>b</t></si></t></si></sst>"}, "has a text within a text"),
        ({"styles": "<styleSheet><sheetData/></styleSheet>"}, "has a sheet's data and is no sheet"),
        ({"workbook": workbook_xml(["OPCS", "OPCS"])}, "has several sheets called 'OPCS'"),
        ({"workbook": workbook_xml([])}, "no sheet 'OPCS'; it has none."),
        ({"rels": relations({"rId1": ("worksheet", "../../../etc/passwd")})}, "no sheet 'OPCS'"),
        ({"rels": relations({"rId1": ("worksheet", "sharedStrings.xml")})}, "no sheet 'OPCS'"),
        ({"rels": relations({})}, "no sheet 'OPCS'"),
    ],
)
def test_parts_that_are_not_what_they_should_be(case: Case, changed: dict[str, str | bytes | None], says: str) -> None:
    with pytest.raises(InputError, match=re.escape(says)) as caught:
        case.read_parts(**changed)
    assert str(case.workbook) in str(caught.value)


def test_absolute_targets_are_found(case: Case) -> None:
    assert "A57,3" in case.read_parts(rels=relations({"rId1": ("worksheet", "/xl/worksheets/sheet1.xml")}))["opcs4.csv"]


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_part_twice_and_an_encrypted_part(case: Case) -> None:
    with zipfile.ZipFile(case.workbook, "w") as archive:
        for name, content in [*workbook_parts(GOOD).items(), ("xl/workbook.xml", b"<x/>")]:
            archive.writestr(name, content)
    with pytest.raises(InputError, match=r"part 'xl/workbook\.xml' stands twice"):
        case.read_bytes(case.workbook.read_bytes())
    data = bytearray(write_workbook(case.workbook, GOOD).read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(InputError, match="is encrypted"):
        case.read_bytes(bytes(data))


def test_a_panic_of_the_parser_is_an_input_error(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    class Panic(BaseException):
        pass

    class Calamine:
        class CalamineWorkbook:
            @staticmethod
            def from_filelike(_: object) -> None:
                raise Panic("index out of bounds")

    monkeypatch.setattr(sheets, "_calamine", lambda: Calamine)
    with pytest.raises(InputError, match=r"can't be read as a workbook \(index out of bounds\)"):
        case.read()


def test_only_the_parts_that_are_needed_reach_the_parser(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    import python_calamine

    seen: list[list[str]] = []

    class Spy:
        class CalamineWorkbook:
            @staticmethod
            def from_filelike(file: object) -> object:
                with zipfile.ZipFile(file) as archive:  # type: ignore[call-overload]
                    seen.append(archive.namelist())
                file.seek(0)  # type: ignore[attr-defined]
                return python_calamine.CalamineWorkbook.from_filelike(file)  # type: ignore[arg-type]

    monkeypatch.setattr(sheets, "_calamine", lambda: Spy)
    case.read(sheets={"Other": [["x"]], **GOOD, "More": [["y"]]})
    assert [name for name in seen[0] if "sheets/" in name] == ["xl/worksheets/sheet2.xml"]


def test_without_the_package_that_reads_workbooks(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "python_calamine", None)
    with pytest.raises(UsageError, match=re.escape("pip install 'hrgcore[workbook]'")):
        case.read()
