"""From a cell of a sheet to a cell of a design table: parted, stripped, normalised and translated as the mapping says."""

from __future__ import annotations

import re

from hrgcore.design.codes import SCHEMES, Scheme, parse_code_cell
from hrgcore.workbook.mapping import Between, Cell
from hrgcore.workbook.sheets import shown

_BREAKS = re.compile(r"[\r\n\t\v\f]+")
_NUMBER = re.compile(r"[0-9]{1,9}")
_CATEGORY = 3  # characters of a category of either scheme


def clean(text: str) -> str:
    """A text without surrounding blanks and on one line; all else stays as it is."""
    return _BREAKS.sub(" ", text).strip()


def make_text(text: str, cell: Cell) -> str:
    """What a table's cell gets for the text of a sheet's cell. Raises ValueError with what is wrong and what to do."""
    parts = re.split(f"[{re.escape(cell.separator)}]", text) if cell.separator else [text]
    made = (_make_part(part, cell) for part in parts)
    return " ".join(part for part in made if part) if cell.separator else next(made)


def make_end(text: str, column: Between, *, upper: bool) -> int | None:
    """One end of a range; None where it is open. Raises ValueError with what is wrong and what to do."""
    end = clean(text)
    if not end and not upper or upper and end in column.open:
        return None
    if not _NUMBER.fullmatch(end):
        remedy = "Correct it, or say with `open` that it means no upper end" if upper else "Correct it"
        raise ValueError(f"{shown(end)} is no whole number, as the end of a range must be. {remedy}")
    return int(end)


def make_range(low: int | None, high: int | None) -> str:
    """The range from ``low`` to ``high``: `19+`, `0-18`, `4`; blank where both ends are open. Raises ValueError."""
    first = low or 0
    if high is None:
        return f"{first}+" if first else ""
    if first > high:
        raise ValueError(f"the range from {first} to {high} runs backwards. Correct it, or say with `open` what means no upper end")
    return str(first) if first == high else f"{first}-{high}"


def _make_part(text: str, cell: Cell) -> str:
    part = clean(text)
    if cell.without:
        part = clean("".join(character for character in part if character not in cell.without))
    if part and cell.code:
        part = _code(part, SCHEMES[cell.code])
    if part and cell.terms:
        part = _terms(part, SCHEMES[cell.terms])
    if cell.characters:
        part = part[slice(*cell.characters)]
    if cell.values is not None and (part or "" in cell.values):
        if part not in cell.values:
            raise ValueError(f"{shown(part)} is none of the texts under `values`. Add it there, or correct the cell")
        part = cell.values[part]
    return part


def _code(text: str, scheme: Scheme) -> str:
    """One code without full stops and blanks, in capitals; an ICD-10 category gets the X that stands for no fourth character."""
    code = _plain(text)
    if scheme.name == "icd10" and len(code) == _CATEGORY:
        code += "X"
    if not scheme.code.fullmatch(code):
        raise ValueError(f"{shown(text)} is no code of {scheme.name}. Correct it, name a `separator`, or leave the row out")
    return code


def _terms(text: str, scheme: Scheme) -> str:
    """Terms as the tables write them, which may be categories and ranges, without full stops."""
    terms = " ".join(_plain(term) for term in text.split())
    try:
        parse_code_cell(terms.replace("!", ""), scheme)
    except ValueError as error:
        raise ValueError(f"{error}. Correct the cell, or name a `separator`") from None
    return terms


def _plain(text: str) -> str:
    """Without full stops and blanks; only ASCII letters become capitals, as where activity is read."""
    kept = (character for character in text if character != "." and not character.isspace())
    return "".join(character.upper() if character.isascii() else character for character in kept)
