"""The table of errors by kind, for the manifest and for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

from hrgcore.quality.causes import HEADINGS, Cause, causes_of
from hrgcore.quality.tally import SEPARATOR, Tally

_LINES = 10


class Finding(TypedDict):
    """Errors of one kind. ``share`` is of all rows; ``row`` and ``code`` are an example, ``code`` empty where none can be shown.

    ``cause`` and ``remedy`` are empty where they can't be told.
    """

    field: str
    error: str
    rows: int
    share: float
    row: int
    code: str
    cause: str
    remedy: str


def at_a_glance(tally: Tally, places: Mapping[str, int]) -> list[Finding]:
    """The kinds of errors, those with the most rows first; at most ten: the last then stands for all others, with ``row`` 0.

    Its rows are the sum of theirs, so that a row which fails in several ways counts in each. Kinds whose cause is told come before
    others into the ten. ``places`` are the columns of fields, counted from 0.
    """
    counts, examples = tally["counts"], tally["examples"]
    total = counts["rows"]
    causes = causes_of(counts, places)

    def finding(kind: str, rows: int, cause: Cause | None) -> Finding:
        field, _, error = kind.partition(SEPARATOR)
        row, code = examples[kind]
        return _finding(field, error, rows, total, row, code, cause)

    found = [finding(kind, own["rows"], causes.get(kind)) for kind, own in sorted(counts.get("kinds", {}).items())]
    if "headings" in counts:
        row = examples["headings"][0]
        found.append(_finding("", "Row is of field names", counts["headings"], total, row, "", HEADINGS))
    found.sort(key=lambda one: -one["rows"])
    if len(found) <= _LINES:
        return found
    first = sorted(found, key=lambda one: not one["cause"])[: _LINES - 1]
    rest = [one for one in found if one not in first]
    others = _finding("", f"{len(rest)} other kinds", sum(one["rows"] for one in rest), total, 0, "", None)
    return [*(one for one in found if one in first), others]


def lines(findings: Sequence[Mapping[str, Any]]) -> list[str]:
    """The table as lines of text, headings first; none where there are no errors."""
    if not findings:
        return []
    errors = [one["error"] for one in findings]
    examples = [f"{one['code'] or '–'} (row {one['row']:,})" if one["row"] else "" for one in findings]
    wide, side = (max(map(len, (*texts, "example"))) for texts in (errors, examples))
    found = [f"{'rows':>12}{'share':>8}  {'error':<{wide}}  {'example':<{side}}  likely cause: remedy"]
    for one, error, example in zip(findings, errors, examples, strict=True):
        cause = f"{one['cause']}: {one['remedy']}" if one["cause"] else ""
        found.append(f"{one['rows']:>12,}{_percent(one['share']):>8}  {error:<{wide}}  {example:<{side}}  {cause}".rstrip())
    return found


def _finding(field: str, error: str, rows: int, total: int, row: int, code: str, cause: Cause | None) -> Finding:
    said, remedy = cause or ("", "")
    share = round(rows / total, 6) if total else 0.0
    return Finding(field=field, error=error, rows=rows, share=share, row=row, code=code, cause=said, remedy=remedy)


def _percent(share: float) -> str:
    return f"{100 * share:.1f}%" if share >= 0.001 else "<0.1%"
