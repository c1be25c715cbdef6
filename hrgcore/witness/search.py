"""Finding witnesses: draft an episode, let the reference engine group it, and draft anew so that what caught it no longer does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from hrgcore.design.conditions import Condition, Range
from hrgcore.design.tables import Row, Tables
from hrgcore.reasons import REASONS, is_failure
from hrgcore.reference import EpisodeResult, ReferenceEngine, SpellResult
from hrgcore.reference.facts import hrg_of
from hrgcore.witness.draft import Episode, Impossible, Lead, drafts
from hrgcore.witness.pools import Pools
from hrgcore.witness.wants import Wants

_MOST_CODES = 40  # of a rule that are tried as its lead, each told apart from the others by the tables
_MOST_LOOKED_AT = 400  # of a rule to find those
_MOST_TRIES = 60  # with one lead
_MOST_TRIES_OF_HRG = 400
_LEADING = ("diagnosis_roots", "procedure_roots", "exceptions", "unbundling")


@dataclass(frozen=True)
class Witness:
    """A spell that groups to an HRG (to an unbundled one: that has it among its unbundled HRGs), and the rows that decide.

    ``episodes`` have official field names; missing fields are blank.
    """

    hrg: str
    unbundled: bool
    root_rule: str
    split_rule: str
    episodes: tuple[Episode, ...]


@dataclass(frozen=True)
class Unreached:
    """An HRG for which no spell was found, and why."""

    hrg: str
    unbundled: bool
    why: str


@dataclass(frozen=True)
class Witnesses:
    """What was found for the HRGs of a design, in the order of its splits."""

    found: tuple[Witness, ...]
    unreached: tuple[Unreached, ...]

    @property
    def total(self) -> int:
        return len(self.found) + len(self.unreached)


def find_witnesses(tables: Tables, progress: Callable[[int, int], None] | None = None) -> Witnesses:
    """Look for a witness of every HRG, by the reference engine. ``progress`` is told how many of how many were looked at."""
    search = _Search(tables)
    splits = tables["splits"]
    found: list[Witness] = []
    unreached: list[Unreached] = []
    for place, split in enumerate(splits):
        result = search.witness(split)
        if isinstance(result, Witness):
            found.append(result)
        else:
            unreached.append(result)
        if progress:
            progress(place + 1, len(splits))
    return Witnesses(tuple(found), tuple(unreached))


class _Search:
    """Looks for witnesses under one design."""

    def __init__(self, tables: Tables) -> None:
        self.engine = ReferenceEngine(tables)
        self.pools = Pools(tables, self.engine.design)
        rows = [row for table in ("diagnosis_errors", *_LEADING, "splits") for row in tables[table]]
        self._rows = {row.reference: row for row in rows}
        self._unbundled = {row["root"] for row in tables["roots"] if row["kind"] == "unbundled"}
        self._leading: dict[str, list[Row]] = {}
        for table in _LEADING:
            for row in tables[table]:
                self._leading.setdefault(row["root"], []).append(row)
        self._leads: dict[str, list[Lead]] = {}

    def witness(self, split: Row) -> Witness | Unreached:
        """A witness of the HRG of a split."""
        hrg, unbundled = hrg_of(split), split["root"] in self._unbundled
        leading = [row for row in self._leading.get(split["root"], ()) if (row.table == "unbundling") == unbundled]
        if not leading:
            return Unreached(hrg, unbundled, f"no rule leads to {split['root']}")
        fitting = [
            (row, wants) for row in sorted(leading, key=_simple) if (wants := Wants().adding(row.conditions + split.conditions))
        ]
        if not fitting:
            return Unreached(hrg, unbundled, f"what {split.reference} asks contradicts every rule that leads to {split['root']}")
        caught: Counter[str] = Counter()
        for row, wants in fitting:
            for lead in self._leads_of(row):
                if caught.total() >= _MOST_TRIES_OF_HRG:
                    break
                if (found := self._with_lead(lead, split, wants, caught)) is not None:
                    return found
        return Unreached(hrg, unbundled, _why(split, caught))

    def _leads_of(self, row: Row) -> list[Lead]:
        if row.reference not in self._leads:
            self._leads[row.reference] = list(islice(self._find_leads(row), _MOST_CODES))
        return self._leads[row.reference]

    def _find_leads(self, row: Row) -> Iterator[Lead]:
        """The codes of a rule that the tables tell apart, and that may come to it."""
        if "codes" not in row.codes:
            yield Lead(row)
            return
        scheme = "icd10" if row.table == "diagnosis_roots" else "opcs4"
        rules = getattr(self.engine.design, row.table).rules
        seen: set[tuple[object, ...]] = set()
        for code in islice(self.pools.named(row.codes["codes"], scheme), _MOST_LOOKED_AT):
            before = _before(row, rules(code))
            if any(not rule.conditions for rule in before):
                continue
            traits = self.pools.diagnosis(code) if scheme == "icd10" else self.pools.procedure(code)
            told = (*traits.told, *(rule.line for rule in before))
            if told not in seen and self._may_lead(row, code):
                seen.add(told)
                yield Lead(row, code)

    def _may_lead(self, row: Row, code: str) -> bool:
        """Whether a code can come to a rule about it at all."""
        if row.table == "diagnosis_roots":
            return self.pools.diagnosis(code).hierarchy is not None
        procedure = self.pools.procedure(code)
        return procedure.hierarchy is not None if row.table == "unbundling" else bool(procedure.hierarchy) and not procedure.error

    def _with_lead(self, lead: Lead, split: Row, wants: Wants, caught: Counter[str]) -> Witness | None:
        """A witness by one lead: whatever rule catches a draft is escaped in the next."""
        first = wants.adding(self._stay_of(lead))
        waiting = [first] if first else []
        seen = set(waiting)
        tries = 0
        while waiting and tries < _MOST_TRIES:
            now = waiting.pop(0)
            try:
                for episode in drafts(self.pools, lead, now):
                    tries += 1
                    result = self.engine.group_spell([episode])
                    if (found := _confirmed(lead, split, episode, result)) is not None:
                        return found
                    ways = list(self._ways_out(lead, split, now, result, caught))
                    fresh = [way for way in ways if way not in seen]
                    seen.update(fresh)
                    waiting += fresh
                    if ways or tries >= _MOST_TRIES:
                        break
            except Impossible as impossible:
                caught[str(impossible)] += 1
        return None

    def _stay_of(self, lead: Lead) -> list[Condition]:
        """Beyond its longest stay a procedure can't lead."""
        longest = self.pools.procedure(lead.code).longest_stay if lead.by_procedure else self.engine.design.days_max
        return [Range("los", 0, int(min(longest, self.engine.design.days_max)))]

    def _ways_out(self, lead: Lead, split: Row, wants: Wants, result: SpellResult, caught: Counter[str]) -> Iterator[Wants]:
        """What else to want so that what caught a draft does not."""
        culprit = self._rows.get(_culprit(lead, split, result))
        if culprit is not None:
            caught[f"caught by {culprit.reference}"] += 1
            yield from wants.escaping(culprit.conditions)
            return
        caught[REASONS[result.reason] or "grouped elsewhere"] += 1
        for error in result.episodes[0].errors:
            if error.code and error.code != lead.code:
                yield wants.avoiding(error.code)


