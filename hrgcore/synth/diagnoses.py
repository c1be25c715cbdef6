"""Secondary diagnoses: comorbidities by age, sex and system, further injuries and their causes, and what a birth brings."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hrgcore.synth.choices import Choices, Integers, Numbers
from hrgcore.synth.kinds import PATIENTS, SETTINGS, Episodes, Kinds
from hrgcore.synth.names import Names
from hrgcore.synth.tables import expand, group_values, numbers, read_rows

Codes = npt.NDArray[np.int16]

MOST = 19  #: comorbidities of a patient
_URGENT = np.array([setting in ("short", "long") for setting in SETTINGS])
_KEPT = 0.92  # share of a patient's comorbidities that an episode reports
_BY_CC = 0.12  # more comorbidities for each point of a kind's mean CC score
_SPREAD = 2.2  # shape of the gamma distribution of how ill patients are


class Diagnoses:
    """diagnoses.csv, diagnosis_groups.csv, patients.csv, causes.csv and brings.csv."""

    def __init__(self, kinds: Kinds, names: Names, settings: dict[str, Numbers]) -> None:
        rows, groups = read_rows("diagnoses"), read_rows("diagnosis_groups")
        codes = [row["code"] for row in rows]
        self._names, self._codes = names, codes
        self._weight = numbers(rows, "weight")
        self._first = np.maximum(numbers(rows, "usage") - numbers(rows, "residual"), 0)  # how often a code stands first
        value = np.array([names[code] for code in codes])
        system = np.array([kinds.systems.index(name) for name in group_values(codes, groups, "system")])
        self._pools(kinds, value, system, {name: _column(codes, name) for name in (*PATIENTS, "emergency", "own")}, _sexed(codes))
        patients = read_rows("patients")
        self._mean = np.stack([numbers(patients, "elective"), numbers(patients, "emergency")])
        self._by_setting = settings["comorbidities"]
        self._injuries(kinds, value)
        self._brings(kinds, value)

    def _pools(self, kinds: Kinds, value: Integers, system: Integers, columns: dict[str, Numbers], sex: Integers) -> None:
        """Pools of comorbidities by kind of patient, sex and urgency: a general one, and more of what belongs to the own system."""
        owners = [(urgent, patients, female) for urgent in (0, 1) for patients in range(len(PATIENTS)) for female in (0, 1)]
        shares = np.stack(
            [
                columns[PATIENTS[patients]] * (columns["emergency"] if urgent else 1) * ((sex == 0) | (sex == female + 1))
                for urgent, patients, female in owners
            ]
        )
        self._systems = len(kinds.systems)
        expected = self._expected(kinds)
        # how often a code would be drawn at weight 1
        reach = shares * (expected.sum(axis=1)[:, None] + expected[:, system] * (columns["own"] - 1))
        total = reach.sum(axis=0)
        spread = np.divide(self._weight, total, out=np.zeros(len(value)), where=total > 0)
        weights = shares * spread
        place, code = np.nonzero(weights)
        self._general = Choices(place, value[code], weights[place, code], len(owners))
        more = weights * (columns["own"] - 1)
        place, code = np.nonzero(more > 0)
        owner = place * self._systems + system[code]
        self._own = Choices(owner, value[code], more[place, code], len(owners) * self._systems)
        own = np.bincount(owner, more[place, code], len(owners) * self._systems).reshape(len(owners), self._systems)
        self._own_share = own / np.maximum(own + weights.sum(axis=1)[:, None], 1e-12)

    def _expected(self, kinds: Kinds) -> Numbers:
        """Roughly how many comorbidities of each pool's patients are drawn, by their system. [pools, systems]"""
        found = np.zeros((2, len(PATIENTS), 2, self._systems))
        patients = read_rows("patients")
        mean = np.stack([numbers(patients, "elective"), numbers(patients, "emergency")])
        weights = {"newborn": [1, 0, 0, 0, 0, 0, 0], "maternity": [0, 0, 0, 0, 0, 0, 1], "child": [0, 1, 0, 0, 0, 0, 0]}
        for kind, setting, episodes in zip(kinds.kind, kinds.setting, kinds.episodes, strict=True):
            system, urgent = kinds.system[kind], int(_URGENT[setting])
            mix = weights.get(kinds.systems[system], [0, 0.05, 0.2, 0.25, 0.3, 0.2, 0])
            found[urgent, :, :, system] += episodes * (np.array(mix) * mean[urgent])[:, None] / 2
        return found.reshape(-1, self._systems)

    def comorbidities(self, rng: np.random.Generator, patient: Episodes) -> Codes:
        """Distinct comorbidities of each patient, more and others with age. int16 [MOST, patients], 0 where there are fewer."""
        urgent = _URGENT[patient.setting].astype(np.int64)
        pool = (urgent * len(PATIENTS) + patient.patients) * 2 + patient.sex
        mean = self._mean[urgent, patient.patients] * self._by_setting[patient.way] * (1 + _BY_CC * patient.cc)
        ill = rng.standard_gamma(_SPREAD, len(pool)) / _SPREAD
        wanted = rng.poisson(np.minimum(mean * ill, 40))
        own_share = self._own_share[pool, patient.system]
        found = np.zeros((MOST, len(pool)), np.int16)
        for place in range(MOST):
            has = np.flatnonzero(wanted > place)
            if not len(has):
                break
            own = rng.random(len(has)) < own_share[has]
            codes = np.empty(len(has), np.int16)
            codes[own] = self._own.draw(rng, pool[has[own]] * self._systems + patient.system[has[own]])
            codes[~own] = self._general.draw(rng, pool[has[~own]])
            repeated = np.zeros(len(has), np.bool_)
            for before in range(place):
                repeated |= found[before, has] == codes
            codes[repeated] = 0
            found[place, has] = codes
        return found

    def _injuries(self, kinds: Kinds, value: Integers) -> None:
        """Further injuries of the same region and causes; as many as nationally for each injury that stands first."""
        order = sorted(range(len(self._codes)), key=lambda place: self._codes[place])
        names = [self._codes[place] for place in order]
        table, causes = read_rows("injuries"), read_rows("causes")
        sorts = sorted({row["injury"] for row in causes})
        region = np.full(len(names), -1)
        for place, row in enumerate(table):
            region[[order[code] for code in expand(row["codes"], names)]] = place
        hurt = region >= 0
        self._region = np.full(len(self._names.texts), -1)
        self._region[value] = region
        self._injury = Choices(region[hurt], value[hurt], self._weight[hurt], len(table))
        first = np.bincount(region[hurt], self._first[hurt], len(table))
        self._further = np.bincount(region[hurt], self._weight[hurt], len(table)) / np.maximum(first, 1)
        self._sort = np.array([sorts.index(row["causes"]) for row in table])
        owner, codes, weight = [], [], []
        for row in causes:
            for place in (order[code] for code in expand(row["codes"], names)):
                for ages, column in enumerate(("child", "adult", "old")):
                    owner.append(3 * sorts.index(row["injury"]) + ages)
                    codes.append(value[place])
                    weight.append(self._weight[place] * float(row[column]))
        self._cause = Choices(np.array(owner), np.array(codes), np.array(weight), 3 * len(sorts))
        caused = np.bincount(np.array(owner) // 3, np.array(weight), len(sorts)) / 3
        self._caused = np.minimum(caused / np.maximum(np.bincount(self._sort, first), 1), 1)
        self._wide = np.flatnonzero([row["another"] != "" for row in table])
        self._others = kinds.injuries

    def injuries(self, rng: np.random.Generator, episodes: Episodes) -> list[Codes]:
        """A further injury of the region, one of another region for multiple injuries, and the cause."""
        count = len(episodes.primary)
        region = self._region[episodes.primary]
        hurt = np.flatnonzero(region >= 0)
        found = [np.zeros(count, np.int16) for _ in range(4)]
        for place in (0, 1):
            some = hurt[rng.random(len(hurt)) < np.minimum(self._further[region[hurt]] / (1 + place), 0.8)]
            found[place][some] = self._injury.draw(rng, region[some])
        many = hurt[rng.random(len(hurt)) < self._others[episodes.kind[hurt]]]
        found[2][many] = self._injury.draw(rng, self._another(rng, region[many]))
        sort = self._sort[region[hurt]]
        is_caused = rng.random(len(hurt)) < self._caused[sort]
        ages = np.searchsorted((16, 65), episodes.age[hurt[is_caused]], side="right")
        found[3][hurt[is_caused]] = self._cause.draw(rng, 3 * sort[is_caused] + ages)
        return found

    def _another(self, rng: np.random.Generator, region: Integers) -> Integers:
        """Another region of the body for each."""
        place = np.searchsorted(self._wide, region) + rng.integers(1, len(self._wide), len(region))
        found: Integers = self._wide[place % len(self._wide)]
        return found

    def _brings(self, kinds: Kinds, value: Integers) -> None:
        owner, codes, weight = [], [], []
        self._brought = np.zeros(len(kinds.names))
        self.once = np.zeros(len(kinds.names), np.bool_)  # kinds that a spell has only once, such as a delivery
        for row in read_rows("brings"):
            for kind in expand(row["kinds"], kinds.names):
                self._brought[kind] = float(row["share"])
                self.once[kind] = True
                for place, code in enumerate(self._codes):
                    if code.startswith(row["diagnoses"]):
                        owner.append(kind)
                        codes.append(value[place])
                        weight.append(self._weight[place])
        self._bring = Choices(np.array(owner), np.array(codes), np.array(weight), len(kinds.names))

    def brought(self, rng: np.random.Generator, kind: Integers) -> Codes:
        """What a kind always brings, such as the outcome of a delivery."""
        codes = self._bring.draw(rng, kind).astype(np.int16)
        codes[rng.random(len(kind)) >= self._brought[kind]] = 0
        return codes


def kept(rng: np.random.Generator, codes: Codes) -> Codes:
    """Some comorbidities go unreported in an episode. As given, with 0 in their place."""
    codes[rng.random(codes.shape, np.float32) >= _KEPT] = 0
    return codes


def _column(codes: list[str], column: str) -> Numbers:
    return np.array([float(text or 0) for text in group_values(codes, read_rows("diagnosis_groups"), column)])


def _sexed(codes: list[str]) -> Integers:
    return np.array([int(text or 0) for text in group_values(codes, read_rows("diagnosis_groups"), "sex")])
