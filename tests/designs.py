"""The designs that tests group under, each with both engines and a maker of spells; made once."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from small_design import small_texts

from hrgcore.design import DEFAULT_DESIGN, Bundle, compile_tables, load_design, read_texts
from hrgcore.design.bundle import write
from hrgcore.grouper import Grouper
from hrgcore.reference import ReferenceEngine
from hrgcore.selftest.spells import Maker


@dataclass(frozen=True)
class Both:
    """A design, compiled and as tables."""

    bundle: Bundle
    grouper: Grouper
    reference: ReferenceEngine
    maker: Maker


@cache
def both(name: str) -> Both:
    """The design `small` or `starter`; or `even`, which is the small one with one point for each code on a CC list; or `forms`,
    which is `even`, but that a form of a code is on another CC list than its other forms.
    """
    texts = small_texts()
    if name in ("even", "forms"):
        texts["cc_lists.csv"] = texts["cc_lists.csv"].replace(",2,", ",1,")
    if name == "forms":
        texts["cc_lists.csv"] = (
            texts["cc_lists.csv"].replace("E11 M48", "E11 M48 !M4841").replace("I50 E11 N17", "I50 E11 N17 M4841")
        )
    bundle = load_design(DEFAULT_DESIGN) if name == "starter" else compile_tables(read_texts(texts))
    return Both(bundle, _grouper(bundle), ReferenceEngine(bundle.tables), Maker(bundle.tables))


def _grouper(bundle: Bundle) -> Grouper:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "design.bundle"
        write(bundle, path)
        return Grouper(path, threads=2)
