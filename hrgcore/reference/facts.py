"""The facts of a record, worked out when a rule first asks for them (docs/grouping.md, section 3)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from hrgcore.design.conditions import Condition, Lists
from hrgcore.design.tables import SCORES, Row
from hrgcore.reference.design import Design
from hrgcore.reference.record import Code
from hrgcore.reference.trace import Recorder


@dataclass(frozen=True)
class Record:
    """An episode or a whole spell, as rules see it.

    ``primaries`` are the primary diagnoses among which grouping chooses: one for an episode, each episode's for a spell.
    ``diagnoses`` has them and all others, ``procedures`` all procedures, both in order of episode and position.
    """

    age: int
    los: int
    coded: Mapping[str, str]
    primaries: tuple[Code, ...]
    diagnoses: tuple[Code, ...]
    procedures: tuple[Code, ...]
    scored: bool = True  # False: of an attendance, whose scores are all 0


@dataclass(frozen=True)
class Context:
    """The facts that only some rules have: those of the procedure in question, and those of the root to be split."""

    companion: frozenset[str] = frozenset()
    cc: int = 0
    interventions: int = 0


NO_CONTEXT = Context()


class Facts:
    """The facts of ``record`` where ``primary`` is its primary diagnosis."""

    def __init__(self, design: Design, record: Record, primary: Code) -> None:
        self.design = design
        self.record = record
        self.primary = primary

    def failing(self, conditions: Iterable[Condition], context: Context) -> Condition | None:
        """The first condition that does not hold; None where all hold."""
        for condition in conditions:
            if isinstance(condition, Lists):
                there = self.names(condition.scope, context)
                holds = any(name in there for name in condition.names) != condition.negated
            else:
                holds = condition.low <= self.number(condition.fact, context) <= condition.high
            if not holds:
                return condition
        return None

    def found(self, condition: Condition, context: Context) -> object:
        """What a condition was held against."""
        return self.names(condition.scope, context) if isinstance(condition, Lists) else self.number(condition.fact, context)

    def names(self, scope: str, context: Context = NO_CONTEXT) -> frozenset[str]:
        """The names of lists (for `patient`, of sets) that are there in a scope."""
        if scope == "companion":
            return context.companion
        found: frozenset[str] = getattr(self, f"{scope}_names")
        return found

    def number(self, fact: str, context: Context = NO_CONTEXT) -> int:
        """The value of a fact that ranges test."""
        match fact:
            case "age":
                return self.record.age
            case "los":
                return self.record.los
            case "cc":
                return context.cc
            case "interventions":
                return context.interventions
            case "procedures":
                return self.weighable_procedures
            case "trauma_sites":
                return self.trauma_sites
        return self.scores[fact]

    @cached_property
    def patient_names(self) -> frozenset[str]:
        return frozenset().union(*(self.design.sets(field, value) for field, value in self.record.coded.items()))

    @cached_property
    def primary_names(self) -> frozenset[str]:
        return self.design.diagnosis_lists.lists(self.primary.listed)

    @cached_property
    def diagnosis_names(self) -> frozenset[str]:
        return frozenset().union(*(self.design.diagnosis_lists.lists(code.listed) for code in self.record.diagnoses))

    @cached_property
    def procedure_names(self) -> frozenset[str]:
        return frozenset().union(*(self.design.procedure_lists.lists(code.listed) for code in self.record.procedures))

    @cached_property
    def weighable_procedures(self) -> int:
        return sum((self.design.procedure_hierarchy(code.listed) or 0) > 0 for code in self.record.procedures)

    @cached_property
    def trauma_sites(self) -> int:
        if not self.design.component("trauma_diagnosis", self.primary.listed):
            return 0
        sites = {self.design.component("trauma_diagnosis", code.listed) for code in self.record.diagnoses}
        return len(sites - {""})

    @cached_property
    def scores(self) -> dict[str, int]:
        """Each score: the sum over its components of the largest points; a code without a component is one of its own."""
        scores: dict[str, int] = dict.fromkeys(SCORES, 0)
        if not self.record.scored:
            return scores
        for score, table in self.design.scores.items():
            largest: dict[tuple[str, str], int] = {}
            for code in self.record.diagnoses if SCORES[score] == "icd10" else self.record.procedures:
                row = table.row(code.listed)
                if row is not None:
                    component = row["component"].strip()
                    part = (component, "" if component else code.listed)
                    largest[part] = max(largest.get(part, 0), int(row["points"]))
            scores[score] = sum(largest.values())
        return scores

    @property
    def secondaries(self) -> list[Code]:
        """All diagnoses but the primary one (which may stand among them a second time)."""
        return [code for code in self.record.diagnoses if code is not self.primary]


def first_applying(kind: str, rules: Iterable[Row], facts: Facts, context: Context, trace: Recorder) -> Row | None:
    """The first rule all of whose conditions hold; each rule tried is recorded."""
    for row in rules:
        failed = facts.failing(row.conditions, context)
        trace.tried(kind, row, failed, facts.found(failed, context) if failed is not None and trace.keeps else None)
        if failed is None:
            return row
    return None


def companions(design: Design, procedures: tuple[Code, ...], position: int) -> Context:
    """The lists of the codes behind the procedure at ``position``, up to the next that is no companion, in the same episode."""
    names: set[str] = set()
    for code in procedures[position + 1 :]:
        lists = design.procedure_lists.lists(code.listed)
        if code.episode != procedures[position].episode or "companions" not in lists:
            break
        names |= lists
    return Context(companion=frozenset(names))


def cc_score(root: str, facts: Facts, trace: Recorder) -> int:
    """The CC score: points of the distinct secondary diagnoses on the CC list of the root's subchapter."""
    design, primary = facts.design, facts.primary
    cc_list = design.cc_list(root)
    if not cc_list:
        trace.step("cc", "CC score 0: the subchapter of {} has no CC list.", root, outcome=0)
        return 0
    children = trace.branch()
    score = 0
    seen: set[str] = set()  # four characters: the forms of one code are one diagnosis
    for code in facts.secondaries:
        row = design.cc_lists[cc_list].row(code.listed) if cc_list in design.cc_lists else None
        excluded = design.cc_exclusions.excluding(cc_list, primary.listed, code.listed)
        four = code.listed[:4]
        if four == primary.listed[:4]:
            children.step("cc", "{}: no points, it is the primary diagnosis.", code, outcome=0)
        elif row is None:
            children.step("cc", "{}: no points, not on the list {}.", code, cc_list, outcome=0)
        elif four in seen:
            children.step("cc", "{}: no points, it stands already.", code, outcome=0)
        elif excluded is not None:
            text = "{}: no points, excluded after primary diagnosis {}; would be {} by {}."
            children.step("cc", text, code, primary, row["points"], row.reference, row=excluded, outcome=0)
        else:
            score += int(row["points"])
            children.step("cc", "{}: points {}.", code, row["points"], row=row, outcome=row["points"])
        if row is not None:
            seen.add(four)
    trace.step("cc", "CC score {}, from the list {}.", score, cc_list, outcome=score, under=children)
    return score


