"""One pass over the codes of a block's records: they are copied side by side, and what a look-up of each gives is taken along."""

import numpy as np

from hrgcore_kernels.accelerate import inline, stage
from hrgcore_kernels.codes import (
    BURN,
    FACT_BURN_INTERVENTION,
    FACT_BURN_SEVERITY,
    FACT_PROCEDURES,
    FACT_TRAUMA_DIAGNOSIS,
    FACT_TRAUMA_INTERVENTION,
    TRAUMA,
)
from hrgcore_kernels.facts import diagnosis_place, procedure_place
from hrgcore_kernels.layout import ANY_STAY
from hrgcore_kernels.scores import score
from hrgcore_kernels.validate import failed_codes

_LAST = np.int64(2**40 - 1)  # a place beyond any


@inline
def score_of_any(scores, kind, lists, codes, start, end, best):
    """A score over ``codes[start:end]``; ``lists`` is the first word of lists that any is on, and says whether any has points."""
    return score(scores[kind], codes, start, end, best) if (lists >> kind) & 1 != 0 else np.int64(0)


@inline
def lists_of_any(code_words, codes, start, end, first, last, facts, place, scope):
    """Set words ``first`` to ``last`` of a scope to the lists that any of ``codes[start:end]`` is on."""
    for word in range(first, last):
        bits = np.int64(0)
        for at in range(start, end):
            bits |= code_words[codes[at], word]
        facts[place, scope + word] = bits


@stage
def survey_diagnoses(design, episodes, rows, count, scratch):
    """Copy the diagnoses of each record, set the lists that any is on and the scores over them, and note checks that they fail.

    Rule: docs/grouping.md section 3, `diagnosis`, `trauma_diagnosis` and `burn_severity`.
    """
    facts, codes, best = scratch.facts, scratch.diagnoses, scratch.best
    scope, words = diagnosis_place(design), design.diagnosis_words.shape[1]
    used = design.used_words[0]
    behind = np.uint64(0)
    for place in range(count):
        record = scratch.records[place]
        start = behind
        unknown = np.int64(0)
        bits = more = np.int64(0)
        for at in range(record.first, record.end):
            episode = episodes.rows[np.uint64(rows[at])]
            for number in range(np.uint64(episode.diagnosis_start), np.uint64(episode.diagnosis_end)):
                code = episodes.diagnoses[number]
                codes[behind] = code
                behind += np.uint64(1)
                unknown += code == 0
                bits |= design.diagnoses[code].lists
                more |= design.diagnoses[code].more
        record.diagnosis_start = start
        record.diagnosis_end = behind
        record.primary = codes[start]
        record.failed |= np.uint32(failed_codes(codes[start], unknown, 0))
        facts[place, scope] = bits
        if words > 1:
            facts[place, scope + 1] = more
        lists_of_any(design.diagnosis_words, codes, start, behind, 2, used, facts, place, scope)
        scores = design.diagnosis_scores
        facts[place, FACT_TRAUMA_DIAGNOSIS] = score_of_any(scores, TRAUMA, bits, codes, start, behind, best)
        facts[place, FACT_BURN_SEVERITY] = score_of_any(scores, BURN, bits, codes, start, behind, best)


@stage
def survey_procedures(design, episodes, rows, count, scratch):
    """Copy the procedures of each record, set the lists that any is on and the scores over them, and note which dominates.

    Dominant is the one of the highest hierarchy above 0, the earliest where equal. Rule: docs/grouping.md section 3 and section 4,
    steps 2 and 3.
    """
    facts, codes, best = scratch.facts, scratch.procedures, scratch.best
    scope = procedure_place(design)
    used = design.used_words[1]
    behind = np.uint64(0)
    for place in range(count):
        record = scratch.records[place]
        start = behind
        los = record.los
        bits = np.int64(0)
        unknown = np.int64(0)
        weighed = np.int64(0)
        others = False  # a procedure may be dominant, or carries no error category
        unbundles = np.int32(0)
        not_covered = _LAST  # the first that the design does not name
        heaviest = np.int64(0)  # hierarchy and, the earlier the higher, place
        own = np.int64(0)
        for at in range(record.first, record.end):
            episode = episodes.rows[np.uint64(rows[at])]
            for number in range(np.uint64(episode.procedure_start), np.uint64(episode.procedure_end)):
                code = episodes.procedures[number]
                codes[behind] = code
                behind += np.uint64(1)
                entry = design.procedures[code]
                hierarchy = np.int64(entry.hierarchy)
                unknown += code == 0
                weighed += hierarchy > 0
                others |= (hierarchy != 0) | (entry.error == 0)
                unbundles |= entry.unbundle_chain
                not_covered = min(not_covered, own if hierarchy < 0 else _LAST)
                may_lead = (los <= entry.longest_stay) | (entry.longest_stay == ANY_STAY)
                heaviest = max(heaviest, (hierarchy if may_lead else 0) * (_LAST + 1) + _LAST - own)
                bits |= entry.lists
                own += 1
        record.procedure_start = start
        record.procedure_end = behind
        record.dominant_at = _LAST - heaviest % (_LAST + 1) if heaviest > _LAST else -1
        record.not_covered = not_covered if not_covered < _LAST else -1
        record.only_errors = (not others) & (own > 0)
        record.unbundles = unbundles != 0
        record.failed |= np.uint32(failed_codes(1, 0, unknown))
        facts[place, scope] = bits
        lists_of_any(design.procedure_words, codes, start, behind, 1, used, facts, place, scope)
        facts[place, FACT_PROCEDURES] = weighed
        scores = design.procedure_scores
        facts[place, FACT_TRAUMA_INTERVENTION] = score_of_any(scores, TRAUMA, bits, codes, start, behind, best)
        facts[place, FACT_BURN_INTERVENTION] = score_of_any(scores, BURN, bits, codes, start, behind, best)
