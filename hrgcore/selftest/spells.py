"""Spells made up for tests: valid ones aimed at the rules of a design, a quarter of them spoilt afterwards.

An example is a list of byte strings, one a spell; `Maker` reads each as a row of choices, so that an example is made fast, is the
same for the same bytes, and gets simpler as bytes get smaller.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from random import Random
from typing import Any, TypeVar

import pyarrow as pa

from hrgcore.columns import APC_COLUMNS, CODED_FIELDS
from hrgcore.design.tables import Tables
from hrgcore.selftest.aims import Aim, Pools

Episode = dict[str, str | None]
Spell = list[Episode]
T = TypeVar("T")

SPELL_BYTES = 96  #: of an example for a spell; long spells read them again

_AGES = (0, 1, 2, 4, 5, 6, 15, 16, 18, 19, 40, 64, 65, 74, 75, 80, 85, 130, 999, 7001, 7007)
AGES = (*map(str, _AGES), " 19 ", "007")
STAYS = (0, 0, 1, 1, 2, 2, 3, 4, 5, 7, 10, 14, 30, 365, 3650, 99999)
BLANK_CODES = ("", None, " ", "-", "- -", "\t")
BAD_NUMBERS = (
    *("", "-", "x", None, "1 2", "٣", "+1", "-1", "1.5", "1e2"),
    *("0", "98", "131", "998", "7000", "7008", "100000", "999999999", "9999999999"),
)
BAD_VALUES = ("", "-", "Q", "zz", "0000", "99", "1.", "2a", None, " - ", "é", "1 1", "\x00")
BAD_CODES = (
    *("A", "J45", "J45X9", "X999", "Z99", "I10", "45J9", "J4591X", "K999", "R6", "U07.X.X", "K63.-"),
    *("- J45", "ſ065", "J45 9", ". J459", ". W371", ".", "J45９", "\x00"),
)
AGREEING = ("SEX", "CLASSPAT", "ADMISORC", "ADMIMETH")
NUMBERS = ("EPIORDER", "STARTAGE", "EPIDUR", "CRITICALCAREDAYS", "REHABILITATIONDAYS", "SPCDAYS")
FIELDS = tuple(column.name for column in APC_COLUMNS if column.kind != "ignored")


class Example(list[bytes]):
    """The bytes of some spells; too many to be shown."""

    def __repr__(self) -> str:
        return f"<{len(self)} spells>"

    def _repr_pretty_(self, printer: Any, _: bool) -> None:
        printer.text(repr(self))


def example_of(spells: int, seed: int) -> Example:
    """An example of so many spells, outside Hypothesis."""
    chance = Random(seed)
    return Example(chance.randbytes(SPELL_BYTES) for _ in range(spells))


class Choices:
    """Choices read from bytes, from the first on; at the end they are read again, each time multiplied by another odd number."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0
        self._factor = 1

    def below(self, end: int) -> int:
        """A number from 0 to before ``end``."""
        value = self._byte()
        if end > 256:
            value = value << 8 | self._byte()
        return value % end

    def of(self, pool: Sequence[T]) -> T:
        return pool[self.below(len(pool))]

    def chance(self, of_256: int) -> bool:
        """True in about ``of_256`` of 256 cases; never for a byte of 0."""
        return self._byte() >= 256 - of_256

    def shuffled(self, items: Sequence[T]) -> list[T]:
        left = list(items)
        return [left.pop(self.below(len(left))) for _ in items]

    def _byte(self) -> int:
        if self._at == len(self._data):
            self._at = 0
            self._factor += 2
        value = self._data[self._at] * self._factor & 255
        self._at += 1
        return value


