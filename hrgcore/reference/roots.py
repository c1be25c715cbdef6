"""Finding a record's root and HRG: exceptions, dominant procedure, grid, rules (docs/grouping.md, section 4)."""

from __future__ import annotations

from dataclasses import dataclass

from hrgcore import messages
from hrgcore.design.tables import Row
from hrgcore.reference.design import Design
from hrgcore.reference.facts import NO_CONTEXT, Facts, Record, companions, first_applying, hrg_of, split_of
from hrgcore.reference.record import Code
from hrgcore.reference.results import RecordError
from hrgcore.reference.trace import Recorder
from hrgcore_kernels import codes

_EXCEPTIONS = {
    "M": (codes.METHOD_TRAUMA, codes.REASON_TRAUMA),
    "B": (codes.METHOD_BURN, codes.REASON_BURN),
    "G": (codes.METHOD_GLOBAL, codes.REASON_GLOBAL),
}
_NOT_COVERED = -1  # below every hierarchy


@dataclass(frozen=True)
class Outcome:
    """What became of a record. ``hrg`` is empty and ``error`` there where it failed; ``primary`` is the primary diagnosis used."""

    reason: int
    method: int
    primary: Code
    hrg: str = ""
    dominant: Code | None = None
    root_rule: Row | None = None
    split_rule: Row | None = None
    error: RecordError | None = None


def failed(reason: int, primary: Code, concerned: Code, message: str, rule: Row | None = None) -> Outcome:
    """The outcome of a record that fails for what ``concerned`` is."""
    error = RecordError(concerned.field, concerned.text, message)
    return Outcome(reason, codes.METHOD_FAILED, primary, root_rule=rule, error=error)


def group_record(design: Design, record: Record, trace: Recorder) -> Outcome:
    """Group an episode that passed validation, or a spell of several such episodes."""
    outcome = _exception(design, record, trace) or _not_covered(design, record, trace)
    if outcome is not None:
        return outcome
    dominant = _dominant(design, record, trace)
    if dominant is None:
        outcome = _nothing_but_errors(design, record, trace)
        if outcome is not None:
            return outcome
    primary = _highest_primary(design, record)
    hierarchy = design.diagnosis_hierarchy(primary.listed)
    if hierarchy is None:
        trace.step("grid", "Primary diagnosis {} is not covered: it can't be weighed.", primary, outcome="failed")
        return failed(codes.REASON_DIAGNOSIS_NOT_COVERED, primary, primary, messages.DIAGNOSIS_NOT_COVERED)
    weight = design.procedure_hierarchy(record.procedures[dominant].listed) if dominant is not None else 0
    row = design.grid[weight or 0]
    driver = row[str(hierarchy)].strip()
    text = "Grid: procedure hierarchy {} against {} of primary diagnosis {}: driven by {}."
    trace.step("grid", text, weight, hierarchy, primary, "procedure" if driver == "P" else "diagnosis", row=row, outcome=driver)
    if driver == "P" and dominant is not None:
        return _by_procedure(design, record, dominant, trace)
    return _by_diagnosis(design, record, primary, trace)


def group_attendance(design: Design, record: Record, trace: Recorder) -> Outcome | None:
    """Group an attendance by its procedures; None where none of them may lead (docs/logics.md, "NAC").

    Its only primary diagnosis is one that is on no list and gives no points.
    """
    outcome = _exception(design, record, trace) or _not_covered(design, record, trace)
    if outcome is not None:
        return outcome
    dominant = _dominant(design, record, trace)
    if dominant is not None:
        return _by_procedure(design, record, dominant, trace)
    return _nothing_but_errors(design, record, trace)


def _not_covered(design: Design, record: Record, trace: Recorder) -> Outcome | None:
    """The failure of a record that has a procedure which can't be weighed."""
    for code in record.procedures:
        if design.procedures.row(code.listed) is None:
            trace.step("dominant", "Procedure {} is not covered: it can't be weighed.", code, outcome="failed")
            primary = record.primaries[0]
            return failed(codes.REASON_PROCEDURE_NOT_COVERED, primary, code, messages.PROCEDURE_NOT_COVERED)
    return None


