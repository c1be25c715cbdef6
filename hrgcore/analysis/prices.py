"""Prices of HRGs, as a table that the user brings, and what spells would bring at them: an estimate, never a payment."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from hrgcore.analysis.results import Part, text, whole
from hrgcore.errors import InputError
from hrgcore.read import read_input

SETTINGS, ADMISSIONS = ("DAY", "ORD"), ("ELE", "NON")
#: NHS Data Dictionary: a patient classification that is a day case, methods of admission that are elective.
DAY_CASES, ELECTIVE = ("2",), ("11", "12", "13")
#: What reports say beside every sum of money.
ESTIMATE = (
    "An estimate: price of the core HRG by setting and admission, and days beyond the trim point where the table prices them."
    " No market forces factor, best practice, specialist top-up, unbundled HRG or local rule is in it."
)
_FIGURES = {"price": ("PRICE", "PRICE_GBP"), "trim": ("TRIM_POINT", "TRIM"), "day": ("EXCESS_DAY_PRICE", "PER_DAY")}
Money = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Prices:
    """Prices, trim points and prices of days beyond them, [HRGs, settings, admissions]; NaN where there is none."""

    hrgs: pa.Array
    price: Money
    trim: Money
    day: Money

    @classmethod
    def read(cls, path: str | Path) -> Prices:
        """Read a table of prices: hrg, setting, admission, price, and where they are, trim_point and excess_day_price.

        A blank setting or admission stands for all of them; a row that names it goes before. Raises InputError.
        """
        table = read_input(path)
        names = {name.strip().upper(): name for name in table.column_names}
        columns = {key: next((names[n] for n in wanted if n in names), None) for key, wanted in _FIGURES.items()}
        if "HRG" not in names or columns["price"] is None:
            raise InputError(f"{path}: a table of prices needs columns hrg and price; it has {', '.join(table.column_names)}.")
        cells = {
            key: [str(v or "").strip().upper() for v in table.column(names[key]).to_pylist()] if key in names else [""] * len(table)
            for key in ("HRG", "SETTING", "ADMISSION")
        }
        hrgs = sorted(set(cells["HRG"]))
        place = {hrg: number for number, hrg in enumerate(hrgs)}
        found = {key: np.full((len(hrgs), 2, 2), np.nan) for key in _FIGURES}
        figures = {key: table.column(name).to_pylist() if name else [None] * len(table) for key, name in columns.items()}
        wildness = [(s == "") + (a == "") for s, a in zip(cells["SETTING"], cells["ADMISSION"], strict=True)]
        for row in sorted(range(len(table)), key=lambda at: -wildness[at]):  # the most particular last
            where = f"{path}: row {row + 1}"
            settings = _places(cells["SETTING"][row], SETTINGS, "setting", where)
            admissions = _places(cells["ADMISSION"][row], ADMISSIONS, "admission", where)
            for key, values in figures.items():
                value = _figure(values[row], key, where)
                if value is not None:
                    found[key][np.ix_([place[cells["HRG"][row]]], settings, admissions)] = value
        return cls(pa.array(hrgs, pa.string()), found["price"], found["trim"], found["day"])

    def of(self, hrgs: Any, days: Any, setting: Any, admission: Any) -> tuple[Money, npt.NDArray[np.int64]]:
        """What spells bring (NaN: no price) and their days beyond the trim point. ``setting`` and ``admission`` are places."""
        at = pc.index_in(text(hrgs), value_set=self.hrgs)
        known = pc.is_valid(at).to_numpy(zero_copy_only=False)
        row = pc.fill_null(at, 0).to_numpy(zero_copy_only=False)
        pick = (row, setting, admission)
        if not len(self.hrgs):
            return np.full(len(known), np.nan), np.zeros(len(known), np.int64)
        excess = np.where(known, np.nan_to_num(np.maximum(days - self.trim[pick], 0)), 0).astype(np.int64)
        money = self.price[pick] + excess * np.nan_to_num(self.day[pick])
        return np.where(known, money, np.nan), excess


#: What `settings_of` needs of the episodes.
EPISODE_FIELDS = ("CLASSPAT", "ADMIMETH")


def settings_of(part: Part) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """The setting and the admission of each spell of a part, by its first episode: places in SETTINGS and ADMISSIONS.

    Who stayed a night, or came as an emergency, is no day case.
    """
    first = pa.array(part.first_episode)
    cells = {name: text(part.episodes.column(name).combine_chunks().take(first)) for name in EPISODE_FIELDS}
    day = pc.is_in(cells["CLASSPAT"], value_set=pa.array(DAY_CASES)).to_numpy(zero_copy_only=False)
    elective = pc.is_in(cells["ADMIMETH"], value_set=pa.array(ELECTIVE)).to_numpy(zero_copy_only=False)
    stayed = whole(part.spells.column("SpellLOS")) > 0
    return np.where(day & elective & ~stayed, 0, 1).astype(np.int64), np.where(elective, 0, 1).astype(np.int64)


def _places(value: str, known: tuple[str, ...], column: str, where: str) -> list[int]:
    if value == "":
        return list(range(len(known)))
    if value not in known:
        raise InputError(f"{where}: {column} {value!r} is none of {', '.join(known)}. Correct it, or leave it blank for all.")
    return [known.index(value)]


def _figure(value: Any, name: str, where: str) -> float | None:
    if value is None or str(value).strip() == "":
        return None
    try:
        number = float(str(value).strip())
    except ValueError:
        number = np.nan
    if not isfinite(number) or number < 0:
        raise InputError(f"{where}: {name} {str(value)[:20]!r} is not a number from 0. Write it without separators or signs.")
    return number
