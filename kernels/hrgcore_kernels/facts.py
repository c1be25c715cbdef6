"""The facts of a record that rules test: numbers, scores, and the lists that its codes and values are on.

``facts`` are those of one record: ranges, then words of list bits. Places are unsigned, so that Numba need not ask whether they
count from the end.
"""

import numpy as np

from hrgcore_kernels.accelerate import inline
from hrgcore_kernels.codes import (
    ADMIMETH,
    ADMISORC,
    CLASSPAT,
    DISDEST,
    DISMETH,
    FACT_TRAUMA_SITES,
    MAINSPEF,
    N_CODED,
    N_RANGE_FACTS,
    SEX,
    TRAUMA,
    TRETSPEF,
)
from hrgcore_kernels.layout import COMPANION, EACH_CODE, VALUES

# What the tables of a design say of a code.


@inline
def lists_of_diagnosis(design, code, word):
    """A word of bits of the lists that a diagnosis is on."""
    return design.diagnosis_words[design.diagnoses[code].words, word]


@inline
def lists_of_procedure(design, code, word):
    """A word of bits of the lists that a procedure is on."""
    return design.procedure_words[design.procedures[code].words, word]


@inline
def as_primary(design, code):
    """What a diagnosis is as a primary one."""
    return design.primaries[design.diagnoses[code].primary]


@inline
def kind_of(design, code):
    """What a procedure is."""
    return design.procedure_kinds[design.procedures[code].kind]


# The fact numbers of the first word of each scope: patient, primary, diagnosis, procedure, companion.


@inline
def patient_words(design):
    return np.uint64(len(design.field_sets) // (N_CODED * VALUES))


@inline
def primary_place(design):
    return np.uint64(N_RANGE_FACTS) + patient_words(design)


@inline
def diagnosis_place(design):
    return primary_place(design) + np.uint64(design.diagnosis_words.shape[1])


@inline
def procedure_place(design):
    return diagnosis_place(design) + np.uint64(design.diagnosis_words.shape[1])


@inline
def companion_place(design):
    return procedure_place(design) + np.uint64(design.procedure_words.shape[1])


@inline
def of_value(sets, first, field, number):
    """A word of bits of the sets that a value of a coded field is in."""
    return sets[first + np.uint64(field * VALUES) + np.uint64(number)]


@inline
def set_patient(design, coded, first, last, facts):
    """Set the sets of the coded fields: the first episode's, but the last one's discharge destination and method.

    Returns whether all values are accepted.

    Rule: docs/grouping.md section 6.
    """
    sets, accepted = design.field_sets, True
    for word in range(patient_words(design)):
        start = word * np.uint64(N_CODED * VALUES)
        bits = (
            of_value(sets, start, SEX, coded[first, SEX])
            | of_value(sets, start, CLASSPAT, coded[first, CLASSPAT])
            | of_value(sets, start, ADMISORC, coded[first, ADMISORC])
            | of_value(sets, start, ADMIMETH, coded[first, ADMIMETH])
            | of_value(sets, start, DISDEST, coded[last, DISDEST])
            | of_value(sets, start, DISMETH, coded[last, DISMETH])
            | of_value(sets, start, MAINSPEF, coded[first, MAINSPEF])
            | of_value(sets, start, TRETSPEF, coded[first, TRETSPEF])
        )
        facts[np.uint64(N_RANGE_FACTS) + word] = bits
        accepted &= bits >= 0
    return accepted


@inline
def set_primary(design, primary, codes, start, end, facts):
    """What hangs on the primary diagnosis: its lists, and the number of injured body sites where it is an injury.

    ``codes[start:end]`` are all diagnoses of the record. Rule: docs/grouping.md section 3, `primary` and `trauma_sites`.
    """
    scope = primary_place(design)
    facts[scope] = lists_of_diagnosis(design, primary, 0)
    for word in range(np.uint64(1), np.uint64(design.used_words[0])):
        facts[scope + word] = lists_of_diagnosis(design, primary, word)
    facts[FACT_TRAUMA_SITES] = count_sites(design, codes, start, end) if has_site(design, primary) else 0


@inline
def count_sites(design, codes, start, end):
    """How many body sites the diagnoses ``codes[start:end]`` injure."""
    seen = 0
    for at in range(start, end):
        if has_site(design, codes[at]):
            seen |= 1 << np.int64(design.diagnosis_scores[TRAUMA, codes[at]].component)
    sites = 0
    while seen != 0:
        seen &= seen - 1
        sites += 1
    return sites


@inline
def has_site(design, code):
    """Whether a diagnosis is an injury of a body site."""
    if (lists_of_diagnosis(design, code, 0) >> TRAUMA) & 1 == 0:
        return False
    component = design.diagnosis_scores[TRAUMA, code].component
    return component != 0 and component != EACH_CODE


@inline
def set_companions(design, codes, at, end, facts):
    """Lists of the codes behind the procedure at ``at``, up to the next one that is no companion, before ``end``.

    Rule: docs/grouping.md section 3, `companion`.
    """
    scope = companion_place(design)
    words = np.uint64(design.used_words[2])
    clear_companions(design, facts)
    behind = at + np.uint64(1)
    while behind < end and kind_of(design, codes[behind]).traits & COMPANION != 0:
        for word in range(words):
            facts[scope + word] |= lists_of_procedure(design, codes[behind], word)
        behind += np.uint64(1)


@inline
def clear_companions(design, facts):
    """No codes behind."""
    scope = companion_place(design)
    for word in range(np.uint64(design.used_words[2])):
        facts[scope + word] = 0