def _exception(design: Design, record: Record, trace: Recorder) -> Outcome | None:
    injured = (code for code in record.primaries if design.component("trauma_diagnosis", code.listed))
    primary = next(injured, None) or _highest_primary(design, record)
    facts = Facts(design, record, primary)
    _record_facts(facts, trace)
    children = trace.branch()
    row = first_applying("exception", design.exceptions, facts, NO_CONTEXT, children)
    if row is None:
        trace.step("exception", "Multiple trauma, burns and global exceptions: none applies.", outcome="failed", under=children)
        return None
    method, reason = _EXCEPTIONS[row["method"]]
    text = "Exception {}: root {}, primary diagnosis {}."
    trace.step("exception", text, row["method"], row["root"], primary, row=row, outcome="passed", under=children)
    return _split(facts, row, Outcome(reason, method, primary), primary, trace)


def _record_facts(facts: Facts, trace: Recorder) -> None:
    if not trace.keeps:
        return
    children = trace.branch()
    for scope in ("patient", "primary", "diagnosis", "procedure"):
        children.step("facts", "{}: {}.", scope, facts.names(scope))
    for fact in ("procedures", "trauma_sites", *facts.scores):
        children.step("facts", "{}: {}.", fact, facts.number(fact), outcome=facts.number(fact))
    record = facts.record
    text = "Age {}, length of stay {}, primary diagnosis {}, procedures {}."
    trace.step("facts", text, record.age, record.los, facts.primary, record.procedures, under=children)


def _dominant(design: Design, record: Record, trace: Recorder) -> int | None:
    """The position of the dominant procedure: the highest hierarchy above 0, the earliest where equal, of those whose longest stay
    is not exceeded.
    """
    too_long = [record.los > design.longest_stay(code.listed) for code in record.procedures]
    hierarchies = [design.procedure_hierarchy(code.listed) or 0 for code in record.procedures]
    weights = [0 if beyond else hierarchy for hierarchy, beyond in zip(hierarchies, too_long, strict=True)]
    ranked = sorted((position for position, weight in enumerate(weights) if weight > 0), key=lambda position: -weights[position])
    children = trace.branch()
    for code, hierarchy, beyond in zip(record.procedures, hierarchies, too_long, strict=True):
        row = design.procedures.row(code.listed)
        if beyond:
            text = "{}: hierarchy {}, but not dominant in stays of more than {} days."
            children.step("dominant", text, code, hierarchy, design.longest_stay(code.listed), row=row, outcome="failed")
        else:
            children.step("dominant", "{}: hierarchy {}.", code, hierarchy, row=row, outcome=hierarchy)
    if not ranked:
        text = "No dominant procedure: no procedure that may lead in this stay has a hierarchy above 0."
        trace.step("dominant", text, under=children)
        return None
    first, *others = ((record.procedures[position], weights[position]) for position in ranked)
    text = "Dominant procedure {} (hierarchy {}): the highest; next {} ({})." if others else "Dominant procedure {} (hierarchy {})."
    trace.step("dominant", text, *first, *(others[0] if others else ()), outcome=first[0], under=children)
    return ranked[0]


def _nothing_but_errors(design: Design, record: Record, trace: Recorder) -> Outcome | None:
    """A record all of whose procedures carry an error category (their hierarchy being 0) fails with the first one's."""
    rows = [design.procedures.row(code.listed) for code in record.procedures]
    if not rows or not all(row is not None and row["error"].strip() for row in rows):
        return None
    return _error_category(design, record.primaries[0], record.procedures[0], trace)


