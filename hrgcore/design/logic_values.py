"""The values that the fields of a logic accept, their numbers, the lists that they are on and the points that they give."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import numpy as np

from hrgcore.design.conditions import Lists, parse_range
from hrgcore.design.index import CodeIndex, check_terms
from hrgcore.design.logic_tables import LogicTables
from hrgcore.design.lookups import field_lookup
from hrgcore.design.points import whole_number
from hrgcore.design.row import Row
from hrgcore.design.rules import Bits, union_name
from hrgcore.design.tables import Tables
from hrgcore.logics import Field
from hrgcore_kernels import codes as k
from hrgcore_kernels.row_layout import BAND, NO_VALUE

_VALUE = re.compile(r"[0-9A-Z]{1,3}")
_MOST_VALUES = 254
_MOST_POINTS = 1000


class Values:
    """What the fields of a logic accept.

    The values of all coded fields are numbered together: value ``n`` (from 1) of a field has the number ``base[field] + n``, and
    ``base[field]`` itself stands for what is not accepted. ICD-10 and OPCS-4 fields accept the codes of the design's code lists.
    """

    def __init__(self, tables: Tables, own: LogicTables, index: Mapping[str, CodeIndex]) -> None:
        self._tables, self._own, self._index = tables, own, index
        self.accepted: dict[str, list[str]] = {}
        self.base: dict[str, int] = {}
        self.count = 0
        for one in own.logic.fields:
            rows, _ = own.accepts(one.name)
            if one.kind in ("coded", "number", "age", "thousandths"):
                if not rows:
                    tables.faults.append(f"{own.logic.name}/fields.csv: no row for {one.name}. Say what it accepts.")
            elif rows:
                tables.fault(rows[0], f"{one.name} is of kind {one.kind}: what it accepts is not told here. Remove the row.")
        for one in own.logic.codes:
            if one.kind == "coded":
                self.accepted[one.name] = self._values(one)
            self.base[one.name] = self.count
            self.count += 1 + (len(self.accepted[one.name]) if one.kind == "coded" else len(index[one.kind]))

    def _values(self, one: Field) -> list[str]:
        rows, column = self._own.accepts(one.name)
        found = sorted({value for row in rows for value in row[column].split()})
        for row in rows:
            wrong = [value for value in row[column].split() if not _VALUE.fullmatch(value)]
            if wrong:
                self._tables.fault(row, f"{column}: {wrong[0]!r} is not a value; write one to three capital letters or digits.")
        if len(found) > _MOST_VALUES:
            self._tables.fault(rows[0], f"{one.name} accepts {len(found)} values; at most {_MOST_VALUES} can be.")
        bare = {value[1:] for value in found if one.forgives_zero and value.startswith("0")}
        for value in sorted(bare & set(found)):
            self._tables.fault(rows[0], f"{one.name} accepts {value} and 0{value}, though a leading zero may be missing. Keep one.")
        return [value for value in found if _VALUE.fullmatch(value)][:_MOST_VALUES]

    def numbers(self, row: Row) -> np.ndarray:
        """The numbers of the values that a row of lists or scores names; what it names wrongly is a fault."""
        one = self._own.logic.by_name[row["field"]]
        if one.kind in self._index:
            check_terms(self._index[one.kind], row, self._tables)
            return self.base[one.name] + self._index[one.kind].members(row.codes["values"])
        if one.kind != "coded":
            self._tables.fault(row, f"{one.name} is of kind {one.kind}, which stands on no list. Test it by a range.")
            return np.empty(0, np.int64)
        found: set[int] = set()
        for term in row["values"].split():
            named = [place for place, value in enumerate(self.accepted[one.name], 1) if names_value(term, value)]
            if not named:
                self._tables.fault(row, f"values: {term} names no value of {one.name}. Correct it, or add it to fields.csv.")
            found.update(named)
        if not row["values"].split():
            self._tables.fault(row, "values: names no value.")
        return self.base[one.name] + np.array(sorted(found), np.int64)

    def lookups(self) -> np.ndarray:
        """Numbers of each coded field's values by their text, uint8 [coded fields, places]; a forgiven zero may be missing."""
        tables = []
        for one in self._own.logic.codes:
            if one.kind == "coded":
                table = field_lookup(self.accepted[one.name])
                if one.forgives_zero:
                    bare = [value[1:] if value.startswith("0") and len(value) > 1 else "" for value in self.accepted[one.name]]
                    without = field_lookup(bare)
                    without[0] = 0  # the place of no text
                    table = np.maximum(table, without)
                tables.append(table)
        return np.array(tables, np.uint8).reshape(len(tables), -1) if tables else np.zeros((0, len(field_lookup([]))), np.uint8)

    def ranges(self) -> np.ndarray:
        """Lowest and highest number of each number field and one number more (NO_VALUE: none), int64 [number fields, 3]."""
        found = []
        for one in self._own.logic.numbers:
            rows, _ = self._own.accepts(one.name)
            found.append(self._range(rows) if rows and one.kind != "date" else (0, 2**31 - 1, NO_VALUE))
        return np.array(found, np.int64).reshape(-1, 3)

    def _range(self, rows: list[Row]) -> tuple[int, int, int]:
        for row in rows[1:]:
            self._tables.fault(row, f"{row['field']} stands in {rows[0].reference} too. Keep one of them.")
        first, _, more = rows[0]["accepts"].strip().partition(" ")
        try:
            low, high = parse_range(first)
            also = parse_range(more)[0] if more else NO_VALUE
        except ValueError as error:
            self._tables.fault(rows[0], f"accepts: {error}, and one more number behind it if there is one.")
            return 0, 0, NO_VALUE
        return low, high, also

    def lists(self, used: Iterable[Lists]) -> tuple[Bits, np.ndarray]:
        """The bit of each list, and of each `a|b` that rules ask for; of each value the words of bits of its lists. int64."""
        members: dict[str, list[np.ndarray]] = {}
        for row in self._own["lists"]:
            members.setdefault(row["list"], []).append(self.numbers(row))
        for condition in used:
            if len(condition.names) > 1 and not condition.negated and all(name in members for name in condition.names):
                members[union_name(condition.names)] = [ids for name in condition.names for ids in members[name]]
        bits = Bits({name: place for place, name in enumerate(sorted(members))})
        words = np.zeros((self.count, bits.words), np.int64)
        for name, parts in members.items():
            word, bit = divmod(bits.bit[name], k.LIST_BITS)
            words[np.unique(np.concatenate(parts)), word] |= np.int64(1 << bit)
        return bits, words

    def points(self) -> dict[str, np.ndarray]:
        """``points`` [values, components], ``component_score`` (the place of each component's score) and ``bands``, of numbers."""
        scores = self._own.scores
        components = list(dict.fromkeys((row["score"], row["component"]) for row in self._own["scores"]))
        points = np.zeros((self.count, max(1, len(components))), np.int16)
        given = np.zeros(points.shape, np.bool_)
        bands = []
        for row in self._own["scores"]:
            if not row["component"]:
                self._tables.fault(row, "no component. Name it: a score is the sum of the largest points of its components.")
            if not row["score"].isidentifier() or row["score"] in self._own.logic.ranges:
                self._tables.fault(row, f"{row['score']!r} can't name a score. Write a name in small letters that no field has.")
            component = components.index((row["score"], row["component"]))
            worth = whole_number(self._tables, row, "points", _MOST_POINTS)
            one = self._own.logic.by_name[row["field"]]
            if one.kind in ("number", "age", "thousandths"):
                try:
                    bands.append((self._own.logic.ranges.index(one.fact), *parse_range(row["values"]), component, worth))
                except ValueError as error:
                    self._tables.fault(row, f"values: {error}.")
                continue
            numbers = self.numbers(row)
            if given[numbers, component].any():
                self._tables.fault(row, f"a value has points of {row['score']} {row['component']} in another row too. Keep one.")
            given[numbers, component] = True
            points[numbers, component] = worth
        score_of = [scores.index(score) for score, _ in components] or [0]
        return {"points": points, "component_score": np.array(score_of, np.int64), "bands": np.array(bands, BAND)}


def names_value(term: str, value: str) -> bool:
    """Whether a term of a `values` cell, `05` or `50-74`, names a value: the ends of a range are as long as what they name."""
    first, dash, last = term.partition("-")
    return first == value if not dash else len(first) == len(last) == len(value) and first <= value <= last
