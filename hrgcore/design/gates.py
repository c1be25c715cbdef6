"""Gates: what a record must have for any rule of a chain to apply that is tried for every record.

Few records meet an exception, or unbundle by themselves. Each rule of such a chain asks for some list or set; a record that is on
none of those can be passed by without a walk.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from hrgcore.design.conditions import RANGE_FACTS
from hrgcore.design.steps import ANY, Test
from hrgcore_kernels import codes as k
from hrgcore_kernels.layout import GATE

#: Scores, and the scope and bit of the codes without which they are 0.
_SCORES = {
    "trauma_sites": ("diagnosis", k.TRAUMA),
    "trauma_diagnosis": ("diagnosis", k.TRAUMA),
    "trauma_intervention": ("procedure", k.TRAUMA),
    "burn_severity": ("diagnosis", k.BURN),
    "burn_intervention": ("procedure", k.BURN),
}


def compile_gates(
    chains: Iterable[Iterable[tuple[Test, ...]]], words: Mapping[int, np.ndarray], first_word: Mapping[str, int]
) -> dict[str, np.ndarray]:
    """The gates of two chains, each given by the tests of its rules: the exceptions and the unbundling by the episode itself.

    ``words`` are the words of bits of all codes or values behind each fact, ``first_word`` the first fact of each scope. A chain
    with a rule that asks for nothing has no gates, and so is one without rules: it is walked for every record.
    """
    scores = {RANGE_FACTS.index(name): (first_word[scope], bit) for name, (scope, bit) in _SCORES.items()}
    masks = [_masks(rules, words, scores) for rules in chains]
    gates = [(fact, *(own.get(fact, 0) for own in masks)) for fact in sorted(set().union(*masks))]
    return {"gates": np.array(gates, GATE), "ungated": np.array([not own for own in masks], np.int64)}


def _masks(
    rules: Iterable[tuple[Test, ...]], words: Mapping[int, np.ndarray], scores: Mapping[int, tuple[int, int]]
) -> dict[int, int]:
    """The bits of each fact of which a record must have any; none where a rule asks for nothing."""
    masks: dict[int, int] = {}
    for tests in rules:
        asked = [(fact, mask) for fact, mask, low, span in tests if (low, span) == ANY]
        asked += [(scores[fact][0], 1 << scores[fact][1]) for fact, _, low, _ in tests if fact in scores and low > 0]
        if not asked:
            return {}
        fact, mask = min(asked, key=lambda one: float(np.mean(words[one[0]] & one[1] != 0)))  # the rarest
        masks[fact] = masks.get(fact, 0) | mask
    return masks