def _before(row: Row, rules: Iterable[Row]) -> tuple[Row, ...]:
    """The rules that are tried before one of them."""
    before: list[Row] = []
    for rule in rules:
        if rule is row:
            break
        before.append(rule)
    return tuple(before)


def _simple(row: Row) -> tuple[bool, int, int]:
    """Rules that ask little come first; exceptions and rules of an episode last."""
    return not row.codes, len(row.conditions), row.line


def _confirmed(lead: Lead, split: Row, episode: Episode, result: SpellResult) -> Witness | None:
    """The witness that an episode is; None where it isn't one. A spell that fails is none, whatever it unbundles."""
    if is_failure(result.reason):
        return None
    hrg = hrg_of(split)
    if not lead.unbundled:
        decided = (result.hrg, result.root_rule, result.split_rule)
        return Witness(hrg, False, *decided[1:], (episode,)) if decided[0] == hrg else None
    for one in result.episodes[0].unbundled:
        if one.hrg == hrg:
            return Witness(hrg, True, one.rule, one.split_rule, (episode,))
    return None


def _culprit(lead: Lead, split: Row, result: SpellResult) -> str:
    """The row that decided where another should have; empty where no row did."""
    episode = result.episodes[0]
    if not lead.unbundled or is_failure(result.reason):
        if episode.root_rule != lead.rule.reference:
            return episode.root_rule
        return episode.split_rule if episode.split_rule != split.reference else ""
    return _unbundled_culprit(lead, split, episode)


def _unbundled_culprit(lead: Lead, split: Row, episode: EpisodeResult) -> str:
    for one in episode.unbundled:
        if one.rule == lead.rule.reference:
            return one.split_rule
    return next((one.rule for one in episode.unbundled), "")


def _why(split: Row, caught: Counter[str]) -> str:
    if not caught:
        return f"no code leads to {split['root']} before another rule of it does"
    if len(caught) == 1:
        return f"no spell came to {split.reference}: {next(iter(caught))}"
    most = ", ".join(f"{what} (of {caught.total()} tries {count})" for what, count in caught.most_common(3))
    return f"no spell came to {split.reference}: {most}"
