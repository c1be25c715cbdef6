"""The numbers in a bundle: each points into the array that it should, or the bundle is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from chains import told
from small_design import small_texts

from hrgcore.design import bundle as bundles
from hrgcore.design.bundle import Bundle
from hrgcore.design.compiler import compile_tables
from hrgcore.design.steps import pack, unpack
from hrgcore.design.tables import read_texts
from hrgcore.design.verify import ARRAYS, STRINGS, verify
from hrgcore.errors import DesignError
from hrgcore_kernels import layout

BUNDLE = compile_tables(read_texts(small_texts()))


def _sizes() -> dict[str, int]:
    found: dict[str, int] = {}
    for name, (_, shape) in ARRAYS.items():
        for size, length in zip(shape, BUNDLE.arrays[name].shape, strict=True):
            if isinstance(size, str):
                found[size.removesuffix("+1")] = length - size.endswith("+1")
    return found


SIZE = _sizes()
FACTS = 10 + SIZE["patient words"] + 2 * SIZE["diagnosis words"] + 2 * SIZE["procedure words"]
_BOUNDS: list[tuple[str, str, int, int]] = [
    ("rules", "outcome", 1 - SIZE["errors"], max(SIZE["roots"], SIZE["hrgs"]) - 1),
    ("rules", "method", 0, 5),
    ("rules", "days", 0, 2),
    ("tests", "fact", 0, FACTS - 1),
    *((table, "hierarchy", -1, 12) for table in ("primaries", "procedure_kinds")),
    *((table, "component", 0, layout.EACH_CODE) for table in ("diagnosis_scores", "procedure_scores")),
    *((table, "points", 0, 1000) for table in ("diagnosis_scores", "procedure_scores")),
    ("diagnoses", "cc", 0, SIZE["icd10"] - 1),
    ("diagnoses", "words", 0, SIZE["diagnosis rows"] - 1),
    ("diagnoses", "primary", 0, SIZE["primaries"] - 1),
    ("procedures", "words", 0, SIZE["procedure rows"] - 1),
    ("procedures", "kind", 0, SIZE["procedure kinds"] - 1),
    ("procedure_kinds", "error", 0, SIZE["errors"] - 1),
    ("roots", "cc_list", -1, SIZE["cc lists"] - 1),
    ("roots", "cc_word", 0, SIZE["diagnosis words"] - 1),
    ("roots", "cc_bit", 0, 62),
    ("roots", "intervention_word", 0, SIZE["procedure words"] - 1),
    ("roots", "intervention_bit", 0, 62),
    ("roots", "cc_points", 0, 100),
    ("cc_points", "", 0, 100),
    ("grid", "", 0, 2),
    ("settings", "", 0, 2**31 - 1),
    ("icd10_four", "", 0, SIZE["icd10"] - 1),
    ("icd10_five", "", 0, SIZE["icd10"] - 1),
    ("opcs4_lookup", "", 0, SIZE["opcs4"] - 1),
    ("rule_table", "", 0, 5),
    ("rule_basis", "", 0, 4),
]
_BEYOND = [
    (name, field, value)
    for name, field, low, high in _BOUNDS
    for value in (low - 1, high + 1)
    if np.can_cast(np.min_scalar_type(value), ARRAYS[name][0][field] if field else ARRAYS[name][0], "same_kind")
    and not (value < 0 and (ARRAYS[name][0][field] if field else ARRAYS[name][0]).kind == "u")
]


@pytest.mark.parametrize(("name", "field", "value"), _BEYOND)
def test_a_number_out_of_bounds_is_refused(tmp_path: Path, name: str, field: str, value: int) -> None:
    array = BUNDLE.arrays[name].copy()
    (array[field] if field else array)[(-1,) * array.ndim] = value
    arrays, path = BUNDLE.arrays | {name: array}, tmp_path / "design.hrgcore"
    path.write_bytes(bundles.to_bytes(Bundle(BUNDLE.info, arrays, BUNDLE.texts)))
    with pytest.raises(DesignError, match=f"its header is wrong|{name}"):
        bundles.read(path)
    with pytest.raises(ValueError, match=rf"^{name}|outcome"):
        verify(arrays)


@pytest.mark.parametrize("name", [f"{name}.offsets" for name in STRINGS] + ["step_start", "exclusion_start"])
def test_starts_begin_at_0_never_fall_and_end_at_the_end(name: str) -> None:
    for at, value in ((0, 1), (-1, 10**6), (-1, 0), (1, -1), (1, 10**6)):
        array = BUNDLE.arrays[name].copy()
        array[at] = value
        with pytest.raises(ValueError, match=f"^{name}"):
            verify(BUNDLE.arrays | {name: array})


@pytest.mark.parametrize("place", range(3))
def test_words_in_use_are_words_that_there_are(place: int) -> None:
    for value in (0, -1, 1 + SIZE["diagnosis words" if place == 0 else "procedure words"]):
        used = BUNDLE.arrays["used_words"].copy()
        used[place] = value
        with pytest.raises(ValueError, match="used_words"):
            verify(BUNDLE.arrays | {"used_words": used})


def test_a_walk_ends_within_the_block_of_its_table() -> None:
    ends = BUNDLE.arrays["step_start"][1:] - 1
    for at, place, value, what in (
        *((0, place, 1, "lead") for place in (1, 2)),
        *((at, 0, SIZE["tests"], "test") for at in (0, ends[0])),
        *((end, place, SIZE["rules"], "lead") for end in ends for place in (1, 2)),
        *((end, place, -1, "lead") for end in ends for place in (1, 2)),
        *((end - 1, place, -2, "lead") for end in ends[:1] for place in (1, 2)),
    ):
        steps = BUNDLE.arrays["steps"].copy()
        step = [int(part[at]) for part in unpack(steps)]
        step[place] = int(value)
        steps[at] = pack(*step)
        with pytest.raises(ValueError, match=f"^steps {what}"):
            verify(BUNDLE.arrays | {"steps": steps})


def test_only_an_unknown_diagnosis_is_said_to_be_unknown() -> None:
    for code, row in ((0, 1), (1, 0)):
        diagnoses = BUNDLE.arrays["diagnoses"].copy()
        diagnoses["words"][code] = row
        with pytest.raises(ValueError, match="^diagnoses words"):
            verify(BUNDLE.arrays | {"diagnoses": diagnoses})


def test_root_chains_ask_for_words_that_there_are() -> None:
    """Of two words that only such chains ask for: the first one, that behind the last."""
    words = np.pad(BUNDLE.arrays["procedure_words"], ((0, 0), (0, 2)))
    arrays = BUNDLE.arrays | {"procedure_words": words, "used_words": np.array([1, words.shape[1] - 2, 1])}
    for first, behind, holds in (
        (0, 1, True),
        (1, 2, True),
        (1, layout.ALL_BEHIND, True),
        (1, 1, False),
        (1, 0, False),
        (2, 3, False),
    ):
        kinds = BUNDLE.arrays["procedure_kinds"].copy()
        kinds["asks"][-1] = first | behind << layout.ASK_BITS
        if holds:
            verify(arrays | {"procedure_kinds": kinds})
            continue
        with pytest.raises(ValueError, match="^procedure_kinds asks"):
            verify(arrays | {"procedure_kinds": kinds})


def test_primary_diagnoses_that_exclude_others_say_so() -> None:
    primaries = BUNDLE.arrays["primaries"].copy()
    primaries["excludes"] ^= 1
    with pytest.raises(ValueError, match="^primaries excludes"):
        verify(BUNDLE.arrays | {"primaries": primaries})


@pytest.mark.parametrize("name", STRINGS)
def test_texts_must_be_utf8_and_cut_between_characters(name: str) -> None:
    data = BUNDLE.arrays[f"{name}.bytes"].copy()
    data[-1] = 0xFF
    with pytest.raises(ValueError, match="utf-8"):
        verify(BUNDLE.arrays | {f"{name}.bytes": data})
    end = int(BUNDLE.arrays[f"{name}.offsets"][2])
    data = BUNDLE.arrays[f"{name}.bytes"].copy()
    data[end - 1 : end + 1] = list("é".encode())
    with pytest.raises(ValueError, match=rf"{name}.offsets"):
        verify(BUNDLE.arrays | {f"{name}.bytes": data})


@pytest.mark.parametrize(
    ("table", "field"),
    [
        ("roots", "split_chain"),
        ("primaries", "root_chain"),
        ("primaries", "error_chain"),
        ("procedure_kinds", "root_chain"),
        ("procedure_kinds", "unbundle_chain"),
        ("whole_record_chains", 0),
        ("whole_record_chains", 1),
    ],
)
def test_a_chain_leads_to_what_its_place_allows(table: str, field: Any) -> None:
    """An HRG's number where a root's is expected would be read beyond the roots, and the other way round."""
    rules = BUNDLE.arrays["rules"].copy()
    rule, _ = told(BUNDLE, int(np.max(BUNDLE.arrays[table][field])))[0]
    rules["outcome"][rule] = 1 if field == "error_chain" else max(SIZE["roots"], SIZE["hrgs"])
    with pytest.raises(ValueError, match="rules outcome"):
        verify(BUNDLE.arrays | {"rules": rules})
    for chain in (-1, 1 if field != "error_chain" else SIZE["steps"] - 1, SIZE["steps"]):  # no step, or another table's
        chains = BUNDLE.arrays[table].copy()
        chains[field] = chain
        with pytest.raises(ValueError, match="chain$"):
            verify(BUNDLE.arrays | {table: chains})


@pytest.mark.parametrize("name", ARRAYS)
def test_an_array_missing_of_another_type_or_shape(name: str) -> None:
    array = BUNDLE.arrays[name]
    with pytest.raises(ValueError, match=f"^{name}$"):
        verify({other: found for other, found in BUNDLE.arrays.items() if other != name})
    with pytest.raises(ValueError, match=f"^{name}$"):
        verify(BUNDLE.arrays | {name: np.zeros(array.shape, np.float32)})
    with pytest.raises(ValueError, match=f"^{name}$"):
        verify(BUNDLE.arrays | {name: array[..., None]})
