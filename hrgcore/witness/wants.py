"""What a record must be for rules to apply: conditions brought together, and the ways out of a rule that is in the way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from hrgcore.design.conditions import UNBOUNDED, Condition, Lists, Range

_UNTESTED = (0, UNBOUNDED)


@dataclass(frozen=True)
class Wants:
    """Conditions that all must hold. Equal ones are equal, whatever the order in which they were added.

    ``ranges`` has (fact, low, high); ``groups`` (scope, names), of which one name must be there; ``without`` (scope, name) that
    must not; ``avoid`` codes that may not be used.
    """

    ranges: frozenset[tuple[str, int, int]] = frozenset()
    groups: frozenset[tuple[str, tuple[str, ...]]] = frozenset()
    without: frozenset[tuple[str, str]] = frozenset()
    avoid: frozenset[str] = frozenset()
    by_fact: Mapping[str, tuple[int, int]] = field(default_factory=dict, compare=False)

    def range(self, fact: str) -> tuple[int, int]:
        """The lowest and highest value that a fact may have."""
        return self.by_fact.get(fact, _UNTESTED)

    def tests(self, fact: str) -> bool:
        """Whether a fact must be in some range."""
        return fact in self.by_fact

    def forbidden(self, *scopes: str) -> frozenset[str]:
        """The names that must not be there in any of some scopes."""
        return frozenset(name for scope, name in self.without if scope in scopes)

    def wanted(self, scope: str) -> list[tuple[str, ...]]:
        """The groups of a scope, of each of which one name must be there; in a fixed order."""
        return sorted(names for of, names in self.groups if of == scope)

    def adding(self, conditions: Iterable[Condition]) -> Wants | None:
        """These and more conditions; None where they contradict one another."""
        ranges, groups, without = dict(self.by_fact), set(self.groups), set(self.without)
        for condition in conditions:
            if isinstance(condition, Range):
                low, high = ranges.get(condition.fact, _UNTESTED)
                ranges[condition.fact] = max(low, condition.low), min(high, condition.high)
            elif condition.negated:
                without.update((condition.scope, name) for name in condition.names)
            else:
                groups.add((condition.scope, condition.names))
        left = {(scope, tuple(name for name in names if (scope, name) not in without)) for scope, names in groups}
        if any(low > high for low, high in ranges.values()) or any(not names for _, names in left):
            return None
        frozen = frozenset((fact, low, high) for fact, (low, high) in ranges.items())
        return Wants(frozen, frozenset(left), frozenset(without), self.avoid, ranges)

    def avoiding(self, code: str) -> Wants:
        """These, and that a code is not used."""
        return replace(self, avoid=self.avoid | {code})

    def escaping(self, conditions: Iterable[Condition]) -> Iterator[Wants]:
        """These, and that one of ``conditions`` does not hold: every way that is no contradiction."""
        for condition in conditions:
            for opposite in opposites(condition):
                wants = self.adding([opposite])
                if wants is not None:
                    yield wants


def opposites(condition: Condition) -> list[Condition]:
    """The conditions of which one holds exactly where ``condition`` does not."""
    if isinstance(condition, Lists):
        return [Lists(condition.scope, condition.names, not condition.negated)]
    below: list[Condition] = [Range(condition.fact, 0, condition.low - 1)] if condition.low > 0 else []
    above: list[Condition] = [Range(condition.fact, condition.high + 1, UNBOUNDED)] if condition.high < UNBOUNDED else []
    return below + above


def may_all_fail(rules: Sequence[tuple[Condition, ...]], wants: Wants = Wants()) -> bool:  # noqa: B008 (it can't change)
    """Whether there may be a record to which none of these rules applies, as far as their conditions tell."""
    if not all(rules):
        return False  # one has no conditions
    if not rules:
        return True
    return any(may_all_fail(rules[1:], escaped) for escaped in wants.escaping(rules[0]))
