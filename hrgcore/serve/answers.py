"""What there is to say of an entry: the explanation, what stands at each field, and what a what-if moved."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import zip_longest

from hrgcore.design import Bundle
from hrgcore.errors import UsageError
from hrgcore.explain import Explainer, Explanation
from hrgcore.logics import ROW_LOGICS
from hrgcore.logics.explain import RowExplainer, RowExplanation
from hrgcore.reference import RecordError, Step
from hrgcore.reference.record import cell_text
from hrgcore.serve.codes import CodeBook
from hrgcore.serve.entry import Entry, Row
from hrgcore.serve.fields import APC, CODE_KINDS, Form


@dataclass(frozen=True)
class Remark:
    """What is said at a field. ``kind`` is `bad`, `needed` (blank, and must not be) or empty."""

    text: str
    kind: str = ""


@dataclass(frozen=True)
class Moved:
    """One value before and after."""

    name: str
    before: str
    now: str

    @property
    def changed(self) -> bool:
        return self.before != self.now

    @property
    def of_hrg(self) -> bool:
        """Whether it is the HRG, of a spell or of one of several days."""
        return self.name.rpartition(": ")[2] == "HRG"


@dataclass(frozen=True)
class Answer:
    """All that the page says of an entry. ``remarks`` are by row and column; ``known`` has the texts of the steps before.

    ``days`` are the explanations of all days of a period, of which ``explanation`` is the one that is shown; none of a spell.
    ``unchecked`` says what could not be held against one another.
    """

    explanation: Explanation | RowExplanation
    remarks: Mapping[tuple[int, str], Remark]
    general: tuple[str, ...]  # errors that belong to no field of the form
    given: tuple[Moved, ...] = ()
    moved: tuple[Moved, ...] = ()
    known: frozenset[str] | None = field(default=None, repr=False)
    days: tuple[RowExplanation, ...] = ()
    shown: int = 0
    unchecked: str = ""


class Answers:
    """Answers under one design."""

    def __init__(self, bundle: Bundle) -> None:
        self.info = bundle.info
        self.logics = (APC, *(name for name in ROW_LOGICS if name in bundle.logics))
        self.tables = bundle.tables
        self._spells = Explainer(self.tables)
        self._rows: dict[str, RowExplainer] = {}

    @cached_property
    def codes(self) -> CodeBook:
        """What the design says of codes."""
        return CodeBook(self._spells.engine.design, self.tables)

    def accepted(self, form: Form, name: str) -> list[str]:
        """The values that a coded field accepts."""
        if form.logic == APC:
            return [value for row in self.tables["value_sets"] if row["field"] == name for value in row["values"].split()]
        rows, column = self.tables.logics[form.logic].accepts(name)
        return [value for row in rows for value in row[column].split()]

    def explain(self, form: Form, rows: Sequence[Row]) -> tuple[Explanation | RowExplanation, ...]:
        """The explanation of a spell's episodes, or one of each row."""
        if form.logic == APC:
            return (self._spells.explain(rows),)
        if form.logic not in self.logics:
            raise UsageError(f"{self.info.id} has no tables of {form.logic}. Name a design that has.")
        if form.logic not in self._rows:
            self._rows[form.logic] = RowExplainer(self.tables, ROW_LOGICS[form.logic])
        return tuple(self._rows[form.logic].explain_all(rows))

    def answer(self, form: Form, entry: Entry) -> Answer:
        """All that is said of an entry."""
        every = self.explain(form, entry.rows)
        explanation = every[entry.shown if form.days else 0]
        remarks = {(row, column): remark for row, column, remark in self._code_remarks(form, entry.rows, explanation)}
        general: list[str] = []
        for row, error in _errors(every):
            if error.field and form.takes(error.field):
                kind = "bad" if entry.rows[row].get(error.field, "").strip() or error.code else "needed"
                remarks[row, error.field] = Remark(error.message, kind)
            else:
                general.append(error.message)
        days = tuple(one for one in every if isinstance(one, RowExplanation)) if form.days else ()
        unchecked = self._unchecked(form, entry.rows) if form.days else ""
        answer = Answer(explanation, remarks, tuple(dict.fromkeys(general)), days=days, shown=entry.shown, unchecked=unchecked)
        if entry.before is None:
            return answer
        before = self.explain(form, entry.before)
        known = frozenset(step.text for one in before for step in _all(_steps(one)))
        given, moved = tuple(_given(form, entry.before, entry.rows)), tuple(_moved(form, before, every))
        return replace(answer, given=given, moved=moved, known=known)

    def _unchecked(self, form: Form, rows: Sequence[Row]) -> str:
        """What of a period is not checked, where the design has checks over its days."""
        if not self.tables.logics[form.logic]["checks"]:
            return ""
        if len(rows) == 1:
            return "Only this day is here: whether others of its period contradict it is not checked. Add or paste them."
        if all(cell_text(row.get(key.name)) for row in rows for key in form.keys):
            return ""
        names = " and ".join(key.label for key in form.keys)
        return f"{names}: without both, days are of no period, and are not held against one another. Fill them in, under Key."

    def _code_remarks(
        self, form: Form, rows: Sequence[Row], explanation: Explanation | RowExplanation
    ) -> Iterator[tuple[int, str, Remark]]:
        points = _points(explanation)
        dominant = explanation.result.dominant_procedure if isinstance(explanation, Explanation) else ""
        for one in form.fields:
            if one.kind not in CODE_KINDS:
                continue
            for number, row in enumerate(rows):
                for place in range(99):
                    column = one.place(place)
                    if not row.get(column, "").strip():
                        continue
                    said = self.codes.said(one.kind, row[column])
                    code = row[column].strip().replace(".", "").upper()
                    text = said.text
                    if one.kind == "icd10" and place and points.get(code):
                        text = points[code].pop(0)
                    elif one.kind == "opcs4" and code == dominant:
                        text = f"dominant; {text}"
                    yield number, column, Remark(text, "" if said.valid else "bad")


