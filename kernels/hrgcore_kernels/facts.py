"""The facts of a record that rules test: numbers, scores, and the lists that its codes and values are on.

``facts`` [records, facts] are those of a block; each record's are set at its ``place`` in the block.
"""

import numpy as np

from hrgcore_kernels.accelerate import inline
from hrgcore_kernels.codes import (
    DISDEST,
    DISMETH,
    FACT_TRAUMA_SITES,
    N_CODED,
    N_RANGE_FACTS,
    TRAUMA,
)
from hrgcore_kernels.layout import EACH_CODE

# The fact numbers of the first word of each scope: patient, primary, diagnosis, procedure, companion.


@inline
def primary_place(design):
    return N_RANGE_FACTS + design.field_sets.shape[2]


@inline
def diagnosis_place(design):
    return primary_place(design) + design.diagnosis_words.shape[1]


@inline
def procedure_place(design):
    return diagnosis_place(design) + design.diagnosis_words.shape[1]


@inline
def companion_place(design):
    return procedure_place(design) + design.procedure_words.shape[1]


@inline
def set_patient(field_sets, coded, first, last, facts, place):
    """Sets of the coded fields: the first episode's, but the last one's discharge destination and method.

    Rule: docs/grouping.md section 6.
    """
    for word in range(field_sets.shape[2]):
        bits = np.int64(0)
        for field in range(N_CODED):
            row = last if field == DISDEST or field == DISMETH else first
            bits |= field_sets[field, coded[row, field], word]
        facts[place, N_RANGE_FACTS + word] = bits


@inline
def set_primary(design, scratch, place, primary):
    """What hangs on the primary diagnosis: its lists, and the number of injured body sites where it is an injury.

    Rule: docs/grouping.md section 3, `primary` and `trauma_sites`.
    """
    facts = scratch.facts
    scope = primary_place(design)
    facts[place, scope] = design.diagnoses[primary].lists
    for word in range(1, design.used_words[0]):
        facts[place, scope + word] = design.diagnosis_words[primary, word]
    sites = 0
    if has_site(design, primary):
        record = scratch.records[place]
        sites = count_sites(design, scratch.diagnoses, record.diagnosis_start, record.diagnosis_end)
    facts[place, FACT_TRAUMA_SITES] = sites


@inline
def count_sites(design, diagnoses, start, end):
    """How many body sites ``diagnoses[start:end]`` injure."""
    seen = 0
    for at in range(start, end):
        if has_site(design, diagnoses[at]):
            seen |= 1 << np.int64(design.diagnosis_scores[TRAUMA, diagnoses[at]].component)
    sites = 0
    while seen != 0:
        seen &= seen - 1
        sites += 1
    return sites


@inline
def has_site(design, code):
    """Whether a diagnosis is an injury of a body site."""
    if (design.diagnoses[code].lists >> TRAUMA) & 1 == 0:
        return False
    component = design.diagnosis_scores[TRAUMA, code].component
    return component != 0 and component != EACH_CODE


@inline
def set_companions(design, procedures, at, end, facts, place):
    """Lists of the codes behind the procedure at ``at``, up to the next one that is no companion, before ``end``.

    Rule: docs/grouping.md section 3, `companion`.
    """
    scope = companion_place(design)
    words = design.used_words[2]
    clear_companions(design, facts, place)
    behind = at + 1
    while behind < end and design.procedures[procedures[behind]].companion != 0:
        for word in range(words):
            facts[place, scope + word] |= design.procedure_words[procedures[behind], word]
        behind += 1


@inline
def clear_companions(design, facts, place):
    """No codes behind."""
    scope = companion_place(design)
    for word in range(design.used_words[2]):
        facts[place, scope + word] = 0
