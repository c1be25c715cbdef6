"""What drives a record to its root: its dominant procedure or its primary diagnosis."""

import numpy as np

from hrgcore_kernels.accelerate import inline
from hrgcore_kernels.codes import (
    METHOD_DIAGNOSIS,
    METHOD_FAILED,
    METHOD_PROCEDURE,
    REASON_DIAGNOSIS_NOT_COVERED,
    REASON_ERROR_CATEGORY,
    REASON_PROCEDURE_NOT_COVERED,
)
from hrgcore_kernels.facts import as_primary, kind_of, procedure_place, set_companions
from hrgcore_kernels.layout import ALL_BEHIND, ASK_BITS, ASKS_COMPANIONS, HIERARCHIES, NOT_COVERED, USABLE
from hrgcore_kernels.survey import set_lists


@inline
def by_procedure(design, record, primary):
    """Whether the grid has the dominant procedure of a record drive it rather than this primary diagnosis.

    Rule: docs/grouping.md section 4, step 4.
    """
    place = grid_place(kind_of(design, record.leading).hierarchy, as_primary(design, primary).hierarchy)
    return (record.leading != 0) & (design.grid[place] == METHOD_PROCEDURE)


@inline
def grid_place(procedure, diagnosis):
    """Where the grid weighs two hierarchies; -1, of what is not covered, leads to a place where nothing is weighed."""
    return np.uint64(procedure & (HIERARCHIES - 1)) * np.uint64(HIERARCHIES) + np.uint64(diagnosis & (HIERARCHIES - 1))


@inline
def drive(design, record, primary, procedures, end, facts):
    """Note the chain from what drives a record to its root, or why there is none, and set what only that chain asks for.

    ``end`` is behind the procedures of the episode that has the dominant one.

    Rule: docs/grouping.md section 4, steps 2 to 6.
    """
    driven = by_procedure(design, record, primary)
    code = record.leading
    entry, own = kind_of(design, code), as_primary(design, primary)
    chain = choose(driven, np.int64(entry.root_chain), np.int64(own.root_chain))
    record.chain = chain
    record.method = choose(driven, METHOD_PROCEDURE, METHOD_DIAGNOSIS)
    record.dominant = choose(driven, np.int64(code), 0)
    record.error_at = choose(driven, np.int64(record.dominant_at), -1)
    error = driven & (entry.error != 0)
    only_errors = (record.traits & USABLE == 0) & (record.procedure_start != record.procedure_end)
    if (record.traits & NOT_COVERED != 0) | only_errors | (own.hierarchy < 0) | error | (chain == 0):
        stray(design, record, primary, procedures, driven, only_errors)
    elif driven & ((entry.asks != 0) | (entry.traits & ASKS_COMPANIONS != 0)):
        start = record.procedure_start
        if entry.asks != 0:
            words, scope = design.procedure_words, procedure_place(design)
            first, last = asked_words(entry.asks, design.used_words[1], words.shape[1])
            set_lists(design.procedures, words, procedures, start, record.procedure_end, first, last, facts, scope)
        if entry.traits & ASKS_COMPANIONS != 0:
            set_companions(design, procedures, start + np.uint64(record.dominant_at), end, facts)


@inline
def asked_words(asks, used, words):
    """The first of the ``words`` of lists that a root chain asks for beyond the ``used`` ones, and that behind the last."""
    behind = np.int64(asks >> ASK_BITS)
    return used + np.int64(asks & ALL_BEHIND), np.int64(words) if behind == ALL_BEHIND else min(used + behind, np.int64(words))


@inline
def choose(first, one, other):
    """``one`` where ``first`` holds, else ``other``, without a branch: which it is can't be foretold."""
    mask = -np.int64(first)
    return (one & mask) | (other & ~mask)


@inline
def note(record, reason, error, error_at):
    """Note why a record fails, unless an exception applies to it. ``error_at`` is the place among its procedures of the code at
    fault, -1: the primary diagnosis.
    """
    record.reason = reason
    record.error = error
    record.error_at = error_at


@inline
def stray(design, record, primary, procedures, driven, only_errors):
    """Note why nothing leads a record to a root.

    Rule: docs/grouping.md section 4, steps 2 to 6.
    """
    error = kind_of(design, record.leading).error
    record.chain = 0
    record.method = METHOD_FAILED
    record.dominant = 0
    if record.traits & NOT_COVERED != 0:
        at = record.procedure_start
        while kind_of(design, procedures[at]).traits & NOT_COVERED == 0:
            at += np.uint64(1)
        note(record, REASON_PROCEDURE_NOT_COVERED, 0, np.int64(at - record.procedure_start))
    elif only_errors:
        note(record, REASON_ERROR_CATEGORY, kind_of(design, procedures[record.procedure_start]).error, 0)
    elif as_primary(design, primary).hierarchy < 0:
        note(record, REASON_DIAGNOSIS_NOT_COVERED, 0, -1)
    elif driven & (error != 0):
        note(record, REASON_ERROR_CATEGORY, error, record.error_at)
    else:
        note(record, REASON_PROCEDURE_NOT_COVERED if driven else REASON_DIAGNOSIS_NOT_COVERED, 0, record.error_at)
