"""The primary diagnosis of a record: which episode gives it, where there are several."""

import numpy as np

from hrgcore_kernels.accelerate import inline, stage
from hrgcore_kernels.facts import has_site, set_primary


@stage
def choose_primaries(design, episodes, rows, count, scratch):
    """Note the row that gives each record's primary diagnosis, and set the facts that hang on it.

    Rule: docs/grouping.md section 6, for multiple trauma, burns and global exceptions.
    """
    for place in range(count):
        record = scratch.records[place]
        if record.end - record.first > 1:
            record.weightiest = weightiest_row(design, episodes, rows, record.first, record.end)
            record.report = injured_row(design, episodes, rows, record.first, record.end, record.weightiest)
            record.primary = primary_of(episodes, record.report)
        set_primary(design, scratch, place, record.primary)


@inline
def primary_of(episodes, row):
    """The primary diagnosis of an episode."""
    return episodes.diagnoses[np.uint64(episodes.rows[row].diagnosis_start)]


@inline
def weightiest_row(design, episodes, rows, low, high):
    """The one of ``rows[low:high]`` whose primary diagnosis has the highest hierarchy, the earliest where equal.

    Rule: docs/grouping.md section 6.
    """
    found = np.uint64(rows[low])
    best = -2
    for at in range(low, high):
        row = np.uint64(rows[at])
        weight = design.diagnoses[primary_of(episodes, row)].hierarchy
        if weight > best:
            best = weight
            found = row
    return found


@inline
def injured_row(design, episodes, rows, low, high, otherwise):
    """The first of ``rows[low:high]`` whose primary diagnosis is an injury with a body site.

    Rule: docs/grouping.md section 6.
    """
    for at in range(low, high):
        row = np.uint64(rows[at])
        if has_site(design, primary_of(episodes, row)):
            return row
    return otherwise
