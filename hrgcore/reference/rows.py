"""Grouping a row by itself in plain Python, straight from the tables of its logic: the kernels' readable twin (docs/logics.md)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hrgcore import messages
from hrgcore.design.conditions import Condition, Lists, Range
from hrgcore.design.row import Row
from hrgcore.design.tables import Tables
from hrgcore.errors import UsageError
from hrgcore.reference.record import cell_text
from hrgcore.reference.results import RecordError, Unbundled
from hrgcore.reference.row_values import RowRead, RowReader
from hrgcore.reference.trace import Recorder, Step, Trace
from hrgcore_kernels import codes

_BLANK = -1


@dataclass(frozen=True)
class RowOutcome:
    """The grouping of one row. ``reason`` is a number of `hrgcore.reasons`, ``rule`` names the row that decided (`em/rules.csv:4`).

    ``columns`` are those written beside the HRG, such as `Calc_CC_Days`. Attendances have a
    ``split_rule`` and unbundled HRGs, too.
    """

    hrg: str
    reason: int
    rule: str
    errors: tuple[RecordError, ...]
    columns: Mapping[str, object]
    steps: tuple[Step, ...] = ()
    split_rule: str = ""
    unbundled: tuple[Unbundled, ...] = ()


class RowReference:
    """Groups rows of one logic under one design. Raises UsageError where the design has no tables of it."""

    def __init__(self, tables: Tables, logic: str) -> None:
        if logic not in tables.logics:
            raise UsageError(f"{tables.settings.id} has no tables of {logic}. Name a design that has.")
        self._tables, self._own = tables, tables.logics[logic]
        self.logic = self._own.logic
        self.reader = RowReader(tables, self._own)
        self._rules = sorted(self._own["rules"], key=lambda row: (row.step, row.line))
        self._errors = {row["error"]: row["name"] for row in tables["errors"]}

    def group(self, row: Mapping[str, object], *, trace: bool = False) -> RowOutcome:
        """Group a row, given by official column names (missing ones are blank)."""
        return self.group_read(self.reader.read(row), Trace() if trace else Recorder())

    def group_read(self, read: RowRead, steps: Recorder) -> RowOutcome:
        """Group a row that was read."""
        columns = self._columns(read)
        children = steps.branch()
        for error in read.errors:
            children.step("validation", "{}: {}.", error.place, error.message, outcome="failed")
        error_hrg = self._tables.settings.error_hrg
        if read.errors:
            steps.step("validation", "Fields: the row fails.", outcome="failed", under=children)
            return RowOutcome(error_hrg, codes.REASON_INVALID_FIELD, "", tuple(read.errors), columns, tuple(steps.steps))
        steps.step("validation", "Fields: all are valid.", outcome="passed")
        lists = self._lists(read, steps)
        facts = {**read.numbers, **self._scores(read, steps)}
        children = steps.branch()
        rule = self._first(facts, lists, children)
        if rule is None:
            steps.step("rule", "No rule applies.", outcome="failed", under=children)
            failed = (RecordError("", "", messages.NO_RULE),)
            return RowOutcome(error_hrg, codes.REASON_NO_RULE, "", failed, columns, tuple(steps.steps))
        if rule["hrg"] in self._errors:
            message = messages.category(rule["hrg"], self._errors[rule["hrg"]])
            steps.step("rule", "The row fails: {}.", message, row=rule, outcome="failed", under=children)
            found = self._at_fault(rule, read, message)
            return RowOutcome(error_hrg, codes.REASON_ERROR_CATEGORY, rule.reference, found, columns, tuple(steps.steps))
        steps.step("rule", "HRG {}.", rule["hrg"], row=rule, outcome=rule["hrg"], under=children)
        return RowOutcome(rule["hrg"], codes.REASON_ROW_RULE, rule.reference, (), columns, tuple(steps.steps))

    def contradictions(self, rows: Sequence[Mapping[str, object]]) -> list[tuple[RecordError, ...]]:
        """What each of these rows has against others of its period, or itself: in the order of the checks. It stops no HRG."""
        reads = [self.reader.read(row) for row in rows]
        periods = [tuple(str(row.get(key.name)) for key in self.logic.keys) for row in rows]
        days: dict[tuple[str, ...], list[int]] = {}
        for at, (row, period) in enumerate(zip(rows, periods, strict=True)):
            if all(cell_text(row.get(key.name)) for key in self.logic.keys):  # else it is of no period that could be named
                days.setdefault(period, []).append(at)
        found: list[list[RecordError]] = [[] for _ in rows]
        for check in self._own["checks"]:
            field, other = check["field"], check["other"]
            values = [read.usable(self.logic.by_name[field]) for read in reads]
            for at, value in enumerate(values):
                if value is None:
                    continue
                beside = [values[n] for n in days.get(periods[at], ()) if n != at]
                if other:
                    limit = reads[at].usable(self.logic.by_name[other])
                    wrong = limit is not None and value > limit  # type: ignore[operator]
                elif check["check"] == "same":
                    wrong = any(one not in (None, value) for one in beside)
                else:
                    wrong = value in beside
                if wrong:
                    label, than = self.logic.by_name[field].label, self.logic.by_name[other].label if other else ""
                    message = messages.in_period(check["check"], label, than)
                    found[at].append(RecordError(field, reads[at].given[field], message))
        return [tuple(errors) for errors in found]

    def _lists(self, read: RowRead, trace: Recorder) -> frozenset[str]:
        """The lists that some value of the row is on."""
        found: set[str] = set()
        for field, values in read.values.items():
            for column, value in values:
                rows = [row for row in self._own["lists"] if row["field"] == field and _names(row, value)]
                for row in rows:
                    trace.step("list", "{} {} is on the list {}.", column, value, row["list"], row=row)
                found.update(row["list"] for row in rows)
        return frozenset(found)

    def _scores(self, read: RowRead, trace: Recorder) -> dict[str, int]:
        """Each score: the sum over its components of the largest points."""
        best = {(row["score"], row["component"]): 0 for row in self._own["scores"]}
        for row in self._own["scores"]:
            one = self.logic.by_name[row["field"]]
            if one.name in read.values:
                gave = [(column, value) for column, value in read.values[one.name] if _names(row, value)]
            else:
                number = read.numbers.get(one.fact)
                gave = [(one.name, str(number))] if number is not None and _in_range(row["values"], number) else []
            for column, value in gave:
                of = (row["score"], row["component"])
                trace.step("score", "{} {} gives {} {}: {}.", column, value, *of, row["points"], row=row)
                best[of] = max(best[of], int(row["points"]))
        scores = {score: sum(points for of, points in best.items() if of[0] == score) for score, _ in best}
        for score, points in scores.items():
            trace.step("score", "{}: {}.", score, points, outcome=points)
        return scores

    def _first(self, facts: Mapping[str, int], lists: frozenset[str], trace: Recorder) -> Row | None:
        for rule in self._rules:
            failed = next((condition for condition in rule.conditions if not _holds(condition, facts, lists)), None)
            trace.tried("rule", rule, failed, facts.get(failed.fact, "blank") if isinstance(failed, Range) else "")
            if failed is None:
                return rule
        return None

    def _at_fault(self, rule: Row, read: RowRead, message: str) -> tuple[RecordError, ...]:
        """Where an error category is reported: nowhere, at the only cell of a field, or at its cells that the rule asks for."""
        if not rule["field"]:
            return (RecordError("", "", message),)
        one = self.logic.by_name[rule["field"]]
        if not one.many:
            return (RecordError(one.name, read.given.get(one.name, ""), message),)
        asked = {name for one in rule.conditions if isinstance(one, Lists) and not one.negated for name in one.names}
        rows = [row for row in self._own["lists"] if row["list"] in asked and row["field"] == one.name]
        return tuple(
            RecordError(column, read.given[column], message)
            for column, value in read.values.get(one.name, [])
            if any(_names(row, value) for row in rows)
        )

    def _columns(self, read: RowRead) -> dict[str, object]:
        columns: dict[str, object] = {column: read.numbers.get(fact, _BLANK) for column, fact in self.logic.span_columns}
        flag = self.logic.flag
        if flag is not None:
            sums = [tuple(self._sum(read, names) for names in pair) for pair in flag.exceeds]
            raised = flag.days not in read.numbers or any(left > right for left, right in sums)
            columns[flag.column] = flag.value if raised else None
        return columns

    def _sum(self, read: RowRead, names: tuple[str, ...]) -> int:
        facts = (self.logic.by_name[name].fact if name in self.logic.by_name else name for name in names)
        return sum(read.numbers.get(fact, 0) for fact in facts)


def _names(row: Row, value: str) -> bool:
    """Whether a row of lists or scores names a value: alone, or within a range of values of its length."""
    if row.codes:
        return value in row.codes["values"]
    for term in row["values"].split():
        low, _, high = term.partition("-")
        if value == term or (high and len(low) == len(value) == len(high) and low <= value <= high):
            return True
    return False


def _in_range(text: str, number: int) -> bool:
    if text.endswith("+"):
        return number >= int(text[:-1])
    low, _, high = text.partition("-")
    return int(low) <= number <= int(high or low)


def _holds(condition: Condition, facts: Mapping[str, int], lists: frozenset[str]) -> bool:
    if isinstance(condition, Range):
        return condition.low <= facts.get(condition.fact, _BLANK) <= condition.high
    return lists.isdisjoint(condition.names) == condition.negated
