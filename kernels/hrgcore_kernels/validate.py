"""Validation: which checks an episode fails by itself, and which the episodes of a spell fail together."""

import numpy as np

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
    FAIL_DUPLICATE_EPIORDER,
    FAIL_EPIDUR,
    FAIL_EPIORDER,
    FAIL_REHABILITATIONDAYS,
    FAIL_SEX_DISAGREES,
    FAIL_SPCDAYS,
    FAIL_STARTAGE,
    N_CODED,
    NUMBER_BLANK,
    SEX,
)


@inline
def between(number, low, high):
    """Whether a number lies from ``low`` to ``high``: one test, as unsigned numbers."""
    return np.uint64(np.int64(number) - low) <= np.uint64(high - low)


@inline
def valid_age(settings, age):
    """0 to age_max."""
    return between(age, 0, settings[2])


@inline
def sound_numbers(settings, episode, few):
    """Whether an episode's numbers fail no check; ``few`` says `no_days` of it."""
    age, most_days = episode.age, settings[5]
    sound = (
        between(episode.epiorder, 1, settings[1])
        & (valid_age(settings, age) | (age == settings[3]))
        & between(episode.epidur, 0, most_days)
    )
    if not few:
        sound &= between(episode.critical_care_days, NUMBER_BLANK, most_days)
        sound &= between(episode.rehabilitation_days, NUMBER_BLANK, most_days)
        sound &= between(episode.palliative_days, NUMBER_BLANK, most_days)
    return sound


@inline
def failed_numbers(settings, episode):
    """The bits of the checks that an episode's numbers fail.

    Rule: docs/grouping.md section 2, first table.
    """
    age, most_days = episode.age, settings[5]
    failed = np.int64(not between(episode.epiorder, 1, settings[1])) << FAIL_EPIORDER
    failed |= np.int64(not (valid_age(settings, age) | (age == settings[3]))) << FAIL_STARTAGE
    failed |= np.int64(not between(episode.epidur, 0, most_days)) << FAIL_EPIDUR
    failed |= np.int64(not between(episode.critical_care_days, NUMBER_BLANK, most_days)) << FAIL_CRITICALCAREDAYS
    failed |= np.int64(not between(episode.rehabilitation_days, NUMBER_BLANK, most_days)) << FAIL_REHABILITATIONDAYS
    failed |= np.int64(not between(episode.palliative_days, NUMBER_BLANK, most_days)) << FAIL_SPCDAYS
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
def disagreements(settings, episodes, rows, low, high):
    """The bits of the checks that the episodes of a spell, ``rows[low:high]`` in order, fail together.

    Rule: docs/grouping.md section 2, spell checks.
    """
    failed = 0
    first = np.uint64(rows[low])
    for at in range(low + 1, high):
        row = np.uint64(rows[at])
        before = np.uint64(rows[at - 1])
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
def calculated_days(episode, most, few):
    """CalcEpidur: the episode's days without critical care, rehabilitation and palliative care days; invalid numbers count as 0.

    ``few`` says `no_days` of it.
    Rule: docs/grouping.md section 3, `los`.
    """
    days = counted_days(episode.epidur, most)
    if few:
        return days
    days -= counted_days(episode.critical_care_days, most)
    days -= counted_days(episode.rehabilitation_days, most)
    days -= counted_days(episode.palliative_days, most)
    return max(np.int64(0), days)


@inline
def no_days(episode):
    """Whether an episode's days of critical care, rehabilitation and palliative care are all blank or 0, as most are: one test."""
    one = np.int32(1)  # blank is -1
    return ((episode.critical_care_days + one) | (episode.rehabilitation_days + one) | (episode.palliative_days + one)) >> one == 0


@inline
def counted_days(days, most):
    """A number of days; 0 for an invalid one."""
    return np.int64(days) if between(days, 0, most) else np.int64(0)
