"""Chains of rules as steps, which the kernels walk: each test once, however many rules of the chain share it.

A step holds one test. Where it holds, the step either leads to the rule that applies or to the next step; where it fails, it leads
past every rule that shares the test. What would always hold is no step but where others lead, unless a chain has nothing else.

Where each of some rules asks for a number of one fact, and a number cuts them so that each lies on one side, they are cut there
first: of twelve splits by a score, four tests find one, five the last, which has no end. What a cut told is not tested again.

Few records have a code on any one list. So rules that follow each other and each ask for some list, of those in one word of bits,
have a guard before them: the test whether there is a code on any of these lists. And of a rule's tests, those for lists come first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from hrgcore_kernels.codes import LIST_BITS
from hrgcore_kernels.layout import LEAD_BITS, STEP, TEST, TEST_BITS

Test = tuple[int, int, int, int]  # fact, mask, low, span: see hrgcore_kernels.layout.TEST
Rule = tuple[int, tuple[Test, ...]]  # its number, and the tests that must all hold

MORE = -1  #: in place of a rule: the next step has the next test
NONE = 0  #: in place of a rule: no rule applies
_ALL_BITS = -1  # the mask of a test of a number
ALWAYS: Test = (0, 0, 0, 0)
ANY = (1, 2**LIST_BITS - 1)  #: low and span of the test for any bit of a mask
_FAR = 2 ** (LEAD_BITS - 1) - 1  # how far a step can lead on, and the number of a rule
_TESTS = 2**TEST_BITS  # that can be numbered
_Known = Mapping[int, tuple[int, int | None]]  # of some facts: not from 0 to below the first; from 0 to the second, if there is one
_Step = tuple[Test, int, int]  # its test, how far it leads on where that fails, its rule
_Lead = tuple[Test, int, int]  # its test, and where it leads where that holds and where it fails


class Steps:
    """The steps of all chains, one block a table of rules. Step 0 is the chain of no rules.

    ``first_list`` is the first of the facts that are words of bits of code lists.
    """

    def __init__(self, first_list: int) -> None:
        self._first_list = first_list
        self._tests: dict[Test, int] = {ALWAYS: 0}  # and their numbers
        self._leads: list[_Lead] = [(ALWAYS, NONE, NONE)]
        self._starts = [0]  # where each table's block begins
        self._chains: dict[tuple[int, ...], int] = {(): 0}

    def end_table(self) -> None:
        """All chains of a table have been added: what follows is another table's."""
        self._starts.append(len(self._leads))
        self._chains = {(): 0}

    def chain(self, rules: Sequence[Rule]) -> int:
        """The first step of the chain of rules that are tried in this order. Raises ValueError where it is too long."""
        key = tuple(number for number, _ in rules)
        if key not in self._chains:
            steps = self._decide(rules, frozenset(), {})
            if rules[-1][1]:
                steps.append(_accept(NONE))
            if max(len(steps), *key) > _FAR:
                raise ValueError(f"{len(steps)} steps from this rule on; at most {_FAR} can be")
            for test, _, _ in steps:
                self._tests.setdefault(test, len(self._tests))
            if len(self._tests) > _TESTS:
                raise ValueError(f"{len(self._tests)} different tests up to this rule; at most {_TESTS} can be")
            self._chains[key] = len(self._leads)
            self._leads += _leads(steps)
        return self._chains[key]

    def _decide(self, rules: Sequence[Rule], guarded: frozenset[int], known: _Known) -> list[_Step]:
        """Rules that follow each other and share a test become a group under it, or under a guard if that makes the group larger.
        What fails in a group falls out at its end. Facts in ``guarded`` have a guard already.
        """
        rules = [(number, tuple(test for test in tests if not _tells(known, test))) for number, tests in rules]
        if not self._all_guarded(rules, guarded) and (cut := _cut(rules)) is not None:
            return self._decide_apart(rules, *cut, guarded, known)
        steps: list[_Step] = []
        at = 0
        while at < len(rules):
            number, tests = rules[at]
            if not tests:
                return [*steps, _accept(number)]
            test, end = max(
                ((test, _shared(rules, at, test)) for test in tests), key=lambda found: (found[1], self._asks(found[0]))
            )
            guard, guard_end = max(
                (self._guard(rules, at, test[0]) for test in tests if test[0] not in guarded and self._asks(test)),
                key=lambda found: found[1],
                default=(ALWAYS, at),
            )
            if guard_end > end:
                below = self._decide(rules[at:guard_end], guarded | {guard[0]}, known)
                steps.append((guard, len(below) + 1, MORE))
                at = guard_end
            else:
                group = [(rule, tuple(own for own in of if own != test)) for rule, of in rules[at:end]]
                below = [] if not group[0][1] else self._decide(group, guarded, known)
                steps.append((test, len(below) + 1, MORE if below else number))
                at = end
            steps += below
        return steps

    def _decide_apart(self, rules: Sequence[Rule], fact: int, number: int, guarded: frozenset[int], known: _Known) -> list[_Step]:
        """The steps of rules of which each asks for less than a number of a fact, or for no less: a cut, and either side's."""
        low, high = known.get(fact, (0, None))
        less = [rule for rule in rules if _span(rule, fact)[1] < number]
        others = [rule for rule in rules if _span(rule, fact)[1] >= number]
        below = self._decide(less, guarded, {**known, fact: (low, number - 1)})
        behind = self._decide(others, guarded, {**known, fact: (number, high)})
        # What falls out of the first ones must not come to the others: what these need no longer test does not hold of it.
        jumping = [
            (test, fail + (len(behind) if at + fail == len(below) else 0), rule) for at, (test, fail, rule) in enumerate(below)
        ]
        return [((fact, _ALL_BITS, 0, number - 1), len(below) + 1, MORE), *jumping, *behind]

    def _all_guarded(self, rules: Sequence[Rule], guarded: frozenset[int]) -> bool:
        """Whether each of the rules asks for a list before which a guard can stand: most records come past all of them with it."""
        return all(any(self._asks(test) and test[0] not in guarded for test in tests) for _, tests in rules)

    def _asks(self, test: Test) -> bool:
        """Whether a test asks for some code list."""
        return test[2:] == ANY and test[0] >= self._first_list

    def _guard(self, rules: Sequence[Rule], at: int, fact: int) -> tuple[Test, int]:
        """The test for any of the lists of this fact that the rules from ``at`` on ask for, and where their run ends."""
        mask = 0
        while at < len(rules):
            asked = next((test[1] for test in rules[at][1] if test[0] == fact and self._asks(test)), 0)
            if not asked:
                break
            mask |= asked
            at += 1
        return (fact, mask, *ANY), at

    def arrays(self) -> dict[str, np.ndarray]:
        tests = np.zeros(len(self._tests), TEST)
        for place, name in enumerate(("fact", "mask", "low", "span")):
            tests[name] = [test[place] for test in self._tests]
        steps = np.array([pack(self._tests[test], *leads) for test, *leads in self._leads], STEP)
        return {"tests": tests, "steps": steps, "step_start": np.array(self._starts, np.int32)}


