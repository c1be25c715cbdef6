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
def form_stands_before(design, codes, at):
    """Whether a form of the diagnosis at ``at``, with the same four characters, stands before it already."""
    four = design.diagnoses[codes[at]].four
    for other in range(at):
        if design.diagnoses[codes[other]].four == four:
            return True
    return False


@inline
def on_list(code_words, bit, codes, count, found):
    """Put the codes on the list of this bit side by side in ``found``, in order; return how many there are.

    Each code is written and only kept if it is on the list: no branch to guess.
    """
    word, shift = bit // LIST_BITS, np.int64(bit % LIST_BITS)
    kept = np.int64(0)
    for at in range(count):
        found[kept] = codes[at]
        kept += (code_words[codes[at], word] >> shift) & 1
    return kept


@inline
def cc_score(design, root, scratch, count, primary):
    """Points of the distinct secondary diagnoses on the CC list of a root.

    Rule: docs/grouping.md section 3, `cc`: five-character forms of one code are one diagnosis; none for the primary one itself,
    nor for what it excludes.
    """
    if root.cc_list < 0:
        return np.int64(0)
    found = scratch.found
    kept = on_list(design.diagnosis_words, root.cc_bit, scratch.diagnoses, count, found)
    first, end = design.exclusion_start[primary], design.exclusion_start[primary + 1]
    total = np.int64(0)
    for at in range(kept):
        code = found[at]
        if (
            design.diagnoses[code].four != design.diagnoses[primary].four
            and not form_stands_before(design, found, at)
            and not excluded(design, first, end, root.cc_list, code)
        ):
            total += design.cc_points[root.cc_list, code] if root.cc_points == 0 else root.cc_points
    return total


@inline
def excluded(design, first, end, cc_list, code):
    """Whether an exclusion of the primary diagnosis takes the points of a secondary one away."""
    for place in range(first, end):
        entry = design.exclusions[place]
        if (entry.cc_list < 0 or entry.cc_list == cc_list) and entry.low <= code <= entry.high:
            return True
    return False


@inline
def interventions(design, bit, scratch, count):
    """How many distinct procedures are on the list of this bit; 0 for bit -1.

    Rule: docs/grouping.md section 3, `interventions`.
    """
    if bit < 0:
        return np.int64(0)
    kept = on_list(design.procedure_words, bit, scratch.procedures, count, scratch.found)
    distinct = np.int64(0)
    for at in range(kept):
        distinct += not stands_before(scratch.found, at)
    return distinct


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
