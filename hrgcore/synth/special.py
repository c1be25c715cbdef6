"""Days of rehabilitation and of specialist palliative care: the last episode of some long spells."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hrgcore.synth.choices import Choices, Integers
from hrgcore.synth.kinds import SETTINGS, Episodes, Kinds
from hrgcore.synth.names import Names
from hrgcore.synth.spells import Spells
from hrgcore.synth.tables import expand, read_rows


@dataclass(frozen=True)
class Special:
    """For each episode: whether its days count as rehabilitation or palliative care, and what that brings (0: nothing)."""

    rehabilitation: npt.NDArray[np.bool_]
    palliative: npt.NDArray[np.bool_]
    treatment: Integers
    procedure: Integers
    diagnosis: Integers


class SpecialDays:
    """special_days.csv."""

    def __init__(self, kinds: Kinds, diagnoses: Names, procedures: Names, treatments: Names) -> None:
        rows = read_rows("special_days")
        used = {row["code"]: float(row["usage"]) for row in read_rows("procedures")}
        codes = sorted(used)
        self._rows = [
            (
                row["days"],
                [kinds.systems.index(system) for system in row["systems"].split()],
                SETTINGS.index(row["setting"]),
                int(row["from_age"]),
                float(row["share"]),
                treatments[row["treatment"]],
                diagnoses[row["diagnoses"]],
            )
            for row in rows
        ]
        self._procedures = Choices.of(
            [[(procedures[codes[place]], used[codes[place]]) for place in expand(row["procedures"], codes)] for row in rows]
        )

    def draw(self, rng: np.random.Generator, episodes: Episodes, spells: Spells) -> Special:
        """Which episodes, at most one of a spell."""
        count = len(episodes.kind)
        days = {name: np.zeros(count, np.bool_) for name in ("rehabilitation", "palliative")}
        treatment, procedure, diagnosis = (np.zeros(count, np.int64) for _ in range(3))
        last = (spells.first + spells.size - 1)[spells.size > 1]
        for place, (name, systems, setting, age, share, own, brings) in enumerate(self._rows):
            fits = last[(episodes.setting[last] == setting) & (episodes.age[last] >= age) & np.isin(episodes.system[last], systems)]
            some = fits[rng.random(len(fits)) < share]
            days[name][some] = True
            treatment[some], diagnosis[some] = own, brings
            procedure[some] = self._procedures.draw(rng, np.full(len(some), place))
        return Special(days["rehabilitation"], days["palliative"], treatment, procedure, diagnosis)