def intervention_count(root: str, facts: Facts, trace: Recorder) -> int:
    """The number of distinct procedures on the root's intervention list."""
    wanted = facts.design.intervention_list(root)
    if not wanted:
        trace.step("interventions", "Interventions 0: {} has no intervention list.", root, outcome=0)
        return 0
    children = trace.branch()
    counted: set[str] = set()
    for code in facts.record.procedures:
        if wanted not in facts.design.procedure_lists.lists(code.listed):
            children.step("interventions", "{}: not on the list {}.", code, wanted, outcome=0)
        elif code.listed in counted:
            children.step("interventions", "{}: stands already.", code, outcome=0)
        else:
            counted.add(code.listed)
            children.step("interventions", "{}: counts.", code, outcome=1)
    trace.step("interventions", "Interventions {}, from the list {}.", len(counted), wanted, outcome=len(counted), under=children)
    return len(counted)


def split_context(root: str, facts: Facts, trace: Recorder) -> Context:
    """The facts that only the splits of ``root`` have."""
    return Context(cc=cc_score(root, facts, trace), interventions=intervention_count(root, facts, trace))


def split_of(root: str, facts: Facts, trace: Recorder) -> Row | None:
    """The first split of ``root`` that applies; None where none does."""
    context = split_context(root, facts, trace)
    children = trace.branch()
    row = first_applying("split", facts.design.splits.get(root, ()), facts, context, children)
    if row is None:
        trace.step("split", "No split of {} applies.", root, outcome="failed", under=children)
    else:
        trace.step("split", "HRG {}.", hrg_of(row), row=row, outcome=hrg_of(row), under=children)
    return row


def hrg_of(split: Row) -> str:
    """The HRG of a row of `splits`."""
    return split["root"] + split["split"]
