"""Grouping a record: one valid episode, or all episodes of a spell together."""

import numpy as np

from hrgcore_kernels.accelerate import inline
from hrgcore_kernels.codes import (
    FACT_AGE,
    FACT_LOS,
    FAIL_STARTAGE,
    FIRST_SPELL_FAILURE,
    METHOD_PROCEDURE,
    NUMBER_INVALID,
    REASON_ERROR_CATEGORY,
    REASON_INVALID_FIELD,
    REASON_SPELL_DISAGREES,
)
from hrgcore_kernels.facts import set_companions, set_patient, set_primary
from hrgcore_kernels.outcome import failure, split
from hrgcore_kernels.root import (
    episode_of,
    first_injured,
    primary_of,
    root_chain,
    weigh,
    weightiest_primary,
)
from hrgcore_kernels.rules import first_rule
from hrgcore_kernels.survey import lists_of_procedures, survey_diagnoses, survey_procedures
from hrgcore_kernels.validate import failed_codes


@inline
def group_record(design, episodes, rows, low, high, los, failed, scratch):
    """The outcome of the record ``rows[low:high]``, the row that gave its primary diagnosis, its dominant procedure (0: none), and
    the bits of all checks that it failed.

    ``failed`` has the bits of the checks that an episode failed so far; those of its codes are added here. One that failed is held
    against the error categories of its primary diagnosis only. Rule: docs/grouping.md sections 2 (error categories), 3, 4 and 6; an
    episode is a record of one row. The record's facts are left in ``scratch``.
    """
    facts, diagnoses, procedures = scratch.facts, scratch.diagnoses, scratch.procedures
    facts[FACT_AGE] = episodes.rows[rows[low]].age if (failed >> FAIL_STARTAGE) & 1 == 0 else NUMBER_INVALID
    facts[FACT_LOS] = los
    set_patient(design, episodes.coded, rows[low], rows[high - 1], facts)
    coded = survey_diagnoses(design, episodes, rows, low, high, scratch)
    found = survey_procedures(design, episodes, rows, low, high, scratch)
    weightiest = low
    report = rows[low]
    if high - low > 1:
        weightiest = weightiest_primary(design, episodes, rows, low, high)
        injured = first_injured(design, episodes, rows, low, high)
        report = rows[injured if injured >= 0 else weightiest]
    primary = primary_of(episodes, report)
    set_primary(design, diagnoses, coded.count, primary, facts)

    if high - low == 1:
        rule = first_rule(design, design.diagnoses[primary].error_chain, facts)
        error = -np.int64(design.rules[rule].outcome)
        failed |= failed_codes(primary, coded.unknown, found.unknown)
        if failed != 0:
            reason = REASON_SPELL_DISAGREES if failed >> FIRST_SPELL_FAILURE != 0 else REASON_INVALID_FIELD
            return failure(reason, 0, error, -1), report, np.int64(0), failed
        if rule != 0:
            return failure(REASON_ERROR_CATEGORY, rule, error, -1), report, np.int64(0), failed

    code = np.int64(0)
    error_at = np.int64(-1)
    rule = first_rule(design, design.whole_record_chains[0], facts)
    if rule != 0:
        method = np.int64(design.rules[rule].method)
    else:
        before = report
        report = rows[weightiest]
        method, otherwise = weigh(design, primary_of(episodes, report), found, procedures)
        if method == 0:
            return otherwise, report, np.int64(0), failed
        if method == METHOD_PROCEDURE:
            code = np.int64(procedures[found.dominant])
            at, end = episode_of(episodes, rows, low, found.dominant)
            report = rows[at]
            lists_of_procedures(design, found.count, scratch)
            set_companions(design, procedures, found.dominant, end, facts)
        primary = primary_of(episodes, report)
        if report != before:
            set_primary(design, diagnoses, coded.count, primary, facts)
        error_at = otherwise.error_at
        chain, reason, error = root_chain(design, method, primary, code)
        if chain == 0:
            return failure(reason, 0, error, error_at), report, np.int64(0), failed
        rule = first_rule(design, chain, facts)
        if rule == 0:
            return otherwise, report, np.int64(0), failed
    outcome = split(design, design.rules[rule].outcome, rule, method, scratch, coded.count, primary, found.count, error_at)
    return outcome, report, code if outcome.method == METHOD_PROCEDURE else np.int64(0), failed
