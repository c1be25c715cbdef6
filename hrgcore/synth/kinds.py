"""Kinds of admission: how many of each there are nationally, and what an episode of a kind is drawn from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hrgcore.synth.choices import Choices, Integers, Numbers
from hrgcore.synth.names import Names
from hrgcore.synth.tables import Row, numbers, read_rows

PATIENTS = ("newborn", "child", "young", "middle", "old", "oldest", "maternity")  #: patients.csv
SORTS = ("general", "maternity", "newborn", "healthy", "infant", "transferred")  #: sorts of patients in settings.csv
SETTINGS = ("daycase", "elective", "short", "long", "regular")
MALE, FEMALE = 0, 1
_ADULT = 19
_OLDEST = 104


@dataclass(frozen=True)
class Episodes:
    """Drawn episodes, an entry each. Codes are numbers in the names of diagnoses and procedures, 0 none."""

    kind: Integers  # number of the kind's national code
    setting: Integers  # place in SETTINGS
    way: Integers  # setting and sort of patient together: the place in settings.csv in the order of SETTINGS and SORTS
    patients: Integers  # place in PATIENTS
    system: Integers
    age: Integers
    sex: Integers
    cc: Numbers  # mean CC score of the kind
    nights: Numbers  # mean nights of the kind
    primary: Integers
    dominant: Integers
    beside: npt.NDArray[np.int32]  # [episodes, most] procedures that the kind needs beside the dominant one


class Kinds:
    """kinds.csv, activity.csv, sets.csv, kind_groups.csv and ages.csv."""

    def __init__(self, diagnoses: Names, procedures: Names, treatments: Names, sexes: tuple[Integers, Integers]) -> None:
        rows, activity = read_rows("kinds"), read_rows("activity")
        self.names = sorted({row["kind"] for row in rows})
        number = {name: place for place, name in enumerate(self.names)}
        groups = [group_of(name) for name in self.names]
        self.systems = sorted({row["system"] for row in read_rows("kind_groups")})
        self.system = np.array([self.systems.index(row["system"]) for row in groups])
        self.sort = np.array([SORTS.index(row["patients"]) for row in groups])
        self.injuries = numbers(groups, "injuries")
        self.episodes = numbers(activity, "episodes")
        self.kind = np.array([number[row["kind"]] for row in activity])
        self.setting = np.array([SETTINGS.index(row["setting"]) for row in activity])
        self.operated = np.zeros(len(self.names), np.bool_)
        self._cc, self._nights = numbers(activity, "cc"), numbers(activity, "nights")
        self._pick = Choices(np.zeros(len(activity), np.int64), np.arange(len(activity)), self.episodes, 1)
        self._ages = _ages(activity, [groups[place]["ages"] for place in self.kind])
        self._female = np.array([float(row["female"]) for row in groups])
        self._newborn = np.array([row["system"] == "newborn" for row in groups])
        self._mother = np.array([row["system"] == "maternity" for row in groups])
        self._primary = Choices.of(
            _joined([(number[row["kind"]], diagnoses.weighted(row["primary"])) for row in rows], len(self.names))
        )
        self._entries(rows, number, procedures)
        self._sexes = sexes
        self.treatment = Choices.of(
            [treatments.weighted(row["treatment"]) for row in groups] + [treatments.weighted(row["child"]) for row in groups]
        )

    def _entries(self, rows: list[Row], number: dict[str, int], procedures: Names) -> None:
        """Dominant procedures, each with the sets of procedures that it needs beside it."""
        sets = read_rows("sets")
        place_of = {row["set"]: place for place, row in enumerate(sets)}
        self._sets = Choices.of([procedures.weighted(row["procedures"]) for row in sets])
        most = max(len(row["with"].split()) for row in rows)
        entries: list[list[tuple[int, float]]] = [[] for _ in self.names]
        codes, beside = [0], [[-1] * most]
        for row in rows:
            needed = [place_of[name] for name in row["with"].split()]
            for code, weight in procedures.weighted(row["procedures"]):
                entries[number[row["kind"]]].append((len(codes), weight))
                codes.append(code)
                beside.append(needed + [-1] * (most - len(needed)))
                self.operated[number[row["kind"]]] = True
        totals = np.bincount(self.kind, self.episodes, len(self.names))
        shares = [(kind, place, weight / sum(each for _, each in own)) for kind, own in enumerate(entries) for place, weight in own]
        self._shares = [(self.system[kind], codes[place], share * totals[kind]) for kind, place, share in shares]
        self._entry, self._codes, self._beside = Choices.of(entries), np.array(codes), np.array(beside)

    def dominant_episodes(self, systems: list[int]) -> tuple[Integers, Numbers]:
        """National episodes of each dominant procedure of the kinds of some systems."""
        own = [(code, episodes) for system, code, episodes in self._shares if system in systems]
        return np.array([code for code, _ in own], np.int64), np.array([episodes for _, episodes in own], np.float64)

    def draw(self, rng: np.random.Generator, count: int) -> Episodes:
        """Episodes in no order."""
        row = self._pick.draw(rng, np.zeros(count, np.int64))
        kind = self.kind[row]
        age = self._ages.draw(rng, row.astype(np.int64)).astype(np.int64)
        primary, entry = self._primary.draw(rng, kind).astype(np.int64), self._entry.draw(rng, kind)
        dominant = self._codes[entry]
        sex = (rng.random(count) < self._female[kind]).astype(np.int64)
        for own in (self._sexes[0][primary], self._sexes[1][dominant]):
            sex = np.where(own > 0, own - 1, sex)
        patients = np.searchsorted((_ADULT, 45, 65, 80), age, side="right") + 1
        patients = np.where(self._newborn[kind], 0, np.where(self._mother[kind], len(PATIENTS) - 1, patients))
        return Episodes(
            kind,
            self.setting[row],
            self.setting[row] * len(SORTS) + self.sort[kind],
            patients,
            self.system[kind],
            age,
            sex,
            self._cc[row],
            self._nights[row],
            primary,
            dominant,
            self._needed(rng, entry),
        )

    def _needed(self, rng: np.random.Generator, entry: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
        beside = self._beside[entry]
        found = np.zeros(beside.shape, np.int32)
        for column in range(beside.shape[1]):
            has = np.flatnonzero(beside[:, column] >= 0)
            found[has, column] = self._sets.draw(rng, beside[has, column])
        return found


def group_of(kind: str) -> Row:
    """The row of kind_groups.csv whose prefix of the kind is longest."""
    found = [(len(prefix), row) for row in read_rows("kind_groups") for prefix in row["kinds"].split() if kind.startswith(prefix)]
    return max(found, key=lambda one: one[0])[1]


def _joined(parts: list[tuple[int, list[tuple[int, float]]]], owners: int) -> list[list[tuple[int, float]]]:
    found: list[list[tuple[int, float]]] = [[] for _ in range(owners)]
    for owner, own in parts:
        found[owner] += own
    return found


def _ages(activity: list[Row], profiles: list[str]) -> Choices:
    """Single years of age for each row of the activity: its profile within its ages; any of them where the profile has none."""
    rows = {row["profile"]: row for row in read_rows("ages")}
    starts = [int(name.removeprefix("from_")) for name in rows["general"] if name.startswith("from_")]
    ends = [*starts[1:], _OLDEST]
    lengths = np.subtract(ends, starts)
    years = {
        name: np.repeat([float(row[f"from_{start}"]) for start in starts] / lengths, lengths) * _fading(sum(lengths))
        for name, row in rows.items()
    }
    owners, ages, weights = [], [], []
    for place, (row, profile) in enumerate(zip(activity, profiles, strict=True)):
        low, high = (int(part) for part in row["ages"].split("-"))
        own = np.arange(low, min(high, _OLDEST - 1) + 1)
        weight = years[profile][own]
        owners.append(np.full(len(own), place))
        ages.append(own)
        weights.append(weight if weight.any() else np.ones(len(own)))
    return Choices(np.concatenate(owners), np.concatenate(ages), np.concatenate(weights), len(activity))


def _fading(years: int) -> Numbers:
    """Fewer people at the greatest ages."""
    share: Numbers = np.minimum(1, np.exp(-0.35 * (np.arange(years) - 92)))
    return share
