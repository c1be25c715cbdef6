"""Rules as the kernels read them: where each leads, and for each code the chain of rules to be tried."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from hrgcore.design.conditions import LIST_SCOPES, RANGE_FACTS, Condition, Range, describe
from hrgcore.design.index import CodeIndex
from hrgcore.design.steps import ANY, Steps, Test
from hrgcore.design.tables import BASES, RULE_TABLES, Row, Tables
from hrgcore_kernels import codes as k
from hrgcore_kernels.layout import ALL_BEHIND, ASK_BITS, RULE

_ONLY_IN = {
    "cc": ("splits",),
    "interventions": ("splits",),
    "companion": ("procedure_roots", "unbundling"),
}
#: Where the names of a scope are defined.
SCOPE_TABLE = {
    "patient": "sets",
    "primary": "diagnosis_lists",
    "diagnosis": "diagnosis_lists",
    "procedure": "procedure_lists",
    "companion": "procedure_lists",
}


def union_name(names: Iterable[str]) -> str:
    """The name under which the union of these lists has a bit of its own, so that `a|b` is one test."""
    return "|".join(sorted(names))


def words_asked(words: Sequence[int]) -> int:
    """`PROCEDURE_KIND.asks` for a chain that asks for these words, which are in order."""
    if not words:
        return 0
    first, behind = words[0], words[-1] + 1
    return min(first, ALL_BEHIND - 1) | min(behind, ALL_BEHIND) << ASK_BITS


@dataclass(frozen=True)
class Bits:
    """The bit of each named list or set, and how many words hold them all (at least so many)."""

    bit: Mapping[str, int]
    least: int = 1

    @property
    def words(self) -> int:
        return max(self.least, -(-len(self.bit) // k.LIST_BITS))


@dataclass
class RuleBook:
    """Collects rules and chains. Rule 0 and chain 0 are none. The chains of each table are made one after another."""

    tables: Tables
    bits: Mapping[str, Bits]  # by scope
    rows: list[Row] = field(default_factory=list)
    used: set[tuple[str, str]] = field(default_factory=set)  # (table of names, name)
    reached: set[int] = field(default_factory=set)  # rules that stand in some chain
    steps: Steps = field(init=False)
    _number: dict[tuple[str, int], int] = field(default_factory=dict)
    _tests: list[tuple[Test, ...]] = field(default_factory=list)
    _outcomes: list[int] = field(default_factory=list)
    _facts: dict[int, set[int]] = field(default_factory=dict)  # that a chain tests

    def __post_init__(self) -> None:
        self.steps = Steps(self.first_word("primary"))  # the sets of fields come before all lists of codes

    def add(self, row: Row, outcome: int) -> int:
        """Add a rule and return its number."""
        tests = tuple(test for condition in row.conditions for test in self._tests_of(row, condition))
        self.rows.append(row)
        self._tests.append(tests)
        self._outcomes.append(outcome)
        number = len(self.rows)
        self._number[row.table, row.line] = number
        return number

    def number(self, row: Row) -> int:
        """The number of a row added before."""
        return self._number[row.table, row.line]

    def tests(self, rule: int) -> tuple[Test, ...]:
        """The tests of a rule, by its number."""
        return self._tests[rule - 1]

    def chain(self, rules: Iterable[int]) -> int:
        """The chain of these rules, cut after the first rule without conditions."""
        kept: list[int] = []
        for rule in rules:
            kept.append(rule)
            if not self._tests[rule - 1]:
                break
        self.reached.update(kept)
        try:
            chain = self.steps.chain([(rule, self._tests[rule - 1]) for rule in kept])
            self._facts[chain] = {test[0] for rule in kept for test in self._tests[rule - 1]}
            return chain
        except ValueError as error:
            self.tables.fault(self.rows[kept[0] - 1], f"{error}. Name fewer codes in rules that have conditions.")
            return 0

    def asked(self, chain: int, low: int, behind: int) -> list[int]:
        """The facts from ``low`` to before ``behind`` that the rules of a chain test, counted from ``low``, in their order."""
        return sorted(fact - low for fact in self._facts[chain] if low <= fact < behind)

    def chains_by_code(self, table: str, index: CodeIndex) -> np.ndarray:
        """The chain of each code number, for the rules of a table that name codes: by step, most specific, file order."""
        tried: list[dict[int, tuple[int, int, int]]] = [{} for _ in range(len(index) + 1)]
        for row in self.tables[table]:
            if "codes" not in row.codes or (row.table, row.line) not in self._number:
                continue
            rule = self.number(row)
            for size, ids in index.named(row.codes["codes"]):
                key = (row.step, size, row.line)
                for number in ids.tolist():
                    tried[number][rule] = min(key, tried[number].get(rule, key))
        chains = [self.chain(sorted(rules, key=rules.__getitem__)) for rules in tried]
        return np.array(chains, np.int32)

    def arrays(self, methods: Mapping[int, int], days: Mapping[int, int]) -> dict[str, np.ndarray]:
        """The arrays of rules and steps, and where each rule stands in the tables."""
        rules = np.zeros(len(self.rows) + 1, RULE)
        rules["outcome"][1:] = self._outcomes
        for number, method in methods.items():
            rules["method"][number] = method
        for number, kind in days.items():
            rules["days"][number] = kind
        return {
            **self.steps.arrays(),
            "rules": rules,
            "rule_table": np.array([0, *(RULE_TABLES.index(row.table) for row in self.rows)], np.uint8),
            "rule_line": np.array([0, *(row.line for row in self.rows)], np.int32),
            "rule_basis": np.array([0, *(BASES.index(row.basis) for row in self.rows)], np.uint8),
        }

    def _tests_of(self, row: Row, condition: Condition) -> list[Test]:
        column = condition.fact if isinstance(condition, Range) else condition.scope
        if row.table not in _ONLY_IN.get(column, RULE_TABLES):
            self.tables.fault(row, f"{column} can't be tested here, only in {' and '.join(_ONLY_IN[column])}. Remove it.")
            return []
        if isinstance(condition, Range):
            return [(RANGE_FACTS.index(condition.fact), -1, condition.low, condition.high - condition.low)]
        bits = self.bits[condition.scope]
        where = SCOPE_TABLE[condition.scope]
        for name in condition.names:
            if name not in bits.bit:
                self.tables.fault(row, f"{describe(condition)}: {where}.csv has no {name}. Correct the name, or define it there.")
                return []
            self.used.add((where, name))
        masks = [0] * bits.words
        for name in condition.names if condition.negated else (union_name(condition.names),):
            word, bit = divmod(bits.bit[name], k.LIST_BITS)
            masks[word] |= 1 << bit
        words = [(word, mask) for word, mask in enumerate(masks) if mask]
        low, span = (0, 0) if condition.negated else ANY
        return [(self.first_word(condition.scope) + word, mask, low, span) for word, mask in words]

    def first_word(self, scope: str) -> int:
        """The fact number of a scope's first word of bits."""
        before = LIST_SCOPES[: LIST_SCOPES.index(scope)]
        return k.N_RANGE_FACTS + sum(self.bits[other].words for other in before)
