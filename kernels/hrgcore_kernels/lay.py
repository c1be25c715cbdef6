"""Laying out the records of a block: what their numbers, fields and codes say, and which checks these fail."""

import numpy as np

from hrgcore_kernels.accelerate import inline, stage
from hrgcore_kernels.codes import (
    FACT_AGE,
    FACT_CC,
    FACT_INTERVENTIONS,
    FACT_LOS,
    FAIL_STARTAGE,
    NUMBER_INVALID,
    REASON_NONE,
)
from hrgcore_kernels.drive import drive
from hrgcore_kernels.facts import as_primary, set_patient, set_primary
from hrgcore_kernels.layout import EXTRA, UNBUNDLES
from hrgcore_kernels.primary import injured_row, primary_of, weightiest_row
from hrgcore_kernels.rules import passes
from hrgcore_kernels.survey import survey_diagnoses, survey_procedures
from hrgcore_kernels.validate import calculated_days, failed_fields, failed_numbers, no_days, sound_numbers


@stage
def lay_episodes(design, episodes, rows, first, count, scratch):
    """Lay out the ``count`` episodes from place ``first`` of ``rows`` on, and what drives each.

    Returns how many are ``doubtful``, ``excepted`` and ``unbundling``.
    """
    settings, diagnoses, procedures = design.settings, episodes.diagnoses, episodes.procedures
    doubtful = excepted = unbundling = np.uint64(0)
    for place in range(np.uint64(count)):
        at = np.uint64(first) + place
        row = np.uint64(rows[at])
        episode = episodes.rows[row]
        record, facts = scratch.records[place], scratch.facts[place]
        failed = np.int64(scratch.failed[at])
        few = no_days(episode)
        age, los = np.int64(episode.age), calculated_days(episode, settings[5], few)
        start, end = np.uint64(episode.diagnosis_start), np.uint64(episode.diagnosis_end)
        first_procedure, last_procedure = np.uint64(episode.procedure_start), np.uint64(episode.procedure_end)
        accepted = set_patient(design, episodes.coded, row, row, facts)
        if not (accepted & sound_numbers(settings, episode, few)):
            failed |= failed_numbers(settings, episode) | failed_fields(episodes.coded, row)
            if (failed >> FAIL_STARTAGE) & 1 != 0:
                age = np.int64(NUMBER_INVALID)
        failed |= survey_diagnoses(design, diagnoses, start, end, scratch.best, facts)
        traits, dominant, dominant_at, unknown = survey_procedures(
            design, procedures, first_procedure, last_procedure, los, scratch.best, facts
        )
        primary = diagnoses[start]
        set_primary(design, primary, diagnoses, start, end, facts)
        scratch.rule[place] = 0
        scratch.doubtful[doubtful] = place
        doubtful += np.uint64(as_primary(design, primary).error_chain != 0)
        scratch.excepted[excepted] = place
        may_except, unbundles = passes(design, facts)
        excepted += np.uint64(may_except)
        scratch.unbundling[unbundling] = place
        unbundling += np.uint64(unbundles | (traits & UNBUNDLES != 0))
        begin(record, age, los, facts)
        record.report = row
        record.failed = failed | unknown
        record.primary = primary
        record.diagnosis_start = start
        record.diagnosis_end = end
        record.procedure_start = first_procedure
        record.procedure_end = last_procedure
        record.traits = traits
        record.leading = dominant
        record.dominant_at = dominant_at
        record.unbundles = unbundles
        drive(design, record, primary, procedures, last_procedure, facts)
    return np.int64(doubtful), np.int64(excepted), np.int64(unbundling)


@stage
def lay_spells(design, episodes, rows, spell_start, first, end, results, scratch):
    """Lay out the spells from ``first`` to ``end`` among those of ``several`` episodes, if all of these were grouped.

    Their codes are copied side by side. Returns how many these are, and how many ``excepted``: spells whose episodes were grouped
    have no check to fail.
    """
    count = excepted = np.uint64(0)
    diagnoses = procedures = np.uint64(0)
    for place in range(first, end):
        spell = scratch.several[place]
        low, high = np.uint64(spell_start[spell]), np.uint64(spell_start[spell + 1])
        if not all_grouped(rows, low, high, results):
            continue
        record = scratch.records[count]
        facts = scratch.facts[count]
        record.first = low
        record.end = high
        record.spell = spell
        record.diagnosis_start = diagnoses
        record.procedure_start = procedures
        los = np.int64(0)
        for at in range(low, high):
            row = np.uint64(rows[at])
            los += results[row].los
            episode = episodes.rows[row]
            start, stop = np.uint64(episode.diagnosis_start), np.uint64(episode.diagnosis_end)
            diagnoses = copy_codes(episodes.diagnoses, start, stop, scratch.diagnoses, diagnoses)
            start, stop = np.uint64(episode.procedure_start), np.uint64(episode.procedure_end)
            procedures = copy_codes(episodes.procedures, start, stop, scratch.procedures, procedures)
        record.diagnosis_end = diagnoses
        record.procedure_end = procedures
        one, last = np.uint64(rows[low]), np.uint64(rows[high - np.uint64(1)])
        begin(record, np.int64(episodes.rows[one].age), los, facts)
        record.failed = 0
        set_patient(design, episodes.coded, one, last, facts)
        survey_diagnoses(design, scratch.diagnoses, record.diagnosis_start, diagnoses, scratch.best, facts)
        record.traits, record.leading, record.dominant_at, _ = survey_procedures(
            design, scratch.procedures, record.procedure_start, procedures, los, scratch.best, facts
        )
        record.weightiest = weightiest_row(design, episodes, rows, low, high)
        record.report = injured_row(design, episodes, rows, low, high, record.weightiest)
        record.primary = primary_of(episodes, record.report)
        set_primary(design, record.primary, scratch.diagnoses, record.diagnosis_start, record.diagnosis_end, facts)
        scratch.rule[count] = 0
        scratch.excepted[excepted] = count
        excepted += np.uint64(passes(design, facts)[0])
        count += np.uint64(1)
    return np.int64(count), np.int64(excepted)


@inline
def copy_codes(codes, start, end, room, to):
    """Copy ``codes[start:end]`` to place ``to`` of ``room``, which has room for EXTRA codes more. Returns the place behind them."""
    count, at = end - start, np.uint64(0)
    if end + np.uint64(EXTRA) <= np.uint64(len(codes)):
        while at < count:  # eight at a time whether there are as many or not: to ask would take longer
            for more in range(np.uint64(EXTRA)):
                room[to + at + more] = codes[start + at + more]
            at += np.uint64(EXTRA)
    else:
        while at < count:
            room[to + at] = codes[start + at]
            at += np.uint64(1)
    return to + count


@inline
def all_grouped(rows, low, high, results):
    """Whether each episode of ``rows[low:high]`` has an HRG."""
    for at in range(low, high):
        if results[np.uint64(rows[at])].hrg == 0:
            return False
    return True


@inline
def begin(record, age, los, facts):
    """A record without an outcome yet, of which nothing has been counted for a root. `drive` or an exception says more of it."""
    record.los = los
    record.root_rule = 0
    record.reason = REASON_NONE
    record.error = 0
    facts[FACT_AGE] = age
    facts[FACT_LOS] = los
    facts[FACT_CC] = 0
    facts[FACT_INTERVENTIONS] = 0
