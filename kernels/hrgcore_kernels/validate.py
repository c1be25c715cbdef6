"""Validation: which checks an episode fails by itself, and which the episodes of a spell fail together."""

import numpy as np

from hrgcore_kernels.accelerate import inline, stage
from hrgcore_kernels.codes import (
    ADMIMETH,
    ADMISORC,
    CLASSPAT,
    FAIL_ADMIMETH_DISAGREES,
    FAIL_ADMISORC_DISAGREES,
    FAIL_AGE_DISAGREES,
    FAIL_CLASSPAT_DISAGREES,
    FAIL_CODED,
    FAIL_CRITICALCAREDAYS,
    FAIL_DIAGNOSIS,
    FAIL_DUPLICATE_EPIORDER,
    FAIL_EPIDUR,
    FAIL_EPIORDER,
    FAIL_PRIMARY,
    FAIL_PROCEDURE,
    FAIL_REHABILITATIONDAYS,
    FAIL_SEX_DISAGREES,
    FAIL_SPCDAYS,
    FAIL_STARTAGE,
    N_CODED,
    NUMBER_BLANK,
    SEX,
)


@inline
def valid_age(settings, age):
    """0 to age_max."""
    return 0 <= age <= settings[2]


@inline
def failed_numbers(settings, episode):
    """The bits of the checks that an episode's numbers fail.

    Rule: docs/grouping.md section 2, first table.
    """
    age = episode.age
    failed = np.int64(not 1 <= episode.epiorder <= settings[1]) << FAIL_EPIORDER
    failed |= np.int64(not (valid_age(settings, age) | (age == settings[3]))) << FAIL_STARTAGE
    most_days = settings[5]
    failed |= np.int64(not 0 <= episode.epidur <= most_days) << FAIL_EPIDUR
    failed |= np.int64(not NUMBER_BLANK <= episode.critical_care_days <= most_days) << FAIL_CRITICALCAREDAYS
    failed |= np.int64(not NUMBER_BLANK <= episode.rehabilitation_days <= most_days) << FAIL_REHABILITATIONDAYS
    failed |= np.int64(not NUMBER_BLANK <= episode.palliative_days <= most_days) << FAIL_SPCDAYS
    return failed


@inline
def failed_fields(coded, row):
    """The bits of the checks that an episode's coded fields fail.

    Rule: docs/grouping.md section 2, first table.
    """
    failed = np.int64(0)
    for field in range(N_CODED):
        failed |= np.int64(coded[row, field] == 0) << (FAIL_CODED + field)
    return failed


@inline
def failed_codes(primary, unknown_diagnoses, unknown_procedures):
    """The bits of the checks that an episode's codes fail: its primary diagnosis, and how many codes of each kind are unknown.

    Rule: docs/grouping.md section 2, first table.
    """
    failed = np.int64(primary == 0) << FAIL_PRIMARY
    failed |= np.int64(unknown_diagnoses > np.int64(primary == 0)) << FAIL_DIAGNOSIS
    return failed | np.int64(unknown_procedures != 0) << FAIL_PROCEDURE


@inline
def disagreements(settings, episodes, rows, low, high):
    """The bits of the checks that the episodes of a spell, ``rows[low:high]`` in order, fail together.

    Rule: docs/grouping.md section 2, spell checks.
    """
    failed = 0
    first = rows[low]
    for at in range(low + 1, high):
        row = rows[at]
        before = rows[at - 1]
        if episodes.coded[row, SEX] != episodes.coded[first, SEX]:
            failed |= 1 << FAIL_SEX_DISAGREES
        if episodes.coded[row, CLASSPAT] != episodes.coded[first, CLASSPAT]:
            failed |= 1 << FAIL_CLASSPAT_DISAGREES
        if episodes.coded[row, ADMISORC] != episodes.coded[first, ADMISORC]:
            failed |= 1 << FAIL_ADMISORC_DISAGREES
        if episodes.coded[row, ADMIMETH] != episodes.coded[first, ADMIMETH]:
            failed |= 1 << FAIL_ADMIMETH_DISAGREES
        if episodes.rows[row].epiorder == episodes.rows[before].epiorder and 1 <= episodes.rows[row].epiorder <= settings[1]:
            failed |= 1 << FAIL_DUPLICATE_EPIORDER
        age = episodes.rows[row].age
        age_before = episodes.rows[before].age
        if valid_age(settings, age) and valid_age(settings, age_before):
            days = episodes.rows[before].epidur
            years = days // 365 if 0 < days <= settings[5] else 0
            if age < age_before or age - age_before > settings[4] + years:
                failed |= 1 << FAIL_AGE_DISAGREES
    return failed


@stage
def check_spells(settings, episodes, rows, spell_start, results, several):
    """Set the bits of the checks that the episodes of each spell fail together, in the ``results`` of all of them.

    Returns how many spells have several episodes; ``several`` become their places.
    """
    count = np.int64(0)
    for spell in range(len(spell_start) - 1):
        several[count] = spell
        low, high = spell_start[spell], spell_start[spell + 1]
        if high - low > 1:
            failed = disagreements(settings, episodes, rows, low, high)
            for at in range(low, high):
                results[rows[at]].failed = failed
            count += 1
    return count


@inline
def calculated_days(episode, most):
    """CalcEpidur: the episode's days without critical care, rehabilitation and palliative care days; invalid numbers count as 0.

    Rule: docs/grouping.md section 3, `los`.
    """
    days = np.int64(counted_days(episode.epidur, most))
    days -= counted_days(episode.critical_care_days, most)
    days -= counted_days(episode.rehabilitation_days, most)
    days -= counted_days(episode.palliative_days, most)
    return max(np.int64(0), days)


@inline
def counted_days(days, most):
    """A number of days; 0 for an invalid one."""
    return days if 0 < days <= most else 0
