"""The well-known cases of `hrgcore.selftest` lead to the roots that they should, by both engines."""

from __future__ import annotations

from functools import cache

import pyarrow as pa
import pytest

import hrgcore
from hrgcore.design.locate import DEFAULT_DESIGN, load_design
from hrgcore.reference import ReferenceEngine
from hrgcore.selftest.cases import episode_of, read_cases

CASES = read_cases()
EPISODES = [episode_of(number, case) for number, case in enumerate(CASES)]


@cache
def by_kernels() -> list[list[str]]:
    """The core HRG of each case and the unbundled ones."""
    names = sorted({name for values in EPISODES for name in values})
    result = hrgcore.Grouper().group(pa.table({name: [values.get(name, "") for values in EPISODES] for name in names}))
    found = [[hrg] for hrg in result.spells.column("SpellHRG").to_pylist()]
    for row in result.unbundled.to_pylist():
        found[int(row["PROVSPNO"])].append(row["UnbundledHRG"])
    return found


@cache
def reference() -> ReferenceEngine:
    return ReferenceEngine(load_design(DEFAULT_DESIGN).tables)


def test_there_are_at_least_forty() -> None:
    assert len({case["case"] for case in CASES}) == len(CASES) >= 40
    assert all(case["why"] for case in CASES)


@pytest.mark.parametrize("number", range(len(CASES)), ids=[case["case"] for case in CASES])
def test_the_case_leads_to_the_expected_root(number: int) -> None:
    expected = CASES[number]["root"]
    assert expected in {hrg[: len(expected)] for hrg in by_kernels()[number]}, CASES[number]["why"]
    spell = reference().group_spell([EPISODES[number]])
    assert [spell.hrg, *(hrg.partition("*")[0] for hrg in spell.unbundled)] == by_kernels()[number]
