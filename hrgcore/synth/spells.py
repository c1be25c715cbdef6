"""Episodes joined into spells: those of one setting, system, sex and age stand together, as they do in a hospital stay."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hrgcore.synth.choices import Integers, Numbers
from hrgcore.synth.kinds import Episodes

_MOST_EPISODES = 12
_AGES_TOGETHER = 5  # years; a spell does not reach over more


@dataclass(frozen=True)
class Spells:
    """``order`` takes drawn episodes into the order of their spells; the rest is by that order, or by spell."""

    order: Integers
    spell: Integers  # of each episode, from 0
    place: Integers  # of each episode in its spell, from 0
    first: Integers  # first episode of each spell
    size: Integers  # episodes of each spell


def join(rng: np.random.Generator, episodes: Episodes, more: Numbers, once: npt.NDArray[np.bool_]) -> Spells:
    """Join episodes. ``more`` is the mean number of further episodes that each one's setting gives a spell.

    An episode that happens ``once``, such as a delivery, begins a spell, so that no spell has two.
    """
    count = len(episodes.kind)
    like = ((episodes.way * 16 + episodes.system) * 8 + episodes.patients) * 2 + episodes.sex
    like = like * 32 + episodes.age // _AGES_TOGETHER
    order = np.argsort((like * 128 + episodes.age) * 2**24 + rng.integers(0, 2**24, count))
    like, mean = like[order], more[order]
    starts = (rng.random(count) < 1 / (1 + mean)) | once[order]
    starts[0] = True
    starts[1:] |= like[1:] != like[:-1]
    run = np.arange(count) - np.maximum.accumulate(np.where(starts, np.arange(count), 0))
    starts |= run % _MOST_EPISODES == 0
    first = np.flatnonzero(starts)
    size = np.diff(np.append(first, count))
    shuffled = rng.permutation(len(first))
    first, size = first[shuffled], size[shuffled]
    spell = np.repeat(np.arange(len(first)), size)
    begins = np.cumsum(size) - size
    place = np.arange(count) - begins[spell]
    return Spells(order[first[spell] + place], spell, place, begins, size)


def nights(rng: np.random.Generator, setting: str, mean: Numbers) -> Integers:
    """Nights of whole spells of a setting: none in a day case, at most one in a short stay, two and more in a long one."""
    if setting == "short":
        return (rng.random(len(mean)) < 0.52).astype(np.int64)
    if setting in ("daycase", "regular"):
        return np.zeros(len(mean), np.int64)
    least, spread = (2, 1.0) if setting == "long" else (0, 0.9)
    drawn = np.maximum(mean - least, 0.3) * np.exp(spread * rng.standard_normal(len(mean)) - spread**2 / 2)
    whole: Integers = least + np.minimum(np.floor(drawn + rng.random(len(mean)) * 0.999), 500).astype(np.int64)
    return whole


def shared(rng: np.random.Generator, spells: Spells, whole: Integers) -> Integers:
    """The nights of spells shared out among their episodes, at random."""
    part = rng.random(len(spells.spell)) + 0.1
    sums = np.cumsum(part)
    before = sums[spells.first] - part[spells.first]
    until = (sums - before[spells.spell]) / (sums[spells.first + spells.size - 1] - before)[spells.spell]
    ends = np.floor(whole[spells.spell] * until + 1e-9).astype(np.int64)
    found: Integers = np.where(spells.place == 0, ends, ends - np.concatenate([[0], ends[:-1]]))
    return found
