"""One pass over a record's codes: they are copied side by side, and whatever a look-up of each gives is taken along."""

from typing import NamedTuple

import numpy as np

from hrgcore_kernels.accelerate import inline
from hrgcore_kernels.codes import (
    BURN_BIT,
    FACT_BURN_INTERVENTION,
    FACT_BURN_SEVERITY,
    FACT_LOS,
    FACT_PROCEDURES,
    FACT_TRAUMA_DIAGNOSIS,
    FACT_TRAUMA_INTERVENTION,
    TRAUMA_BIT,
)
from hrgcore_kernels.facts import diagnosis_place, procedure_place
from hrgcore_kernels.layout import ANY_STAY
from hrgcore_kernels.scores import burn_score, trauma_score

_LAST = np.int64(2**40 - 1)  # a place beyond any


class Diagnoses(NamedTuple):
    """What the diagnoses of a record come to."""

    count: np.int64
    unknown: np.int64


class Procedures(NamedTuple):
    """What the procedures of a record come to; places are -1 where there is none."""

    count: np.int64
    unknown: np.int64
    dominant: np.int64  # place of the one of the highest hierarchy above 0, the earliest where equal
    not_covered: np.int64  # place of the first that the design does not name
    only_errors: bool  # there are some, and all carry an error category and can't be dominant


@inline
def scored(bits):
    """Whether any code has points in the trauma score, and in the burn score, by the first word of lists."""
    return (bits >> TRAUMA_BIT) & 1 != 0, (bits >> BURN_BIT) & 1 != 0


@inline
def lists_of_any(code_words, codes, count, first, end, facts, place):
    """Set words ``first`` to ``end`` of the facts from ``place`` on to the lists that any code is on."""
    for word in range(first, end):
        bits = np.int64(0)
        for at in range(count):
            bits |= code_words[codes[at], word]
        facts[place + word] = bits


@inline
def lists_of_procedures(design, count, scratch):
    """Set the lists that only rules from procedures to roots ask for.

    Rule: docs/grouping.md section 3, `procedure`.
    """
    words = design.procedure_words
    lists_of_any(words, scratch.procedures, count, design.used_words[1], words.shape[1], scratch.facts, procedure_place(design))


@inline
def survey_diagnoses(design, episodes, rows, low, high, scratch):
    """Copy the diagnoses of ``rows[low:high]``, set the lists that any is on and the scores over them; return what they come to.

    Rule: docs/grouping.md section 3, `diagnosis`, `trauma_diagnosis` and `burn_severity`.
    """
    facts, codes = scratch.facts, scratch.diagnoses
    count = np.int64(0)
    unknown = np.int64(0)
    bits = np.int64(0)
    for at in range(low, high):
        episode = episodes.rows[rows[at]]
        for place in range(episode.diagnosis_start, episode.diagnosis_end):
            code = episodes.diagnoses[place]
            codes[count] = code
            count += 1
            unknown += code == 0
            bits |= design.diagnoses[code].lists
    facts[diagnosis_place(design)] = bits
    lists_of_any(design.diagnosis_words, codes, count, 1, design.used_words[0], facts, diagnosis_place(design))
    trauma, burn = scored(bits)
    facts[FACT_TRAUMA_DIAGNOSIS] = trauma_score(design.diagnoses, codes, count, scratch.best) if trauma else 0
    facts[FACT_BURN_SEVERITY] = burn_score(design.diagnoses, codes, count, scratch.best) if burn else 0
    return Diagnoses(count, unknown)


@inline
def survey_procedures(design, episodes, rows, low, high, scratch):
    """Copy the procedures of ``rows[low:high]``, set the lists that any is on and the scores over them; return what they come to.

    Rule: docs/grouping.md section 3 and section 4, steps 2 and 3.
    """
    facts, codes = scratch.facts, scratch.procedures
    los = facts[FACT_LOS]
    count = np.int64(0)
    bits = np.int64(0)
    unknown = np.int64(0)
    weighed = np.int64(0)
    others = np.int64(0)  # procedures that may be dominant, or carry no error category
    first = _LAST  # that is not covered
    heaviest = np.int64(0)  # hierarchy and, the earlier the higher, place
    for at in range(low, high):
        episode = episodes.rows[rows[at]]
        for place in range(episode.procedure_start, episode.procedure_end):
            code = episodes.procedures[place]
            codes[count] = code
            entry = design.procedures[code]
            hierarchy = np.int64(entry.hierarchy)
            unknown += code == 0
            weighed += hierarchy > 0
            others |= (hierarchy != 0) | (entry.error == 0)
            first = min(first, count if hierarchy < 0 else _LAST)
            may_lead = (los <= entry.longest_stay) | (entry.longest_stay == ANY_STAY)
            heaviest = max(heaviest, (hierarchy if may_lead else 0) * (_LAST + 1) + _LAST - count)
            bits |= entry.lists
            count += 1
    facts[procedure_place(design)] = bits
    lists_of_any(design.procedure_words, codes, count, 1, design.used_words[1], facts, procedure_place(design))
    facts[FACT_PROCEDURES] = weighed
    trauma, burn = scored(bits)
    facts[FACT_TRAUMA_INTERVENTION] = trauma_score(design.procedures, codes, count, scratch.best) if trauma else 0
    facts[FACT_BURN_INTERVENTION] = burn_score(design.procedures, codes, count, scratch.best) if burn else 0
    dominant = _LAST - heaviest % (_LAST + 1) if heaviest > _LAST else np.int64(-1)
    return Procedures(count, unknown, dominant, first if first < _LAST else np.int64(-1), others == 0 and count > 0)
