"""What a spell would need to get another HRG of its root: the splits that were not taken, and what keeps each from applying.

A neighbour is given only where the change really leads to it: age and length of stay are changed in the episodes, which are grouped
again; scores and lists are then taken as changed, and the root's splits asked once more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from hrgcore.design.conditions import Condition, Lists, Range, describe
from hrgcore.design.tables import Row
from hrgcore.reference.design import Design
from hrgcore.reference.engine import ReferenceEngine
from hrgcore.reference.facts import NO_CONTEXT, Context, Facts, Record, first_applying, hrg_of, split_context
from hrgcore.reference.record import read_episode
from hrgcore.reference.trace import Recorder

#: How people name the facts that splits test.
FACT_WORDS = {
    "age": "age",
    "los": "length of stay",
    "cc": "CC score",
    "interventions": "interventions",
    "procedures": "procedures that may lead",
    "trauma_sites": "body sites injured",
    "trauma_diagnosis": "trauma diagnosis score",
    "trauma_intervention": "trauma intervention score",
    "burn_severity": "burn severity score",
    "burn_intervention": "burn intervention score",
}
_IN_EPISODES = ("age", "los")  # facts that are changed in the episodes themselves
Episodes = tuple[Mapping[str, object], ...]


@dataclass(frozen=True)
class Need:
    """One condition that does not hold yet: of a range its fact, what it is now and the nearest value that would do.

    Of a condition on lists, ``fact`` is the scope, and ``now`` and ``to`` are None.
    """

    fact: str
    asked: str
    now: int | None = None
    to: int | None = None

    @property
    def text(self) -> str:
        """In words: `CC score 7+: it is 3, 4 more`."""
        if self.now is None or self.to is None:
            return f"{self.fact} {self.asked}"
        name = f"{FACT_WORDS[self.fact]} {self.asked}: it is {self.now}"
        return name if self.fact == "age" else f"{name}, {abs(self.to - self.now)} {'more' if self.to > self.now else 'less'}"


@dataclass(frozen=True)
class Neighbour:
    """Another HRG of the root, the row that gives it, and all that it needs.

    ``episodes`` are the spell's with the change made, where age and length of stay are all that it takes; else None.
    """

    hrg: str
    label: str
    rule: str
    basis: str
    needs: tuple[Need, ...]
    episodes: Episodes | None


@dataclass(frozen=True)
class Splitting:
    """The root that was split, what its splits test as it was found, and the neighbours: the nearest first."""

    root: str
    facts: Mapping[str, int]
    neighbours: tuple[Neighbour, ...]


class _Assumed(Facts):
    """The facts of a record of which some are taken as other than they are."""

    def __init__(self, facts: Facts, numbers: Mapping[str, int], lists: Sequence[Lists]) -> None:
        super().__init__(facts.design, facts.record, facts.primary)
        self._numbers = numbers
        self._lists = lists

    def number(self, fact: str, context: Context = NO_CONTEXT) -> int:
        return self._numbers[fact] if fact in self._numbers else super().number(fact, context)

    def names(self, scope: str, context: Context = NO_CONTEXT) -> frozenset[str]:
        found = super().names(scope, context)
        for one in self._lists:
            if one.scope == scope:
                found = found.difference(one.names) if one.negated else found.union(one.names[:1])
        return found


def splitting(engine: ReferenceEngine, episodes: Sequence[Mapping[str, object]]) -> Splitting | None:
    """How a spell's root was split and what else it could have been; None where the spell fails.

    ``episodes`` are as for `ReferenceEngine.group_spell`.
    """
    found = engine.split_facts(episodes)
    if found is None:
        return None
    facts, taken = found
    root = taken["root"]
    rows = engine.design.splits[root]
    context = split_context(root, facts, Recorder())
    tested = [one.fact for row in rows for one in row.conditions if isinstance(one, Range)]
    nearest: dict[str, tuple[tuple[int, int], Neighbour]] = {}
    for row in rows:
        neighbour = _neighbour(engine, episodes, facts, context, row) if hrg_of(row) != hrg_of(taken) else None
        if neighbour is not None:
            far = len(neighbour.needs), sum(abs((need.to or 0) - (need.now or 0)) for need in neighbour.needs)
            if neighbour.hrg not in nearest or far < nearest[neighbour.hrg][0]:
                nearest[neighbour.hrg] = far, neighbour
    ordered = sorted(nearest.values(), key=lambda one: one[0])
    return Splitting(
        root,
        {fact: facts.number(fact, context) for fact in dict.fromkeys(tested)},
        tuple(neighbour for _, neighbour in ordered),
    )


def _neighbour(
    engine: ReferenceEngine, episodes: Sequence[Mapping[str, object]], facts: Facts, context: Context, row: Row
) -> Neighbour | None:
    """The neighbour that ``row`` gives; None where what it needs leads elsewhere."""
    missing = [one for one in row.conditions if facts.failing([one], context) is not None]
    needs = tuple(_need(one, facts, context) for one in missing)
    values = {need.fact: need.to for need in needs if need.to is not None}
    of_episodes = {fact: value for fact, value in values.items() if fact in _IN_EPISODES}
    changed = _changed(engine.design, episodes, facts.record, of_episodes)
    if of_episodes:
        again = engine.split_facts(changed)
        if again is None or again[1]["root"] != row["root"]:
            return None
        facts = again[0]
        context = split_context(row["root"], facts, Recorder())
    others = {fact: value for fact, value in values.items() if fact not in _IN_EPISODES}
    lists = [one for one in missing if isinstance(one, Lists)]
    rows = engine.design.splits[row["root"]]
    found = first_applying("split", rows, _Assumed(facts, others, lists), context, Recorder())
    if found is not row:
        return None
    complete = changed if of_episodes and not others and not lists else None
    return Neighbour(hrg_of(row), "", row.reference, row.basis, needs, complete)


def _need(condition: Condition, facts: Facts, context: Context) -> Need:
    if isinstance(condition, Lists):
        return Need(condition.scope, describe(condition).partition(" ")[2])
    now = facts.number(condition.fact, context)
    nearest = condition.low if now < condition.low else condition.high
    return Need(condition.fact, describe(condition).partition(" ")[2], now, nearest)


def _changed(design: Design, episodes: Sequence[Mapping[str, object]], record: Record, values: Mapping[str, int]) -> Episodes:
    """The episodes with another age and another length of stay of the spell."""
    changed = [dict(episode) for episode in episodes]
    if "age" in values:
        for episode in changed:
            episode["STARTAGE"] = str(values["age"])
    if "los" in values:
        _lengthen(design, changed, values["los"] - record.los)
    return tuple(changed)


def _lengthen(design: Design, episodes: list[dict[str, object]], days: int) -> None:
    """Make a stay longer by so many days, in its last episode; or shorter, from its last episode on."""
    read = [read_episode(design, index, values) for index, values in enumerate(episodes)]
    for episode in sorted(read, key=lambda one: one.order, reverse=True):
        own = max(0, episode.calc_epidur + days)
        days -= own - episode.calc_epidur
        if own != episode.calc_epidur:
            episodes[episode.index]["EPIDUR"] = str(own + episode.other_days)


def labelled(found: Splitting, labels: Mapping[str, str]) -> Splitting:
    """The same with the labels of its HRGs."""
    return replace(found, neighbours=tuple(replace(one, label=labels.get(one.hrg, "")) for one in found.neighbours))
