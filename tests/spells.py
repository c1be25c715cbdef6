"""Hypothesis over the spells of `hrgcore.selftest`; HRGCORE_TEST_SPELLS sets how many the suite makes (110,000 by default)."""

from __future__ import annotations

import os
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

from hrgcore.selftest.spells import SPELL_BYTES, Example

TOTAL = int(os.environ.get("HRGCORE_TEST_SPELLS", "110000"))
SPELLS = 40  #: in an example


def spell_lists() -> st.SearchStrategy[Example]:
    """An example of `SPELLS` spells."""
    return st.lists(st.binary(min_size=SPELL_BYTES, max_size=SPELL_BYTES), min_size=SPELLS, max_size=SPELLS).map(Example)


def making(share: float) -> Any:
    """Hypothesis settings for a test that makes this share of all spells.

    Examples are not shrunk: tests say which spell is wrong, and that is small. They are the same in each run unless
    HRGCORE_TEST_RANDOM is set.
    """
    return settings(
        max_examples=max(1, round(TOTAL * share / SPELLS)),
        deadline=None,
        database=None,
        derandomize="HRGCORE_TEST_RANDOM" not in os.environ,
        phases=(Phase.explicit, Phase.generate),
        suppress_health_check=list(HealthCheck),
    )
