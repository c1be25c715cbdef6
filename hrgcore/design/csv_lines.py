"""The lines of a table's text as cells by heading, each fault with file, line and remedy."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence


def read_lines(
    file: str, text: str | None, must: Sequence[str], may: Sequence[str], faults: list[str]
) -> Iterator[tuple[int, dict[str, str]]]:
    """Line number and cells of each line; the headings must have all of ``must`` and nothing but these and ``may``."""
    if text is None:
        faults.append(f"{file}: missing. Every design has this table, if only with its heading.")
        return
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        headings = next(reader, [])
        if not _headings_fit(file, headings, must, may, faults):
            return
        for cells in reader:
            if not any(cells):
                continue
            line = reader.line_num
            if len(cells) != len(headings):
                faults.append(f"{file}:{line}: {len(cells)} cells under {len(headings)} headings. Quote cells that have a comma.")
                continue
            yield line, dict(zip(headings, cells, strict=True))
    except csv.Error as error:
        faults.append(f"{file}:{reader.line_num}: {error}. Correct the quoting.")


def _headings_fit(file: str, headings: list[str], must: Sequence[str], may: Sequence[str], faults: list[str]) -> bool:
    wrong = [f"no column {name}" for name in must if name not in headings]
    wrong += [f"unknown column {name!r}" for name in headings if name not in (*must, *may)]
    wrong += [f"column {name!r} twice" for name in sorted(set(headings)) if headings.count(name) > 1]
    faults += [f"{file}:1: {problem}. See tables/README.md for the columns of this table." for problem in wrong]
    return not wrong
