"""Single spells out of a result, to explain by: found by their place among its spells."""

from __future__ import annotations

from bisect import bisect_right
from typing import Any

import numpy as np
import pyarrow as pa

from hrgcore.analysis.results import Results
from hrgcore.columns import KEY_FIELDS
from hrgcore.grouper import Grouper


def episodes_of(results: Results, spell: int) -> pa.Table:
    """The input's rows of a spell, given by its place from 1."""
    number = bisect_right(results.starts, spell - 1) - 1
    part = results.part(number, (), KEY_FIELDS)
    rows = np.flatnonzero(part.spell_of_episode == spell - 1 - part.first_spell)
    return results.inputs(number).take(pa.array(rows))


def explained(results: Results, spell: int, grouper: Grouper) -> Any:
    """The explanation of a spell of a result."""
    return grouper.explain(episodes_of(results, spell))
