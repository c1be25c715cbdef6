"""The bundle file: the same bytes for the same tables, read back equal, and refused when damaged or made up; and its cache."""

from __future__ import annotations

import copy
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from chains import told
from small_design import small_texts

from hrgcore.design import bundle as bundles
from hrgcore.design import locate
from hrgcore.design.bundle import Bundle
from hrgcore.design.compiler import compile_tables
from hrgcore.design.locate import DEFAULT_DESIGN, embedded_designs, load_design
from hrgcore.design.steps import pack, unpack
from hrgcore.design.tables import read_folder, read_texts
from hrgcore.design.verify import ARRAYS, STRINGS, verify
from hrgcore.errors import DesignError, OutputError, UsageError
from hrgcore_kernels import layout

BUNDLE = compile_tables(read_texts(small_texts()))
BYTES = bundles.to_bytes(BUNDLE)
HEAD = bundles._HEAD


def parts(data: bytes = BYTES) -> tuple[dict[str, Any], bytes]:
    """The header and the arrays of a bundle file."""
    _, _, length, _ = HEAD.unpack(data[: HEAD.size])
    return json.loads(data[HEAD.size : HEAD.size + length]), data[HEAD.size + length :]


def rebuilt(header: Any, arrays: bytes) -> bytes:
    """A bundle file with a right checksum, whatever it holds."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    text += b" " * (-(HEAD.size + len(text)) % 64)
    return HEAD.pack(b"HRGCORE\x00", bundles.FORMAT, len(text), hashlib.sha256(text + arrays).digest()) + text + arrays


def with_arrays(**changed: np.ndarray) -> Bundle:
    return Bundle(BUNDLE.info, BUNDLE.arrays | changed, BUNDLE.texts)


def refused(tmp_path: Path, data: bytes, message: str) -> None:
    path = tmp_path / "design.hrgcore"
    path.write_bytes(data)
    with pytest.raises(DesignError, match=message) as caught:
        bundles.read(path)
    assert str(path) in str(caught.value)


def write_tables(folder: Path, texts: dict[str, str], ends: str = "\n") -> Path:
    folder.mkdir()
    for name, text in texts.items():
        (folder / name).write_bytes(text.replace("\n", ends).encode())
    return folder


# The same tables, the same bytes -------------------------------------------------------------------------------------


def test_another_process_gives_the_same_bytes(tmp_path: Path) -> None:
    """Whatever order Python's sets have there."""
    digests = set()
    for seed in ("1", "2", "3"):
        path = tmp_path / seed
        command = [sys.executable, "-m", "hrgcore", "compile", str(embedded_designs()[DEFAULT_DESIGN]), "-o", str(path)]
        subprocess.run(command, env={**os.environ, "PYTHONHASHSEED": seed}, check=True, capture_output=True)
        digests.add(hashlib.sha256(path.read_bytes()).hexdigest())
    assert len(digests) == 1


def test_the_same_tables_give_the_same_bytes(tmp_path: Path) -> None:
    texts = small_texts()
    backwards = dict(reversed(texts.items()))
    assert bundles.to_bytes(compile_tables(read_texts(backwards))) == BYTES
    for name, ends in (("unix", "\n"), ("windows", "\r\n")):
        assert bundles.to_bytes(compile_tables(read_folder(write_tables(tmp_path / name, texts, ends)))) == BYTES, name


def test_a_changed_table_gives_other_bytes_and_another_digest() -> None:
    texts = small_texts()
    texts["errors.csv"] = texts["errors.csv"].replace("Burns Error", "Burn Error")
    other = compile_tables(read_texts(texts))
    assert other.info.digest != BUNDLE.info.digest and bundles.to_bytes(other) != BYTES


def test_what_is_written_reads_back_equal(tmp_path: Path) -> None:
    path = tmp_path / "design.hrgcore"
    bundles.write(BUNDLE, path)
    assert path.read_bytes() == BYTES and list(tmp_path.iterdir()) == [path]
    read = bundles.read(path)
    assert (read.info, read.texts) == (BUNDLE.info, BUNDLE.texts)
    assert set(read.arrays) == set(BUNDLE.arrays) == set(ARRAYS)
    for name, array in read.arrays.items():
        assert array.dtype == BUNDLE.arrays[name].dtype and np.array_equal(array, BUNDLE.arrays[name]), name
        assert not array.flags.writeable and array.flags.aligned, name


