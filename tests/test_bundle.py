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
from small_design import small_texts

from hrgcore.design import bundle as bundles
from hrgcore.design import locate
from hrgcore.design.bundle import Bundle
from hrgcore.design.compiler import compile_tables
from hrgcore.design.locate import DEFAULT_DESIGN, embedded_designs, load_design
from hrgcore.design.tables import read_folder, read_texts
from hrgcore.design.verify import ARRAYS
from hrgcore.errors import DesignError, OutputError, UsageError

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
