"""Grouping a block of records: each stage goes over all of them before the next begins."""

from hrgcore_kernels.accelerate import stage
from hrgcore_kernels.lay import lay_episodes, lay_spells
from hrgcore_kernels.outcome import check, split
from hrgcore_kernels.root import drive_spells, find_exceptions, find_roots


@stage
def group_episodes(design, episodes, rows, first, count, scratch):
    """Find the outcome of the ``count`` episodes from place ``first`` of ``rows`` on. Their facts are left in ``scratch``.

    Returns how many are ``unbundling``.

    Rule: docs/grouping.md sections 2 to 4.
    """
    doubtful, excepted, unbundling = lay_episodes(design, episodes, rows, first, count, scratch)
    find_exceptions(design, excepted, scratch)
    check(design, count, doubtful, scratch)
    find_roots(design, count, scratch)
    split(design, episodes.diagnoses, episodes.procedures, count, scratch)
    return unbundling


@stage
def group_wholes(design, episodes, rows, spell_start, first, end, results, scratch):
    """Find the outcome of the spells from ``first`` to ``end`` among those of ``several`` episodes, if all of these were grouped.

    Returns how many these are. Rule: docs/grouping.md sections 3, 4 and 6.
    """
    count, excepted = lay_spells(design, episodes, rows, spell_start, first, end, results, scratch)
    find_exceptions(design, excepted, scratch)
    drive_spells(design, episodes, rows, count, scratch)
    find_roots(design, count, scratch)
    split(design, scratch.diagnoses, scratch.procedures, count, scratch)
    return count