def _points(explanation: Explanation | RowExplanation) -> dict[str, list[str]]:
    """What each secondary diagnosis gives to the CC score, by code, in order."""
    found: dict[str, list[str]] = {}
    for step in _deciding(explanation):
        if step.kind == "cc":
            for child in step.children:
                code, _, says = child.text.partition(": ")
                found.setdefault(code, []).append(_of_points(says.removesuffix(".")))
    return found


def _of_points(says: str) -> str:
    return f"CC {says}" if says.startswith("points") else says.replace("no points", "no CC points", 1)


def _deciding(explanation: Explanation | RowExplanation) -> Sequence[Step]:
    """The steps of the record that gave the HRG: the only episode's, or the spell's."""
    result = explanation.result
    if isinstance(explanation, RowExplanation) or len(explanation.result.episodes) > 1:
        return result.steps
    return explanation.result.episodes[0].steps


def _errors(every: Sequence[Explanation | RowExplanation]) -> Iterator[tuple[int, RecordError]]:
    """The errors of episodes or rows, each with its number."""
    errors: list[tuple[RecordError, ...]] = []
    for one in every:
        errors += [record.errors for record in one.result.episodes] if isinstance(one, Explanation) else [one.result.errors]
    for number, own in enumerate(errors):
        yield from ((number, error) for error in own)


def _steps(explanation: Explanation | RowExplanation) -> Iterator[Step]:
    yield from explanation.result.steps
    if isinstance(explanation, Explanation):
        for episode in explanation.result.episodes:
            yield from episode.steps


def _all(steps: Iterable[Step]) -> Iterator[Step]:
    for step in steps:
        yield step
        yield from _all(step.children)


def _given(form: Form, before: Sequence[Row], now: Sequence[Row]) -> Iterator[Moved]:
    """The cells that differ."""
    for number in range(max(len(before), len(now))):
        old = before[number] if number < len(before) else {}
        new = now[number] if number < len(now) else {}
        for name in dict.fromkeys((*old, *new)):
            if old.get(name, "") != new.get(name, ""):
                named = f"{label} ({name})" if (label := form.labels.get(name)) else name
                where = f"{form.row} {number + 1} {named}" if len(now) > 1 or len(before) > 1 else named
                yield Moved(where, old.get(name, ""), new.get(name, ""))


def _moved(
    form: Form, before: Sequence[Explanation | RowExplanation], now: Sequence[Explanation | RowExplanation]
) -> Iterator[Moved]:
    """What results say, before and now, changed or not; of several days, each says which it is of."""
    for number, (old, new) in enumerate(zip_longest(before, now), 1):
        one, other = _said(old) if old else {}, _said(new) if new else {}
        where = f"{form.row} {number}: " if max(len(before), len(now)) > 1 else ""
        for name in dict.fromkeys((*one, *other)):
            yield Moved(f"{where}{name}", one.get(name, ""), other.get(name, ""))


def _said(explanation: Explanation | RowExplanation) -> dict[str, str]:
    result = explanation.result
    said = {"HRG": f"{result.hrg} {explanation.labels.get(result.hrg, '')}".strip()}
    if isinstance(explanation, RowExplanation):
        return said | {"How": explanation.how()} | dict(explanation.values())
    return said | {"How": explanation.how(explanation.result)} | dict(explanation.spell_values())
