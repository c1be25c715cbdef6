"""Grouping attendances: the procedure tables of admitted care, asked without diagnoses. Rule: docs/logics.md, "NAC"."""

import numpy as np

from hrgcore_kernels.accelerate import inline, kernel
from hrgcore_kernels.codes import (
    FACT_AGE,
    FACT_INTERVENTIONS,
    FACT_PROCEDURES,
    METHOD_FAILED,
    METHOD_OUTPATIENT,
    METHOD_PROCEDURE,
    N_CODED,
    N_RANGE_FACTS,
    REASON_ERROR_CATEGORY,
    REASON_INVALID_FIELD,
    REASON_NO_RULE,
    REASON_NO_SPLIT,
    REASON_PROCEDURE_NOT_COVERED,
    REASON_UNBUNDLED_ERROR,
)
from hrgcore_kernels.facts import kind_of, lists_of_procedure, of_value, patient_words, procedure_place
from hrgcore_kernels.layout import COMPANION, UNBUNDLED, VALUES, Design, Int64s, Records, UInt8s, UInt16s, UInt32s
from hrgcore_kernels.row_layout import ATTENDANCE, ROW_RESULT
from hrgcore_kernels.rules import first_rule
from hrgcore_kernels.signatures import DESIGN, array


@inline
def procedure_word(design):
    """The fact number of the first word of lists of procedures; those of companions follow."""
    return np.int64(procedure_place(design))


@inline
def survey(design, codes, facts):
    """Set the facts of all procedures; return the places of the dominant one and of the first that is not covered (-1: none), and
    whether there are some that all carry an error category and can't be dominant.
    """
    first = procedure_word(design)
    dominant = not_covered = np.int64(-1)
    highest = weighed = others = np.int64(0)
    for at in range(len(codes)):
        entry = kind_of(design, codes[at])
        hierarchy = np.int64(entry.hierarchy)
        if hierarchy > highest:
            highest, dominant = hierarchy, np.int64(at)
        if hierarchy < 0 and not_covered < 0:
            not_covered = np.int64(at)
        weighed += hierarchy > 0
        others += hierarchy != 0 or entry.error == 0
        for word in range(design.procedure_words.shape[1]):
            facts[first + word] |= lists_of_procedure(design, codes[at], word)
    facts[FACT_PROCEDURES] = weighed
    return dominant, not_covered, others == 0 and len(codes) > 0


@inline
def set_companions(design, codes, at, facts):
    """Lists of the codes behind the procedure at ``at``, up to the next one that is no companion."""
    first = procedure_word(design) + design.procedure_words.shape[1]
    for word in range(design.procedure_words.shape[1]):
        facts[first + word] = 0
    behind = at + 1
    while behind < len(codes) and kind_of(design, codes[behind]).traits & COMPANION != 0:
        for word in range(design.procedure_words.shape[1]):
            facts[first + word] |= lists_of_procedure(design, codes[behind], word)
        behind += 1


@inline
def interventions(design, root, codes):
    """How many distinct procedures are on the intervention list of a root; 0 where it counts none."""
    distinct = np.int64(0)
    for at in range(len(codes) if root.counts_interventions != 0 else 0):
        on_list = (lists_of_procedure(design, codes[at], root.intervention_word) >> np.int64(root.intervention_bit)) & 1
        for other in range(at):
            if codes[other] == codes[at]:
                on_list = 0
        distinct += on_list
    return distinct


@inline
def fail(result, reason, rule, error, at):
    """An attendance that groups to the error HRG."""
    result.hrg = result.split_rule = result.dominant = 0
    result.root_rule = rule
    result.method = METHOD_FAILED
    result.reason = reason
    result.error = error
    result.error_at = at


@inline
def split(design, root, rule, method, dominant, at, codes, facts, result):
    """The HRG of a root: the first of its splits that applies; methods have the numbers of the reasons that give them."""
    facts[FACT_INTERVENTIONS] = interventions(design, design.roots[root], codes)
    found = first_rule(design, design.roots[root].split_chain, facts)
    facts[FACT_INTERVENTIONS] = 0
    if found == 0:
        fail(result, REASON_NO_SPLIT, rule, 0, at)
        return
    result.root_rule = rule
    result.split_rule = found
    result.hrg = design.rules[found].outcome
    result.dominant = dominant
    result.method = result.reason = method


