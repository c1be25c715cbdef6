"""Drawn episodes as an Arrow table with the official columns, or with those of a HES extract; and the spoilt cells."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from hrgcore.columns import APC_COLUMNS
from hrgcore.synth.draw import Drawn
from hrgcore.synth.mix import Errors, Mix
from hrgcore.synth.names import Names

OFFICIAL = (14, 12)  #: diagnosis and procedure columns of the official layout
HES = (20, 24)
_HES_NAMES = {"PROCODET": "PROCODE3", "PROVSPNO": "PROVSPNOPS"}
_PROVIDERS = 140
_HES_INFANTS = (7001, 7007)
_Indices = npt.NDArray[np.int32]


def as_table(drawn: Drawn, mix: Mix, rng: np.random.Generator, first_spell: int, hes: bool) -> pa.Table:
    """The table of a part; its spells are numbered from ``first_spell`` on."""
    spoil = _Spoiler(mix.errors, rng, len(drawn.spell))
    provider = _providers(rng, int(drawn.spell[-1]) + 1)[drawn.spell]
    columns: dict[str, pa.Array] = {}
    for column in APC_COLUMNS:
        name = column.name
        if name == "PROCODET":
            columns[name] = _dictionary(provider, ["", *(f"SYN{number:02X}" for number in range(1, _PROVIDERS + 1))])
        elif name == "PROVSPNO":
            columns[name] = pa.array(drawn.spell + first_spell).cast(pa.string())
        elif name in drawn.numbers:
            columns[name] = spoil.numbers(
                name, _infants(drawn.numbers[name], rng) if hes and name == "STARTAGE" else drawn.numbers[name]
            )
        elif name in drawn.coded:
            columns[name] = spoil.texts(name, drawn.coded[name].astype(np.int32), mix.fields[name].texts)
        else:
            columns[name] = pa.nulls(len(drawn.spell), pa.string())
        if name == "TRETSPEF":
            columns |= _codes("DIAG", drawn.diagnoses, mix.diagnosis_names, spoil) | _codes(
                "OPER", drawn.procedures, mix.procedure_names, spoil
            )
    return pa.table({_hes_name(name) if hes else name: values for name, values in columns.items()})


class _Spoiler:
    """Spoils cells of some rows, as errors.csv says."""

    def __init__(self, errors: Errors, rng: np.random.Generator, count: int) -> None:
        rows = np.flatnonzero(rng.random(count) < errors.share)
        kinds = errors.pick.draw(rng, np.zeros(len(rows), np.int64))
        self._rows = {place: rows[kinds == place] for place in np.unique(kinds)}
        self._cells = errors.cells

    def texts(self, field: str, numbers: _Indices, texts: Sequence[str]) -> pa.Array:
        own = list(texts)
        for rows, value in self._of(field):
            if value and value not in own:
                own.append(value)
            numbers[rows] = own.index(value) if value else 0
        return _dictionary(numbers, own)

    def numbers(self, field: str, numbers: npt.NDArray[np.int64]) -> pa.Array:
        values, blank = numbers.astype(np.int32), np.zeros(len(numbers), np.bool_)
        for rows, value in self._of(field):
            values[rows] = int(value or 0)
            blank[rows] = not value
        return pa.array(values, mask=blank)

    def _of(self, field: str) -> list[tuple[npt.NDArray[np.int64], str]]:
        return [(rows, self._cells[place][1]) for place, rows in self._rows.items() if self._cells[place][0] == field]


def _codes(prefix: str, codes: npt.NDArray[np.int16], names: Names, spoil: _Spoiler) -> dict[str, pa.Array]:
    labels = [f"{prefix}_{place:02d}" for place in range(1, codes.shape[1] + 1)]
    return {label: spoil.texts(label, codes[:, place].astype(np.int32), names.texts) for place, label in enumerate(labels)}


def _dictionary(numbers: npt.NDArray[np.integer], texts: Sequence[str]) -> pa.Array:
    """Numbers of texts as a dictionary column; number 0 is null."""
    indices = pa.array((numbers - 1).astype(np.int16), mask=numbers == 0)
    return pa.DictionaryArray.from_arrays(indices, pa.array(texts[1:], pa.string()))


def _providers(rng: np.random.Generator, spells: int) -> npt.NDArray[np.int64]:
    """A provider for each spell; some are larger than others."""
    size = 1 / (np.arange(_PROVIDERS) + 20)
    numbers: npt.NDArray[np.int64] = np.searchsorted(np.cumsum(size / size.sum())[:-1], rng.random(spells), side="right") + 1
    return numbers


def _infants(ages: npt.NDArray[np.int64], rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """HES says in which part of the first year an infant is."""
    return np.where(ages == 0, rng.integers(*_HES_INFANTS, len(ages), endpoint=True), ages)


def _hes_name(name: str) -> str:
    if name.startswith("DIAG_"):
        return name.replace("DIAG_", "DIAG_4_")
    return name.replace("OPER_", "OPERTN_4_") if name.startswith("OPER_") else _HES_NAMES.get(name, name)
