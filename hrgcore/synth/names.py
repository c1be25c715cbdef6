"""Texts as numbers: the codes and field values that are drawn."""

from __future__ import annotations

from collections.abc import Iterable

from hrgcore.synth.tables import weighted


class Names:
    """Texts numbered from 1 in order of appearance; 0 is blank."""

    def __init__(self, texts: Iterable[str] = ()) -> None:
        self.texts: list[str] = [""]
        self._numbers = {"": 0}
        for text in texts:
            self[text]

    def __getitem__(self, text: str) -> int:
        number = self._numbers.setdefault(text, len(self.texts))
        if number == len(self.texts):
            self.texts.append(text)
        return number

    def weighted(self, cell: str) -> list[tuple[int, float]]:
        """The terms of a cell, numbered."""
        return [(self[name], weight) for name, weight in weighted(cell)]
