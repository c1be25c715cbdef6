"""One pass over the codes of a record: what a look-up of each gives is taken along."""

import numpy as np

from hrgcore_kernels.accelerate import inline
from hrgcore_kernels.codes import (
    BURN,
    FACT_BURN_INTERVENTION,
    FACT_BURN_SEVERITY,
    FACT_PROCEDURES,
    FACT_TRAUMA_DIAGNOSIS,
    FACT_TRAUMA_INTERVENTION,
    FAIL_DIAGNOSIS,
    FAIL_PRIMARY,
    FAIL_PROCEDURE,
    TRAUMA,
)
from hrgcore_kernels.facts import diagnosis_place, kind_of, procedure_place
from hrgcore_kernels.layout import ANY_STAY, UNKNOWN
from hrgcore_kernels.scores import score

# How much a procedure weighs as dominant: its hierarchy, then, the earlier the more, its place, then its number.
_PLACE = np.int64(16)  # the lowest bit of the place
_LAST = np.int64(2**40 - 1)  # a place beyond any
_HIERARCHY = np.int64(56)


@inline
def set_scores(scores, lists, codes, start, end, best, facts, trauma, burn):
    """Set the trauma and the burn score over ``codes[start:end]``. Few codes have points: ``lists`` is the first word of lists that
    any is on, and says whether some has.
    """
    facts[trauma] = 0
    facts[burn] = 0
    if lists & (1 << TRAUMA | 1 << BURN) != 0:
        if (lists >> TRAUMA) & 1 != 0:
            facts[trauma] = score(scores[TRAUMA], codes, start, end, best)
        if (lists >> BURN) & 1 != 0:
            facts[burn] = score(scores[BURN], codes, start, end, best)


@inline
def set_lists(entries, words, codes, start, end, first, last, facts, scope):
    """Set words ``first`` to ``last`` of a scope to the lists that any of ``codes[start:end]`` is on.

    ``entries`` are what each code has; they name rows of ``words``.
    """
    for word in range(np.uint64(first), np.uint64(last)):
        bits = np.int64(0)
        for at in range(start, end):
            bits |= words[entries[codes[at]].words, word]
        facts[scope + word] = bits


@inline
def survey_diagnoses(design, codes, start, end, best, facts):
    """Set the lists that any of the diagnoses ``codes[start:end]`` is on and the scores over them; return checks that they fail.

    The first is the primary one, or in its place. Rule: docs/grouping.md section 3, `diagnosis`, `trauma_diagnosis` and
    `burn_severity`, and section 2, first table.
    """
    scope = diagnosis_place(design)
    bits = more = np.int64(0)
    at = start
    while at < end:
        words = design.diagnoses[codes[at]].words
        at += np.uint64(1)
        bits |= design.diagnosis_words[words, 0]
        more |= design.diagnosis_words[words, 1]
    facts[scope] = bits
    facts[scope + np.uint64(1)] = more
    used = design.used_words[0]
    if used > 2:
        set_lists(design.diagnoses, design.diagnosis_words, codes, start, end, 2, used, facts, scope)
    set_scores(design.diagnosis_scores, bits, codes, start, end, best, facts, FACT_TRAUMA_DIAGNOSIS, FACT_BURN_SEVERITY)
    return failed_diagnoses(codes, start, end) if bits < 0 else np.int64(0)


@inline
def failed_diagnoses(codes, start, end):
    """The checks that the diagnoses ``codes[start:end]`` fail, of which one is unknown."""
    unknown = np.int64(0)
    for at in range(start, end):
        unknown += codes[at] == 0
    no_primary = np.int64(codes[start] == 0)
    return no_primary << FAIL_PRIMARY | np.int64(unknown > no_primary) << FAIL_DIAGNOSIS


@inline
def survey_procedures(design, codes, start, end, los, best, facts):
    """Set the lists that any of the procedures ``codes[start:end]`` is on and the scores over them.

    Returns the traits that any has, the dominant one and its place among them (0 and -1: none), and checks that they fail. Dominant
    is the one of the highest hierarchy above 0 whose longest stay is not exceeded, the earliest where equal. Rule:
    docs/grouping.md section 3, section 4, step 3, and section 2, first table.
    """
    scope = procedure_place(design)
    bits = np.int64(0)
    weighed = np.int64(0)
    traits = np.uint8(0)
    heaviest = np.int64(0)
    left = _LAST << _PLACE
    stay = min(los, ANY_STAY)
    at = start
    while at < end:
        code = codes[at]
        entry = kind_of(design, code)
        at += np.uint64(1)
        hierarchy = np.int64(entry.hierarchy)
        traits |= entry.traits
        bits |= entry.lists
        weighed += hierarchy > 0
        heaviest = max(heaviest, ((hierarchy if stay <= entry.longest_stay else 0) << _HIERARCHY) + left + np.int64(code))
        left -= 1 << _PLACE
    facts[scope] = bits
    used = design.used_words[1]
    if used > 1:
        set_lists(design.procedures, design.procedure_words, codes, start, end, 1, used, facts, scope)
    facts[FACT_PROCEDURES] = weighed
    set_scores(design.procedure_scores, bits, codes, start, end, best, facts, FACT_TRAUMA_INTERVENTION, FACT_BURN_INTERVENTION)
    leads = heaviest >> _HIERARCHY > 0
    dominant_at = _LAST - ((heaviest >> _PLACE) & _LAST) if leads else np.int64(-1)
    dominant = heaviest & 0xFFFF if leads else np.int64(0)
    return traits, dominant, dominant_at, np.int64(traits & np.uint8(UNKNOWN)) << FAIL_PROCEDURE
