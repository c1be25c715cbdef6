"""Scores: CC score, interventions, trauma and burn scores."""

import numpy as np

from hrgcore_kernels.accelerate import inline
from hrgcore_kernels.codes import LIST_BITS
from hrgcore_kernels.layout import EACH_CODE


@inline
def stands_before(codes, at):
    """Whether the code at ``at`` stands before it already."""
    for other in range(at):
        if codes[other] == codes[at]:
            return True
    return False


@inline
def cc_score(design, root, diagnoses, count, primary):
    """Points of the distinct secondary diagnoses on the CC list of a root.

    Rule: docs/grouping.md section 3, `cc`: none for the primary diagnosis itself, nor for what it excludes.
    """
    if root.cc_list < 0:
        return 0
    word = root.cc_bit // LIST_BITS
    mask = np.int64(1) << (root.cc_bit % LIST_BITS)
    total = 0
    for at in range(count):
        code = diagnoses[at]
        if (design.diagnosis_words[code, word] & mask) == 0 or code == primary or stands_before(diagnoses, at):
            continue
        if not excluded(design, root.cc_list, code, primary):
            total += np.int64(design.cc_points[root.cc_list, code])
    return total


@inline
def excluded(design, cc_list, code, primary):
    """Whether a primary diagnosis takes the points of a secondary one away."""
    for place in range(design.exclusion_start[primary], design.exclusion_start[primary + 1]):
        entry = design.exclusions[place]
        if (entry.cc_list < 0 or entry.cc_list == cc_list) and entry.low <= code <= entry.high:
            return True
    return False


@inline
def interventions(design, bit, procedures, count):
    """How many distinct procedures are on the list of this bit; 0 for bit -1.

    Rule: docs/grouping.md section 3, `interventions`.
    """
    if bit < 0:
        return 0
    word = bit // LIST_BITS
    mask = 1 << (np.int64(bit) % LIST_BITS)
    found = 0
    for at in range(count):
        if (design.procedure_words[procedures[at], word] & mask) != 0 and not stands_before(procedures, at):
            found += 1
    return found


@inline
def add_points(component, points, codes, at, best):
    """What the code at ``at`` adds to a score: its points beyond the largest of its component so far.

    Rule: tables/README.md, "Scores". ``best`` [EACH_CODE + 1] holds the largest points of each component; codes without a component
    count once each.
    """
    if component == EACH_CODE:
        return 0 if stands_before(codes, at) else points
    more = max(0, points - best[component])
    best[component] += more
    return more


@inline
def trauma_score(records, codes, count, best):
    """The trauma score of diagnoses or procedures, by their records (DIAGNOSIS or PROCEDURE). ``best`` is scratch."""
    best[:] = 0
    total = 0
    for at in range(count):
        entry = records[codes[at]]
        if entry.trauma_component != 0:
            total += add_points(entry.trauma_component, entry.trauma_points, codes, at, best)
    return total


@inline
def burn_score(records, codes, count, best):
    """The burn score of diagnoses or procedures, by their records (DIAGNOSIS or PROCEDURE). ``best`` is scratch."""
    best[:] = 0
    total = 0
    for at in range(count):
        entry = records[codes[at]]
        if entry.burn_component != 0:
            total += add_points(entry.burn_component, entry.burn_points, codes, at, best)
    return total
