"""Drawing episodes: whole columns at a time, spell by spell, from the mix of admissions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hrgcore.synth.mix import DAYS, Mix

Integers = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int16]

_MOST_COMORBIDITIES = 16
_MOST_EXTRAS = 3
_MOST_EPISODES = 12
_STAY_SPREAD = 1.1  # of the logarithm of nights
_KEEPS_PRIMARY = 0.5  # share of later episodes with the primary diagnosis of the first


@dataclass(frozen=True)
class Drawn:
    """Episodes in order of their spells. Texts are numbers in the mix's names, 0 blank."""

    spell: Integers
    numbers: dict[str, Integers]
    coded: dict[str, Integers]
    diagnoses: Codes  # [episodes, columns]
    procedures: Codes


def draw(mix: Mix, rng: np.random.Generator, count: int, diagnosis_columns: int, procedure_columns: int) -> Drawn:
    """Draw ``count`` episodes; the last spell is cut short if need be."""
    case, episodes = _spells(mix, rng, count)
    spells = len(case)
    setting = mix.cases.setting[case]
    first = np.cumsum(episodes) - episodes
    spell = np.repeat(np.arange(spells), episodes)
    order = np.arange(count) - first[spell]

    age = np.floor(rng.triangular(*(mix.cases.age[case] + (0, 0.5, 1)).T)).astype(np.int64)
    treatment = mix.cases.treatment.draw(rng, case)
    leaving = mix.settings.leaving.draw(rng, setting)
    of_spells = {
        "SEX": _sexes(mix, rng, case),
        **{field: choices.draw(rng, setting) for field, choices in mix.settings.coded.items()},
        "DISDEST": mix.leaving[0][leaving],
        "DISMETH": mix.leaving[1][leaving],
        "MAINSPEF": mix.main_specialty[treatment],
        "TRETSPEF": treatment,
    }
    nights = _nights(mix, rng, case[spell])
    primary = mix.cases.primary.draw(rng, case).astype(np.int16)[spell]
    anew = (order > 0) & (rng.random(count) >= _KEEPS_PRIMARY)
    primary[anew] = mix.cases.primary.draw(rng, case[spell[anew]])
    secondary = [*_also(mix, rng, case[spell]), *_comorbidities(mix, rng, age, setting)[:, spell]]
    operated = order == np.floor(rng.random(spells) * episodes).astype(np.int64)[spell]
    return Drawn(
        spell,
        {"EPIORDER": order + 1, "STARTAGE": age[spell], "EPIDUR": nights, **_special_days(mix, rng, setting[spell], nights)},
        {field: numbers[spell] for field, numbers in of_spells.items()},
        _side_by_side([primary, *(np.where(codes == primary, 0, codes) for codes in secondary)], diagnosis_columns),
        _side_by_side(_procedures(mix, rng, case[spell], setting[spell], age[spell], operated), procedure_columns),
    )


def _spells(mix: Mix, rng: np.random.Generator, count: int) -> tuple[Integers, Integers]:
    """Cases of as many spells as ``count`` episodes make, and how many episodes each has."""
    case = mix.cases.pick.draw(rng, np.zeros(count, np.int64))
    mean = mix.settings.episodes[mix.cases.setting[case]]
    episodes = np.minimum(rng.geometric(1 / (1 + mean)), _MOST_EPISODES)
    ends = np.cumsum(episodes)
    spells = int(np.searchsorted(ends, count)) + 1
    episodes = episodes[:spells]
    episodes[-1] -= ends[spells - 1] - count
    return case[:spells], episodes


def _sexes(mix: Mix, rng: np.random.Generator, case: Integers) -> Integers:
    male, female = mix.fields["SEX"]["1"], mix.fields["SEX"]["2"]
    return np.where(rng.random(len(case)) < mix.cases.female[case], female, male)


def _nights(mix: Mix, rng: np.random.Generator, case: Integers) -> Integers:
    """Nights of each episode: none in a day case, else about the case's median with a long tail."""
    nights = mix.cases.stay[case] * np.exp(_STAY_SPREAD * rng.standard_normal(len(case)))
    nights[mix.settings.day_only[mix.cases.setting[case]]] = 0
    whole: Integers = np.minimum(np.floor(nights), 400).astype(np.int64)
    return whole


def _special_days(mix: Mix, rng: np.random.Generator, setting: Integers, nights: Integers) -> dict[str, Integers]:
    """Days of critical care, of rehabilitation and of palliative care."""
    critical = np.where(
        (nights >= 2) & (rng.random(len(nights)) < mix.settings.critical[setting]), rng.geometric(0.3, len(nights)), 0
    )
    counted = mix.settings.days[setting]
    return {
        "CRITICALCAREDAYS": np.minimum(critical, nights),
        "REHABILITATIONDAYS": np.where(counted == DAYS.index("rehabilitation"), nights, 0),
        "SPCDAYS": np.where(counted == DAYS.index("palliative"), nights, 0),
    }


def _also(mix: Mix, rng: np.random.Generator, case: Integers) -> list[Codes]:
    """What comes with the primary diagnosis, such as the cause of an injury."""
    slots = mix.cases.also_share.shape[1]
    found = []
    for slot in range(slots):
        codes = mix.cases.also.draw(rng, case * slots + slot)
        codes[rng.random(len(case)) >= mix.cases.also_share[case, slot]] = 0
        found.append(codes.astype(np.int16))
    return found


def _comorbidities(mix: Mix, rng: np.random.Generator, age: Integers, setting: Integers) -> Codes:
    """Distinct comorbidities of each patient, more and others with age. int16 [most, patients], 0 where there are fewer."""
    mean = mix.age_comorbidities[np.searchsorted(mix.age_from, age, side="right") - 1] * mix.settings.comorbidities[setting]
    wanted = rng.poisson(mean)
    band = np.searchsorted(mix.comorbidity_from, age, side="right") - 1
    found = np.zeros((_MOST_COMORBIDITIES, len(age)), np.int16)
    for place in range(_MOST_COMORBIDITIES):
        has = np.flatnonzero(wanted > place)
        codes = mix.comorbidities.draw(rng, band[has]).astype(np.int16)
        repeated = (found[:place, has] == codes).any(axis=0)
        found[place, has] = np.where(repeated, 0, codes)
    return found


def _procedures(
    mix: Mix, rng: np.random.Generator, case: Integers, setting: Integers, age: Integers, operated: npt.NDArray[np.bool_]
) -> list[Codes]:
    """The case's own procedures where it is ``operated``, then images and bedside procedures."""
    own = mix.cases.procedures.draw(rng, case)
    own[~operated] = 0
    columns = list(own.T)
    wanted = rng.poisson(mix.settings.extras[setting])
    band = np.maximum(np.searchsorted(mix.extra_from, age, side="right") - 1, 0)
    for place in range(_MOST_EXTRAS):
        has = np.flatnonzero(wanted > place)
        extra = np.zeros((len(age), mix.extras.codes.shape[1]), np.int16)
        extra[has] = mix.extras.draw(rng, band[has])
        columns += list(extra.T)
    return columns


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
