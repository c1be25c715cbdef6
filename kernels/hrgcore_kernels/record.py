"""Grouping a block of records: valid episodes, or spells as a whole. Each stage goes over all of them before the next begins."""

from hrgcore_kernels.accelerate import stage
from hrgcore_kernels.outcome import begin, check, split
from hrgcore_kernels.primary import choose_primaries
from hrgcore_kernels.root import find_exceptions, find_roots
from hrgcore_kernels.survey import survey_diagnoses, survey_procedures


@stage
def group_records(design, episodes, rows, count, whole, scratch):
    """Find the outcome of the ``count`` records that were laid out; ``whole``: they are spells of grouped episodes.

    Rule: docs/grouping.md sections 2 (error categories), 3, 4 and 6. Their facts are left in ``scratch``.
    """
    survey_diagnoses(design, episodes, rows, count, scratch)
    survey_procedures(design, episodes, rows, count, scratch)
    choose_primaries(design, episodes, rows, count, scratch)
    chosen = choose_all(count, scratch) if whole else check(design, count, scratch)
    find_exceptions(design, chosen, scratch)
    chosen = find_roots(design, episodes, rows, chosen, scratch)
    split(design, chosen, scratch)


@stage
def choose_all(count, scratch):
    """All records go on: spells whose episodes were grouped have no check to fail."""
    for place in range(count):
        begin(scratch.records[place])
        scratch.chosen[place] = place
    return count
