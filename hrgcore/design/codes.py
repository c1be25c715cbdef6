"""How design tables name codes: a code, a category, a range or a letter, and what is taken away again."""

from __future__ import annotations

import re
from dataclasses import dataclass

# ICD-10: letter, two digits, then a digit or the pad X, then at most one more digit. OPCS-4: letter and three digits.
ICD10 = re.compile(r"[A-Z][0-9]{2}[0-9X][0-9]?")
OPCS4 = re.compile(r"[A-Z][0-9]{3}")

_ICD10_TERM = re.compile(r"[A-Z](?:[0-9]{2}(?:[0-9X][0-9]?)?)?")
_OPCS4_TERM = re.compile(r"[A-Z](?:[0-9]{2}[0-9]?)?")


@dataclass(frozen=True)
class Scheme:
    """A coding scheme: the form of its codes, and of a term that names one or more of them."""

    name: str
    code: re.Pattern[str]
    term: re.Pattern[str]


SCHEMES = {"icd10": Scheme("icd10", ICD10, _ICD10_TERM), "opcs4": Scheme("opcs4", OPCS4, _OPCS4_TERM)}


@dataclass(frozen=True)
class Term:
    """The codes whose first characters lie between ``first`` and ``last``, which are equally long: `J45`, `J40-J47`, `J`."""

    first: str
    last: str

    def names(self, code: str) -> bool:
        return self.first <= code[: len(self.first)] <= self.last

    def __str__(self) -> str:
        return self.first if self.first == self.last else f"{self.first}-{self.last}"


@dataclass(frozen=True)
class CodeCell:
    """A parsed `codes` cell: the terms that name codes and those that take codes away."""

    terms: tuple[Term, ...]
    without: tuple[Term, ...]

    def terms_naming(self, code: str) -> tuple[Term, ...]:
        """The terms that name ``code``; none where it is taken away."""
        if any(term.names(code) for term in self.without):
            return ()
        return tuple(term for term in self.terms if term.names(code))

    def __contains__(self, code: str) -> bool:
        return bool(self.terms_naming(code))


def parse_code_cell(text: str, scheme: Scheme) -> CodeCell:
    """Parse a `codes` cell. Raises ValueError with what is wrong and how to write it."""
    terms: list[Term] = []
    without: list[Term] = []
    for token in text.split():
        target = without if token.startswith("!") else terms
        target.append(_parse_term(token.removeprefix("!"), scheme))
    if not terms:
        raise ValueError("names no code; write a code, a category, a range or a letter")
    return CodeCell(tuple(terms), tuple(without))


def _parse_term(token: str, scheme: Scheme) -> Term:
    first, dash, last = token.partition("-")
    last = last if dash else first
    if not (scheme.term.fullmatch(first) and scheme.term.fullmatch(last)):
        raise ValueError(f"{token!r} is not a term of {scheme.name}; write codes without full stops, such as J45, J450 or J40-J47")
    if len(first) != len(last):
        raise ValueError(f"{token!r} goes from a code to a category; give both ends the same length")
    if first > last:
        raise ValueError(f"{token!r} runs backwards; put the lower end first")
    return Term(first, last)
