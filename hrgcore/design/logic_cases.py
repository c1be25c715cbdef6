"""Every case that the rules of a logic tell apart, each with a row that is one: what can stand together, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import product

from hrgcore.design.checks import Case
from hrgcore.design.conditions import UNBOUNDED, Range, parse_range
from hrgcore.design.logic_tables import LISTS, LogicTables
from hrgcore.design.logic_values import names_value
from hrgcore.design.row import Row
from hrgcore.design.tables import Tables
from hrgcore.logics import Field

_MOST_CASES = 200_000
_MOST_TOGETHER = 4096  # kinds of rows that the values of one field make
_BLANK = -1
_SOME_DAY = date(2024, 5, 1)

Best = Mapping[tuple[str, str], int]  # largest points by score and component


@dataclass(frozen=True)
class Effect:
    """What some values of one field come to, and these values by column."""

    lists: frozenset[str]
    best: Best
    numbers: Mapping[str, int]
    cells: Mapping[str, str]


@dataclass(frozen=True)
class RowCase:
    """A case as rules see it, and a row that is one: official columns and texts, blank ones left out."""

    facts: Case
    cells: dict[str, str]


def told_apart(tables: Tables, own: LogicTables) -> Iterator[Case]:
    """The cases that a logic's rules tell apart; none, and a fault, where they are too many."""
    for case in row_cases(tables, own):
        yield case.facts


def row_cases(tables: Tables, own: LogicTables) -> Iterator[RowCase]:
    """The same, each with a row."""
    told = _Told(tables, own)
    effects = [found for found in told.effects() if found]
    count = 1
    for found in effects:
        count *= len(found)
    if count > _MOST_CASES:
        tables.faults.append(
            f"{own.logic.name}/rules.csv: the rules tell {count} cases apart, too many to check. Use fewer conditions."
        )
        return
    for parts in product(*effects):
        yield told.case(parts)


