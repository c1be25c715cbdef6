"""Drafting an episode that has what is wanted: field by field, code by code, with as little else as can be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, product

from hrgcore.columns import MAX_CODES
from hrgcore.design.conditions import UNBOUNDED
from hrgcore.design.tables import Row
from hrgcore.witness.pools import Diagnosis, Pointed, Pools
from hrgcore.witness.sums import ANY, choose
from hrgcore.witness.wants import Wants

Episode = dict[str, str]

#: Ages tried first where a range leaves the choice: grown up, before what only the young or the old have.
_AGES = (40, 25, 60, 75, 10, 5, 2, 1, 0)
_MOST_PRIMARIES = 4
_MOST_AGES = 2
_MOST_FIELDS = 4
_MOST_OFFERS = 24  # of codes of the same points
_COMPANIONS = "companions"


@dataclass(frozen=True)
class Lead:
    """A rule that leads to a root, and the code through which it does: none for exceptions and rules about an episode itself."""

    rule: Row
    code: str = ""

    @property
    def by_procedure(self) -> bool:
        """Whether the code is the dominant procedure."""
        return self.rule.table == "procedure_roots"

    @property
    def by_diagnosis(self) -> bool:
        return self.rule.table == "diagnosis_roots"

    @property
    def unbundled(self) -> bool:
        return self.rule.table == "unbundling"


class Impossible(Exception):
    """No episode can have all that is wanted; the message says what is in the way."""


def drafts(pools: Pools, lead: Lead, wants: Wants) -> Iterator[Episode]:
    """Episodes that should have all that is wanted. Raises Impossible, at the first or after some, where there are none."""
    los = wants.range("los")[0]
    ages, fields = _ages(pools, wants), list(_coded(pools, wants))
    primaries = list(islice(_primaries(pools, lead, wants, los), _MOST_PRIMARIES))
    if not fields:
        raise Impossible("no values of the coded fields are in all sets wanted")
    if not primaries:
        raise Impossible("no primary diagnosis fits")
    problem: Impossible | None = None
    for primary, coded, age in product(primaries, fields, ages):
        draft = _Draft(pools, lead, wants, primary, los)
        try:
            draft.fill()
        except Impossible as impossible:
            problem = impossible
            continue
        yield draft.episode(coded, age)
    if problem is not None:
        raise problem


def _ages(pools: Pools, wants: Wants) -> list[int]:
    low, high = wants.range("age")
    design = pools.design
    high = min(high, design.age_max) if low <= design.age_max else high
    liked = [age for age in (*_AGES, low, high) if low <= age <= high]
    if low > design.age_max:
        liked = [design.age_unknown] if low <= design.age_unknown <= high else []
    if not liked:
        raise Impossible(f"no age is {low} or more")
    return list(dict.fromkeys(liked))[:_MOST_AGES]


def _coded(pools: Pools, wants: Wants) -> Iterator[dict[str, str]]:
    """Values of the coded fields: in one set of each group wanted, and otherwise in as few sets as can be."""
    forbidden = wants.forbidden("patient")
    for chosen in islice(product(*wants.wanted("patient")), _MOST_FIELDS):
        coded: dict[str, str] = {}
        for field, values in pools.values.items():
            wanted = {name for name in chosen if pools.field_of_set[name] == field}
            free = (value for value, sets in values if wanted <= sets and not sets & forbidden)
            coded[field] = next(free, "")
        if all(coded.values()):
            yield coded
    for field, values in pools.values.items():
        if all(sets & forbidden for _, sets in values):
            raise Impossible(f"every value of {field} is in one of the sets {' '.join(sorted(forbidden))}, none of which may be")


def _primaries(pools: Pools, lead: Lead, wants: Wants, los: int) -> Iterator[Diagnosis]:
    """Primary diagnoses that have the lists wanted and let the lead lead, plain ones first."""
    if lead.by_diagnosis:
        offered: Iterable[Diagnosis] = [pools.diagnosis(lead.code)]
    elif groups := wants.wanted("primary"):
        members = (code for name in groups[0] for code in pools.members("diagnosis_lists", name))
        offered = [one for one in map(pools.diagnosis, members) if one.hierarchy is not None]
    else:
        offered = pools.primaries
        if wants.range("trauma_sites")[0]:
            offered = [one for one in map(pools.diagnosis, _codes(pools.scored("trauma_diagnosis"))) if one.hierarchy is not None]
    forbidden = wants.forbidden("primary", "diagnosis")
    weight = pools.procedure(lead.code).weight(los) if lead.by_procedure else 0
    for one in offered:
        if one.code in wants.avoid or one.lists & forbidden or any(not rule.conditions for rule in one.errors):
            continue
        if any(not one.lists & set(names) for names in wants.wanted("primary")):
            continue
        if lead.by_procedure and not _drives(pools, weight, one):
            continue
        yield one


def _drives(pools: Pools, weight: int, primary: Diagnosis) -> bool:
    """Whether a procedure of this hierarchy drives against a primary diagnosis."""
    return weight > 0 and pools.design.grid[weight][str(primary.hierarchy)].strip() == "P"


class _Draft:
    """An episode that is being put together."""

    def __init__(self, pools: Pools, lead: Lead, wants: Wants, primary: Diagnosis, los: int) -> None:
        self.pools = pools
        self.lead = lead
        self.wants = wants
        self.primary = primary
        self.los = los
        self.diagnoses = [primary.code]
        self.procedures: list[str] = [] if lead.by_diagnosis or not lead.code else [lead.code]
        self._behind = len(self.procedures)  # where the lead's companions end
        self._no_diagnoses = wants.forbidden("diagnosis")
        self._no_procedures = wants.forbidden("procedure")

    def fill(self) -> None:
        """Add codes until all is there. Raises Impossible where it can't be."""
        self._companions()
        self._meet("procedure", "procedure_lists", self.procedures, self._procedure_fits)
        self._score("trauma_intervention", self.procedures, self._procedure_fits)
        self._score("burn_intervention", self.procedures, self._procedure_fits)
        self._interventions()
        self._count()
        self._meet("diagnosis", "diagnosis_lists", self.diagnoses, self._diagnosis_fits)
        self._score("trauma_diagnosis", self.diagnoses, self._diagnosis_fits)
        self._score("burn_severity", self.diagnoses, self._diagnosis_fits)
        self._cc()
        self._not_only_sites()
        if max(len(self.diagnoses), len(self.procedures)) > MAX_CODES:
            raise Impossible(f"more than {MAX_CODES} codes")

    def episode(self, coded: dict[str, str], age: int) -> Episode:
        """The draft as values of the official columns."""
        numbers = {"EPIORDER": 1, "STARTAGE": age, "EPIDUR": self.los}
        named = {f"DIAG_{place:02d}": code for place, code in enumerate(self.diagnoses, 1)}
        named |= {f"OPER_{place:02d}": code for place, code in enumerate(self._ordered(), 1)}
        return {name: str(value) for name, value in numbers.items()} | coded | named

    def _ordered(self) -> list[str]:
        """The procedures: the lead with its companions, then others, and last those that would pass for companions."""
        own, others = self.procedures[: self._behind], self.procedures[self._behind :]
        return own + sorted(others, key=lambda code: _COMPANIONS in self.pools.procedure(code).lists)

    def _companions(self) -> None:
        without = self.wants.forbidden("companion")
        groups = self.wants.wanted("companion")
        while missing := [names for names in groups if not self._there(names, self.procedures[1:])]:
            offered = (code for name in missing[0] for code in self.pools.members("procedure_lists", name))
            fitting = [
                code
                for code in offered
                if _COMPANIONS in (lists := self.pools.procedure(code).lists) and not lists & without and self._procedure_fits(code)
            ]
            if not fitting:
                raise Impossible(f"no companion of the lead is on {' or '.join(missing[0])}")
            self.procedures.append(min(fitting, key=lambda code: self._extra_procedure(code, missing)))
        self._behind = len(self.procedures)

    def _there(self, names: Sequence[str], procedures: Iterable[str]) -> bool:
        return any(self.pools.procedure(code).lists & set(names) for code in procedures)

    def _meet(self, scope: str, table: str, codes: list[str], fits: Callable[[str], bool]) -> None:
        """Add codes until each group of a scope has one."""
        lists = self._lists_of(table)
        groups = self.wants.wanted(scope)
        while missing := [names for names in groups if not any(lists(code) & set(names) for code in codes)]:
            fitting = [code for name in missing[0] for code in self.pools.members(table, name) if fits(code)]
            if not fitting:
                raise Impossible(f"no code that fits is on {' or '.join(missing[0])}")
            extra = self._extra_procedure if table == "procedure_lists" else self._extra_diagnosis
            codes.append(min(fitting, key=lambda code: extra(code, missing)))

    def _lists_of(self, table: str) -> Callable[[str], frozenset[str]]:
        of = self.pools.procedure if table == "procedure_lists" else self.pools.diagnosis
        return lambda code: of(code).lists

    def _procedure_fits(self, code: str) -> bool:
        """Whether a procedure may stand behind the lead without being in its way."""
        one = self.pools.procedure(code)
        if code in self.wants.avoid or one.hierarchy is None or one.lists & self._no_procedures:
            return False
        weight = one.weight(self.los)
        if self.lead.by_procedure:
            return weight <= self.pools.procedure(self.lead.code).weight(self.los)
        return not (self.lead.by_diagnosis and _drives(self.pools, weight, self.primary))

    def _diagnosis_fits(self, code: str) -> bool:
        return code not in self.wants.avoid and not self.pools.diagnosis(code).lists & self._no_diagnoses

    def _extra_procedure(self, code: str, groups: Sequence[Sequence[str]] = ()) -> tuple[object, ...]:
        """How much a procedure brings besides lists that are wanted: what brings least comes first."""
        one = self.pools.procedure(code)
        counted = self.wants.tests("interventions") and self._intervention_list in one.lists
        scored = self._points(code, "trauma_intervention", "burn_intervention")
        met = sum(bool(one.lists & set(names)) for names in groups)
        return counted, scored, one.hierarchy or 0, -met, len(one.lists), bool(self.pools.design.unbundling.rules(code)), code

    def _extra_diagnosis(self, code: str, groups: Sequence[Sequence[str]] = ()) -> tuple[object, ...]:
        one = self.pools.diagnosis(code)
        points = self.pools.design.cc_lists.get(self._cc_list)
        counted = self.wants.tests("cc") and points is not None and points.row(code) is not None
        scored = self._points(code, "trauma_diagnosis", "burn_severity")
        met = sum(bool(one.lists & set(names)) for names in groups)
        return counted, scored, -met, len(one.lists), code

    def _points(self, code: str, *scores: str) -> int:
        rows = (self.pools.design.scores[score].row(code) for score in scores)
        return sum(1 + int(row["points"]) for row in rows if row is not None)

    @property
    def _cc_list(self) -> str:
        return self.pools.design.cc_list(self.lead.rule["root"])

    @property
    def _intervention_list(self) -> str:
        return self.pools.design.intervention_list(self.lead.rule["root"])

    def _score(self, score: str, codes: list[str], fits: Callable[[str], bool]) -> None:
        """Add codes until a score, and for injuries the number of sites, is in its range."""
        sites = self.wants.range("trauma_sites") if score == "trauma_diagnosis" else ANY
        if not self.wants.tests(score) and sites == ANY:
            return
        have: dict[str, int] = {}
        for code in codes:
            row = self.pools.design.scores[score].row(code)
            if row is not None and int(row["points"]):
                part = row["component"].strip() or code
                have[part] = max(have.get(part, 0), int(row["points"]))
        if score == "trauma_diagnosis" and not self.primary.component:
            if sites[0]:
                raise Impossible("no injury of a site stands first")
            sites = ANY
        self._add(choose(self._offers(self.pools.scored(score), fits), have, self.wants.range(score), sites), codes)

    def _cc(self) -> None:
        """Add secondary diagnoses until the CC score is in its range."""
        cc_list, design = self._cc_list, self.pools.design
        if not self.wants.tests("cc"):
            return

        def counts(code: str) -> bool:
            excluded = design.cc_exclusions.excluding(cc_list, self.primary.code, code)
            return code[:4] != self.primary.code[:4] and excluded is None

        def fits(code: str) -> bool:
            return self._diagnosis_fits(code) and counts(code) and code[:4] not in have and not self.pools.diagnosis(code).component

        have: dict[str, int] = {}
        for code in self.diagnoses[1:]:
            row = design.cc_lists[cc_list].row(code) if cc_list in design.cc_lists else None
            if row is not None and counts(code):
                have.setdefault(code[:4], int(row["points"]))
        offers = self._offers(self.pools.cc(cc_list) if cc_list else (), fits)
        self._add(choose(offers, have, self.wants.range("cc")), self.diagnoses)

    def _interventions(self) -> None:
        """Add procedures until there are as many interventions as wanted."""
        low, high = self.wants.range("interventions")
        name = self._intervention_list
        have = {code for code in self.procedures if name in self.pools.procedure(code).lists}
        if len(have) > high or (low and not name):
            raise Impossible(f"interventions {low} to {high}: no way to come by so many")
        if len(have) < low:
            fitting = [c for c in self.pools.members("procedure_lists", name) if c not in have and self._procedure_fits(c)]
            fitting.sort(key=self._extra_procedure)
            if len(fitting) < low - len(have):
                raise Impossible(f"interventions {low} to {high}: no way to come by so many")
            self.procedures += fitting[: low - len(have)]

    def _count(self) -> None:
        """Add procedures until as many can be dominant as wanted; they may be the same."""
        low, high = self.wants.range("procedures")
        count = sum(bool(self.pools.procedure(code).hierarchy) for code in self.procedures)
        if count > high:
            raise Impossible(f"more than {high} procedures")
        if count < low:
            fitting = (one.code for one in self.pools.weighed if self._procedure_fits(one.code))
            code = next(fitting, None)
            if code is None or low >= UNBOUNDED:
                raise Impossible(f"{low} procedures: none fits")
            self.procedures += [code] * (low - count)

    def _not_only_sites(self) -> None:
        """A record with nothing but procedures of an error category fails: add one that has none."""
        found = [self.pools.procedure(code) for code in self.procedures]
        if found and all(one.error and not one.weight(self.los) for one in found):
            self.procedures += [code for code in self.pools.bystanders if self._procedure_fits(code)][:1]

    def _offers(self, pointed: Iterable[Pointed], fits: Callable[[str], bool]) -> list[Pointed]:
        """Of codes with points those that fit, not too many that stand for one another."""
        offers: list[Pointed] = []
        kept: Counter[tuple[int, str]] = Counter()
        for one in pointed:
            alike = one.points, "" if one.code.startswith(one.part) else one.part
            if kept[alike] < _MOST_OFFERS and fits(one.code):
                kept[alike] += 1
                offers.append(one)
        return offers

    @staticmethod
    def _add(chosen: list[str] | None, codes: list[str]) -> None:
        if chosen is None:
            raise Impossible("no codes add up to the points")
        codes += chosen


def _codes(pointed: Iterable[Pointed]) -> list[str]:
    return sorted(one.code for one in pointed)
