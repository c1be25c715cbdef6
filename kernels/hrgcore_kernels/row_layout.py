"""The arrays that go into the kernels of rows that stand by themselves and come out, by name; as hrgcore_kernels.layout."""

from typing import NamedTuple

import numpy as np

from hrgcore_kernels.layout import Int16s, Int64s, Records, UInt64s

NO_VALUE = -9  #: in place of a number that a field accepts besides its range

#: Points that a number gives to a component where it lies from ``low`` to ``high``; ``fact`` is the number's place.
BAND = np.dtype([(name, "<i4") for name in ("fact", "low", "high", "component", "points")])
#: What grouping gives for a row. ``failed`` has a bit for each field that can't be used, ``error`` is an error category.
ROW_RESULT = np.dtype([("failed", "<u8"), ("rule", "<i4"), ("hrg", "<u2"), ("reason", "u1"), ("error", "u1")], align=True)


class RowDesign(NamedTuple):
    """A logic's rules, compiled. The facts of a row are numbers, then scores, then words of bits of lists."""

    rules: Records  # RULE
    tests: Records  # TEST
    steps: Int64s  # STEP
    words: Int64s  # [values, words] bits of the lists of each value
    points: Int16s  # [values, components]
    component_score: Int64s  # [components] the place of its score among the scores
    bands: Records  # BAND
    places: Int64s  # of the first score and of the first word among the facts; the chain of rules


class RowFacts(NamedTuple):
    """What is known of a block of rows, filled field by field."""

    facts: Int64s  # [rows, facts]
    best: Int16s  # [rows, components] largest points so far
    failed: UInt64s  # [rows] bits of fields


#: What grouping gives for an attendance. ``error_at`` is the place among its procedures of the code at fault (-1: none).
ATTENDANCE = np.dtype(
    [
        *(("root_rule", "<i4"), ("split_rule", "<i4"), ("hrg", "<u2"), ("dominant", "<u2"), ("error_at", "<i2")),
        *(("method", "u1"), ("reason", "u1"), ("error", "u1")),
    ],
    align=True,
)
