"""Grouping rows that stand by themselves: each field of a block becomes facts, and the first rule that applies gives the HRG.

One frame for all such logics: what tells them apart is in the arrays. Rule: docs/logics.md, "How a row is grouped".
"""

import numpy as np

from hrgcore_kernels.accelerate import kernel
from hrgcore_kernels.codes import (
    NUMBER_BLANK,
    NUMBER_INVALID,
    REASON_ERROR_CATEGORY,
    REASON_INVALID_FIELD,
    REASON_NO_RULE,
    REASON_ROW_RULE,
)
from hrgcore_kernels.layout import RULE, STEP, TEST, Int32s, Int64s, Records
from hrgcore_kernels.row_layout import BAND, ROW_RESULT, RowDesign, RowFacts
from hrgcore_kernels.rules import first_rule
from hrgcore_kernels.signatures import array, fields
from hrgcore_kernels.text import CELL_BLANK

_DESIGN = fields(
    RowDesign, array(RULE), array(TEST), array(STEP), array("i8", 2), array("i2", 2), array("i8"), array(BAND), array("i8")
)
_FACTS = fields(RowFacts, array("i8", 2, writable=True), array("i2", 2, writable=True), array("u8", writable=True))


@kernel((array("i4"), array("i8"), np.int64, np.bool_, np.bool_, np.int64, _FACTS))
def take_number(numbers: Int32s, accepted: Int64s, fact: int, must: bool, checked: bool, bit: int, rows: RowFacts) -> None:
    """Make a number field a fact. ``accepted`` are the lowest, the highest and one number more.

    What is not accepted is NUMBER_INVALID and fails the field; where it is not ``checked``, it is blank. A blank fails it where a
    value ``must`` be there.
    """
    for row in range(len(numbers)):
        number = np.int64(numbers[row])
        if number != NUMBER_BLANK and not accepted[0] <= number <= accepted[1] and number != accepted[2]:
            number = np.int64(NUMBER_INVALID if checked else NUMBER_BLANK)
        if number == NUMBER_INVALID or (must and number == NUMBER_BLANK):
            rows.failed[row] |= np.uint64(1) << np.uint64(bit)
        rows.facts[row, fact] = number


@kernel((np.int64, np.int64, np.int64, np.int64, _FACTS))
def take_span(first: int, last: int, more: int, fact: int, rows: RowFacts) -> None:
    """Make the days between two dates, and ``more``, a fact; blank where either can't be used or the second is before the first."""
    for row in range(len(rows.failed)):
        start, end = rows.facts[row, first], rows.facts[row, last]
        rows.facts[row, fact] = end - start + more if 0 <= start <= end else NUMBER_BLANK


@kernel((_DESIGN, array("i4"), np.int64, np.bool_, np.int64, _FACTS))
def take_values(design: RowDesign, numbers: Int32s, base: int, must: bool, bit: int, rows: RowFacts) -> None:
    """Add a column of coded values: lists and points. 0 is not accepted, and fails the field; a blank does where it ``must`` be."""
    word = design.places[1]
    for row in range(len(numbers)):
        number = np.int64(numbers[row])
        if number == CELL_BLANK:
            if must:
                rows.failed[row] |= np.uint64(1) << np.uint64(bit)
            continue
        if number == 0:
            rows.failed[row] |= np.uint64(1) << np.uint64(bit)
            continue
        for place in range(design.words.shape[1]):
            rows.facts[row, word + place] |= design.words[base + number, place]
        for component in range(design.points.shape[1]):
            rows.best[row, component] = max(rows.best[row, component], design.points[base + number, component])


@kernel((_DESIGN, _FACTS, array(ROW_RESULT, writable=True)))
def group_rows(design: RowDesign, rows: RowFacts, results: Records) -> None:
    """Group the rows of a block: scores, then the first rule that applies; a row with a failed field is in the error HRG."""
    for row in range(len(results)):
        result = results[row]
        result.failed = rows.failed[row]
        result.hrg = result.rule = result.error = 0
        if rows.failed[row] != 0:
            result.reason = REASON_INVALID_FIELD
            continue
        for at in range(len(design.bands)):
            band = design.bands[at]
            if band.low <= rows.facts[row, band.fact] <= band.high:
                rows.best[row, band.component] = max(rows.best[row, band.component], np.int16(band.points))
        for component in range(len(design.component_score)):
            rows.facts[row, design.places[0] + design.component_score[component]] += rows.best[row, component]
        rule = first_rule(design, design.places[2], rows.facts[row])
        outcome = np.int64(design.rules[rule].outcome)
        result.rule = rule
        if rule == 0:
            result.reason = REASON_NO_RULE
        elif outcome < 0:
            result.reason = REASON_ERROR_CATEGORY
            result.error = -outcome
        else:
            result.reason = REASON_ROW_RULE
            result.hrg = outcome
