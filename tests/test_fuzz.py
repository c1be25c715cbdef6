"""A short run of fuzzing, for which Hypothesis draws what targets do, bytes and cells; `tests/fuzz.py` is the long one."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import fuzz_makers as make
import fuzz_targets
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hrgcore.errors import InputError
from hrgcore.read import read_input
from hrgcore.run import Job, run_job

COMPILED = os.environ.get("NUMBA_DISABLE_JIT") != "1"
SHORTLY = settings(max_examples=60 if COMPILED else 15, deadline=None, suppress_health_check=list(HealthCheck))
_BEGINNINGS = (b"", b"COMMA DELIMITED\n", b"PAR1", b"ARROW1\0\0", b"\xff\xff\xff\xff", b"PK\x03\x04")
LOGIC = st.sampled_from(make.LOGICS)


@pytest.fixture(scope="module", autouse=True)
def cheap() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        fuzz_targets.make_cases_cheap(patch.setitem)
        yield


@pytest.mark.parametrize("name", fuzz_targets.TARGETS)
def test_each_target_at_random(name: str) -> None:
    for case in range(80 if COMPILED else 15):
        fuzz_targets.TARGETS[name][0](random.Random(f"{name} {case}"))


@pytest.mark.parametrize("name", fuzz_targets.TARGETS)
@given(pick=st.randoms(use_true_random=False))
@settings(SHORTLY, max_examples=15)
def test_each_target_as_hypothesis_draws_it(name: str, pick: random.Random) -> None:
    fuzz_targets.TARGETS[name][0](pick)


@given(LOGIC, st.binary(max_size=300), st.booleans())
@SHORTLY
def test_any_bytes_as_csv(logic: str, content: bytes, below_headings: bool) -> None:
    head = ",".join(make.good_rows(logic)[0]).encode() + b"\n" if below_headings else b""
    fuzz_targets.check_csv(logic, head + content)


@given(LOGIC, st.lists(st.lists(st.text(max_size=8), min_size=1), max_size=4))
@SHORTLY
def test_any_cells(logic: str, rows: list[list[str]]) -> None:
    names = make.good_rows(logic)[0]
    wide = [(row * len(names))[: len(names)] for row in rows]
    table = pa.table({name: pa.array([row[at] for row in wide], pa.string()) for at, name in enumerate(names)})
    with fuzz_targets.clean():
        fuzz_targets.check_result(fuzz_targets.one_grouper().group(table, logic=logic), len(rows), logic)


@given(
    st.binary(max_size=200),
    st.sampled_from((b"", b"COMMA DELIMITED\n", b"PAR1", b"ARROW1\0\0", b"\xff\xff\xff\xff", b"PK\x03\x04")),
)
@SHORTLY
def test_any_bytes_behind_any_beginning(content: bytes, beginning: bytes) -> None:
    fuzz_targets.check_rdf(beginning + content)
    fuzz_targets.check_workbook(beginning + content)
    fuzz_targets.check_binary("parquet", "em", beginning + content + b"PAR1")
    fuzz_targets.check_binary("arrow", "em", beginning + content)


# What was found, each once


def test_lists_in_a_column_of_values_are_refused() -> None:
    for logic, field in (("apc", "SEX"), ("apc", "PROVSPNO"), ("em", "AEPATIENTGROUP"), ("pcc", "CCUF")):
        names, rows = make.good_rows(logic)
        table = pa.table({name: [row[at] for row in rows] for at, name in enumerate(names)})
        lists = pa.array([[cell] for cell in table.column(field).to_pylist()])
        table = table.set_column(table.column_names.index(field), field, lists)
        with pytest.raises(InputError, match="of type list.*Give it as text"):
            fuzz_targets.one_grouper().group(table, logic=logic)


@pytest.mark.parametrize("kind", ["parquet", "arrow"])
def test_a_column_whose_name_is_no_text_is_refused(kind: str, tmp_path: Path) -> None:
    content = make.binary_files("em", kind)[0]
    path = tmp_path / f"in.{kind}"
    path.write_bytes(content.replace(b"AEPATIENTGROUP", b"AEPATIENTGR\xff\xffP"))
    assert b"\xff\xffP" in path.read_bytes()
    with pytest.raises(InputError):
        fuzz_targets.one_grouper().group(path, logic="em")


def test_arrow_batches_whose_buffers_do_not_hold_are_refused_by_runs(tmp_path: Path) -> None:
    table = pa.table({name: pa.array(["x"] * 20, pa.string()) for name in ("AGE", "INV_01", "TREAT_01")})
    with pa.ipc.new_file(str(tmp_path / "in.arrow"), table.schema) as writer:
        writer.write_table(table)
    content = (tmp_path / "in.arrow").read_bytes()
    offsets = b"".join(at.to_bytes(4, "little") for at in range(21))
    assert offsets in content
    (tmp_path / "in.arrow").write_bytes(content.replace(offsets, offsets[:-4] + b"\xff\xff\xff\x7f"))
    with pytest.raises(InputError, match="damaged"):
        read_input(tmp_path / "in.arrow")
    job = Job([tmp_path / "in.arrow"], tmp_path / "out", logic="em")
    with pytest.raises(InputError, match="damaged"):
        run_job(job, fuzz_targets.one_grouper)
    assert not (tmp_path / "out").exists()


# What watches over the long run


@pytest.mark.parametrize(
    ("target", "says"),
    [
        ("lambda pick: [0 for _ in iter(int, 1)]", "took longer than 1 s"),
        ("lambda pick: (lock := __import__('threading').Lock()).acquire() and lock.acquire()", "took longer than 1 s"),
        ("lambda pick: __import__('os').abort()", "ended the process (-6)"),
        ("lambda pick: 1 // 0", "FOUND: case 7 (bad)"),
    ],
)
def test_what_hangs_crashes_or_fails_is_found_and_the_rest_goes_on(target: str, says: str, tmp_path: Path) -> None:
    folder = Path(__file__).parent
    # A copy of the long run with other targets, which need none of the rest.
    (tmp_path / "fuzz.py").write_text((folder / "fuzz.py").read_text())
    (tmp_path / "fuzz_targets.py").write_text(
        "from pathlib import Path\nfolder = lambda: Path('/nonexistent')\nmake_cases_cheap = lambda: None\n"
        f"TARGETS = {{'bad': ({target}, 1)}}\n"
    )
    command = [sys.executable, str(tmp_path / "fuzz.py"), "--cases", "2", "--first", "7", "--seconds", "1"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 1 and says in done.stdout, done.stdout + done.stderr
    assert '"findings": 2' in done.stdout
