"""What spells made for tests aim at: for each rule of a design, the codes, values, ages and stays under which it may apply."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from hrgcore.columns import CODED_FIELDS
from hrgcore.design.conditions import UNBOUNDED, Lists, Range
from hrgcore.design.index import CodeIndex
from hrgcore.design.tables import RULE_TABLES, SCORES, Row, Tables

Pool = tuple[str, ...]

_BY_PROCEDURE = ("procedure_roots", "unbundling")
_MOST_OF_A_KIND = 3  # codes added for one range of a count or score
_MOST_IN_POOL = 250  # so that one byte chooses


@dataclass(frozen=True)
class Aim:
    """What an episode needs: a code of each pool, values of fields, ages and stays; empty where anything does."""

    primary: Pool
    diagnoses: tuple[Pool, ...]
    procedures: tuple[Pool, ...]
    fields: Mapping[str, Pool]
    ages: Pool
    stays: Pool


class _Wanted(NamedTuple):
    """An aim that is being put together."""

    primary: list[Pool]
    diagnoses: list[Pool]
    procedures: list[Pool]
    fields: dict[str, Pool]
    ages: list[int]
    stays: list[int]


class Pools:
    """Codes and values of a design, those that its tables name before others.

    ``diagnoses`` and ``procedures`` are eight pools each, to be chosen alike; ``unlisted`` are five-character forms of listed
    codes.
    """

    def __init__(self, tables: Tables) -> None:
        self.tables = tables
        self._index = {scheme: CodeIndex(tables.code_list(scheme)) for scheme in ("icd10", "opcs4")}
        self._lists = {table: self._named(table, scheme, "list") for table, scheme in _LISTS.items()}
        self._points = {score: self._codes(scheme, _rows(tables, "scores", "score", score)) for score, scheme in SCORES.items()}
        self._cc_lists = self._named("cc_lists", "icd10", "list")
        self._sets = {row["set"]: (row["field"], tuple(row["values"].split())) for row in tables["sets"]}
        self._roots = {row["root"]: row for row in tables["roots"]}
        self._subchapters = {row["subchapter"]: row for row in tables["subchapters"]}
        self._splits: dict[str, list[Row]] = {}
        for row in tables["splits"]:
            self._splits.setdefault(row["root"], []).append(row)
        self.values = {field: _values(_rows(tables, "value_sets", "field", field)) for field in CODED_FIELDS}
        self._set_diagnoses()
        self._set_procedures()
        rules = [row for table in RULE_TABLES if table != "splits" for row in tables[table]]
        self.aims = tuple(aim for row in rules for aim in self._aims(row))

    def _set_diagnoses(self) -> None:
        tables, index = self.tables, self._index["icd10"]
        self.primaries: Pool = self._codes("icd10", tables["diagnosis_roots"])
        fives = (f"{code}{digit}" for digit in (0, 9, 5) for code in index.codes if len(code) == 4)
        self.unlisted: Pool = _thinned(code for code in fives if code not in index.number)[:60]
        scored = self._codes("icd10", [*tables["cc_lists"], *tables["scores"], *tables["diagnosis_lists"]])
        exclusions = tables["cc_exclusions"]
        excluded = self._codes("icd10", exclusions, "primary") + self._codes("icd10", exclusions, "excluded") or scored
        every = tuple(index.codes)
        self.diagnoses = (self.primaries, self.primaries, scored, scored, scored, excluded, self.unlisted, every)

    def _set_procedures(self) -> None:
        tables = self.tables
        self._weighed = weighed = self._codes("opcs4", tables["procedure_roots"])
        others = self._codes("opcs4", [*tables["procedure_lists"], *tables["scores"], *tables["procedures"]])
        unbundling = self._codes("opcs4", tables["unbundling"])
        companions = self._lists["procedure_lists"]["companions"]
        every = tuple(self._index["opcs4"].codes)
        self.procedures = (weighed, weighed, weighed, companions, companions, unbundling, others, every)

    def _aims(self, row: Row) -> Iterable[Aim]:
        """A rule with each split of its root, evenly spread where there are many."""
        splits: list[Row | None] = [*self._splits.get(row["root"], ())] or [None]
        for split in splits:
            wanted = _Wanted([], [], [], {}, [], [])
            scheme = "opcs4" if row.table in _BY_PROCEDURE else "icd10"
            if row.codes:
                pool = self._codes(scheme, [row])
                (wanted.procedures if scheme == "opcs4" else wanted.primary).append(pool)
            for condition_of in (row, split) if split is not None else (row,):
                self._want(condition_of, row["root"], wanted)
            primary = wanted.primary[0] if wanted.primary else ()
            for pool in wanted.primary[1:]:  # both the rule's code and a list: prefer what is in both
                primary = tuple(code for code in primary if code in set(pool)) or primary
            ages, stays = (tuple(str(value) for value in values) for values in (wanted.ages, wanted.stays))
            yield Aim(primary, tuple(wanted.diagnoses), tuple(wanted.procedures), wanted.fields, ages, stays)

    def _want(self, row: Row, root: str, wanted: _Wanted) -> None:
        for condition in row.conditions:
            if isinstance(condition, Range):
                self._want_range(condition, root, wanted)
            elif not condition.negated:
                self._want_lists(condition, wanted)

    def _want_lists(self, condition: Lists, wanted: _Wanted) -> None:
        if condition.scope == "patient":
            field, values = self._sets[condition.names[0]]
            wanted.fields[field] = values
            return
        table = "procedure_lists" if condition.scope in ("procedure", "companion") else "diagnosis_lists"
        pool = _thinned([code for name in condition.names for code in self._lists[table].get(name, ())])
        target = {"primary": wanted.primary, "diagnosis": wanted.diagnoses}.get(condition.scope, wanted.procedures)
        target.append(pool)  # companions come right behind the rule's own code

    def _want_range(self, condition: Range, root: str, wanted: _Wanted) -> None:
        fact, low, high = condition.fact, condition.low, condition.high
        if fact in ("age", "los"):
            values = [low, low, max(low - 1, 0)] + ([high, high, high + 1] if high < UNBOUNDED else [low + 1, low + 50])
            (wanted.ages if fact == "age" else wanted.stays)[:] = values
            return
        if low == 0:
            return
        subchapter = self._subchapters.get(root[:2])
        own = self._roots[root]["interventions"] if root in self._roots else ""
        target = wanted.procedures
        if fact == "cc":
            target, pool = wanted.diagnoses, self._cc_lists.get(subchapter["cc_list"] if subchapter else "", ())
        elif fact == "interventions":
            pool = self._lists["procedure_lists"].get(own or (subchapter["interventions"] if subchapter else ""), ())
        elif fact == "procedures":
            pool = self._weighed
        elif fact == "trauma_sites":
            target, pool = wanted.diagnoses, self._points["trauma_diagnosis"]
            wanted.primary.append(pool)
        else:
            target, pool = wanted.diagnoses if SCORES[fact] == "icd10" else wanted.procedures, self._points[fact]
        if pool:
            target.extend([_thinned(pool)] * min(low, _MOST_OF_A_KIND))

    def _named(self, table: str, scheme: str, column: str) -> dict[str, Pool]:
        rows: dict[str, list[Row]] = {}
        for row in self.tables[table]:
            rows.setdefault(row[column], []).append(row)
        return {name: self._codes(scheme, own) for name, own in rows.items()}

    def _codes(self, scheme: str, rows: Iterable[Row], column: str = "codes") -> Pool:
        """Codes of the cells of some rows: the first and last of each, and some between."""
        index = self._index[scheme]
        found: dict[str, None] = {}
        for row in rows:
            if column in row.codes and (row.table != "scores" or SCORES[row["score"]] == scheme):
                numbers = index.members(row.codes[column]).tolist()
                for number in {*numbers[:3], *numbers[:: max(1, len(numbers) // 5)], *numbers[-1:]}:
                    found[index.codes[number - 1]] = None
        return tuple(sorted(found))


_LISTS = {"diagnosis_lists": "icd10", "procedure_lists": "opcs4"}


def _rows(tables: Tables, table: str, column: str, text: str) -> list[Row]:
    return [row for row in tables[table] if row[column] == text]


def _values(rows: Iterable[Row]) -> Pool:
    return tuple(value for row in rows for value in row["values"].split())


def _thinned(codes: Iterable[str]) -> Pool:
    """At most `_MOST_IN_POOL` of some codes, evenly spread."""
    every = list(dict.fromkeys(codes))
    return tuple(every[:: -(-len(every) // _MOST_IN_POOL)]) if len(every) > _MOST_IN_POOL else tuple(every)
