"""Kernels and reference engine say the same of generated spells, and the generated spells reach everything that can be said."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from designs import Both, both
from hypothesis import given
from hypothesis import strategies as st
from spells import SPELLS, TOTAL, making, spell_lists
from twins import assert_agree

from hrgcore.design.conditions import CONDITION_COLUMNS, Range
from hrgcore.design.tables import RULE_TABLES
from hrgcore.reasons import REASONS
from hrgcore.result import Result
from hrgcore.selftest.spells import Input, Spell, example_of
from hrgcore_kernels import codes

MADE: Counter[str] = Counter()
REACH_SPELLS = 8_000


@making(0.56)
@given(spell_lists(), st.booleans())
def test_engines_agree_on_the_small_design(example: list[bytes], together: bool) -> None:
    agree_on("small", example, together)


@making(0.4)
@given(spell_lists(), st.booleans())
def test_engines_agree_on_the_starter_design(example: list[bytes], together: bool) -> None:
    agree_on("starter", example, together)


def agree_on(name: str, example: list[bytes], together: bool) -> None:
    design = both(name)
    assert_agree(design, Input(design.maker.spells(example), together=together))
    MADE[name] += len(example)


def test_engines_agree_on_what_random_spells_hardly_meet() -> None:
    shared = {"PROCODET": "R", "STARTAGE": "40", "EPIDUR": "2", "DIAG_01": "E119"}
    shared |= {field: values[0] for field, values in both("small").maker.pools.values.items()}
    rare: dict[str, list[dict[str, str]]] = {
        "FE30C": [{"STARTAGE": "9", "OPER_01": "H221"}, {"STARTAGE": "9", "OPER_01": "Z943", "OPER_02": "A573"}],  # another's site
        "FE31Z": [{"STARTAGE": "9", "OPER_01": "H221", "OPER_02": "Z943"}, {"STARTAGE": "9", "OPER_01": "A573"}],
        "UZ01Z": [{"STARTAGE": "18"}, {"STARTAGE": "19", "OPER_01": "W822"}],  # grouped episodes, but no rule for the spell
    }
    spells: list[Spell] = [
        [shared | {"PROVSPNO": hrg, "EPIORDER": str(order)} | own for order, own in enumerate(episodes, 1)]
        for hrg, episodes in rare.items()
    ]
    result = assert_agree(both("small"), Input(spells))
    assert result.spells.column("SpellHRG").to_pylist() == list(rare)
    assert result.spells.column("SpellReason").to_pylist()[-1] == REASONS[codes.REASON_NO_RULE]


def test_engines_agree_on_the_forms_of_one_diagnosis() -> None:
    shared = {"PROCODET": "R", "EPIORDER": "1", "STARTAGE": "40", "EPIDUR": "0", "DIAG_01": "K635", "OPER_01": "H221"}
    shared |= {field: values[0] for field, values in both("small").maker.pools.values.items()}
    records = [("M4840", "M4841", "I501"), ("M4840", "M4841", "M485", "I501"), ("M484", "M4841", "M4849", "I501", "I501")]
    spells = [
        [shared | {"PROVSPNO": str(place)} | {f"DIAG_{at:02d}": code for at, code in enumerate(codes, 2)}]
        for place, codes in enumerate(records)
    ]
    assert assert_agree(both("small"), Input(spells)).episodes.column("FCE_HRG").to_pylist() == ["FE30B", "FE30A", "FE30B"]


def test_engines_agree_on_exclusions_from_a_list_of_equal_points() -> None:
    """Heart failure takes the point of diabetes away, high blood pressure does not."""
    shared = {"PROCODET": "R", "EPIORDER": "1", "STARTAGE": "40", "EPIDUR": "0", "DIAG_02": "E119", "DIAG_03": "N179"}
    shared |= {field: values[0] for field, values in both("even").maker.pools.values.items()}
    spells = [[shared | {"PROVSPNO": primary, "DIAG_01": primary}] for primary in ("I500", "I10X")]
    assert (both("even").bundle.arrays["roots"]["cc_points"] == 1).any()
    assert assert_agree(both("even"), Input(spells)).episodes.column("FCE_HRG").to_pylist() == ["EB03C", "EB03B"]


def test_engines_agree_on_the_longest_stay() -> None:
    shared = {"PROCODET": "R", "EPIORDER": "1", "STARTAGE": "40", "DIAG_01": "K635", "OPER_01": "W903"}  # leads up to a day
    shared |= {field: values[0] for field, values in both("small").maker.pools.values.items()}
    result = assert_agree(both("small"), Input([[shared | {"PROVSPNO": days, "EPIDUR": days}] for days in ("0", "1", "2")]))
    assert result.episodes.column("DominantProcedure").to_pylist() == ["W903", "W903", None]


def test_engines_agree_on_the_error_category_of_an_episode_whose_age_is_out_of_range() -> None:
    shared = {"PROCODET": "R", "EPIORDER": "1", "EPIDUR": "2", "DIAG_01": "P070"}  # fails from 19 on
    shared |= {field: values[0] for field, values in both("small").maker.pools.values.items()}
    ages = ("18", "19", "131", "")
    result = assert_agree(both("small"), Input([[shared | {"PROVSPNO": age, "STARTAGE": age}] for age in ages]))
    assert result.errors.column("CodeType").to_pylist() == ["DIAG_01", "STARTAGE", "STARTAGE"]


def test_as_many_spells_as_wanted_were_made() -> None:
    if len(MADE) < 2:
        pytest.skip("counts what the tests above made")
    assert sum(MADE.values()) >= 0.95 * TOTAL - 2 * SPELLS


class Reached:
    """What a number of generated spells reached in one design."""

    def __init__(self, name: str, spells: int) -> None:
        self.design = both(name)
        self.rules: set[int] = set()
        self.reasons: set[int] = set()
        self.spell_reasons: set[int] = set()
        self.bits: set[int] = set()
        self.spells: Counter[bool] = Counter()
        self.episodes: Counter[bool] = Counter()
        for seed in range(spells // 1000):
            self._add(self.design.grouper.group(Input(self.design.maker.spells(example_of(1000, seed))).table))

    def _add(self, result: Result) -> None:
        found = result.grouped
        for records in (found.episodes, found.spells):
            self.rules |= {*records["root_rule"].tolist(), *records["split_rule"].tolist()}
        self.rules |= {*found.unbundled["rule"].tolist(), *found.unbundled["split_rule"].tolist()}
        self.reasons |= set(found.episodes["reason"].tolist())
        self.spell_reasons |= set(found.spells["reason"].tolist())
        failed = int(np.bitwise_or.reduce(found.episodes["failed"]))
        self.bits |= {bit for bit in range(32) if failed >> bit & 1}
        self.spells.update((found.spells["hrg"] != 0).tolist())
        self.episodes.update((found.episodes["hrg"] != 0).tolist())


@pytest.fixture(scope="module")
def reached() -> Reached:
    return Reached("small", REACH_SPELLS)


def deciding(design: Both, reached: Reached) -> set[str]:
    return {design.bundle.rule_references[rule] for rule in reached.rules if rule}


def test_every_reason_is_reached(reached: Reached) -> None:
    # The compiler sees to it that the splits of a root cover every case; rows by themselves are of other logics.
    ruled_out = {codes.REASON_NONE, codes.REASON_NO_SPLIT, codes.REASON_ROW_RULE}
    assert {REASONS[reason] for reason in set(REASONS) - ruled_out - reached.reasons - reached.spell_reasons} == set()


def test_every_failed_check_is_reached(reached: Reached) -> None:
    bits = {name: bit for name, bit in vars(codes).items() if name.startswith("FAIL_")}
    del bits["FAIL_CODED"]
    bits |= {f"coded field {field}": codes.FAIL_CODED + field for field in range(codes.N_CODED)}
    assert {name for name, bit in bits.items() if bit not in reached.bits} == set()


@pytest.mark.parametrize("table", RULE_TABLES)
def test_every_rule_of_the_small_design_decides(reached: Reached, table: str) -> None:
    rows = {row.reference for row in reached.design.bundle.tables[table]}
    assert rows - deciding(reached.design, reached) == set()


def test_deciding_rules_test_every_fact(reached: Reached) -> None:
    tables = reached.design.bundle.tables
    decided = deciding(reached.design, reached)
    tested: set[str] = set()
    for table in RULE_TABLES:
        for row in tables[table]:
            if row.reference in decided:
                tested |= {condition.fact if isinstance(condition, Range) else condition.scope for condition in row.conditions}
    assert set(CONDITION_COLUMNS) - tested == set()


def test_most_spells_are_grouped(reached: Reached) -> None:
    for found in (reached, Reached("starter", 2000)):
        assert found.spells[True] > found.spells[False]
        assert found.episodes[True] > found.episodes[False]
