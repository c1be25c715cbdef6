"""Direct-addressed tables from the characters of a code or value to its number. The kernels compute the same places."""

from __future__ import annotations

import numpy as np

from hrgcore_kernels.layout import FIELD_PLACES, FIVE_PLACES, FOUR_PLACES, OPCS4_PLACES

_ALPHANUMERIC = {character: place + 1 for place, character in enumerate("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")}


def _letter(character: str) -> int:
    return ord(character) - ord("A")


def _digit_or_x(character: str) -> int:
    return 10 if character == "X" else int(character)


def icd10_place(code: str) -> int:
    """The place of the first four characters: letter, digit, digit, digit or X."""
    return (_letter(code[0]) * 100 + int(code[1:3])) * 11 + _digit_or_x(code[3])


def icd10_lookups(codes: list[str], follow_parent: bool) -> tuple[np.ndarray, np.ndarray]:
    """Numbers by four characters, and by five; with ``follow_parent`` an unlisted fifth character leads to the parent's number."""
    four = np.zeros(FOUR_PLACES, np.uint16)
    five = np.zeros(FIVE_PLACES, np.uint16)
    numbers = {code: place + 1 for place, code in enumerate(codes)}
    for code, number in numbers.items():
        if len(code) == 4:
            four[icd10_place(code)] = number
    if follow_parent:
        five[:] = np.repeat(four, 10)
    for code, number in numbers.items():
        if len(code) == 5:
            five[icd10_place(code) * 10 + int(code[4])] = number
    return four, five


def opcs4_lookup(codes: list[str]) -> np.ndarray:
    """Numbers by letter and three digits."""
    table = np.zeros(OPCS4_PLACES, np.uint16)
    for place, code in enumerate(codes):
        table[_letter(code[0]) * 1000 + int(code[1:])] = place + 1
    return table


def field_lookup(values: list[str]) -> np.ndarray:
    """Numbers of a coded field's values by up to three letters or digits; ``values[i]`` has the number ``i + 1``."""
    table = np.zeros(FIELD_PLACES, np.uint8)
    for place, value in enumerate(values):
        at = 0
        for character in value:
            at = at * 37 + _ALPHANUMERIC.get(character, 0)
        if len(value) <= 3 and place < 255:
            table[at] = place + 1
    return table
