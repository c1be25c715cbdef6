"""CC scores of the spells of a part, worked out of its episodes: results do not carry them (docs/grouping.md, section 3)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa

from hrgcore.activity import CodeCells, TableActivity
from hrgcore.analysis.results import Numbers, Part, Results, text
from hrgcore.design import Bundle


@dataclass(frozen=True)
class Secondaries:
    """Each code once of the diagnoses of a spell that are not its primary one.

    ``spell`` is its row in the part, ``code`` the number of the code in the design. ``cells`` counts all diagnoses but the
    first of each episode, as they stand: the depth of coding. [spells]
    """

    spell: Numbers
    code: Numbers
    cells: Numbers


class CcScores:
    """Looks up CC points under a design."""

    def __init__(self, bundle: Bundle) -> None:
        self._bundle = bundle
        self._number = {code: at for at, code in enumerate(bundle.strings("icd10_codes")) if code}
        self._follow = bool(bundle.tables.settings.number("five_character_parent"))
        names = sorted({row["list"] for row in bundle.tables["cc_lists"]})
        lists = bundle.arrays["roots"]["cc_list"]
        self.list_names = names
        self._list_of_root = {row["root"]: int(lists[at]) for at, row in enumerate(bundle.tables["roots"], 1)}

    @cached_property
    def _four(self) -> Numbers:
        """Of each code a number that its forms of five characters have too."""
        forms = [code[:4] for code in self._bundle.strings("icd10_codes")]
        return np.unique(forms, return_inverse=True)[1].astype(np.int64)

    def numbers(self, cells: Any) -> Numbers:
        """The numbers of diagnoses, given as text; 0 for what is no code. A longer code follows its first four characters."""
        encoded = cells if pa.types.is_dictionary(cells.type) else cells.dictionary_encode()
        if isinstance(encoded, pa.ChunkedArray):
            if encoded.num_chunks != 1:
                return np.concatenate([np.empty(0, np.int64), *map(self.numbers, encoded.chunks)])
            encoded = encoded.chunk(0)
        known = np.array([0, *(self._of(str(value or "")) for value in encoded.dictionary.to_pylist())], np.int64)
        found: Numbers = known[np.asarray(encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False), np.int64) + 1]
        return found

    def lists(self, hrgs: Any) -> Numbers:
        """The CC list by which the root of each HRG is split; -1 where it is not split by CC score."""
        encoded = text(hrgs).combine_chunks().dictionary_encode()
        own = np.array([self._list_of_root.get(hrg[:4], -1) for hrg in encoded.dictionary.to_pylist()] or [-1], np.int64)
        found: Numbers = own[encoded.indices.to_numpy(zero_copy_only=False)]
        return found

    def secondaries(self, results: Results, part: Part, episodes: pa.Table) -> Secondaries:
        """The secondary diagnoses of a part's spells; ``episodes`` has its columns of diagnoses."""
        spells = part.spell_of_episode
        primary = self.numbers(text(part.spells.column("SpellPDiag")))
        columns = _columns(results, episodes)
        where, codes = [], []
        depth = np.zeros(len(part.spells), np.int64)
        for place, cells in enumerate(columns):
            numbers = self.numbers(cells)
            rows = np.flatnonzero(numbers)
            if place:
                depth += np.bincount(spells[rows], minlength=len(depth))
            where.append(spells[rows])
            codes.append(numbers[rows])
        spell, code = np.concatenate(where), np.concatenate(codes)
        four = self._four[code]
        secondary = four != self._four[primary[spell]]
        spell, code = spell[secondary], code[secondary]
        first = np.unique(spell << 20 | code, return_index=True)[1]
        first.sort()  # of the forms of one code the first on the list counts
        return Secondaries(spell[first], code[first], depth)

    def points(self, lists: Numbers, primary: Numbers, found: Secondaries) -> Numbers:
        """The points of each secondary diagnosis on its spell's list; exclusions after the primary diagnosis are taken off."""
        own = lists[found.spell]
        points = np.where(own >= 0, self._bundle.arrays["cc_points"][np.maximum(own, 0), found.code], 0).astype(np.int64)
        starts, entries = self._bundle.arrays["exclusion_start"], self._bundle.arrays["exclusions"]
        if len(entries):
            lead = primary[found.spell]
            begin, counts = starts[lead].astype(np.int64), np.where(points > 0, starts[lead + 1] - starts[lead], 0)
            at = np.repeat(np.arange(len(points)), counts)
            entry = entries[np.repeat(begin - np.cumsum(counts) + counts, counts) + np.arange(counts.sum())]
            code = found.code[at]
            hit = ((entry["cc_list"] < 0) | (entry["cc_list"] == own[at])) & (entry["low"] <= code) & (code <= entry["high"])
            points[at[hit]] = 0
        return points

    def scores(self, results: Results, part: Part, episodes: pa.Table) -> tuple[Numbers, Numbers, Numbers]:
        """Of each spell of a part: its CC score, whether its root is split by it (1 or 0), its depth of coding."""
        found = self.secondaries(results, part, episodes)
        lists = self.lists(part.spells.column("SpellHRG"))
        primary = self.numbers(text(part.spells.column("SpellPDiag")))
        return self.score(lists, primary, found), (lists >= 0).astype(np.int64), found.cells

    def score(self, lists: Numbers, primary: Numbers, found: Secondaries) -> Numbers:
        """The CC score of each spell on a list of its own."""
        points = self.points(lists, primary, found)
        count = points > 0
        spell, four = found.spell[count], self._four[found.code[count]]
        first = np.unique(spell << 20 | four, return_index=True)[1]
        return np.bincount(spell[first], points[count][first], len(lists)).astype(np.int64)

    def _of(self, code: str) -> int:
        """A code's number, as the encoder has it: points are dropped before, and a longer code may follow its parent."""
        plain = code.strip().replace(".", "").upper()
        return self._number.get(plain) or (self._number.get(plain[:4], 0) if self._follow and len(plain) == 5 else 0)


def _columns(results: Results, episodes: pa.Table) -> list[Any]:
    """The diagnoses by place, first the primary one, whether they stand in columns or in lists."""
    layout = results.layout
    if not layout.diagnosis_lists:
        return [episodes.column(name) for name in layout.diagnoses]
    cells = CodeCells.diagnoses(TableActivity(episodes), layout)
    return [cells.cells(place, np.arange(len(episodes))) for place in range(cells.count)]
