"""Scores: CC score, interventions, trauma and burn scores."""

import numpy as np

from hrgcore_kernels.accelerate import inline
from hrgcore_kernels.facts import lists_of_procedure
from hrgcore_kernels.layout import EACH_CODE, TURNS


@inline
def stands_before(codes, start, at):
    """Whether the code at ``at`` stands before it already, from ``start`` on."""
    for other in range(start, at):
        if codes[other] == codes[at]:
            return True
    return False


@inline
def any_counts(root, facts, scope):
    """Whether some diagnosis may be on the CC list of a root; ``scope`` is the first word of lists of diagnoses in the facts."""
    told = np.uint64(min(root.cc_word, 1))  # the survey gathers two words
    there = (facts[scope + told] >> np.int64(root.cc_bit)) & 1
    return (root.cc_list >= 0) & ((there != 0) | (root.cc_word > 1))


@inline
def cc_score(design, root, record, codes, scratch):
    """Points of the distinct secondary diagnoses on the CC list of a root.

    Rule: docs/grouping.md section 3, `cc`: five-character forms of one code are one diagnosis; none for the primary one itself,
    nor for what it excludes.
    """
    primary = design.diagnoses[record.primary]
    if (root.cc_points == 0) | (design.primaries[primary.primary].excludes != 0):
        return cc_score_by_code(design, root, record, codes, scratch)
    word, shift = np.uint64(root.cc_word), np.int64(root.cc_bit)
    turn = next_turn(scratch)
    seen = scratch.seen_diagnoses
    seen[primary.cc] = turn
    counted = np.int64(0)
    at, behind = record.diagnosis_start, record.diagnosis_end
    while at < behind:
        entry = design.diagnoses[codes[at]]
        at += np.uint64(1)
        listed = (design.diagnosis_words[entry.words, word] >> shift) & 1
        counted += listed & (seen[entry.cc] != turn)
        seen[entry.cc if listed != 0 else 0] = turn  # 0 is on no list: a place to write to without a branch to guess
    return counted * np.int64(root.cc_points)


@inline
def cc_score_by_code(design, root, record, codes, scratch):
    """The same where points differ or may be taken away: code by code."""
    word, shift = np.uint64(root.cc_word), np.int64(root.cc_bit)
    primary = record.primary
    first, end = design.exclusion_start[primary], design.exclusion_start[np.uint64(primary) + np.uint64(1)]
    turn = next_turn(scratch)
    seen = scratch.seen_diagnoses
    seen[design.diagnoses[primary].cc] = turn
    total = np.int64(0)
    for at in range(record.diagnosis_start, record.diagnosis_end):
        code = codes[at]
        entry = design.diagnoses[code]
        if (design.diagnosis_words[entry.words, word] >> shift) & 1 != 0 and seen[entry.cc] != turn:
            seen[entry.cc] = turn
            if not excluded(design, first, end, root.cc_list, code):
                total += np.int64(design.cc_points[root.cc_list, code])
    return total


@inline
def next_turn(scratch):
    """A number that no count before had: what was seen in this one is what carries it. When all numbers were had, none is seen."""
    turn = np.int64(scratch.turn[0]) + 1
    if turn > TURNS:
        scratch.seen_diagnoses[:] = 0
        scratch.seen_procedures[:] = 0
        turn = np.int64(1)
    scratch.turn[0] = turn
    return np.uint8(turn)


@inline
def excluded(design, first, end, cc_list, code):
    """Whether an exclusion of the primary diagnosis takes the points of a secondary one away."""
    for place in range(first, end):
        entry = design.exclusions[place]
        if (entry.cc_list < 0 or entry.cc_list == cc_list) and entry.low <= code <= entry.high:
            return True
    return False


@inline
def interventions(design, root, record, codes, scratch):
    """How many distinct procedures are on the intervention list of a root.

    Rule: docs/grouping.md section 3, `interventions`.
    """
    word, shift = np.uint64(root.intervention_word), np.int64(root.intervention_bit)
    turn = next_turn(scratch)
    seen = scratch.seen_procedures
    distinct = np.int64(0)
    at, behind = record.procedure_start, record.procedure_end
    while at < behind:
        code = codes[at]
        at += np.uint64(1)
        distinct += ((lists_of_procedure(design, code, word) >> shift) & 1) & (seen[code] != turn)
        seen[code] = turn
    return distinct


@inline
def score(entries, codes, start, end, best):
    """A score over ``codes[start:end]``: the largest points of each component, and those of each code without one, once.

    ``entries`` are what codes have in it (SCORE); ``best`` [EACH_CODE + 1] is scratch. Rule: tables/README.md, "Scores".
    """
    best[:] = 0
    total = np.int64(0)
    for at in range(start, end):
        code = codes[at]
        component, points = entries[code].component, np.int64(entries[code].points)
        if component == EACH_CODE:
            total += 0 if stands_before(codes, start, at) else points
        elif component != 0:
            more = max(np.int64(0), points - best[component])
            best[component] += more
            total += more
    return total