def test_a_bundle_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(OutputError):
        bundles.write(BUNDLE, tmp_path / "nowhere" / "design.hrgcore")
    assert list(tmp_path.iterdir()) == []


# Damage --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("at", [HEAD.size, HEAD.size + 1000, len(BYTES) // 2, len(BYTES) - 1])
def test_a_damaged_byte_is_seen(tmp_path: Path, at: int) -> None:
    data = bytearray(BYTES)
    data[at] ^= 1
    refused(tmp_path, bytes(data), "damaged, its checksum does not fit. Compile the design again")


@pytest.mark.parametrize("length", [0, 7, HEAD.size - 1])
def test_a_file_too_short_is_no_bundle(tmp_path: Path, length: int) -> None:
    refused(tmp_path, BYTES[:length], "not a design bundle. Make one with 'hrgcore compile FOLDER -o BUNDLE'")


@pytest.mark.parametrize("length", [HEAD.size, HEAD.size + 10, len(BYTES) // 2, len(BYTES) - 1])
def test_a_truncated_bundle_is_seen(tmp_path: Path, length: int) -> None:
    refused(tmp_path, BYTES[:length], "damaged")


def test_another_magic_and_another_format(tmp_path: Path) -> None:
    refused(tmp_path, b"PAR1" + BYTES[4:], "not a design bundle")
    _, version, length, checksum = HEAD.unpack(BYTES[: HEAD.size])
    later = HEAD.pack(b"HRGCORE\x00", version + 1, length, checksum) + BYTES[HEAD.size :]
    refused(tmp_path, later, f"bundle of format {version + 1}; this version reads format {version}. Compile the design again")


# Bundles made up with a right checksum -------------------------------------------------------------------------------


def test_a_rebuilt_bundle_is_a_bundle(tmp_path: Path) -> None:
    path = tmp_path / "design.hrgcore"
    path.write_bytes(rebuilt(*parts()))
    assert bundles.read(path).info == BUNDLE.info


_HEADERS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "no header": lambda header: b"",
    "no JSON": lambda header: b"{",
    "nested without end": lambda header: b"[" * 100_000,
    "a list": lambda header: [header],
    "arrays a list": lambda header: header | {"arrays": list(header["arrays"])},
    "no arrays": lambda header: {"info": header["info"]},
    "no info": lambda header: {"arrays": header["arrays"]},
    "info a list": lambda header: header | {"info": []},
    "info too little": lambda header: header | {"info": {"id": "x"}},
    "info too much": lambda header: header | {"info": header["info"] | {"more": "x"}},
    "info no text": lambda header: header | {"info": header["info"] | {"title": 5}},
    "another digest": lambda header: header | {"info": header["info"] | {"digest": "0" * 64}},
    "an array less": lambda header: header | {"arrays": {n: a for n, a in header["arrays"].items() if n != "rules"}},
    "an array more": lambda header: header | {"arrays": header["arrays"] | {"more": [[1], 0]}},
}


@pytest.mark.parametrize("name", _HEADERS)
def test_a_header_that_is_none(tmp_path: Path, name: str) -> None:
    header, arrays = parts()
    refused(tmp_path, rebuilt(_HEADERS[name](header), arrays), "its header is wrong .*Compile the design again")


@pytest.mark.parametrize("array", ["rules", "cc_points", "text:grid.csv"])
@pytest.mark.parametrize(
    ("shape", "offset"),
    [
        ([2**62, 4], 0),
        ([2**40, 2**40], 0),
        ([2**64], 0),
        ([-1], 0),
        ([-1, -5], 0),
        ([], 0),
        (5, 0),
        (None, 0),
        ("ab", 0),
        ([1.5], 0),
        ([1] * 100, 0),
        ([10], -64),
        ([10], 7),
        ([10], 2**62),
        ([10], 2**64),
        ([10], 64.0),
        ([10], "0"),
        ([10], None),
        ([3, 3, 3], 0),
        ([0], 0),
    ],
)
def test_absurd_shapes_and_places(tmp_path: Path, array: str, shape: Any, offset: Any) -> None:
    header, arrays = parts()
    header["arrays"][array] = [shape, offset]
    refused(tmp_path, rebuilt(header, arrays), "its header is wrong")


def test_a_header_longer_than_the_file(tmp_path: Path) -> None:
    for length in (len(BYTES), 2**63, 2**64 - 1):
        checksum = hashlib.sha256(BYTES[HEAD.size :]).digest()
        refused(
            tmp_path,
            HEAD.pack(b"HRGCORE\x00", bundles.FORMAT, length, checksum) + BYTES[HEAD.size :],
            "its header is wrong",
        )


def test_a_header_that_shifts_the_arrays(tmp_path: Path) -> None:
    """Records read at odd places would not be aligned as the kernels expect."""
    header, arrays = parts()
    text = json.dumps(header).encode()
    text += b" " * (-(HEAD.size + len(text)) % 64 + 3)
    data = HEAD.pack(b"HRGCORE\x00", bundles.FORMAT, len(text), hashlib.sha256(text + arrays).digest()) + text + arrays
    refused(tmp_path, data, "its header is wrong")


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
    ("diagnoses", "four", 0, SIZE["icd10"] - 1),
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
    refused(tmp_path, bundles.to_bytes(with_arrays(**{name: array})), f"its header is wrong|{name}")
    with pytest.raises(ValueError, match=rf"^{name}|outcome"):
        verify(with_arrays(**{name: array}).arrays)


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


def test_tables_within_a_bundle_that_cannot_be_read_are_an_error_of_their_own() -> None:
    texts = copy.copy(BUNDLE.texts)
    texts["grid.csv"] = ""
    with pytest.raises(DesignError, match="the tables in the bundle are damaged"):
        _ = Bundle(BUNDLE.info, BUNDLE.arrays, texts).tables


# Finding and keeping -------------------------------------------------------------------------------------------------


def test_a_design_is_found_by_folder_and_by_bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HRGCORE_CACHE", "")
    folder = write_tables(tmp_path / "small", small_texts())
    bundles.write(BUNDLE, tmp_path / "small.hrgcore")
    assert load_design(folder).info == load_design(tmp_path / "small.hrgcore").info == BUNDLE.info
    with pytest.raises(UsageError, match="unknown design 'nothing'. Name one of hrg4plus-2425-open, a bundle, or a folder"):
        load_design("nothing")


@pytest.mark.parametrize("place", ["", "file/below", "/proc/hrgcore"])
def test_without_a_place_to_keep_it_a_design_is_compiled_each_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("HRGCORE_CACHE", str(tmp_path / place) if place else "")
    folder = write_tables(tmp_path / "small", small_texts())
    for _ in range(2):
        assert load_design(folder).info == BUNDLE.info
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "small"]


