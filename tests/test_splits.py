"""Every boundary of every split of the starter design, by enumeration: one split applies, and the kernels find the same one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import product

import numpy as np
import pyarrow as pa
import pytest
from chains import told
from designs import both

from hrgcore.columns import CODED_FIELDS
from hrgcore.design.checks import boundaries
from hrgcore.design.conditions import LIST_SCOPES, RANGE_FACTS, Range
from hrgcore.design.steps import unpack
from hrgcore.design.tables import Row
from hrgcore_kernels.accelerate import kernel
from hrgcore_kernels.codes import N_RANGE_FACTS
from hrgcore_kernels.layout import count_facts
from hrgcore_kernels.rules import first_rule
from hrgcore_kernels.signatures import DESIGN, array

STARTER = both("starter")
KERNELS = STARTER.grouper._design
ENCODER = STARTER.grouper._encoder
TABLES = STARTER.bundle.tables
SPLITS: dict[str, list[Row]] = {}
for _row in TABLES["splits"]:
    SPLITS.setdefault(_row["root"], []).append(_row)
_ROOTS = {row["root"]: place for place, row in enumerate(TABLES["roots"], 1)}
_SETS = {row["set"]: (row["field"], row["values"].split()) for row in TABLES["sets"]}
_LARGEST = {"age": (130, 999), "los": (99_999,)}  # the largest values that validation lets through
_COLUMNS = (*RANGE_FACTS, *LIST_SCOPES)

Case = dict[str, int]  # a value of each range fact, 0 or 1 for each `scope name`


@kernel((DESIGN, array("i4"), array("i8", 2), array("i8", writable=True)))
def first_rules(design, chains, facts, found):
    """The first rule of each row's chain that applies to the row's facts. ``found`` [rows]."""
    for row in range(len(chains)):
        found[row] = first_rule(design, chains[row], facts[row])


# The cases ------------------------------------------------------------------------------------------------------------------------


def values_of(splits: Sequence[Row], fact: str) -> list[int]:
    """The lowest value of every interval that the splits tell apart, the value below it, and the largest ones."""
    lowest = boundaries(splits)[fact]
    return sorted({*lowest, *(value - 1 for value in lowest if value), *_LARGEST.get(fact, (lowest[-1] + 50,))})


def cases_of(splits: Sequence[Row]) -> Iterator[Case]:
    """Every case that the splits of a root tell apart, on both sides of each boundary."""
    choices: dict[str, list[int]] = {}
    for row in splits:
        for condition in row.conditions:
            if isinstance(condition, Range):
                choices[condition.fact] = values_of(splits, condition.fact)
            else:
                choices |= {f"{condition.scope} {name}": [0, 1] for name in condition.names}
    for values in product(*choices.values()):
        yield dict(zip(choices, values, strict=True))


# What the tables say --------------------------------------------------------------------------------------------------------------


def holds(text: str, column: str, case: Case) -> bool:
    """Whether a condition holds; read from the text of its cell, apart from the parser that both engines share."""
    if column in RANGE_FACTS:
        low, _, high = text.removesuffix("+").partition("-")
        return int(low) <= case[column] and (text.endswith("+") or case[column] <= int(high or low))
    there = [any(case[f"{column} {name}"] for name in term.removeprefix("!").split("|")) for term in text.split()]
    return all(found != term.startswith("!") for found, term in zip(there, text.split(), strict=True))


def split_of(splits: Sequence[Row], case: Case) -> Row:
    """The split that applies: the only one of the first step in which one does."""
    applying = [row for row in splits if all(holds(row[column], column, case) for column in _COLUMNS if row[column].strip())]
    assert applying, f"{splits[0]['root']}: no split for {case}"
    first = min(row.step for row in applying)
    one, *more = [row for row in applying if row.step == first]
    assert not more, f"{one.reference} and {more[0].reference} overlap for {case}"
    return one


# What the kernels say -------------------------------------------------------------------------------------------------------------


def facts_of(case: Case) -> np.ndarray:
    """A case as the kernels take it: ranges, then the words of list bits of some code of each list that is there."""
    diagnosis, procedure = KERNELS.diagnosis_words.shape[1], KERNELS.procedure_words.shape[1]
    facts = np.zeros(count_facts(KERNELS), np.int64)
    patient = len(facts) - N_RANGE_FACTS - 2 * diagnosis - 2 * procedure
    places = np.cumsum([N_RANGE_FACTS, patient, diagnosis, diagnosis, procedure])
    names = [name for name in case if " " in name]
    for name, value in case.items():
        if name in RANGE_FACTS:
            facts[RANGE_FACTS.index(name)] = value
        elif value:
            scope, of = name.split(" ")
            words = words_of(scope, of, [other.split(" ")[1] for other in names if other != name])
            at = places[LIST_SCOPES.index(scope)]
            facts[at : at + len(words)] |= words
    return facts


def words_of(scope: str, name: str, others: Sequence[str]) -> np.ndarray:
    """The words of a value of a set, or of a code of a list and none of the other lists that a root's splits ask for."""
    if scope == "patient":
        field, values = _SETS[name]
        place = CODED_FIELDS.index(field)
        return STARTER.bundle.arrays["field_sets"][:, place, ENCODER.field(pa.array(values[:1]), place)[0]]
    by_procedure = scope in ("procedure", "companion")
    lists = STARTER.reference.design.procedure_lists if by_procedure else STARTER.reference.design.diagnosis_lists
    every = STARTER.bundle.strings("opcs4_codes" if by_procedure else "icd10_codes")[1:]
    code = next(code for code in every if name in (on := lists.lists(code)) and not on & {*others})
    if by_procedure:
        return KERNELS.procedure_words[KERNELS.procedures.words[ENCODER.opcs4(pa.array([code]))[0]]]
    return KERNELS.diagnosis_words[KERNELS.diagnoses.words[ENCODER.icd10(pa.array([code]))[0]]]


