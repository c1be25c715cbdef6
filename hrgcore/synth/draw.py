"""Drawing episodes: whole columns at a time, from the tables of the national year."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from hrgcore.synth.choices import Integers
from hrgcore.synth.diagnoses import kept
from hrgcore.synth.kinds import SETTINGS, Episodes
from hrgcore.synth.mix import Mix
from hrgcore.synth.spells import Spells, join, nights, shared

Codes = npt.NDArray[np.int16]

_CRITICAL_STAY = 0.3  # inverse of the mean of critical care days
_ADULT = 19


@dataclass(frozen=True)
class Drawn:
    """Episodes in order of their spells. Texts are numbers in the mix's names, 0 blank."""

    spell: Integers
    numbers: dict[str, Integers]
    coded: dict[str, Integers]
    diagnoses: Codes  # [episodes, columns]
    procedures: Codes


def draw(mix: Mix, rng: np.random.Generator, count: int, diagnosis_columns: int, procedure_columns: int) -> Drawn:
    """Draw ``count`` episodes in whole spells."""
    drawn = mix.kinds.draw(rng, count)
    spells = join(rng, drawn, mix.further_episodes[drawn.way], mix.diagnoses.once[drawn.kind])
    episodes = _taken(drawn, spells.order)
    first = _taken(episodes, spells.first)
    setting = first.way
    leaving = mix.leaving.draw(rng, setting)
    coded: dict[str, Integers] = {
        "SEX": mix.sexes[first.sex],
        **{field: choices.draw(rng, setting).astype(np.int64) for field, choices in mix.entering.items()},
        "DISDEST": mix.leaving_pairs[0][leaving],
        "DISMETH": mix.leaving_pairs[1][leaving],
    }
    days = _nights(rng, spells, episodes)
    special = mix.special.draw(rng, episodes, spells)
    treatment = mix.kinds.treatment.draw(rng, episodes.kind + np.where(episodes.age < _ADULT, len(mix.kinds.names), 0)).astype(
        np.int64
    )
    treatment = np.where(special.treatment > 0, special.treatment, treatment)
    coded = {field: values[spells.spell] for field, values in coded.items()}
    coded |= {"TRETSPEF": treatment, "MAINSPEF": mix.main_specialty[treatment]}
    diagnoses = _diagnoses(mix, rng, episodes, first, spells, special.diagnosis, diagnosis_columns)
    return Drawn(
        spells.spell,
        {
            "EPIORDER": spells.place + 1,
            "STARTAGE": first.age[spells.spell],
            "EPIDUR": days,
            "CRITICALCAREDAYS": _critical(mix, rng, episodes, days),
            "REHABILITATIONDAYS": np.where(special.rehabilitation, days, 0),
            "SPCDAYS": np.where(special.palliative, days, 0),
        },
        coded,
        diagnoses,
        mix.procedures.draw(rng, episodes, procedure_columns, special.procedure),
    )


def _taken(episodes: Episodes, places: Integers) -> Episodes:
    return Episodes(*(getattr(episodes, field.name)[places] for field in fields(Episodes)))


def _nights(rng: np.random.Generator, spells: Spells, episodes: Episodes) -> Integers:
    mean = np.bincount(spells.spell, episodes.nights) / np.sqrt(spells.size)
    whole = np.zeros(len(mean), np.int64)
    setting = episodes.setting[spells.first]
    for place, name in enumerate(SETTINGS):
        of = np.flatnonzero(setting == place)
        whole[of] = nights(rng, name, mean[of])
    return shared(rng, spells, whole)


def _critical(mix: Mix, rng: np.random.Generator, episodes: Episodes, days: Integers) -> Integers:
    """Critical care days: of some stays of two nights and more, of more where the kind's patients are more ill."""
    share = mix.critical[episodes.way] * (0.6 + 0.1 * episodes.cc)
    has = (days >= 2) & (rng.random(len(days)) < share)
    found = np.zeros(len(days), np.int64)
    found[has] = rng.geometric(_CRITICAL_STAY, int(has.sum()))
    return np.minimum(found, days)


def _diagnoses(
    mix: Mix, rng: np.random.Generator, episodes: Episodes, first: Episodes, spells: Spells, special: Integers, columns: int
) -> Codes:
    primary = episodes.primary.astype(np.int16)
    patients = kept(rng, mix.diagnoses.comorbidities(rng, first)[:, spells.spell])
    found = [
        primary,
        mix.diagnoses.brought(rng, episodes.kind),
        *mix.diagnoses.injuries(rng, episodes),
        special.astype(np.int16),
        *patients,
    ]
    return _side_by_side([primary, *(np.where(codes == primary, 0, codes) for codes in found[1:])], columns)


def _side_by_side(columns: list[Codes], width: int) -> Codes:
    """Columns of codes as rows without gaps, cut at ``width``. int16 [rows, width]."""
    count = len(columns[0])
    found = np.zeros((count, width + 1), np.int16)  # the last place takes what is too much
    taken = np.zeros(count, np.int64)
    for column in columns:
        has = np.flatnonzero(column)
        found[has, taken[has]] = column[has]
        taken[has] = np.minimum(taken[has] + 1, width)
    return found[:, :width]
