"""Spell keys: where the key changes from row to row, whether keys ascend, and a number that tells keys apart."""

from itertools import product
from typing import Any, NamedTuple

import numpy as np

from hrgcore_kernels.accelerate import inline, kernel
from hrgcore_kernels.layout import Int32s, Int64s, UInt8s, UInt64s
from hrgcore_kernels.signatures import array, fields

_SEED = np.uint64(0x9E3779B97F4A7C15)
_MIX = np.uint64(0xFF51AFD7ED558CCD)
_MIX_AGAIN = np.uint64(0xC4CEB9FE1A85EC53)
_SHIFT = np.uint64(33)
_ONE = np.uint64(1)
_EIGHT = np.uint64(8)

#: Orders in which keys may ascend, as bits: by provider and spell number, by spell number and provider; each with numbers compared
#: as text, or shorter ones first. Keys that ascend in any order throughout are all different.
ALL_ORDERS = 15
AS_TEXT = 5  #: those that compare numbers as text
BY_PROVIDER = 3  #: those by provider and spell number
SAME_KEY = -1


class Texts(NamedTuple):
    """The cells of a column of text: where each begins and ends in the bytes. Those of a dictionary are ``places`` [rows] in it."""

    starts: Int32s | Int64s
    ends: Int32s | Int64s
    data: UInt8s
    places: Int32s  # none: the cells stand row by row


#: Offsets of text are of 32 bits or of 64: both columns of a key may have either.
KEYS = [
    tuple(fields(Texts, array(kind), array(kind), array("u1"), array("i4")) for kind in kinds)
    for kinds in product(("i4", "i8"), ("i4", "i8"))
]


@inline
def eight_bytes(data, at):
    """Eight bytes as a number that compares as they do, the first weighing most. They are read at once."""
    return (
        (np.uint64(data[at]) << np.uint64(56))
        | (np.uint64(data[at + np.uint64(1)]) << np.uint64(48))
        | (np.uint64(data[at + np.uint64(2)]) << np.uint64(40))
        | (np.uint64(data[at + np.uint64(3)]) << np.uint64(32))
        | (np.uint64(data[at + np.uint64(4)]) << np.uint64(24))
        | (np.uint64(data[at + np.uint64(5)]) << np.uint64(16))
        | (np.uint64(data[at + np.uint64(6)]) << np.uint64(8))
        | np.uint64(data[at + np.uint64(7)])
    )


@inline
def sign(one: Any, other: Any) -> Any:
    """-1, 0 or 1: how one number, or one text of Python's, stands to another."""
    return np.int64(one > other) - np.int64(one < other)


@inline
def sign_of(data, start, end, other, other_end):
    """-1, 0 or 1: how one text stands to another, byte by byte."""
    length = np.uint64(min(end - start, other_end - other))
    own, others = np.uint64(start), np.uint64(other)  # unsigned, so that Numba need not ask whether places count from the end
    found, at = np.int64(0), np.uint64(0)
    if length >= _EIGHT:
        last = length - _EIGHT
        while found == 0 and at < last:
            found = sign(eight_bytes(data, own + at), eight_bytes(data, others + at))
            at += _EIGHT
        if found == 0:  # the last eight, of which some may have been compared
            found = sign(eight_bytes(data, own + last), eight_bytes(data, others + last))
    else:
        while found == 0 and at < length:
            found = sign(data[own + at], data[others + at])
            at += _ONE
    return found if found != 0 else sign(end - start, other_end - other)


@inline
def place_of(texts, row):
    """Where a row's text is said to be."""
    return np.uint64(texts.places[row]) if len(texts.places) != 0 else row


@inline
def length_of(texts, row):
    """How many bytes a row's text has."""
    place = place_of(texts, row)
    return np.int64(texts.ends[place]) - np.int64(texts.starts[place])


@inline
def step_of(texts, row):
    """-1, 0 or 1: how a row's text stands to that of the row before."""
    place, before = place_of(texts, row), place_of(texts, row - _ONE)
    if place == before:
        return np.int64(0)  # one value of a dictionary
    start, end = np.int64(texts.starts[place]), np.int64(texts.ends[place])
    return sign_of(texts.data, start, end, np.int64(texts.starts[before]), np.int64(texts.ends[before]))


@inline
def outline_of(texts, row):
    """The length of a row's text, and its first eight bytes and its last eight, where these tell it."""
    place = place_of(texts, row)
    start, length = np.uint64(texts.starts[place]), length_of(texts, row)
    if not told(length):
        return length, np.uint64(0), np.uint64(0)
    return length, eight_bytes(texts.data, start), eight_bytes(texts.data, start + np.uint64(length) - _EIGHT)


@inline
def told(length):
    """Whether a text of so many bytes is told by its first eight and its last eight."""
    return (length >= 8) & (length <= 16)


@inline
def sign_between(texts, row, outline, before):
    """The same as `step_of`, from what `outline_of` gives for the row and the one before."""
    if (outline[0] != before[0]) | (not told(outline[0])):
        return step_of(texts, row)
    first = sign(outline[1], before[1])
    return first if first != 0 else sign(outline[2], before[2])


@inline
def orders_of(provider: Any, spell: Any, longer: Any) -> Any:
    """The orders in which a key stands behind another, by the signs of its parts; SAME_KEY where both are one.

    ``longer``: by how much the spell number is longer.
    """
    if spell == 0 and provider == 0:
        return np.int64(SAME_KEY)
    by_length = longer if longer != 0 else spell
    orders = np.int64(0)
    if provider > 0 or (provider == 0 and spell > 0):
        orders |= 1
    if provider > 0 or (provider == 0 and by_length > 0):
        orders |= 2
    if spell > 0 or (spell == 0 and provider > 0):
        orders |= 4
    if by_length > 0 or (by_length == 0 and provider > 0):
        orders |= 8
    return orders


