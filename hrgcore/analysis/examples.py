"""Single spells out of a result, to explain by: found by their place among its spells."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterator
from itertools import groupby

import numpy as np
import pyarrow as pa

from hrgcore.analysis.results import Results
from hrgcore.columns import KEY_FIELDS
from hrgcore.grouper import Grouper


def explained(results: Results, spells: Collection[int], *groupers: Grouper) -> dict[int, list[str]]:
    """Spells of a result, given by their places from 1: what each grouper says of each, as text."""
    return {spell: [grouper.explain(rows).text() for grouper in groupers] for spell, rows in _episodes_of(results, spells)}


def _episodes_of(results: Results, spells: Collection[int]) -> Iterator[tuple[int, pa.Table]]:
    """The input's rows of each spell; each part is read once."""
    for number, own in groupby(sorted(set(spells)), lambda spell: bisect_right(results.starts, spell - 1) - 1):
        part, inputs = results.part(number, (), KEY_FIELDS), results.inputs(number)
        for spell in own:
            rows = np.flatnonzero(part.spell_of_episode == spell - 1 - part.first_spell)
            yield spell, inputs.take(pa.array(rows))
