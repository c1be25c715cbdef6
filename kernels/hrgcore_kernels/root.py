"""The root of a record: which procedure dominates, and whether it or the primary diagnosis drives."""

import numpy as np

from hrgcore_kernels.accelerate import inline
from hrgcore_kernels.codes import (
    METHOD_DIAGNOSIS,
    METHOD_PROCEDURE,
    REASON_DIAGNOSIS_NOT_COVERED,
    REASON_ERROR_CATEGORY,
    REASON_NO_RULE,
    REASON_PROCEDURE_NOT_COVERED,
)
from hrgcore_kernels.facts import has_site
from hrgcore_kernels.outcome import failure


@inline
def primary_of(episodes, row):
    """The primary diagnosis of an episode."""
    return episodes.diagnoses[episodes.rows[row].diagnosis_start]


@inline
def count_procedures(episodes, row):
    """How many procedures an episode has."""
    return episodes.rows[row].procedure_end - episodes.rows[row].procedure_start


@inline
def weightiest_primary(design, episodes, rows, low, high):
    """The place in ``rows`` of the episode whose primary diagnosis has the highest hierarchy, the earliest where equal.

    Rule: docs/grouping.md section 6.
    """
    place = low
    best = -2
    for at in range(low, high):
        weight = design.diagnoses[primary_of(episodes, rows[at])].hierarchy
        if weight > best:
            best = weight
            place = at
    return place


@inline
def first_injured(design, episodes, rows, low, high):
    """The place in ``rows`` of the first episode whose primary diagnosis is an injury with a body site; -1 where none is.

    Rule: docs/grouping.md section 6.
    """
    for at in range(low, high):
        if has_site(design, primary_of(episodes, rows[at])):
            return at
    return -1


@inline
def episode_of(episodes, rows, low, place):
    """The place in ``rows`` of the episode that has procedure ``place`` of the record, and where its procedures end."""
    at = low
    end = count_procedures(episodes, rows[at])
    while place >= end:
        at += 1
        end += count_procedures(episodes, rows[at])
    return at, end


@inline
def weigh(design, primary, found, procedures):
    """Whether the dominant procedure or the primary diagnosis drives; 0 and the failure where neither may.

    ``found`` is what survey_procedures gave for ``procedures``.

    Rule: docs/grouping.md section 4, steps 2 to 4.
    """
    if found.not_covered >= 0:
        return 0, failure(REASON_PROCEDURE_NOT_COVERED, 0, 0, found.not_covered)
    if found.only_errors:
        return 0, failure(REASON_ERROR_CATEGORY, 0, design.procedures[procedures[0]].error, 0)
    weight = design.diagnoses[primary].hierarchy
    if weight < 0:
        return 0, failure(REASON_DIAGNOSIS_NOT_COVERED, 0, 0, -1)
    drives = np.int64(METHOD_DIAGNOSIS)
    if found.dominant >= 0:
        drives = np.int64(design.grid[design.procedures[procedures[found.dominant]].hierarchy, weight])
    return drives, failure(REASON_NO_RULE, 0, 0, found.dominant if drives == METHOD_PROCEDURE else -1)


@inline
def root_chain(design, drives, primary, code):
    """The chain of rules that leads from what drives to its root; 0 and the failure where there is none.

    Rule: docs/grouping.md section 4, steps 5 and 6.
    """
    if drives == METHOD_DIAGNOSIS:
        return design.diagnoses[primary].root_chain, np.int64(REASON_DIAGNOSIS_NOT_COVERED), np.int64(0)
    error = np.int64(design.procedures[code].error)
    if error != 0:
        return np.int32(0), np.int64(REASON_ERROR_CATEGORY), error
    return design.procedures[code].root_chain, np.int64(REASON_PROCEDURE_NOT_COVERED), np.int64(0)
