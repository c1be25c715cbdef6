"""Parts of the kernels that hold at their edges, too, which generated spells seldom meet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import pytest
from designs import Both, both
from hypothesis import given
from hypothesis import strategies as st
from twins import assert_agree

from hrgcore.design.rules import words_asked
from hrgcore.selftest.spells import Input
from hrgcore_kernels.drive import asked_words
from hrgcore_kernels.lay import copy_codes
from hrgcore_kernels.layout import ALL_BEHIND, EXTRA, TURNS


@pytest.mark.parametrize("behind", [0, EXTRA - 1, EXTRA, 3 * EXTRA])
@pytest.mark.parametrize("count", range(2 * EXTRA + 2))
def test_codes_are_copied_wherever_they_stand(count: int, behind: int) -> None:
    """At the end of all codes, where none stand behind them, and before it."""
    codes = np.arange(1, 3 + count + behind, dtype=np.uint16)
    room = np.zeros(5 + count + EXTRA, np.uint16)
    start, to = np.uint64(2), np.uint64(5)
    assert copy_codes(codes, start, start + np.uint64(count), room, to) == 5 + count
    assert room[:5].tolist() == [0] * 5
    assert room[5 : 5 + count].tolist() == codes[2 : 2 + count].tolist()


def spells_of(design: Both, codes: Iterable[Mapping[str, str]]) -> Input:
    """Spells of one episode each, with these codes."""
    episode = {"PROCODET": "R", "EPIORDER": "1", "STARTAGE": "40", "EPIDUR": "2"}
    episode |= {field: values[0] for field, values in design.maker.pools.values.items()}
    return Input([[episode | {"PROVSPNO": str(spell)} | own] for spell, own in enumerate(codes)])


@pytest.mark.parametrize("name", ["small", "even"])
def test_what_was_seen_is_forgotten_when_turns_begin_anew(name: str) -> None:
    """Each spell counts its codes in a turn of its own. A code comes again after about as many as can be told apart."""
    seldom = set(np.cumsum(range(TURNS - 5, TURNS + 6)).tolist())
    codes = [{"DIAG_01": "J181", "DIAG_02": "E119" if spell in seldom else "N179"} for spell in range(max(seldom) + 1)]
    result = assert_agree(both(name), spells_of(both(name), codes))
    assert set(result.spells.column("SpellHRG").to_pylist()) == {"DZ11B"}


def test_a_form_that_is_not_on_the_list_does_not_count_for_one_that_is() -> None:
    codes = {"DIAG_01": "K635", "DIAG_02": "M4841", "DIAG_03": "M4840", "DIAG_04": "E119", "OPER_01": "H221"}
    more = {"DIAG_05": "I10X"}
    result = assert_agree(both("forms"), spells_of(both("forms"), [codes, codes | more]))
    assert result.spells.column("SpellHRG").to_pylist() == ["FE30B", "FE30A"], "2 points, and 3"


@given(st.sets(st.integers(0, 2 * ALL_BEHIND), min_size=1))
def test_words_that_a_chain_asks_for_are_among_those_that_are_set(asked: set[int]) -> None:
    """They have four bits: where these can't tell, more are set."""
    used, words = 3, 3 + 2 * ALL_BEHIND + 1
    first, behind = asked_words(np.uint8(words_asked(sorted(asked))), used, words)
    assert first <= used + min(asked) and used + max(asked) < behind <= words
    if max(asked) < ALL_BEHIND - 1:
        assert (first, behind) == (used + min(asked), used + max(asked) + 1)


def test_a_chain_that_asks_for_no_word_is_known() -> None:
    assert words_asked([]) == 0 and words_asked([0]) != 0
