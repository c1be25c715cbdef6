"""The small design altered in known ways, and the same activity grouped under both: for comparing and reconciling."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

import pyarrow as pa
from designs import both
from runs import activity, run, shuffled, write
from small_design import small_texts

from hrgcore.design import bundle as bundles
from hrgcore.design import compile_tables, read_texts
from hrgcore.grouper import Grouper

SPELLS = 9000
#: (file, what stands there, what stands there in the altered design): a rule's root, a code's root, CC points, a split's bound.
ALTERATIONS = (
    ("diagnosis_roots.csv", ",S T !T31,,,,,,WA10", ",S T !T31,,,,,,KB01"),
    ("diagnosis_roots.csv", "2,J40-J47,,,,,,DZ15,judgement", "2,J40-J46,,,,,,DZ15,judgement\n2,J47,,,,,,DZ16,judgement"),
    ("cc_lists.csv", "respiratory,1,I50 E11 N17 J40-J47", "respiratory,1,N17 J40-J47"),
    ("splits.csv", ",HC33,A,,5+,", ",HC33,A,,2+,"),
    ("splits.csv", ",HC33,B,,0-4,", ",HC33,B,,0-1,"),
)
_HOME = tempfile.TemporaryDirectory(prefix="hrgcore-test-")


def texts(name: str) -> dict[str, str]:
    """The tables of `small` or `altered`."""
    found = small_texts()
    if name == "altered":
        for file, old, new in ALTERATIONS:
            assert old in found[file], old
            found[file] = found[file].replace(old, new)
    return found


@cache
def design(name: str) -> Path:
    """The bundle of a design, as a file."""
    path = Path(_HOME.name) / f"{name}.hrgcore"
    bundles.write(compile_tables(read_texts(texts(name))), path)
    return path


@cache
def table() -> pa.Table:
    """The activity."""
    return activity(SPELLS, 11).drop_columns(["mine"])


def results(name: str, form: str = "parquet", order: str = "together") -> Path:
    """A folder of results of the activity under a design."""
    return _results(name, form, order)


@cache
def _results(name: str, form: str, order: str) -> Path:
    own = table() if order == "together" else shuffled(table())
    source = write(own, Path(_HOME.name) / f"{order}.parquet", 4096)
    output = Path(_HOME.name) / f"{name}-{form}-{order}"
    run(source, output, grouper=Grouper(design(name)), format=form)
    return output


__all__ = ["ALTERATIONS", "SPELLS", "both", "design", "results", "table", "texts"]