@kernel(*((*keys, array("i8", writable=True), array("i8", writable=True)) for keys in KEYS))
def key_runs(providers: Texts, spells: Texts, starts: Int64s, found: Int64s) -> None:
    """The rows whose key differs from that of the row before, and the first row.

    ``starts`` [rows]; ``found`` become how many there are, and the orders in which all of them ascend.
    """
    rows, count, orders = np.uint64(len(starts)), np.uint64(0), np.int64(ALL_ORDERS)
    if rows > 0:
        starts[count] = 0
        count += _ONE
        outline = outline_of(spells, np.uint64(0))
        for row in range(_ONE, rows):
            before, outline = outline, outline_of(spells, row)
            spell, longer = sign_between(spells, row, outline, before), outline[0] - before[0]
            # Where the spell number ascends and no order by provider is left, the provider need not be looked at.
            if (spell <= 0) | (longer < 0) | (orders & BY_PROVIDER != 0):
                step = orders_of(step_of(providers, row), spell, longer)
                if step == SAME_KEY:
                    continue
                orders &= step
            starts[count] = row
            count += _ONE
    found[0] = count
    found[1] = orders


@inline
def mix(value):
    """Spread every bit over all bits."""
    value ^= value >> _SHIFT
    value *= _MIX
    value ^= value >> _SHIFT
    value *= _MIX_AGAIN
    return value ^ (value >> _SHIFT)


@inline
def digest(data, start, end, state):
    """A 64-bit digest of some bytes, begun from ``state``."""
    state ^= np.uint64(end - start) * _SEED
    word = np.uint64(0)
    taken = 0
    for at in range(start, end):
        word = (word << np.uint64(8)) | np.uint64(data[at])
        taken += 1
        if taken == 8:
            state = mix(state ^ word) + _SEED
            word = np.uint64(0)
            taken = 0
    return mix(state ^ word) + _SEED


@kernel(*((*keys, array("i8"), array("u8", writable=True)) for keys in KEYS))
def key_digests(providers: Texts, spells: Texts, rows: Int64s, digests: UInt64s) -> None:
    """The digest of provider and spell number of each of ``rows``. ``digests`` [rows]."""
    for place in range(len(rows)):
        row = np.uint64(rows[place])
        own, other = place_of(providers, row), place_of(spells, row)
        state = digest(providers.data, np.int64(providers.starts[own]), np.int64(providers.ends[own]), _SEED)
        digests[place] = digest(spells.data, np.int64(spells.starts[other]), np.int64(spells.ends[other]), state)


@inline
def place_in_spell(epiorder, most):
    """Where an episode stands in its spell by its EPIORDER; those whose EPIORDER is invalid come first."""
    return epiorder if 1 <= epiorder <= most else 0


@inline
def falls(epiorder, most, start, end):
    """Whether EPIORDER falls anywhere from ``start`` to before ``end``."""
    for row in range(start + np.uint64(1), end):
        if place_in_spell(epiorder[row], most) < place_in_spell(epiorder[row - np.uint64(1)], most):
            return True
    return False


@kernel((array("i8"), array("i4", strided=True), np.int64, array("i8", writable=True)))
def run_that_falls(starts: Int64s, epiorder: Int32s, most: int, found: Int64s) -> None:
    """The first run, from ``starts[i]`` to before ``starts[i + 1]``, within which EPIORDER falls, as ``found`` [1] becomes.

    It becomes the number of runs where there is none.
    """
    count = np.uint64(len(starts) - 1)
    run = np.uint64(0)
    while run < count and not run_falls(starts, epiorder, most, run):
        run += _ONE
    found[0] = run


@inline
def run_falls(starts, epiorder, most, run):
    """Whether EPIORDER falls within a run. Most have one row, whose EPIORDER need not be fetched."""
    start, end = np.uint64(starts[run]), np.uint64(starts[run + _ONE])
    return (end - start > _ONE) and falls(epiorder, most, start, end)


@kernel(
    (array("i8"), array("i4", strided=True), np.int64, np.int64, array("i8", writable=True), array("i8", writable=True)),
)
def order_runs(starts: Int64s, epiorder: Int32s, most: int, longest: int, found: Int64s, rows: Int64s) -> None:
    """Put the rows of each run in order of EPIORDER, equal ones as they stand.

    ``rows``, as they stand, become the rows in this order. ``found`` [1] is what `run_that_falls` found, and becomes how many runs
    of more than ``longest`` rows are left as they stand, for which this takes too long.
    """
    left = np.int64(0)
    for run in range(np.uint64(found[0]), np.uint64(len(starts) - 1)):
        if run_falls(starts, epiorder, most, run):
            start, end = np.uint64(starts[run]), np.uint64(starts[run + _ONE])
            if end - start > np.uint64(longest):
                left += 1
            else:
                order_run(epiorder, most, start, end, rows)
    found[0] = left


@inline
def order_run(epiorder, most, start, end, rows):
    """Put the rows from ``start`` to before ``end`` in order of EPIORDER."""
    for row in range(start + _ONE, end):
        place = place_in_spell(epiorder[row], most)
        to = row
        while to > start and place_in_spell(epiorder[np.uint64(rows[to - _ONE])], most) > place:
            rows[to] = rows[to - _ONE]
            to -= _ONE
        rows[to] = row
