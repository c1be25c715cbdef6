"""What a person takes away: the explanation as a page or JSON, or the rows with what grouping gives, as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from hrgcore.explain import Explanation
from hrgcore.logics import ROW_LOGICS
from hrgcore.logics.explain import RowExplanation
from hrgcore.reasons import REASONS
from hrgcore.selftest.twins import EPISODE_WORDS, SPELL_WORDS, result_says
from hrgcore.serve.entry import Entry, Row
from hrgcore.serve.fields import Form

MEDIA = {"html": "text/html; charset=utf-8", "json": "application/json", "csv": "text/csv; charset=utf-8"}
_FORMULA = ("=", "+", "@", "-", "\t", "\r")


def exported(kind: str, form: Form, entry: Entry, every: Sequence[Explanation | RowExplanation]) -> str:
    """The text of an export, a key of `MEDIA`: of all rows as CSV; else of a spell, or of the row that is shown."""
    if kind == "csv":
        return _csv(form, entry.rows, every)
    explanation = every[entry.shown if form.days else 0]
    return explanation.json() if kind == "json" else explanation.html()


def _csv(form: Form, rows: Sequence[Row], every: Sequence[Explanation | RowExplanation]) -> str:
    """The rows as entered, and behind them what `hrgcore group` writes for each."""
    results: list[dict[str, object]] = []
    for one in every:
        results += _spell_results(one) if isinstance(one, Explanation) else [_row_result(form, one)]
    columns = dict.fromkeys(name for name in form.official if any(row.get(name) for row in rows))
    columns |= dict.fromkeys(name for row in rows for name in row)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([*columns, *results[0]])
    for row, result in zip(rows, results, strict=True):
        writer.writerow([_cell(text) for text in (*(row.get(name, "") for name in columns), *result.values())])
    return out.getvalue()


def _spell_results(explanation: Explanation) -> list[dict[str, object]]:
    said = result_says(explanation.result)
    of_spell = {name: said[name] for name in SPELL_WORDS}
    return [{name: episode[name] for name in EPISODE_WORDS} | of_spell for episode in said["episodes"]]


def _row_result(form: Form, explanation: RowExplanation) -> dict[str, object]:
    result = explanation.result
    unbundled = [str(one) for one in result.unbundled]
    names = ROW_LOGICS[form.logic].columns
    given = {
        "HRG": result.hrg,
        "Reason": REASONS[result.reason],
        "Rule": result.rule,
        "RootRule": result.rule,
        "SplitRule": result.split_rule,
    }
    found = {
        name: given[name.partition("_")[2]] if name.startswith(f"{form.logic.upper()}_") else result.columns.get(name)
        for name in names
    }
    return found | ({"UnbundledHRGs": unbundled} if unbundled else {})


def _cell(value: object) -> str:
    """A cell; what a spreadsheet would take for a formula is made text."""
    text = "" if value is None else " ".join(map(str, value)) if isinstance(value, list) else str(value)
    return f"'{text}" if len(text) > 1 and text.startswith(_FORMULA) else text