def test_what_is_kept_serves_the_same_tables_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HRGCORE_CACHE", str(tmp_path / "cache"))
    folder = write_tables(tmp_path / "small", small_texts())
    first = load_design(folder)
    kept = list((tmp_path / "cache" / "designs").iterdir())
    assert len(kept) == 1

    def not_again(tables: object) -> Bundle:
        raise AssertionError("compiled again")

    with monkeypatch.context() as patch:
        patch.setattr(locate, "compile_tables", not_again)
        assert load_design(folder).info == first.info
        path = folder / "errors.csv"
        path.write_text(path.read_text().replace("Burns Error", "Burn Error"))
        with pytest.raises(AssertionError, match="compiled again"):
            load_design(folder)
    assert load_design(folder).info.digest != first.info.digest
    assert len(list((tmp_path / "cache" / "designs").iterdir())) == 2


def test_a_damaged_bundle_in_the_cache_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HRGCORE_CACHE", str(tmp_path / "cache"))
    folder = write_tables(tmp_path / "small", small_texts())
    load_design(folder)
    (kept,) = (tmp_path / "cache" / "designs").iterdir()
    kept.write_bytes(kept.read_bytes()[:-100])
    assert load_design(folder).info == BUNDLE.info
    assert kept.read_bytes() == BYTES


def test_a_folder_with_faults_is_not_served_from_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HRGCORE_CACHE", str(tmp_path / "cache"))
    folder = write_tables(tmp_path / "small", small_texts())
    load_design(folder)
    (folder / "notes.csv").write_bytes(b"\xff")
    with pytest.raises(DesignError, match="notes.csv"):
        load_design(folder)
