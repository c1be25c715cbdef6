"""Procedures of episodes: the dominant one, what it needs, further operations, bedside procedures, and companions of each."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hrgcore.synth.choices import Choices, Integers, Numbers
from hrgcore.synth.kinds import PATIENTS, SETTINGS, SORTS, Episodes, Kinds
from hrgcore.synth.names import Names
from hrgcore.synth.tables import expand, group_values, numbers, read_rows

Codes = npt.NDArray[np.int16]

_SLOTS = {"contrast": 1, "areas": 1, "approach": 1, "method": 2, "anaesthetic": 1, "gestation": 1, "site": 3, "side": 1}
_ROOM = 32  # places in the order of an episode's procedures that one procedure and its companions take
_MOST_FURTHER = 4
_MOST_OFTEN = 0.6  # the most often that a procedure is added to those it may be added to
_URGENT = np.array([setting in ("short", "long") for setting in SETTINGS])
_SAME_OPERATIONS = {"injury": "bone"}  # systems whose further operations are those of another


class Procedures:
    """procedures.csv, procedure_groups.csv and companions.csv."""

    def __init__(self, kinds: Kinds, names: Names, settings: dict[str, Numbers]) -> None:
        rows = read_rows("procedures")
        codes = [row["code"] for row in rows]
        value = np.array([names[code] for code in codes])
        weight, usage = numbers(rows, "weight"), numbers(rows, "usage")
        companion = self._companions(codes, value, weight, usage)
        groups = read_rows("procedure_groups")
        role = np.array(group_values(codes, groups, "role"))
        role[companion > 0] = ""
        sex = np.array([int(text or 0) for text in group_values(codes, groups, "sex")])
        self._sex = np.zeros(len(names.texts), np.int64)
        self._sex[value] = sex
        self._slot_of = np.zeros(len(names.texts), np.int64)
        self._slot_of[value] = companion
        given = group_values(codes, groups, "rank")
        rank = np.array([float(own or row["rank"]) for own, row in zip(given, rows, strict=True)])
        self._further(kinds, value, weight, role == "own", np.array(group_values(codes, groups, "system")), rank)
        shares = np.array([[float(text or 0) for text in group_values(codes, groups, name)] for name in (*PATIENTS, "emergency")])
        self._ward(kinds, value, weight * (role == "ward"), shares, settings["extras"])

    def _companions(self, codes: list[str], value: Integers, weight: Numbers, usage: Numbers) -> Integers:
        """A pool of companions for each slot and each set of rows of companions.csv that name a code as owner; the place of
        each companion's slot, and 1; 0 for other procedures."""
        companion = np.zeros(len(codes), np.int64)  # 1 more than the place of the slot
        table = [(row["slot"], expand(row["owners"], codes), expand(row["codes"], codes)) for row in read_rows("companions")]
        for slot, _, own in table:
            companion[own] = 1 + list(_SLOTS).index(slot)
        self._pool: dict[str, tuple[Integers, Numbers, Choices]] = {}
        for slot in _SLOTS:
            rows = [(owners, own) for of, owners, own in table if of == slot]
            named = np.zeros((len(rows), len(codes)), np.bool_)
            offers = np.zeros((len(rows), len(codes)))
            for place, (owners, own) in enumerate(rows):
                named[place, owners] = True
                offers[place, own] = 1
            named[:, companion > 0] = False
            signatures, inverse = np.unique(named, axis=1, return_inverse=True)
            number: Integers = inverse.reshape(-1)
            users = np.bincount(number, usage, signatures.shape[1])
            offered = (signatures.T.astype(np.float64) @ offers) > 0  # [signatures, codes]
            owed = np.divide(weight, users @ offered, out=np.zeros(len(codes)), where=(users @ offered) > 0)
            of_signature, code = np.nonzero(offered * owed)
            signature: Integers = np.zeros(value.max() + 1, np.int64)
            signature[value] = number
            rate = np.bincount(of_signature, owed[code], signatures.shape[1]).astype(np.float64)
            self._pool[slot] = signature, rate, Choices(of_signature, value[code], owed[code], signatures.shape[1])
        return companion

    def _further(
        self,
        kinds: Kinds,
        value: Integers,
        weight: Numbers,
        own: npt.NDArray[np.bool_],
        system: npt.NDArray[np.str_],
        rank: Numbers,
    ) -> None:
        """Further operations of each system, in order of rank: a draw is cut off at the rank of the dominant procedure."""
        self._rank = np.zeros(value.max() + 1)
        self._rank[value] = rank
        self._pools = []
        for name in kinds.systems:
            of = _SAME_OPERATIONS.get(name, name)
            like = [place for place, other in enumerate(kinds.systems) if _SAME_OPERATIONS.get(other, other) == of]
            codes, episodes = kinds.dominant_episodes(like)
            order = np.argsort(self._rank[codes])
            ranks, behind = self._rank[codes][order], np.cumsum(episodes[order][::-1])[::-1]
            places = np.flatnonzero(own & (system == of) & (weight > 0))
            places = places[np.argsort(rank[places], kind="stable")]
            above = np.append(behind, 0)[np.searchsorted(ranks, rank[places])]  # episodes that a code may be added to
            rate = np.minimum(np.divide(weight[places], above, out=np.zeros(len(places)), where=above > 0), _MOST_OFTEN)
            self._pools.append((value[places], rank[places], np.concatenate([[0.0], np.cumsum(rate)])))

    def _ward(self, kinds: Kinds, value: Integers, weight: Numbers, shares: Numbers, by_setting: Numbers) -> None:
        self._by_setting = by_setting
        newborn, mother, child = (kinds.systems.index(name) for name in ("newborn", "maternity", "child"))
        reach = np.zeros((2, len(PATIENTS)))
        for kind, setting, episodes in zip(kinds.kind, kinds.setting, kinds.episodes, strict=True):
            system = kinds.system[kind]
            mix = [0, 0.06, 0.2, 0.24, 0.3, 0.2, 0]
            if system in (newborn, mother, child):
                mix = [float(place == {newborn: 0, mother: 6, child: 1}[system]) for place in range(len(PATIENTS))]
            reach[int(_URGENT[setting])] += episodes * by_setting[setting * len(SORTS) + kinds.sort[kind]] * np.array(mix)
        own = np.stack([shares[:-1], shares[:-1] * shares[-1]])  # [urgent, patients, codes]
        total = (own * reach[:, :, None]).sum(axis=(0, 1))
        own = own * np.divide(weight, total, out=np.zeros(len(value)), where=total > 0)
        self._ward_rate = own.sum(axis=2).reshape(-1)
        place, code = np.nonzero(own.reshape(-1, len(value)))
        self._ward_pool = Choices(place, value[code], own.reshape(-1, len(value))[place, code], 2 * len(PATIENTS))

    def draw(self, rng: np.random.Generator, episodes: Episodes, columns: int, special: Integers) -> Codes:
        """Procedures of each episode in the order they are coded; ``special`` comes first where it is not 0. [episodes, columns]"""
        first = np.where(special > 0, special, episodes.dominant)
        has = np.flatnonzero(first)
        parts = [(has, np.zeros(len(has), np.int64), first[has])]
        for column in range(episodes.beside.shape[1]):
            has = np.flatnonzero(episodes.beside[:, column])
            codes = episodes.beside[has, column].astype(np.int64)
            order = np.where(self._slot_of[codes] > 0, _ROOM // 2 + column, (column + 1) * _ROOM)
            parts.append((has, order, codes))
        parts += self._further_operations(rng, episodes)
        parts += self._ward_procedures(rng, episodes)
        row, order, code = (np.concatenate([part[place] for part in parts]) for place in range(3))
        fits = (self._sex[code] == 0) | (self._sex[code] == episodes.sex[row] + 1)
        row, order, code = row[fits], order[fits], code[fits]
        given = self._slot_of[episodes.beside]
        return _side_by_side(*self._with_companions(rng, row, order, code, given), len(episodes.primary), columns)

    def _further_operations(self, rng: np.random.Generator, episodes: Episodes) -> list[tuple[Integers, Integers, Integers]]:
        found = []
        start = 1 + episodes.beside.shape[1]
        for system, (values, ranks, sums) in enumerate(self._pools):
            operated = np.flatnonzero((episodes.system == system) & (episodes.dominant > 0))
            top = sums[np.searchsorted(ranks, self._rank[episodes.dominant[operated]], side="right")]
            wanted = np.minimum(rng.poisson(top), _MOST_FURTHER)
            rows, top = np.repeat(operated, wanted), np.repeat(top, wanted)
            if not len(rows):
                continue
            place = np.searchsorted(sums, rng.random(len(rows)) * top, side="right") - 1
            codes = values[np.minimum(place, len(values) - 1)]
            order = (start + _place_in_run(rows)) * _ROOM
            new = codes != episodes.dominant[rows]
            found.append((rows[new], order[new], codes[new]))
        return found

    def _ward_procedures(self, rng: np.random.Generator, episodes: Episodes) -> list[tuple[Integers, Integers, Integers]]:
        pool = _URGENT[episodes.setting] * len(PATIENTS) + episodes.patients
        wanted = np.minimum(rng.poisson(self._ward_rate[pool] * self._by_setting[episodes.way]), _MOST_FURTHER)
        rows = np.repeat(np.arange(len(pool)), wanted)
        start = 1 + episodes.beside.shape[1] + _MOST_FURTHER
        return [(rows, (start + _place_in_run(rows)) * _ROOM, self._ward_pool.draw(rng, pool[rows]).astype(np.int64))]

    def _with_companions(
        self, rng: np.random.Generator, row: Integers, order: Integers, code: Integers, given: Integers
    ) -> tuple[Integers, Integers]:
        """Keys (episode and order together) and codes, companions included, but for slots ``given`` with the dominant one."""
        key = row * (_ROOM * 16) + order
        keys, codes = [key], [code]
        place = 1
        for number_of_slot, (slot, most) in enumerate(_SLOTS.items(), 1):
            signature, rate, pool = self._pool[slot]
            own = signature[code]
            wanted = rng.random(len(code)) < rate[own] if most == 1 else np.minimum(rng.poisson(rate[own]), most)
            wanted[(order == 0) & (given == number_of_slot).any(axis=1)[row]] = 0
            for number in range(most):
                some = np.flatnonzero(wanted > number)
                keys.append(key[some] + place)
                codes.append(pool.draw(rng, own[some]).astype(np.int64))
                place += 1
        return np.concatenate(keys), np.concatenate(codes)


def _place_in_run(values: Integers) -> Integers:
    """How many equal values stand directly before each entry."""
    if not len(values):
        return values
    starts = np.flatnonzero(np.concatenate([[True], values[1:] != values[:-1]]))
    return np.arange(len(values)) - np.repeat(starts, np.diff(np.append(starts, len(values))))


def _side_by_side(keys: Integers, codes: Integers, rows: int, columns: int) -> Codes:
    """Codes in order of their keys as rows, cut at ``columns``. int16 [rows, columns]"""
    order = np.argsort(keys, kind="stable")
    row = keys[order] // (_ROOM * 16)
    place = _place_in_run(row)
    fits = place < columns
    found = np.zeros((rows, columns), np.int16)
    found[row[fits], place[fits]] = codes[order[fits]]
    return found
