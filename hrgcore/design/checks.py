"""Whether the splits of a root cover every case once, found by going through every case that they tell apart."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import product

from hrgcore.design.conditions import UNBOUNDED, Range
from hrgcore.design.tables import Row, Tables

_MOST_CASES = 200_000

Case = dict[str, int]  # a value for each range fact; 0 or 1 for each 'scope name'


def check_splits(root: str, splits: Sequence[Row], tables: Tables) -> None:
    """Fault splits of ``root`` that overlap within a step, leave a gap after the last one, or can never be reached."""
    choices = _told_apart(splits)
    count = 1
    for values in choices.values():
        count *= len(values)
    if count > _MOST_CASES:
        tables.fault(splits[0], f"the splits of {root} tell {count} cases apart, too many to check. Use fewer conditions.")
        return
    check_cases(f"the splits of {root}", splits, _cases(choices), tables)


def check_cases(whose: str, splits: Sequence[Row], cases: Iterable[Case], tables: Tables) -> None:
    """Fault rules of which two of a step apply in a case, or none does, or which apply in none; ``whose`` says messages."""
    steps = sorted({row.step for row in splits})
    reached: set[int] = set()
    clashes: set[tuple[int, int]] = set()
    gap = False
    for case in cases:
        for step in steps:
            fitting = [row for row in splits if row.step == step and applies(row, case)]
            if len(fitting) > 1 and (pair := (fitting[0].line, fitting[1].line)) not in clashes:
                clashes.add(pair)
                tables.fault(
                    fitting[1], f"overlaps {fitting[0].reference} for {_say(case)}. Narrow one, or give it an earlier step."
                )
            if fitting:
                reached.add(fitting[0].line)
                break
        else:
            if not gap:
                tables.fault(splits[-1], f"{whose} leave out {_say(case)}. Widen one of them.")
            gap = True
    for row in splits:
        if row.line not in reached and not any(row.line in pair for pair in clashes):
            tables.fault(row, f"can never be reached: earlier steps of {whose} cover its every case. Remove it or its rivals.")


def applies(row: Row, case: Case) -> bool:
    """Whether all conditions of a row hold in a case."""
    for condition in row.conditions:
        if isinstance(condition, Range):
            if not condition.low <= case[condition.fact] <= condition.high:
                return False
        elif any(case[f"{condition.scope} {name}"] for name in condition.names) == condition.negated:
            return False
    return True


def boundaries(splits: Sequence[Row]) -> dict[str, list[int]]:
    """For each range fact, the lowest value of every interval that the splits tell apart, beginning with 0."""
    cuts: dict[str, set[int]] = {}
    for row in splits:
        for condition in row.conditions:
            if isinstance(condition, Range):
                found = cuts.setdefault(condition.fact, {0})
                found.add(condition.low)
                if condition.high < UNBOUNDED:
                    found.add(condition.high + 1)
    return {fact: sorted(values) for fact, values in cuts.items()}


def _told_apart(splits: Sequence[Row]) -> dict[str, list[int]]:
    choices = boundaries(splits)
    for row in splits:
        for condition in row.conditions:
            if not isinstance(condition, Range):
                for name in condition.names:
                    choices[f"{condition.scope} {name}"] = [0, 1]
    return choices


def _cases(choices: dict[str, list[int]]) -> Iterator[Case]:
    names = list(choices)
    for values in product(*choices.values()):
        yield dict(zip(names, values, strict=True))


def _say(case: Case) -> str:
    return ", ".join(f"{name} {value}" for name, value in case.items()) or "every case"
