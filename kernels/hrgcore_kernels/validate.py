"""Validation: which checks an episode fails by itself, and which the episodes of a spell fail together."""

from hrgcore_kernels.accelerate import inline
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
def failed_checks(settings, episodes, row):
    """The bits of the checks that an episode's numbers and coded fields fail; those of its codes come with their survey.

    Rule: docs/grouping.md section 2, first table.
    """
    failed = 0
    if not 1 <= episodes.rows[row].epiorder <= settings[1]:
        failed |= 1 << FAIL_EPIORDER
    age = episodes.rows[row].age
    if not valid_age(settings, age) and age != settings[3]:
        failed |= 1 << FAIL_STARTAGE
    most_days = settings[5]
    if not 0 <= episodes.rows[row].epidur <= most_days:
        failed |= 1 << FAIL_EPIDUR
    if not NUMBER_BLANK <= episodes.rows[row].critical_care_days <= most_days:
        failed |= 1 << FAIL_CRITICALCAREDAYS
    if not NUMBER_BLANK <= episodes.rows[row].rehabilitation_days <= most_days:
        failed |= 1 << FAIL_REHABILITATIONDAYS
    if not NUMBER_BLANK <= episodes.rows[row].palliative_days <= most_days:
        failed |= 1 << FAIL_SPCDAYS
    for field in range(N_CODED):
        if episodes.coded[row, field] == 0:
            failed |= 1 << (FAIL_CODED + field)
    return failed


@inline
def failed_codes(primary, unknown_diagnoses, unknown_procedures):
    """The bits of the checks that an episode's codes fail: its primary diagnosis, and how many codes of each kind are unknown.

    Rule: docs/grouping.md section 2, first table.
    """
    failed = 0
    if primary == 0:
        failed |= 1 << FAIL_PRIMARY
    if unknown_diagnoses > (primary == 0):
        failed |= 1 << FAIL_DIAGNOSIS
    if unknown_procedures != 0:
        failed |= 1 << FAIL_PROCEDURE
    return failed


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


@inline
def calculated_days(episodes, row, most):
    """CalcEpidur: the episode's days without critical care, rehabilitation and palliative care days; invalid numbers count as 0.

    Rule: docs/grouping.md section 3, `los`.
    """
    days = episodes.rows[row].epidur if 0 < episodes.rows[row].epidur <= most else 0
    for taken in (
        episodes.rows[row].critical_care_days,
        episodes.rows[row].rehabilitation_days,
        episodes.rows[row].palliative_days,
    ):
        if 0 < taken <= most:
            days -= taken
    return max(0, days)