@inline
def group_one(design, codes, facts, base, first_hrg, result):
    """An exception, the dominant procedure, or the attendance itself, whose HRG is that of ``base``."""
    dominant, not_covered, only_errors = survey(design, codes, facts)
    rule = first_rule(design, design.whole_record_chains[0], facts)
    if rule != 0:
        split(design, design.rules[rule].outcome, rule, design.rules[rule].method, 0, -1, codes, facts, result)
    elif not_covered >= 0:
        fail(result, REASON_PROCEDURE_NOT_COVERED, 0, 0, not_covered)
    elif only_errors:
        fail(result, REASON_ERROR_CATEGORY, 0, kind_of(design, codes[0]).error, 0)
    elif dominant < 0:
        if base.hrg == 0:
            fail(result, base.reason, 0, base.error, -1)
        else:
            result.hrg = first_hrg + base.hrg - 1
            result.method = METHOD_OUTPATIENT
            result.reason = base.reason
    elif kind_of(design, codes[dominant]).error != 0:
        fail(result, REASON_ERROR_CATEGORY, 0, kind_of(design, codes[dominant]).error, dominant)
    elif kind_of(design, codes[dominant]).root_chain == 0:
        fail(result, REASON_PROCEDURE_NOT_COVERED, 0, 0, dominant)
    else:
        set_companions(design, codes, dominant, facts)
        rule = first_rule(design, kind_of(design, codes[dominant]).root_chain, facts)
        if rule == 0:
            fail(result, REASON_NO_RULE, 0, 0, dominant)
        else:
            root = design.rules[rule].outcome
            split(design, root, rule, METHOD_PROCEDURE, codes[dominant], dominant, codes, facts, result)


@kernel(
    (
        DESIGN,
        array(ROW_RESULT),
        array("i8"),
        array("u1", 2),
        array("i8"),
        array("u2"),
        array("u4"),
        np.int64,
        array(ATTENDANCE, writable=True),
        array(UNBUNDLED, writable=True),
        array("i8", writable=True),
        array("i8", writable=True),
    )
)
def group_attendances(
    design: Design,
    base: Records,
    ages: Int64s,
    coded: UInt8s,
    fields: Int64s,
    codes: UInt16s,
    ends: UInt32s,
    first_hrg: int,
    results: Records,
    unbundled: Records,
    counts: Int64s,
    facts: Int64s,
) -> None:
    """Group a block of attendances.

    ``base`` is what their own rules gave; ``coded`` [rows, fields] are numbers of values of the coded ``fields`` of admitted care.
    Procedures stand in ``codes`` row by row, to before ``ends`` [rows]. ``first_hrg`` is the number of the
    first HRG of attendances. ``unbundled`` has room for one more than there are procedures for each row; ``counts[0]`` becomes
    their number. ``facts`` is scratch.
    """
    written = 0
    end = np.int64(0)
    for row in range(len(results)):
        first, end = end, np.int64(ends[row])
        result = results[row]
        result.error_at = -1
        if base[row].reason == REASON_INVALID_FIELD:
            fail(result, REASON_INVALID_FIELD, 0, 0, -1)
            continue
        facts[:] = 0
        facts[FACT_AGE] = ages[row]
        for place in range(len(fields)):
            for word in range(patient_words(design)):
                start = word * np.uint64(N_CODED * VALUES)
                facts[np.uint64(N_RANGE_FACTS) + word] |= of_value(design.field_sets, start, fields[place], coded[row, place])
        own = codes[first:end]
        group_one(design, own, facts, base[row], first_hrg, result)
        for at in range(len(own) + 1):
            chain = kind_of(design, own[at]).unbundle_chain if at < len(own) else design.whole_record_chains[1]
            set_companions(design, own, at, facts)
            rule = first_rule(design, chain, facts)
            if rule == 0:
                continue
            root = np.int64(design.rules[rule].outcome)
            split_rule = first_rule(design, design.roots[max(root, 0)].split_chain, facts)
            entry = unbundled[written]
            entry.row = row
            entry.hrg = design.rules[split_rule].outcome
            entry.rule = rule
            entry.split_rule = split_rule
            entry.at = at if at < len(own) else -1
            entry.days = 0
            written += 1
            if split_rule == 0 and result.hrg != 0:
                fail(result, REASON_UNBUNDLED_ERROR, rule, -root if root < 0 else 0, at if at < len(own) else -1)
    counts[0] = written