class Maker:
    """Makes spells for a design."""

    def __init__(self, tables: Tables) -> None:
        self.pools = Pools(tables)
        self.error_hrg = tables.settings.error_hrg

    def spells(self, example: Sequence[bytes]) -> list[Spell]:
        """The spells of an example, each with a key of its own."""
        return [self.spell(data, f"{number:05d}") for number, data in enumerate(example)]

    def spell(self, data: bytes, number: str) -> Spell:
        """A spell: valid, then perhaps spoilt. Its episodes are in input order."""
        choose = Choices(data)
        spoils = 1 + choose.below(3) if choose.chance(64) else 0
        count = 30 if choose.chance(1) else choose.of((1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 3, 3, 4, 5, 6))
        pools = self.pools
        aim = choose.of(pools.aims)
        ages = aim.ages if aim.ages and choose.chance(224) else AGES
        shared: Episode = {"PROCODET": "RXX", "PROVSPNO": number, "STARTAGE": choose.of(ages)}
        for field in AGREEING:
            shared[field] = choose.of(aim.fields.get(field) or pools.values[field])
        spell: Spell = []
        for place in range(count):
            own = aim if place == 0 or choose.chance(96) else choose.of(pools.aims)
            spell.append(shared | self._episode(choose, own))
        orders = range(1, 98, 97 // count) if choose.chance(32) else range(1, count + 1)
        for episode, order in zip(spell, choose.shuffled(orders[:count]), strict=True):
            episode["EPIORDER"] = str(order)
        if count > 1 and choose.chance(64):
            self._move_last_procedures(choose, spell)
        for _ in range(spoils):
            self._spoil(choose, choose.of(spell))
        return spell

    def _move_last_procedures(self, choose: Choices, spell: Spell) -> None:
        """Make the last procedures of an episode the first of the next: what stands behind a procedure ends with its episode."""
        ordered = sorted(spell, key=lambda episode: int(episode["EPIORDER"] or 0))
        at = choose.below(len(ordered) - 1)
        one, other = (
            [episode.pop(name) for name in sorted(episode) if name.startswith("OPER_")] for episode in ordered[at : at + 2]
        )
        kept = len(one) - choose.below(len(one) + 1)
        for episode, procedures in ((ordered[at], one[:kept]), (ordered[at + 1], one[kept:] + other)):
            episode |= {f"OPER_{place:02d}": code for place, code in enumerate(procedures, 1)}

    def _episode(self, choose: Choices, aim: Aim) -> Episode:
        """Fields and codes of one episode that are its own."""
        pools = self.pools
        episode: Episode = {}
        for field in CODED_FIELDS:
            if field not in AGREEING:
                episode[field] = choose.of(aim.fields.get(field) or pools.values[field])
        days = int(choose.of(aim.stays)) if aim.stays else choose.of(STAYS)
        for field in NUMBERS[3:]:
            own = 1 + choose.below(12) if choose.chance(40) else 0
            episode[field] = str(own) if own else choose.of(("", "0", None, "-"))
            days += own
        episode["EPIDUR"] = str(min(days, 99999))
        diagnoses = [choose.of(pool) for pool in aim.diagnoses]
        diagnoses += [choose.of(pools.diagnoses[choose.below(8)]) for _ in range(choose.below(4))]
        if choose.chance(32) and diagnoses:
            diagnoses.append(choose.of(diagnoses))  # a code that stands twice counts once
        if choose.chance(16):
            diagnoses = choose.shuffled(diagnoses)
        for place, code in enumerate([choose.of(aim.primary or pools.primaries), *diagnoses], 1):
            episode[f"DIAG_{place:02d}"] = self._written(choose, code)
        more = choose.below(4) if aim.procedures or choose.chance(64) else 0
        procedures = [choose.of(pools.procedures[choose.below(8)]) for _ in range(more)]
        at = choose.below(len(procedures) + 1)
        procedures[at:at] = [choose.of(pool) for pool in aim.procedures]
        gap = choose.below(len(procedures) + 1) if choose.chance(24) else len(procedures)
        for place, code in enumerate(procedures, 1):
            episode[f"OPER_{place + (place > gap):02d}"] = self._written(choose, code)
        return episode

    def _written(self, choose: Choices, code: str) -> str:
        """A code as it may be written: mostly as it is."""
        if not choose.chance(24):
            return code
        stopped = f"{code[:3]}.{code[3:]}"
        return choose.of((code.lower(), stopped, f" {code}", f"{code}\t ", stopped.lower(), f" {stopped}.", code + "."))

    def _spoil(self, choose: Choices, episode: Episode) -> None:
        """Change one cell of an episode for the worse."""
        kind = choose.below(8)
        if kind == 0:
            episode[choose.of(NUMBERS)] = choose.of(BAD_NUMBERS)
        elif kind == 1:
            episode[choose.of(CODED_FIELDS)] = choose.of(BAD_VALUES)
        elif kind == 2:
            field = choose.of(AGREEING)
            episode[field] = choose.of(self.pools.values[field])
        elif kind == 3:
            episode["EPIORDER"] = choose.of(("1", "2", "3", "98", "0", "01", "2", ""))
        elif kind == 4:
            episode["STARTAGE"] = choose.of(AGES)
        elif kind == 5:
            episode["DIAG_01"] = choose.of(BLANK_CODES + BAD_CODES + self.pools.unlisted)
        elif kind == 6:
            episode[f"DIAG_{2 + choose.below(4):02d}"] = choose.of(BAD_CODES + BLANK_CODES + self.pools.unlisted)
        else:
            episode[f"OPER_{1 + choose.below(4):02d}"] = choose.of(BAD_CODES + BLANK_CODES + self.pools.primaries[:8])


class Input:
    """Spells as one table, and which row is which episode."""

    def __init__(self, spells: Sequence[Spell], *, together: bool = False) -> None:
        self.spells = spells
        places = [(spell, episode) for spell, episodes in enumerate(spells) for episode in range(len(episodes))]
        self.places = places if together else sorted(places, key=lambda place: (place[1], place[0]))

    @cached_property
    def table(self) -> pa.Table:
        return table_of([self.spells[spell][episode] for spell, episode in self.places])


def table_of(rows: Sequence[Mapping[str, str | None]]) -> pa.Table:
    """Episodes as a table of text."""
    codes = {f"{prefix}{place:02d}" for prefix, place in _widths(rows)}
    names = [*FIELDS, *sorted(codes)]
    return pa.table({name: pa.array([row.get(name) for row in rows], pa.string()) for name in names})


def _widths(rows: Sequence[Mapping[str, str | None]]) -> list[tuple[str, int]]:
    names = {name for row in rows for name in row}
    last = {prefix: max((int(name[5:]) for name in names if name.startswith(prefix)), default=1) for prefix in ("DIAG_", "OPER_")}
    return [(prefix, place) for prefix, end in last.items() for place in range(1, end + 1)]