def kernels_find(root: str, cases: Sequence[Case], design: object = KERNELS) -> list[str]:
    """The references of the splits that the kernels find for cases of one root."""
    chains = np.full(len(cases), KERNELS.roots[_ROOTS[root]].split_chain, np.int32)
    facts = np.stack([facts_of(case) for case in cases])
    found = np.zeros(len(cases), np.int64)
    for read_only in (chains, facts):
        read_only.flags.writeable = False
    first_rules(design, chains, facts, found)
    return [STARTER.bundle.rule_references[rule] for rule in found.tolist()]


# ----------------------------------------------------------------------------------------------------------------------------------


def test_every_root_has_splits() -> None:
    assert set(SPLITS) == set(_ROOTS)


def test_every_case_of_every_root_has_one_split_and_the_kernels_find_it() -> None:
    told_apart = 0
    for root, splits in SPLITS.items():
        cases = list(cases_of(splits))
        told_apart += len(cases)
        assert kernels_find(root, cases) == [split_of(splits, case).reference for case in cases], root
    assert told_apart > len(TABLES["splits"])


def test_every_split_is_found_for_some_case() -> None:
    for splits in SPLITS.values():
        assert {split_of(splits, case).reference for case in cases_of(splits)} == {row.reference for row in splits}


@pytest.mark.parametrize("fact", sorted({c.fact for row in TABLES["splits"] for c in row.conditions if isinstance(c, Range)}))
def test_a_boundary_moved_by_one_is_noticed(fact: str) -> None:
    """Each boundary of the fact in the kernels' tests, moved by one: some case of the root tells."""
    missed = []
    for root, splits in SPLITS.items():
        own = [row for row in splits if any(isinstance(c, Range) and c.fact == fact for c in row.conditions)]
        if not own:
            continue
        cases = list(cases_of(splits))
        expected = [split_of(splits, case).reference for case in cases]
        for row in own[:2]:
            rule = STARTER.bundle.rule_references.index(row.reference)
            chain = dict(told(STARTER.bundle, int(KERNELS.roots[_ROOTS[root]].split_chain)))
            for place in chain[rule]:
                tests, test = KERNELS.tests.copy(), int(unpack(KERNELS.steps)[0][place])
                if tests[test].fact == RANGE_FACTS.index(fact) and tests[test].low > 0:
                    tests[test].low += 1
                    tests.flags.writeable = False
                    if kernels_find(root, cases, KERNELS._replace(tests=tests)) == expected:
                        missed.append(row.reference)
        if len(missed) > 5:
            break
    assert missed == []


def test_gaps_and_overlaps_are_noticed() -> None:
    splits = next(rows for rows in SPLITS.values() if len(rows) > 2 and len({row.step for row in rows}) == 1)
    with pytest.raises(AssertionError, match="no split"):
        for case in cases_of(splits):
            split_of(splits[1:], case)
    twice = replace(splits[1], cells={**splits[1].cells, **{column: splits[0][column] for column in _COLUMNS}})
    with pytest.raises(AssertionError, match="overlap"):
        for case in cases_of(splits):
            split_of([*splits, twice], case)