def pack(test: int, held: int, failed: int) -> int:
    """A step as one number: see hrgcore_kernels.layout.STEP."""
    low: int = test | (held % 2**LEAD_BITS) << TEST_BITS
    return low | failed << (TEST_BITS + LEAD_BITS)


def unpack(steps: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The tests of steps, and where they lead where these hold and where they fail."""
    return steps & (2**TEST_BITS - 1), steps << LEAD_BITS >> TEST_BITS + LEAD_BITS, steps >> TEST_BITS + LEAD_BITS


def _leads(steps: Sequence[_Step]) -> list[_Lead]:
    """The same steps without those that always hold, to whose rules the others lead; but the first stays."""
    kept = [at for at, (test, _, _) in enumerate(steps) if test != ALWAYS or at == 0]
    place = {at: number for number, at in enumerate(kept)}

    def lead(at: int, to: int) -> int:
        test, _, rule = steps[to]
        return rule if test == ALWAYS else place[at] - place[to]

    found: list[_Lead] = []
    for at in kept:
        test, fail, rule = steps[at]
        held = lead(at, at + 1) if rule == MORE else rule
        found.append((test, held, held if test == ALWAYS else lead(at, at + fail)))
    return found


def _tells(known: _Known, test: Test) -> bool:
    """Whether a test is known to hold."""
    fact, mask, low, span = test
    least, most = known.get(fact, (0, None))
    return mask == _ALL_BITS and most is not None and low <= least and most <= low + span


def _cut(rules: Sequence[Rule]) -> tuple[int, int] | None:
    """A fact and a number below which some rules ask for it, and the others for no less: where it cuts them most evenly."""
    found: tuple[int, int] | None = None
    most = 0
    for fact in sorted(set.intersection(*({test[0] for test in tests if test[1] == _ALL_BITS} for _, tests in rules))):
        spans = [_span(rule, fact) for rule in rules]
        for number in sorted({low for low, _ in spans}):
            less = sum(high < number for _, high in spans)
            if all(high < number or low >= number for low, high in spans) and min(less, len(spans) - less) > most:
                found, most = (fact, number), min(less, len(spans) - less)
    return found


def _span(rule: Rule, fact: int) -> tuple[int, int]:
    """The least and the largest number of a fact for which a rule asks."""
    own = [(low, low + span) for of, mask, low, span in rule[1] if (of, mask) == (fact, _ALL_BITS)]
    return max(low for low, _ in own), min(high for _, high in own)


def _accept(rule: int) -> _Step:
    return ALWAYS, 1, rule


def _shared(rules: Sequence[Rule], at: int, test: Test) -> int:
    """Where the run of rules from ``at`` on that have this test ends."""
    while at < len(rules) and test in rules[at][1]:
        at += 1
    return at
