"""Laying out the records of a block: what their numbers, fields and codes say, and which checks these fail."""

import numpy as np

from hrgcore_kernels.accelerate import inline, stage
from hrgcore_kernels.codes import FACT_AGE, FACT_LOS, FAIL_STARTAGE, METHOD_FAILED, NUMBER_INVALID, REASON_NONE
from hrgcore_kernels.drive import drive
from hrgcore_kernels.facts import set_patient, set_primary
from hrgcore_kernels.layout import ANY_STAY
from hrgcore_kernels.primary import injured_row, primary_of, weightiest_row
from hrgcore_kernels.survey import survey_diagnoses, survey_procedures
from hrgcore_kernels.validate import calculated_days, failed_fields, failed_numbers, sound_fields, sound_numbers


@stage
def lay_episodes(design, episodes, rows, first, count, results, scratch):
    """Lay out the ``count`` episodes from place ``first`` of ``rows`` on, and what drives each; ``results`` hold the checks that they
    failed so far.

    Returns how many, in ``counted``, may have an error category for their primary diagnosis.
    """
    settings = design.settings
    doubtful = np.int64(0)
    for place in range(np.uint64(count)):
        row = np.uint64(rows[np.uint64(first) + place])
        episode = episodes.rows[row]
        record = scratch.records[place]
        facts = scratch.facts[place]
        failed = np.int64(results[row].failed)
        age = np.int64(episode.age)
        if not (sound_numbers(settings, episode) & sound_fields(episodes.coded, row)):
            failed |= failed_numbers(settings, episode) | failed_fields(episodes.coded, row)
            if (failed >> FAIL_STARTAGE) & 1 != 0:
                age = np.int64(NUMBER_INVALID)
        record.report = row
        begin(record, age, calculated_days(episode, settings[5]), facts)
        record.diagnosis_start = episode.diagnosis_start
        record.diagnosis_end = episode.diagnosis_end
        record.procedure_start = episode.procedure_start
        record.procedure_end = episode.procedure_end
        set_patient(design.field_sets, episodes.coded, row, row, facts)
        failed |= survey(design, record, episodes.diagnoses, episodes.procedures, scratch.best, facts)
        primary = episodes.diagnoses[np.uint64(episode.diagnosis_start)]
        record.primary = primary
        set_primary(design, primary, episodes.diagnoses, record.diagnosis_start, record.diagnosis_end, facts)
        drive(design, record, primary, episodes.procedures, record.procedure_end, facts)
        record.failed = failed
        scratch.counted[doubtful] = place
        doubtful += design.diagnoses[primary].error_chain != 0
    return doubtful


@stage
def lay_spells(design, episodes, rows, spell_start, first, end, results, scratch):
    """Lay out the spells from ``first`` to ``end`` among those of ``several`` episodes, if all of these were grouped.

    Their codes are copied side by side. Returns how many these are; all of them, in ``chosen``, go on: spells whose episodes were
    grouped have no check to fail.
    """
    count = np.uint64(0)
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
            for number in range(np.uint64(episode.diagnosis_start), np.uint64(episode.diagnosis_end)):
                scratch.diagnoses[diagnoses] = episodes.diagnoses[number]
                diagnoses += np.uint64(1)
            for number in range(np.uint64(episode.procedure_start), np.uint64(episode.procedure_end)):
                scratch.procedures[procedures] = episodes.procedures[number]
                procedures += np.uint64(1)
        record.diagnosis_end = diagnoses
        record.procedure_end = procedures
        one, last = np.uint64(rows[low]), np.uint64(rows[high - np.uint64(1)])
        begin(record, np.int64(episodes.rows[one].age), los, facts)
        record.failed = 0
        set_patient(design.field_sets, episodes.coded, one, last, facts)
        survey(design, record, scratch.diagnoses, scratch.procedures, scratch.best, facts)
        record.weightiest = weightiest_row(design, episodes, rows, low, high)
        record.report = injured_row(design, episodes, rows, low, high, record.weightiest)
        record.primary = primary_of(episodes, record.report)
        set_primary(design, record.primary, scratch.diagnoses, record.diagnosis_start, record.diagnosis_end, facts)
        scratch.chosen[count] = count
        count += np.uint64(1)
    return np.int64(count)


@inline
def all_grouped(rows, low, high, results):
    """Whether each episode of ``rows[low:high]`` has an HRG."""
    for at in range(low, high):
        if results[np.uint64(rows[at])].hrg == 0:
            return False
    return True


@inline
def begin(record, age, los, facts):
    """A record without an outcome yet."""
    record.los = los
    record.rule = 0
    record.root_rule = 0
    record.hrg = 0
    record.method = METHOD_FAILED
    record.reason = REASON_NONE
    record.dominant = 0
    record.error = 0
    record.error_at = -1
    facts[FACT_AGE] = age
    facts[FACT_LOS] = los


@inline
def survey(design, record, diagnoses, procedures, best, facts):
    """Survey the codes of a record; return the checks that they fail."""
    failed = survey_diagnoses(design, diagnoses, record.diagnosis_start, record.diagnosis_end, best, facts)
    start, end = record.procedure_start, record.procedure_end
    flags, dominant_at, more = survey_procedures(design, procedures, start, end, min(record.los, ANY_STAY), best, facts)
    record.flags = flags
    record.dominant_at = dominant_at
    return failed | more
