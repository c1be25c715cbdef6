"""The mix of admissions: the tables under hrgcore_tables/synth, read once into arrays and choices."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np
import numpy.typing as npt

from hrgcore.synth.choices import Choices
from hrgcore.synth.terms import code_sets, likely, weighted

Row = dict[str, str]
Numbers = npt.NDArray[np.float64]
DAYS = ("", "rehabilitation", "palliative")  #: what the days of a setting may count as, by number


class Names:
    """Texts numbered from 1 in order of appearance; 0 is blank."""

    def __init__(self) -> None:
        self.texts: list[str] = [""]
        self._numbers = {"": 0}

    def __getitem__(self, text: str) -> int:
        number = self._numbers.setdefault(text, len(self.texts))
        if number == len(self.texts):
            self.texts.append(text)
        return number

    def weighted(self, cell: str) -> list[tuple[int, float]]:
        """The terms of a cell, numbered."""
        return [(self[name], weight) for name, weight in weighted(cell)]


@dataclass(frozen=True)
class CodeSets:
    """Sets of procedures that stand together, such as an operation and its site: a row each, padded with 0."""

    codes: npt.NDArray[np.int16]
    choices: Choices

    def draw(self, rng: np.random.Generator, owner: npt.NDArray[np.int64]) -> npt.NDArray[np.int16]:
        """The codes of one set for each entry of ``owner``. int16 [len(owner), codes of the longest set]."""
        drawn: npt.NDArray[np.int16] = self.codes[self.choices.draw(rng, owner)]
        return drawn


@dataclass(frozen=True)
class Cases:
    """Kinds of admission (cases.csv), an entry each."""

    pick: Choices  # one owner
    setting: npt.NDArray[np.int64]
    age: Numbers  # [cases, 3] youngest, most often, oldest
    female: Numbers
    stay: Numbers  # median nights of an episode
    primary: Choices
    also: Choices  # owner: case * slots + slot
    also_share: Numbers  # [cases, slots]
    procedures: CodeSets
    treatment: Choices


@dataclass(frozen=True)
class Settings:
    """Ways to be admitted (settings.csv), an entry each."""

    coded: dict[str, Choices]  # CLASSPAT, ADMISORC, ADMIMETH
    leaving: Choices  # number of a pair DISDEST:DISMETH
    episodes: Numbers  # mean number of further episodes
    extras: Numbers  # mean number of bedside procedures and images in an episode
    comorbidities: Numbers
    critical: Numbers  # share of episodes of two nights and more with critical care
    days: npt.NDArray[np.int64]  # what the days count as: a place in DAYS
    day_only: npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Errors:
    """Spoilt cells (errors.csv): share of all episodes, and the pick of a row of ``cells``."""

    share: float
    cells: list[tuple[str, str]]  # field, value
    pick: Choices


@dataclass(frozen=True)
class Mix:
    """Everything that admissions are drawn from."""

    diagnoses: Names
    procedures: Names
    fields: dict[str, Names]
    cases: Cases
    settings: Settings
    main_specialty: npt.NDArray[np.int64]  # by number of the treatment function
    leaving: tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]  # DISDEST and DISMETH by number of the pair
    age_from: npt.NDArray[np.int64]
    age_comorbidities: Numbers
    comorbidity_from: npt.NDArray[np.int64]
    comorbidities: Choices
    extra_from: npt.NDArray[np.int64]
    extras: CodeSets
    errors: Errors


@cache
def load_mix() -> Mix:
    """Read the tables that come with hrgcore."""
    diagnoses, procedures = Names(), Names()
    fields = {name: Names() for name in ("CLASSPAT", "ADMISORC", "ADMIMETH", "DISDEST", "DISMETH", "MAINSPEF", "TRETSPEF", "SEX")}
    settings, cases = _rows("settings"), _rows("cases")
    pairs = Names()
    of_settings = Settings(
        coded={
            field: Choices([fields[field].weighted(row[column]) for row in settings])
            for field, column in (("CLASSPAT", "class"), ("ADMISORC", "source"), ("ADMIMETH", "method"))
        },
        leaving=Choices([pairs.weighted(row["leaving"]) for row in settings]),
        episodes=_numbers(settings, "episodes"),
        extras=_numbers(settings, "extras"),
        comorbidities=_numbers(settings, "comorbidities"),
        critical=_numbers(settings, "critical"),
        days=np.array([DAYS.index(row["days"]) for row in settings]),
        day_only=np.array([row["class"] in ("2", "3") for row in settings]),
    )
    of_cases = _cases(cases, [row["setting"] for row in settings], diagnoses, procedures, fields["TRETSPEF"])
    ages, comorbidities, extras, errors = _rows("ages"), _rows("comorbidities"), _rows("extras"), _rows("errors")
    bands = [name for name in comorbidities[0] if name.startswith("from_")]
    extra_from = sorted({int(row["from_age"]) for row in extras})
    return Mix(
        diagnoses,
        procedures,
        fields,
        of_cases,
        of_settings,
        _main_specialties(fields),
        _pairs(pairs, fields),
        np.array([int(row["from"]) for row in ages]),
        _numbers(ages, "comorbidities"),
        np.array([int(band.removeprefix("from_")) for band in bands]),
        Choices([[(diagnoses[row["code"]], float(row[band])) for row in comorbidities] for band in bands]),
        np.array(extra_from),
        _code_sets(
            [[row for row in extras if int(row["from_age"]) <= age] for age in extra_from],
            procedures,
            lambda row: float(row["weight"]),
        ),
        Errors(
            float(_numbers(errors, "weight").sum()) / 10_000,
            [(row["field"], row["value"]) for row in errors],
            Choices([[(place, float(row["weight"])) for place, row in enumerate(errors)]]),
        ),
    )


def _cases(rows: Sequence[Row], settings: Sequence[str], diagnoses: Names, procedures: Names, treatments: Names) -> Cases:
    also = [likely(row["also"]) for row in rows]
    slots = max(map(len, also))
    padded = [own + [([], 0.0)] * (slots - len(own)) for own in also]
    return Cases(
        pick=Choices([[(place, float(row["weight"])) for place, row in enumerate(rows)]]),
        setting=np.array([settings.index(row["setting"]) for row in rows]),
        age=np.array([[float(part) for part in row["age"].split("-")] for row in rows]),
        female=_numbers(rows, "female"),
        stay=_numbers(rows, "stay"),
        primary=Choices([diagnoses.weighted(row["primary"]) for row in rows]),
        also=Choices([[(diagnoses[code], 1.0) for code in codes] for own in padded for codes, _ in own]),
        also_share=np.array([[share for _, share in own] for own in padded]),
        procedures=_code_sets([[row] for row in rows], procedures, lambda _: 1.0),
        treatment=Choices([treatments.weighted(row["treatment"]) for row in rows]),
    )


def _code_sets(owners: Iterable[Sequence[Row]], names: Names, weight: Callable[[Row], float]) -> CodeSets:
    """The sets that each owner's rows offer; the weight of a row is shared among its sets."""
    sets: list[list[int]] = [[]]
    offered: list[list[tuple[int, float]]] = []
    for rows in owners:
        own: list[tuple[int, float]] = []
        for row in rows:
            for codes, share in code_sets(row["procedures"]):
                own.append((len(sets), share * weight(row)))
                sets.append([names[code] for code in codes])
        offered.append(own)
    width = max(map(len, sets))
    padded = np.array([codes + [0] * (width - len(codes)) for codes in sets], np.int16)
    return CodeSets(padded, Choices(offered))


def _main_specialties(fields: dict[str, Names]) -> npt.NDArray[np.int64]:
    """The main specialty that goes with each treatment function: its own number unless specialties.csv says another."""
    other = {row["treatment"]: row["main"] for row in _rows("specialties")}
    return np.array([fields["MAINSPEF"][other.get(text, text)] for text in fields["TRETSPEF"].texts])


def _pairs(pairs: Names, fields: dict[str, Names]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    parts = [text.partition(":") for text in pairs.texts]
    return np.array([fields["DISDEST"][one] for one, _, _ in parts]), np.array([fields["DISMETH"][two] for _, _, two in parts])


def _numbers(rows: Sequence[Row], column: str) -> Numbers:
    return np.array([float(row[column] or 0) for row in rows])


def _rows(table: str) -> list[Row]:
    text = resources.files("hrgcore_tables").joinpath("synth", f"{table}.csv").read_text("utf-8")
    return list(csv.DictReader(text.splitlines()))
