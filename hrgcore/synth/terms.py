"""The small notation of the tables: `J181*5 J189` weights, `W010/W180~.9` shares, `W371 Z843*2 | W381` sets."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product


def weighted(cell: str) -> list[tuple[str, float]]:
    """`a*3 b` is a with weight 3 and b with weight 1."""
    return [_weight(term) for term in cell.split()]


def likely(cell: str) -> list[tuple[list[str], float]]:
    """`a/b~.3 c` is one of a and b with probability 0.3, and c always."""
    terms = (term.partition("~") for term in cell.split())
    return [(codes.split("/"), float(share or 1)) for codes, _, share in terms]


def code_sets(cell: str) -> list[tuple[tuple[str, ...], float]]:
    """`a b/c*2 | -` is a with b or a with c, of weight 2 together, or nothing. A weight stands behind the last code of a set."""
    found: list[tuple[tuple[str, ...], float]] = []
    for part in cell.split("|"):
        terms, weight = _set(part.split())
        variants = list(product(*terms))
        found += [(variant, weight / len(variants)) for variant in variants]
    return found


def _set(terms: Sequence[str]) -> tuple[list[list[str]], float]:
    parsed = [_weight(term) for term in terms]
    return [name.split("/") for name, _ in parsed if name != "-"], parsed[-1][1] if parsed else 1.0


def _weight(term: str) -> tuple[str, float]:
    name, _, weight = term.partition("*")
    return name, float(weight or 1)
