"""Which arrays a bundle has, and whether every number in them points into the array that it should.

A checksum shows damage, not intent: the kernels don't check bounds, so a bundle from anywhere is checked here before it is used.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from hrgcore.design.array_checks import Arrays, Shapes, check_bounds, check_characters, check_starts, check_steps, sizes_of
from hrgcore.design.conditions import RANGE_FACTS
from hrgcore.design.steps import unpack
from hrgcore.design.tables import RULE_TABLES
from hrgcore.design.verify_logics import kind_in_logic, verify_logics
from hrgcore_kernels import codes as k
from hrgcore_kernels import layout

STRINGS = ("icd10_codes", "opcs4_codes", "hrg_codes", "hrg_labels", "error_codes", "error_names")

#: Type and shape of every array of a bundle; a name in a shape is a size that must be the same wherever it stands.
ARRAYS: Shapes = {
    "rules": (layout.RULE, ("rules",)),
    "tests": (layout.TEST, ("tests",)),
    "steps": (layout.STEP, ("steps",)),
    "step_start": (np.dtype("<i4"), (len(RULE_TABLES) + 1,)),
    "diagnoses": (layout.DIAGNOSIS, ("icd10",)),
    "diagnosis_words": (np.dtype("<i8"), ("diagnosis rows", "diagnosis words")),
    "diagnosis_scores": (layout.SCORE, (k.N_SCORES, "icd10")),
    "primaries": (layout.PRIMARY, ("primaries",)),
    "procedures": (layout.PROCEDURE, ("opcs4",)),
    "procedure_kinds": (layout.PROCEDURE_KIND, ("procedure kinds",)),
    "procedure_words": (np.dtype("<i8"), ("procedure rows", "procedure words")),
    "procedure_scores": (layout.SCORE, (k.N_SCORES, "opcs4")),
    "roots": (layout.ROOT, ("roots",)),
    "cc_points": (np.dtype("i1"), ("cc lists", "icd10")),
    "exclusion_start": (np.dtype("<i4"), ("icd10+1",)),
    "exclusions": (layout.EXCLUSION, ("exclusions",)),
    "grid": (np.dtype("u1"), (layout.HIERARCHIES, layout.HIERARCHIES)),
    "field_sets": (np.dtype("<i8"), ("patient words", k.N_CODED, layout.VALUES)),
    "used_words": (np.dtype("<i8"), (3,)),
    "whole_record_chains": (np.dtype("<i4"), (2,)),
    "gates": (layout.GATE, ("gates",)),
    "ungated": (np.dtype("<i8"), (2,)),
    "settings": (np.dtype("<i8"), (6,)),
    "icd10_four": (np.dtype("<u2"), (layout.FOUR_PLACES,)),
    "icd10_five": (np.dtype("<u2"), (layout.FIVE_PLACES,)),
    "opcs4_lookup": (np.dtype("<u2"), (layout.OPCS4_PLACES,)),
    "field_lookup": (np.dtype("u1"), (k.N_CODED, layout.FIELD_PLACES)),
    "rule_table": (np.dtype("u1"), ("rules",)),
    "rule_line": (np.dtype("<i4"), ("rules",)),
    "rule_basis": (np.dtype("u1"), ("rules",)),
    "icd10_codes.offsets": (np.dtype("<i4"), ("icd10+1",)),
    "opcs4_codes.offsets": (np.dtype("<i4"), ("opcs4+1",)),
    "hrg_codes.offsets": (np.dtype("<i4"), ("hrgs+1",)),
    "hrg_labels.offsets": (np.dtype("<i4"), ("hrgs+1",)),
    "error_codes.offsets": (np.dtype("<i4"), ("errors+1",)),
    "error_names.offsets": (np.dtype("<i4"), ("errors+1",)),
    **{f"{name}.bytes": (np.dtype("u1"), (f"{name} bytes",)) for name in STRINGS},
}


def kind_of(name: str) -> np.dtype[Any]:
    """The type of an array of a bundle. Raises KeyError where a bundle has no such array."""
    return ARRAYS[name][0] if name in ARRAYS else kind_in_logic(name)


def verify(arrays: Arrays) -> None:
    """Raise ValueError naming the first array that is missing, of the wrong type or shape, or points out of bounds."""
    sizes = _sizes(arrays)
    for name in STRINGS:
        check_starts(arrays, f"{name}.offsets", sizes[f"{name} bytes"])
        check_characters(arrays, name)
    check_starts(arrays, "step_start", sizes["steps"])
    check_starts(arrays, "exclusion_start", sizes["exclusions"])
    for name, field, low, high in _bounds(arrays, sizes):
        check_bounds(arrays, name, field, low, high)
    for used, kind in zip(arrays["used_words"], ("diagnosis words", "procedure words", "procedure words"), strict=True):
        if not 1 <= used <= sizes[kind]:
            raise ValueError("used_words")
    for name, words, unaccepted in (
        ("diagnosis_words", arrays["diagnosis_words"], (0, 0)),
        ("field_sets", arrays["field_sets"][0], (..., 0)),
    ):
        if not (words[unaccepted] < 0).all() or (words < 0).sum() != words[unaccepted].size:
            raise ValueError(name)
    _asking(arrays)
    _excluding(arrays)
    check_steps(arrays["steps"], arrays["step_start"], sizes["tests"], sizes["rules"])
    _outcomes(arrays, sizes)
    verify_logics(arrays, sizes["errors"])


def _sizes(arrays: Arrays) -> dict[str, int]:
    sizes = sizes_of(arrays, ARRAYS)
    for size in ("icd10", "opcs4", "rules", "tests", "steps", "roots", "hrgs", "errors", "cc lists"):
        if sizes[size] < 1:
            raise ValueError(size)
    for size in ("diagnosis words", "procedure words", "patient words"):
        if sizes[size] < 1:
            raise ValueError(size)
    return sizes


def _bounds(arrays: Arrays, sizes: Mapping[str, int]) -> Iterator[tuple[str, str, int, int]]:
    """The lowest and highest value that each field of each array may have."""
    facts = len(RANGE_FACTS) + sizes["patient words"] + 2 * sizes["diagnosis words"] + 2 * sizes["procedure words"]
    yield "rules", "outcome", 1 - sizes["errors"], max(sizes["roots"], sizes["hrgs"]) - 1
    yield "rules", "method", 0, k.METHOD_GLOBAL
    yield "rules", "days", 0, 2
    yield "tests", "fact", 0, facts - 1
    for table in ("primaries", "procedure_kinds"):
        yield table, "hierarchy", -1, 12
    for table in ("diagnosis_scores", "procedure_scores"):
        yield table, "component", 0, layout.EACH_CODE
        yield table, "points", 0, 1000
    yield "diagnoses", "cc", 0, sizes["icd10"] - 1
    yield "diagnoses", "words", 0, sizes["diagnosis rows"] - 1
    yield "diagnoses", "primary", 0, sizes["primaries"] - 1
    yield "procedures", "words", 0, sizes["procedure rows"] - 1
    yield "procedures", "kind", 0, sizes["procedure kinds"] - 1
    yield "procedure_kinds", "error", 0, sizes["errors"] - 1
    yield "roots", "cc_list", -1, sizes["cc lists"] - 1
    yield "roots", "cc_word", 0, sizes["diagnosis words"] - 1
    yield "roots", "cc_bit", 0, k.LIST_BITS - 1
    yield "roots", "intervention_word", 0, sizes["procedure words"] - 1
    yield "roots", "intervention_bit", 0, k.LIST_BITS - 1
    yield "roots", "cc_points", 0, 100
    yield "cc_points", "", 0, 100
    yield "gates", "fact", len(RANGE_FACTS), facts - 1
    yield "grid", "", 0, k.METHOD_DIAGNOSIS
    yield "settings", "", 0, 2**31 - 1
    yield "icd10_four", "", 0, sizes["icd10"] - 1
    yield "icd10_five", "", 0, sizes["icd10"] - 1
    yield "opcs4_lookup", "", 0, sizes["opcs4"] - 1
    yield "rule_table", "", 0, 5
    yield "rule_basis", "", 0, 4


def _asking(arrays: Arrays) -> None:
    """The words that root chains ask for must be some, and among those that there are."""
    asks = arrays["procedure_kinds"]["asks"]
    first, behind = asks & layout.ALL_BEHIND, asks >> layout.ASK_BITS
    there = first < arrays["procedure_words"].shape[1] - arrays["used_words"][1]
    if not ((asks == 0) | ((first < behind) & there)).all():
        raise ValueError("procedure_kinds asks")


def _excluding(arrays: Arrays) -> None:
    """Primary diagnoses that exclude others must say so. The sign of unknown codes must be that of code 0 alone."""
    diagnoses = arrays["diagnoses"]
    if ((arrays["primaries"]["excludes"][diagnoses["primary"]] != 0) != (np.diff(arrays["exclusion_start"]) > 0)).any():
        raise ValueError("primaries excludes")
    if ((diagnoses["words"] == 0) != (np.arange(len(diagnoses)) == 0)).any():
        raise ValueError("diagnoses words")


def _outcomes(arrays: Arrays, sizes: Mapping[str, int]) -> None:
    """Chains must stand in their table's block. Rules of splits must lead to HRGs, those of roots to roots; only error chains and
    unbundling may lead to error categories.
    """
    whole = arrays["whole_record_chains"]
    errors, roots, hrgs = (sizes[name] - 1 for name in ("errors", "roots", "hrgs"))
    of_table: dict[str, tuple[int, int, tuple[np.ndarray, ...]]] = {
        "diagnosis_errors": (-errors, -1, (arrays["primaries"]["error_chain"],)),
        "diagnosis_roots": (1, roots, (arrays["primaries"]["root_chain"],)),
        "procedure_roots": (1, roots, (arrays["procedure_kinds"]["root_chain"],)),
        "exceptions": (1, roots, (whole[:1],)),
        "splits": (1, hrgs, (arrays["roots"]["split_chain"],)),
        "unbundling": (-errors, roots, (arrays["procedure_kinds"]["unbundle_chain"], whole[1:])),
    }
    for table, start, end in zip(RULE_TABLES, arrays["step_start"][:-1], arrays["step_start"][1:], strict=True):
        low, high, chains = of_table[table]
        for chain in chains:
            if not ((chain == 0) | (start <= chain) & (chain < end)).all():
                raise ValueError(f"{table} chain")
        leads = np.concatenate(unpack(arrays["steps"][start:end])[1:])
        outcome = arrays["rules"]["outcome"][leads[leads > 0]]
        if outcome.size and not (low <= int(outcome.min()) and int(outcome.max()) <= high):
            raise ValueError("rules outcome")
