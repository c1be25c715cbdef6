"""Brings the codes of drawn episodes to their national usage: draws, compares, changes the weights of the tables, and again."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import numpy.typing as npt

from hrgcore.synth.draw import draw
from hrgcore.synth.mix import load_mix
from hrgcore.synth.tables import numbers, read_rows

Numbers = npt.NDArray[np.float64]

ROUNDS = 9
_DRAWS, _EPISODES = 2, 1_000_000
_COLUMNS = (20, 24)
_DOUBT = 15.0  # added to both counts, so that chance moves rare codes little
_FLOOR, _CEILING = 1e-4, 30.0  # of a weight, in national usage


def calibrate(tables: Path, year: float, rounds: int = ROUNDS) -> dict[str, Numbers]:
    """Change the column `weight` of diagnoses.csv and procedures.csv. How often each code is drawn at last, as a ratio."""
    ratio: dict[str, Numbers] = {}
    for number in range(rounds):
        for table, counts in _counts(number).items():
            rows = read_rows(table)
            wanted = numbers(rows, "usage") * _DRAWS * _EPISODES / year
            ratio[table] = (counts + _DOUBT) / (wanted + _DOUBT)
            weight = np.maximum(numbers(rows, "weight"), _FLOOR * numbers(rows, "usage"))
            weight = np.minimum(weight, _CEILING * numbers(rows, "usage"))
            _write(tables / f"{table}.csv", rows, weight * np.clip(ratio[table] ** -0.9, 0.3, 2.5))
        read_rows.cache_clear()
        load_mix.cache_clear()
        print(f"round {number + 1}:", {table: f"{np.abs(np.log(own)).mean():.4f}" for table, own in ratio.items()}, flush=True)
    return ratio


def _counts(number: int) -> dict[str, Numbers]:
    """How often each code of the tables is drawn."""
    mix = load_mix()
    found = {"diagnoses": np.zeros(len(mix.diagnosis_names.texts)), "procedures": np.zeros(len(mix.procedure_names.texts))}
    for part in range(_DRAWS):
        drawn = draw(mix, np.random.default_rng([number, part]), _EPISODES, *_COLUMNS)
        for table, codes in (("diagnoses", drawn.diagnoses), ("procedures", drawn.procedures)):
            found[table] += np.bincount(codes.ravel(), minlength=len(found[table]))
    return {table: counts[1:] for table, counts in found.items()}


def _write(path: Path, rows: list[dict[str, str]], weight: Numbers) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(row | {"weight": f"{own:.4g}"} for row, own in zip(rows, weight, strict=True))
