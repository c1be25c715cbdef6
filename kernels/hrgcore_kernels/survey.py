"""One pass over a record's codes: they are copied side by side, and whatever a look-up of each gives is taken along."""

from typing import NamedTuple

import numpy as np

from hrgcore_kernels.accelerate import inline
from hrgcore_kernels.codes import (
    BURN_BIT,
    FACT_BURN_INTERVENTION,
    FACT_BURN_SEVERITY,
    FACT_PROCEDURES,
    FACT_TRAUMA_DIAGNOSIS,
    FACT_TRAUMA_INTERVENTION,
    TRAUMA_BIT,
)
from hrgcore_kernels.facts import diagnosis_place, procedure_place
from hrgcore_kernels.scores import burn_score, trauma_score


class Procedures(NamedTuple):
    """What the procedures of a record come to; places are -1 where there is none."""

    count: np.int64
    dominant: np.int64  # place of the one of the highest hierarchy above 0, the earliest where equal
    not_covered: np.int64  # place of the first that the design does not name
    only_errors: bool  # there are some, and all carry an error category and can't be dominant


@inline
def scored(bits):
    """Whether any code has points in the trauma score, and in the burn score, by the first word of lists."""
    return (bits >> TRAUMA_BIT) & 1 != 0, (bits >> BURN_BIT) & 1 != 0


@inline
def survey_diagnoses(design, episodes, rows, low, high, scratch):
    """Copy the diagnoses of ``rows[low:high]``, set the lists that any is on and the scores over them; return how many there are.

    Rule: docs/grouping.md section 3, `diagnosis`, `trauma_diagnosis` and `burn_severity`.
    """
    facts, codes = scratch.facts, scratch.diagnoses
    words = design.diagnosis_words.shape[1]
    lists = diagnosis_place(design)
    for word in range(words):
        facts[lists + word] = 0
    count = np.int64(0)
    for at in range(low, high):
        episode = episodes.rows[rows[at]]
        for place in range(episode.diagnosis_start, episode.diagnosis_end):
            code = episodes.diagnoses[place]
            codes[count] = code
            count += 1
            for word in range(words):
                facts[lists + word] |= design.diagnosis_words[code, word]
    trauma, burn = scored(facts[lists])
    facts[FACT_TRAUMA_DIAGNOSIS] = trauma_score(design.diagnoses, codes, count, scratch.best) if trauma else 0
    facts[FACT_BURN_SEVERITY] = burn_score(design.diagnoses, codes, count, scratch.best) if burn else 0
    return count


@inline
def survey_procedures(design, episodes, rows, low, high, scratch):
    """Copy the procedures of ``rows[low:high]``, set the lists that any is on and the scores over them; return what they come to.

    Rule: docs/grouping.md section 3 and section 4, steps 2 and 3.
    """
    facts, codes = scratch.facts, scratch.procedures
    words = design.procedure_words.shape[1]
    lists = procedure_place(design)
    for word in range(words):
        facts[lists + word] = 0
    count = np.int64(0)
    weighed = 0
    highest = 0
    dominant = np.int64(-1)
    not_covered = np.int64(-1)
    only_errors = True
    for at in range(low, high):
        episode = episodes.rows[rows[at]]
        for place in range(episode.procedure_start, episode.procedure_end):
            code = episodes.procedures[place]
            codes[count] = code
            entry = design.procedures[code]
            hierarchy = entry.hierarchy
            if hierarchy > 0:
                weighed += 1
                if hierarchy > highest:
                    highest = hierarchy
                    dominant = count
            elif hierarchy < 0 and not_covered < 0:
                not_covered = count
            only_errors &= hierarchy == 0 and entry.error != 0
            for word in range(words):
                facts[lists + word] |= design.procedure_words[code, word]
            count += 1
    facts[FACT_PROCEDURES] = weighed
    trauma, burn = scored(facts[lists])
    facts[FACT_TRAUMA_INTERVENTION] = trauma_score(design.procedures, codes, count, scratch.best) if trauma else 0
    facts[FACT_BURN_INTERVENTION] = burn_score(design.procedures, codes, count, scratch.best) if burn else 0
    return Procedures(count, dominant, not_covered, only_errors and count > 0)
