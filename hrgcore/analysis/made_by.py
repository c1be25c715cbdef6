"""The design that made a folder of results: found by what the manifest says, and held against its digest."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import PureWindowsPath

from hrgcore.design import Bundle, load_design
from hrgcore.design.locate import embedded_designs
from hrgcore.errors import HrgcoreError, UsageError
from hrgcore.linking.sources import Folder
from hrgcore.write.manifest import versions

Say = Callable[[str], None]


def design_of(results: Folder, given: str | None, say: Say, *, option: str = "--design", others: bool = False) -> Bundle:
    """The design that made a result: ``given``, or the one that its manifest names. Its tables have the manifest's digest.

    ``others``: what is ``given`` may have other tables, which is said. Another version of hrgcore is said, too. Raises UsageError
    where the design is not to be had; ``option`` is where it can be named.
    """
    made, here = results.version, versions()["hrgcore"]
    if made != here:
        say(f"{results.name} was grouped by hrgcore {made}, and this is {here}, which may group otherwise.")
    identity, digest = str(results.design.get("id")), results.design.get("digest")
    if given:
        bundle = load_design(given)
        if bundle.info.digest != digest:
            differ = f"{results.name} was grouped by other tables than {given} (their digests differ)"
            if not others:
                raise UsageError(f"{differ}. Name the right design with {option}.")
            say(f"{differ}: what is said here is of {given}, not of the result.")
        return bundle
    found = list(_at_hand(results, identity))
    for bundle in found:
        if bundle.info.digest == digest:
            return bundle
    why = f"other tables than the {identity} at hand" if found else f"design {identity}, which is not at hand"
    raise UsageError(f"{results.name} was grouped by {why}. Name the design that made it with {option}.")


def known_design(results: Folder, given: str | None, say: Say, option: str = "--design") -> Bundle | None:
    """`design_of`, for what can do without: None, with a word of why, where none is ``given`` and the manifest's is not to be had.

    Raises UsageError where ``given`` is another.
    """
    if given:
        return design_of(results, given, say, option=option)
    try:
        return design_of(results, None, say, option=option)
    except UsageError as error:
        say(f"{error} Without it there are no labels, bases or CC scores.")
        return None


def _at_hand(results: Folder, identity: str) -> Iterator[Bundle]:
    """The designs that may be it: the embedded one of this id, and what lies where the run found its design."""
    place = results.design_path
    if place and PureWindowsPath(place).drive.startswith("\\\\"):
        place = None  # another machine: a manifest from anybody must not make this one call there
    for one in (identity if identity in embedded_designs() else None, place):
        if one is not None:
            with contextlib.suppress(HrgcoreError):
                yield load_design(one)
