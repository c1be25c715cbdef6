"""Which arrays each logic of single rows has in a bundle, and whether every number in them points into the array that it should."""

from __future__ import annotations

from typing import Any

import numpy as np

from hrgcore.design.array_checks import Arrays, Shapes, check_bounds, check_characters, check_starts, check_steps, sizes_of
from hrgcore.logics import ROW_LOGICS, Logic
from hrgcore.logics.periods import CHECKS
from hrgcore_kernels import layout
from hrgcore_kernels.row_layout import BAND, NO_VALUE

LOGIC_STRINGS = ("hrg_codes", "hrg_labels")
#: As hrgcore.design.verify.ARRAYS; the names begin with the logic's.
LOGIC_ARRAYS: Shapes = {
    "rules": (layout.RULE, ("rules",)),
    "tests": (layout.TEST, ("tests",)),
    "steps": (layout.STEP, ("steps",)),
    "words": (np.dtype("<i8"), ("values", "words")),
    "points": (np.dtype("<i2"), ("values", "components")),
    "component_score": (np.dtype("<i8"), ("components",)),
    "bands": (BAND, ("bands",)),
    "places": (np.dtype("<i8"), (3,)),
    "base": (np.dtype("<i8"), ("fields",)),
    "field_lookup": (np.dtype("u1"), ("coded", layout.FIELD_PLACES)),
    "ranges": (np.dtype("<i8"), ("numbers", 3)),
    "checks": (np.dtype("<i8"), ("checks", 3)),
    "rule_line": (np.dtype("<i4"), ("rules",)),
    "rule_field": (np.dtype("u1"), ("rules",)),
    "rule_words": (np.dtype("<i8"), ("rules", "words")),
    "rule_rests": (np.dtype("u1"), ("rules",)),
    "rule_basis": (np.dtype("u1"), ("rules",)),
    "hrg_codes.offsets": (np.dtype("<i4"), ("hrgs+1",)),
    "hrg_labels.offsets": (np.dtype("<i4"), ("hrgs+1",)),
    **{f"{name}.bytes": (np.dtype("u1"), (f"{name} bytes",)) for name in LOGIC_STRINGS},
}


def kind_in_logic(name: str) -> np.dtype[Any]:
    """The type of an array of a logic. Raises KeyError where there is none of this name."""
    logic, _, own = name.partition(".")
    if logic not in ROW_LOGICS:
        raise KeyError(name)
    return LOGIC_ARRAYS[own][0]


def logics_in(names: Any) -> list[str]:
    """The logics that arrays of these names are of."""
    found = {name.partition(".")[0] for name in names}
    return [logic for logic in ROW_LOGICS if logic in found]


def verify_logics(arrays: Arrays, errors: int) -> None:
    """Raise ValueError naming the first array of a logic that does not hold. ``errors``: error categories, and none."""
    for name in logics_in(arrays):
        _verify(arrays, ROW_LOGICS[name], errors, {"icd10": len(arrays["diagnoses"]), "opcs4": len(arrays["procedures"])})


def _verify(arrays: Arrays, logic: Logic, errors: int, codes: dict[str, int]) -> None:
    own = f"{logic.name}."
    sizes = sizes_of(arrays, LOGIC_ARRAYS, own)
    for name in LOGIC_STRINGS:
        check_starts(arrays, f"{own}{name}.offsets", sizes[f"{name} bytes"])
        check_characters(arrays, own + name)
    for size in ("rules", "tests", "steps", "words", "components", "hrgs"):
        if sizes[size] < 1:
            raise ValueError(own + size)
    coded = [one for one in logic.codes if one.kind == "coded"]
    for size, count in (("fields", len(logic.codes)), ("numbers", len(logic.numbers)), ("coded", len(coded))):
        if sizes[size] != count:
            raise ValueError(own + size)
    scores, words, chain = (int(place) for place in arrays[own + "places"])
    facts = words + sizes["words"]
    if scores != len(logic.ranges) or words < scores or not 0 <= chain < sizes["steps"]:
        raise ValueError(own + "places")
    for array, field, low, high in (
        ("rules", "outcome", 1 - errors, sizes["hrgs"] - 1),
        ("tests", "fact", 0, facts - 1),
        ("component_score", "", 0, max(1, words - scores) - 1),
        ("bands", "fact", 0, max(1, scores) - 1),
        ("bands", "component", 0, sizes["components"] - 1),
        ("bands", "points", 0, 1000),
        ("points", "", 0, 1000),
        ("ranges", "", NO_VALUE, 2**31 - 1),
        ("rule_field", "", 0, len(logic.fields)),
        ("rule_rests", "", 0, 4),
        ("rule_basis", "", 0, 4),
    ):
        check_bounds(arrays, own + array, field, low, high)
    places = {place for place, one in enumerate(logic.fields) if logic.keys and not one.many and one.kind != "key"}
    for kind, field, other in arrays[own + "checks"].tolist():
        if not 0 <= kind < len(CHECKS) or field not in places or other not in {-1, *places}:
            raise ValueError(own + "checks")
    check_steps(arrays[own + "steps"], np.array([0, sizes["steps"]]), sizes["tests"], sizes["rules"])
    lookups = iter(arrays[own + "field_lookup"])
    for one, base in zip(logic.codes, arrays[own + "base"].tolist(), strict=True):
        most = int(next(lookups).max()) if one.kind == "coded" else codes[one.kind] - 1
        if not 0 <= base <= sizes["values"] - 1 - most:
            raise ValueError(own + "base")