class _Told:
    """What the rules of a logic test."""

    def __init__(self, tables: Tables, own: LogicTables) -> None:
        self._tables, self._own = tables, own
        conditions = [condition for row in own["rules"] for condition in row.conditions]
        self.ranges = [condition for condition in conditions if isinstance(condition, Range)]
        self.tested = list(dict.fromkeys(condition.fact for condition in self.ranges))
        self.names = sorted({name for condition in conditions for name in getattr(condition, "names", ())})
        self._components = {(row["score"], row["component"]) for row in own["scores"]}

    def case(self, parts: tuple[Effect, ...]) -> RowCase:
        """The case of effects of different fields together."""
        lists = frozenset[str]().union(*(part.lists for part in parts))
        facts: Case = {fact: _BLANK for fact in self.tested}
        for part in parts:
            facts.update({fact: value for fact, value in part.numbers.items() if fact in facts})
        for score in self._own.scores:
            if score in facts:
                best = [max(part.best.get(of, 0) for part in parts) for of in self._components if of[0] == score]
                facts[score] = sum(best)
        facts |= {f"{LISTS} {name}": int(name in lists) for name in self.names}
        return RowCase(facts, {column: text for part in parts for column, text in part.cells.items() if text})

    def effects(self) -> Iterator[list[Effect]]:
        """What each field, and each span of days, can come to."""
        for one in self._own.logic.fields:
            if one.kind == "key":
                yield [Effect(frozenset(), {}, {}, {one.name: "X"})]
            elif one.kind == "date":
                if not any(one.name in (span.first, span.last) for span in self._own.logic.spans):
                    yield [Effect(frozenset(), {}, {}, {one.name: f"{_SOME_DAY:%Y%m%d}"})]
            elif one in self._own.logic.numbers:
                yield self._numbers(one)
            else:
                yield self._values(one)
        for span in self._own.logic.spans:
            more = int(span.inclusive)
            days = [value for value in self._boundaries(span.fact, []) if value >= more]
            last = {value: f"{_SOME_DAY + timedelta(days=value - more):%Y%m%d}" for value in days}
            start = {span.first: f"{_SOME_DAY:%Y%m%d}"}
            blank = Effect(frozenset(), {}, {span.fact: _BLANK}, start)
            found = [Effect(frozenset(), {}, {span.fact: value}, start | {span.last: last[value]}) for value in days]
            yield self._distinct([*found, blank])

    def _boundaries(self, fact: str, bands: list[Row]) -> list[int]:
        """The lowest values of the intervals of a number that rules and bands of points tell apart, and those below."""
        cuts = {0}
        ends = [(condition.low, condition.high) for condition in self.ranges if condition.fact == fact]
        for low, high in (*ends, *(parse_range(row["values"]) for row in bands)):
            cuts.add(low)
            if high < UNBOUNDED:
                cuts.add(high + 1)
        return sorted(cuts)

    def _numbers(self, one: Field) -> list[Effect]:
        bands = [row for row in self._own["scores"] if row["field"] == one.name]
        row = next(row for row in self._own["fields"] if row["field"] == one.name)
        accepted, _, more = row["accepts"].strip().partition(" ")
        low, high = parse_range(accepted)
        values = sorted({low, *(value for value in self._boundaries(one.fact, bands) if low <= value <= high)})
        found = []
        for value in [*values, *([int(more)] if more else [])]:
            best = {
                (row["score"], row["component"]): int(row["points"])
                for row in bands
                if (ends := parse_range(row["values"]))[0] <= value <= ends[1]
            }
            text = f"{value // 1000}.{value % 1000:03d}" if one.kind == "thousandths" else str(value)
            found.append(Effect(frozenset(), best, {one.fact: value}, {one.name: text}))
        blank = [] if one.must else [Effect(frozenset(), {}, {one.fact: _BLANK}, {})]
        return self._distinct([*found, *blank])

    def _values(self, one: Field) -> list[Effect]:
        """The kinds of values of a field; of one with many columns, the kinds of rows that they make together."""
        kinds: dict[tuple[object, ...], Effect] = {}
        for value in self._accepted(one):
            lists = frozenset(row["list"] for row in self._own["lists"] if row["field"] == one.name and _names(row, value))
            scored = [row for row in self._own["scores"] if row["field"] == one.name and _names(row, value)]
            best = {(row["score"], row["component"]): int(row["points"]) for row in scored if int(row["points"])}
            effect = Effect(lists, best, {}, {one.place(0): value})
            kinds.setdefault(_kind(effect), effect)
        found = {} if one.must else {_kind(Effect(frozenset(), {}, {}, {})): Effect(frozenset(), {}, {}, {})}
        if not one.many:
            return list((found | kinds).values())
        for effect in kinds.values():
            for other in list(found.values()):
                texts = [*other.cells.values(), *effect.cells.values()]
                best = {of: max(other.best.get(of, 0), effect.best.get(of, 0)) for of in {*other.best, *effect.best}}
                cells = {one.place(place): text for place, text in enumerate(texts)}
                both = Effect(other.lists | effect.lists, best, {}, cells)
                found.setdefault(_kind(both), both)
            if len(found) > _MOST_TOGETHER:
                self._tables.faults.append(
                    f"{self._own.logic.name}/lists.csv: too many kinds of rows come of {one.name} to be checked. Use fewer lists."
                )
                return []
        return list(found.values())

    def _accepted(self, one: Field) -> list[str]:
        if one.kind == "coded":
            rows, column = self._own.accepts(one.name)
            return sorted({value for row in rows for value in row[column].split()})
        return self._tables.code_list(one.kind)

    def _distinct(self, effects: list[Effect]) -> list[Effect]:
        """One of all effects that the rules can't tell apart."""
        found: dict[tuple[object, ...], Effect] = {}
        for effect in effects:
            held = tuple(r.low <= effect.numbers[r.fact] <= r.high for r in self.ranges if r.fact in effect.numbers)
            found.setdefault((_kind(effect), held), effect)
        return list(found.values())


def _names(row: Row, value: str) -> bool:
    if "values" in row.codes:
        return value in row.codes["values"]
    return any(names_value(term, value) for term in row["values"].split())


def _kind(effect: Effect) -> tuple[object, ...]:
    return (effect.lists, frozenset(effect.best.items()))
