"""What the page's buttons do to an entry."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from importlib.resources import files

from hrgcore.errors import InputError
from hrgcore.explain import Explanation
from hrgcore.serve.answers import Answers
from hrgcore.serve.entry import Entry, Row, checked_rows, place_of
from hrgcore.serve.fields import APC, Form
from hrgcore.serve.paste import pasted_codes, pasted_rows

_OF_THE_ROW = {"EPIDUR", "CRITICALCAREDAYS", "REHABILITATIONDAYS", "SPCDAYS", "PERWT"}
_COUNTED = {"EPIORDER", "CCDate", "AGE_DAYS"}


@dataclass(frozen=True)
class Done:
    """The entry as it is now, what there is to say of it, and the id of the element to go to. ``blank``: nothing to explain yet."""

    entry: Entry
    notice: str = ""
    focus: str = ""
    blank: bool = False


def act(form: Form, entry: Entry, answers: Answers) -> Done:
    """Do what the pressed button says. Raises InputError only where the whole request is at fault."""
    action, _, argument = entry.action.partition("-")
    match action:
        case "paste":
            return _paste(form, entry)
        case "add":
            return _add(form, entry)
        case "remove" if argument.isdigit() and len(entry.rows) > 1:
            rows = tuple(row for number, row in enumerate(entry.rows) if number != int(argument))
            shown = place_of(str(entry.shown), rows)
            return Done(replace(entry, rows=rows, shown=shown), focus="r0")
        case "show":
            return Done(replace(entry, shown=place_of(argument, entry.rows)), focus="results")
        case "whatif":
            return Done(replace(entry, before=entry.rows), focus="what-if")
        case "back" if entry.before is not None:
            shown = place_of(str(entry.shown), entry.before)
            return Done(replace(entry, rows=entry.before, before=None, shown=shown), focus="results")
        case "keep":
            return Done(replace(entry, before=None), focus="results")
        case "try":
            return _try(form, entry, argument, answers)
        case "clear":
            return Done(Entry((start(form),)), focus="r0", blank=True)
        case "example":
            return Done(Entry(_data("example.csv", form)), focus="results")
    return Done(entry, focus="results")


def start(form: Form) -> Row:
    """A row to begin with: of admitted care, what is usual of an admission from home; what is the patient's own is blank."""
    return dict(_data("start.csv", form)[0]) if form.logic == APC else {}


@cache
def _data(name: str, form: Form) -> tuple[Row, ...]:
    return pasted_rows(form, files(__package__).joinpath(name).read_text(encoding="utf-8"))[0]


def _paste(form: Form, entry: Entry) -> Done:
    codes = pasted_codes(entry.paste)
    number, _, column = entry.at.removeprefix("r").partition(".")
    if codes and number.isdigit() and int(number) < len(entry.rows) and column[-3:-2] == "_" and column[-2:].isdigit():
        first = int(column[-2:])
        own = {f"{column[:-2]}{place:02d}": code for place, code in enumerate(codes, first) if place < 100}
        try:
            (filled,) = checked_rows(form, [entry.rows[int(number)] | own])
        except InputError as error:
            return Done(entry, str(error), "paste")
        rows = tuple(filled if place == int(number) else row for place, row in enumerate(entry.rows))
        return Done(replace(entry, rows=rows), focus=f"r{number}-{list(own)[-1]}")
    try:
        rows, left_out = pasted_rows(form, entry.paste)
    except InputError as error:
        return Done(entry, str(error), "paste", blank=not any(entry.rows))
    return Done(replace(entry, rows=rows, paste="", shown=0), left_out, "results")


def _add(form: Form, entry: Entry) -> Done:
    """Another episode or day like the last, without its codes, its days and its weight; what counts on is one more."""
    if len(entry.rows) >= form.most:
        return Done(entry)
    last = entry.rows[-1]
    kept = {one.name for one in (*form.keys, *form.fields) if not one.many} - _OF_THE_ROW
    row = {name: _next(text.strip()) if name in _COUNTED else text for name, text in last.items() if name in kept}
    number = len(entry.rows)
    first = next((one for one in form.fields if one.name in _OF_THE_ROW or one.many), form.fields[0])
    return Done(replace(entry, rows=(*entry.rows, row), shown=number), focus=f"r{number}-{first.place(0)}")


def _next(text: str) -> str:
    """The next number, or the next day where it is a date; blank where it is neither."""
    if not (text.isascii() and text.isdigit()):
        return ""
    if len(text) != len("YYYYMMDD"):
        return str(int(text) + 1)
    with contextlib.suppress(ValueError, OverflowError):
        return (datetime.strptime(text, "%Y%m%d") + timedelta(days=1)).strftime("%Y%m%d")
    return ""


def _try(form: Form, entry: Entry, hrg: str, answers: Answers) -> Done:
    """Make the change that a neighbouring HRG needs, as a what-if."""
    explanation = answers.explain(form, entry.rows)[0]
    found = explanation.split.neighbours if isinstance(explanation, Explanation) and explanation.split else ()
    for one in found:
        if one.hrg == hrg and one.episodes is not None:
            rows = checked_rows(form, one.episodes)
            return Done(replace(entry, rows=rows, before=entry.before or entry.rows), focus="what-if")
    return Done(entry, focus="results")
