"""Points: the trauma and burn scores, and CC points with their exclusions."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

import numpy as np

from hrgcore.design.index import CodeIndex, check_terms, closest_rows
from hrgcore.design.tables import SCORES, Row, Tables
from hrgcore_kernels import codes as k
from hrgcore_kernels.layout import EACH_CODE, EXCLUSION, SCORE

#: The kernels' number of each score; those of diagnoses and of procedures have the same.
SCORE_NUMBER = {name: k.TRAUMA if name.startswith("trauma") else k.BURN for name in SCORES}


def whole_number(tables: Tables, row: Row, column: str, most: int) -> int:
    """A cell that holds a whole number from 0 to ``most``; faults the row, and gives 0, where it does not."""
    text = row[column].strip()
    if not (text.isascii() and text.isdigit() and int(text[:9]) <= most):
        tables.fault(row, f"{column} {text!r} is not a whole number from 0 to {most}.")
        return 0
    return int(text)


def compile_scores(tables: Tables, scheme: str, index: CodeIndex) -> np.ndarray:
    """What a scheme's codes have in its scores. SCORE [scores, codes]."""
    records = np.zeros((k.N_SCORES, len(index) + 1), SCORE)
    for score in (name for name, of in SCORES.items() if of == scheme):
        rows = [row for row in tables["scores"] if row["score"] == score]
        for row in rows:
            check_terms(index, row, tables)
        names = sorted({row["component"] for row in rows if row["component"]})
        if len(names) >= EACH_CODE:
            tables.faults.append(f"scores.csv: {score} has {len(names)} components; at most {EACH_CODE - 1} fit.")
            names = names[: EACH_CODE - 1]
        closest = closest_rows(index, rows, tables)[1:]
        own = records[SCORE_NUMBER[score], 1:]
        own["component"] = [_component(row, names) for row in closest]
        own["points"] = [0 if row is None else whole_number(tables, row, "points", 1000) for row in closest]
    return records


def check_scores(tables: Tables) -> None:
    """Fault rows of scores that there are not."""
    for row in tables["scores"]:
        if row["score"] not in SCORES:
            tables.fault(row, f"score {row['score']!r} is none of {', '.join(SCORES)}.")


def compile_cc(tables: Tables, index: CodeIndex, cc_lists: Mapping[str, int], used: Collection[str]) -> dict[str, np.ndarray]:
    """CC points [lists, codes], and for each primary diagnosis what it excludes. ``used`` are the lists of some subchapter."""
    points = np.zeros((max(1, len(cc_lists)), len(index) + 1), np.int8)
    for name, place in cc_lists.items():
        rows = [row for row in tables["cc_lists"] if row["list"] == name]
        for number, row in enumerate(closest_rows(index, rows, tables)):
            if row is not None:
                points[place, number] = whole_number(tables, row, "points", 100)
        if name not in used:
            tables.fault(rows[0], f"list {name} is of no subchapter. Name it in subchapters.csv, or remove it.")
    excluded: list[list[tuple[int, int, int]]] = [[] for _ in range(len(index) + 1)]
    for row in tables["cc_exclusions"]:
        if row["list"] != "*" and row["list"] not in cc_lists:
            tables.fault(row, f"cc_lists.csv has no list {row['list']}. Correct it, or write * for all lists.")
        runs = _runs(index.members(row.codes["excluded"]))
        place = cc_lists.get(row["list"], -1)
        for primary in index.members(row.codes["primary"]).tolist():
            excluded[primary] += [(place, low, high) for low, high in runs]
    ends = np.cumsum([len(entries) for entries in excluded], dtype=np.int32)
    return {
        "cc_points": points,
        "exclusion_start": np.concatenate([np.zeros(1, np.int32), ends]),
        "exclusions": np.array([entry for entries in excluded for entry in entries], EXCLUSION),
    }


def number_cc(codes: Sequence[str], words: np.ndarray, bits: Iterable[int]) -> list[int]:
    """The number of each code's first four characters among those of codes on CC lists, from 1; 0 of codes on none.

    ``words`` [codes, words] are the lists that the codes are on; ``bits`` those of CC lists.
    """
    listed = np.zeros(len(codes), bool)
    for word, bit in (divmod(bit, k.LIST_BITS) for bit in bits):
        listed |= (words[:, word] >> bit) & 1 != 0
    number: dict[str, int] = {}
    return [number.setdefault(code[:4], len(number) + 1) if own else 0 for code, own in zip(codes, listed.tolist(), strict=True)]


def _component(row: Row | None, names: list[str]) -> int:
    if row is None:
        return 0
    return names.index(row["component"]) + 1 if row["component"] in names else EACH_CODE


def _runs(numbers: np.ndarray) -> list[tuple[int, int]]:
    """Runs of consecutive numbers, as (first, last)."""
    if numbers.size == 0:
        return []
    breaks = np.flatnonzero(np.diff(numbers) != 1)
    firsts = numbers[np.concatenate([[0], breaks + 1])]
    lasts = numbers[np.concatenate([breaks, [numbers.size - 1]])]
    return list(zip(firsts.tolist(), lasts.tolist(), strict=True))
