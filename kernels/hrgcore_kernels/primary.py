"""The primary diagnosis of a record: which episode gives it, where there are several."""

import numpy as np

from hrgcore_kernels.accelerate import inline
from hrgcore_kernels.facts import as_primary, has_site


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
        weight = as_primary(design, primary_of(episodes, row)).hierarchy
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