def _error_category(design: Design, primary: Code, procedure: Code, trace: Recorder) -> Outcome:
    row = design.procedures.row(procedure.listed)
    assert row is not None
    error = row["error"].strip()
    message = messages.category(error, design.errors[error])
    trace.step("dominant", "Procedure {} fails: {}.", procedure, message, row=row, outcome="failed")
    return failed(codes.REASON_ERROR_CATEGORY, primary, procedure, message)


def _highest_primary(design: Design, record: Record) -> Code:
    """Of the primary diagnoses, that of the highest hierarchy, the earliest where equal."""
    if len(record.primaries) == 1:
        return record.primaries[0]

    def weight(code: Code) -> int:
        hierarchy = design.diagnosis_hierarchy(code.listed)
        return _NOT_COVERED if hierarchy is None else hierarchy

    return max(record.primaries, key=weight)


def _by_procedure(design: Design, record: Record, dominant: int, trace: Recorder) -> Outcome:
    procedure = record.procedures[dominant]
    primary = next(code for code in record.primaries if code.episode == procedure.episode)
    row = design.procedures.row(procedure.listed)
    if row is not None and row["error"].strip():
        return _error_category(design, primary, procedure, trace)
    if len(record.primaries) > 1:
        trace.step("grid", "Primary diagnosis from here on: {}, of the dominant procedure's episode.", primary)
    facts = Facts(design, record, primary)
    rules = design.procedure_roots.rules(procedure.listed)
    if not rules:
        trace.step("root", "Procedure {} is not covered: no rule names it.", procedure, outcome="failed")
        return failed(codes.REASON_PROCEDURE_NOT_COVERED, primary, procedure, messages.PROCEDURE_NOT_COVERED)
    children = trace.branch()
    rule = first_applying("root", rules, facts, companions(design, record.procedures, dominant), children)
    if rule is None:
        return _no_rule(procedure, primary, trace, children)
    trace.step("root", "Root {}, from procedure {}.", rule["root"], procedure, row=rule, outcome=rule["root"], under=children)
    grouped = Outcome(codes.REASON_PROCEDURE, codes.METHOD_PROCEDURE, primary, dominant=procedure)
    return _split(facts, rule, grouped, procedure, trace)


def _by_diagnosis(design: Design, record: Record, primary: Code, trace: Recorder) -> Outcome:
    facts = Facts(design, record, primary)
    rules = design.diagnosis_roots.rules(primary.listed)
    if not rules:
        trace.step("root", "Diagnosis {} is not covered: no rule names it.", primary, outcome="failed")
        return failed(codes.REASON_DIAGNOSIS_NOT_COVERED, primary, primary, messages.DIAGNOSIS_NOT_COVERED)
    children = trace.branch()
    rule = first_applying("root", rules, facts, NO_CONTEXT, children)
    if rule is None:
        return _no_rule(primary, primary, trace, children)
    text = "Root {}, from primary diagnosis {}."
    trace.step("root", text, rule["root"], primary, row=rule, outcome=rule["root"], under=children)
    return _split(facts, rule, Outcome(codes.REASON_DIAGNOSIS, codes.METHOD_DIAGNOSIS, primary), primary, trace)


def _no_rule(concerned: Code, primary: Code, trace: Recorder, tried: Recorder) -> Outcome:
    trace.step("root", "No rule for {} applies.", concerned, outcome="failed", under=tried)
    return failed(codes.REASON_NO_RULE, primary, concerned, messages.NO_RULE)


def _split(facts: Facts, rule: Row, grouped: Outcome, concerned: Code, trace: Recorder) -> Outcome:
    """The outcome ``grouped`` with the HRG of the rule's root, or the failure to find one."""
    split = split_of(rule["root"], facts, trace)
    if split is None:
        return failed(codes.REASON_NO_SPLIT, grouped.primary, concerned, messages.NO_SPLIT, rule)
    return Outcome(grouped.reason, grouped.method, grouped.primary, hrg_of(split), grouped.dominant, rule, split)
