"""What a synthetic national sample rests on when it is grouped under a design."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hrgcore.design import Bundle
from hrgcore.design.tables import BASES
from hrgcore.grouper import Grouper
from hrgcore.reasons import METHODS, REASONS, is_failure
from hrgcore.synth import synthesise

Numbers = npt.NDArray[np.int64]


def activity(grouper: Grouper, bundle: Bundle, episodes: int, seed: int) -> dict[str, Any]:
    """Group a sample of so many synthetic episodes and count them as `counted` does."""
    with tempfile.TemporaryDirectory(prefix="hrgcore-") as folder:
        sample = Path(folder) / "sample"
        synthesise(sample, episodes, seed)
        return {"seed": seed} | counted(grouper.group(sample).grouped.episodes, bundle)


def counted(found: np.ndarray, bundle: Bundle) -> dict[str, Any]:
    """Count grouped episodes by what the rules behind their HRGs rest on, by how the root was found, by chapter.

    ``found`` has the kernels' results of episodes. ``weakest`` counts an episode by the weaker basis of its root's rule and its
    split's.
    """
    grouped = np.asarray(found["hrg"]) != 0
    place = np.array([0, *(BASES.index(basis) for basis in bundle.rule_bases[1:])])
    root, split = place[found["root_rule"][grouped]], place[found["split_rule"][grouped]]
    chapters = np.array([hrg[:1] for hrg in bundle.strings("hrg_codes")])[found["hrg"][grouped]]
    weakest = np.maximum(root, split)
    methods = np.bincount(found["method"], minlength=len(METHODS)).tolist()
    return {
        "episodes": len(found),
        "grouped": int(grouped.sum()),
        "root": _by_basis(root),
        "split": _by_basis(split),
        "weakest": _by_basis(weakest),
        "method": dict(sorted(zip(METHODS, methods, strict=True), key=lambda pair: "PDMBGU".index(pair[0]))),
        "failed": {REASONS[number]: count for number, count in _counted(found["reason"]) if is_failure(number)},
        "chapters": {
            chapter: {"episodes": int(own.sum()), "weakest": _by_basis(weakest[own])}
            for chapter in _sorted(chapters)
            for own in [chapters == chapter]
        },
    }


def _by_basis(places: Numbers) -> dict[str, int]:
    return dict(zip(BASES, np.bincount(places, minlength=len(BASES)).tolist(), strict=True))


def _counted(numbers: npt.NDArray[np.integer]) -> list[tuple[int, int]]:
    found, counts = np.unique(numbers, return_counts=True)
    return list(zip(found.tolist(), counts.tolist(), strict=True))


def _sorted(texts: Iterable[str]) -> list[str]:
    return sorted(set(map(str, texts)))
