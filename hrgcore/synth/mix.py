"""Everything that synthetic activity is drawn from: the tables under hrgcore_tables/synth, read once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from hrgcore.synth.choices import Choices, Integers, Numbers
from hrgcore.synth.diagnoses import Diagnoses
from hrgcore.synth.kinds import SETTINGS, SORTS, Kinds
from hrgcore.synth.names import Names
from hrgcore.synth.procedures import Procedures
from hrgcore.synth.special import SpecialDays
from hrgcore.synth.tables import Row, group_values, numbers, read_rows

_FIELDS = ("CLASSPAT", "ADMISORC", "ADMIMETH", "DISDEST", "DISMETH", "MAINSPEF", "TRETSPEF", "SEX")


@dataclass(frozen=True)
class Errors:
    """Spoilt cells (errors.csv): share of all episodes, and the pick of a row of ``cells``."""

    share: float
    cells: list[tuple[str, str]]  # field, value
    pick: Choices


@dataclass(frozen=True)
class Mix:
    """The tables as choices. A setting's number is its place in SETTINGS times the number of SORTS, plus its patients' sort."""

    diagnosis_names: Names
    procedure_names: Names
    fields: dict[str, Names]
    kinds: Kinds
    diagnoses: Diagnoses
    procedures: Procedures
    special: SpecialDays
    sexes: Integers  # numbers of the field's values for MALE and FEMALE
    entering: dict[str, Choices]  # CLASSPAT, ADMISORC, ADMIMETH, by setting
    leaving: Choices  # number of a pair DISDEST:DISMETH, by setting
    leaving_pairs: tuple[Integers, Integers]
    further_episodes: Numbers  # by setting
    critical: Numbers
    main_specialty: Integers  # by number of the treatment function
    errors: Errors


@cache
def load_mix() -> Mix:
    """Read the tables that come with hrgcore."""
    diagnoses, procedures = (Names(row["code"] for row in read_rows(table)) for table in ("diagnoses", "procedures"))
    fields = {name: Names() for name in _FIELDS}
    settings = _settings()
    pairs = Names()
    leaving = Choices.of([pairs.weighted(row["leaving"]) for row in settings])
    kinds = Kinds(diagnoses, procedures, fields["TRETSPEF"], (_sexed("diagnosis", diagnoses), _sexed("procedure", procedures)))
    by_setting = {name: numbers(settings, name) for name in ("comorbidities", "extras")}
    errors = read_rows("errors")
    mix = Mix(
        diagnosis_names=diagnoses,
        procedure_names=procedures,
        fields=fields,
        kinds=kinds,
        diagnoses=Diagnoses(kinds, diagnoses, by_setting),
        procedures=Procedures(kinds, procedures, by_setting),
        special=SpecialDays(kinds, diagnoses, procedures, fields["TRETSPEF"]),
        sexes=np.array([fields["SEX"]["1"], fields["SEX"]["2"]]),
        entering={
            field: Choices.of([fields[field].weighted(row[column]) for row in settings])
            for field, column in (("CLASSPAT", "class"), ("ADMISORC", "source"), ("ADMIMETH", "method"))
        },
        leaving=leaving,
        leaving_pairs=_pairs(pairs, fields),
        further_episodes=numbers(settings, "episodes"),
        critical=numbers(settings, "critical"),
        main_specialty=_main_specialties(fields),
        errors=Errors(
            float(numbers(errors, "weight").sum()) / 10_000,
            [(row["field"], row["value"]) for row in errors],
            Choices.of([[(place, float(row["weight"])) for place, row in enumerate(errors)]]),
        ),
    )
    return mix


def _settings() -> list[Row]:
    """The rows of settings.csv in the order of their numbers."""
    rows = {(row["setting"], row["patients"]): row for row in read_rows("settings")}
    return [rows[setting, sort] for setting in SETTINGS for sort in SORTS]


def _sexed(of: str, names: Names) -> npt.NDArray[np.int64]:
    """For each code's number 1 (men only), 2 (women only) or 0."""
    values = group_values(names.texts[1:], read_rows(f"{of}_groups"), "sex")
    return np.array([0, *(int(value or 0) for value in values)])


def _main_specialties(fields: dict[str, Names]) -> Integers:
    """The main specialty that goes with each treatment function: its own number unless specialties.csv says another."""
    other = {row["treatment"]: row["main"] for row in read_rows("specialties")}
    return np.array([fields["MAINSPEF"][other.get(text, text)] for text in fields["TRETSPEF"].texts])


def _pairs(pairs: Names, fields: dict[str, Names]) -> tuple[Integers, Integers]:
    parts = [text.partition(":") for text in pairs.texts]
    return np.array([fields["DISDEST"][one] for one, _, _ in parts]), np.array([fields["DISMETH"][two] for _, _, two in parts])
