"""Threads and processes as hosts: one `Grouper` for many, forked, spawned or pickled, gives the same bytes."""

from __future__ import annotations

import asyncio
import multiprocessing
import pickle
import re
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from itertools import repeat
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hosts import digests, digests_of_parts, read_activity
from small_design import small_texts

from hrgcore import DesignError, Grouper
from hrgcore.design import carried, compile_tables, read_texts
from hrgcore.design.bundle import Bundle, write
from hrgcore.result import Result
from hrgcore.stream import whole_spells
from hrgcore.synth import synthesise

GROUPER = Grouper(threads=1)


def parts(table: pa.Table) -> list[pa.Table]:
    """The spells in four or so parts, none of them cut."""
    return list(whole_spells(table.to_batches(max_chunksize=32_768)))


def group(grouper: Grouper, part: pa.Table) -> Result:
    return grouper.group(part)


def group_file(path: Path) -> dict[str, str]:
    """What a process with a grouper of its own finds."""
    return digests(Grouper().group(read_activity(path)))


def test_many_threads_on_one_grouper(activity: pa.Table, expected: dict[str, str]) -> None:
    grouper = Grouper(threads=2)
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(lambda _: digests(grouper.group(activity)), range(6)))
        of_parts = digests_of_parts(pool.map(grouper.group, parts(activity)))
    assert found == [expected] * 6 and of_parts == expected


def test_asyncio_by_threads(activity: pa.Table, expected: dict[str, str]) -> None:
    async def every() -> list[Result]:
        return await asyncio.gather(*(asyncio.to_thread(GROUPER.group, part) for part in parts(activity)))

    assert digests_of_parts(asyncio.run(every())) == expected


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.parametrize("start", ["fork", "spawn"])
def test_processes(activity: pa.Table, expected: dict[str, str], start: str) -> None:
    """A grouper that was used before, results and all, to processes and back."""
    context = multiprocessing.get_context(start)
    with ProcessPoolExecutor(2, mp_context=context) as pool:
        found = digests_of_parts(pool.map(group, repeat(GROUPER), parts(activity)))
    assert found == expected


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_fork_while_threads_group(activity: pa.Table, activity_file: Path, expected: dict[str, str]) -> None:
    few = activity.slice(0, 2000)
    with ThreadPoolExecutor(2) as threads:
        busy = [threads.submit(lambda: [GROUPER.group(few).spells for _ in range(10)]) for _ in range(2)]
        with multiprocessing.get_context("fork").Pool(1) as pool:
            assert pool.apply_async(group_file, [activity_file]).get(timeout=120) == expected
        assert all(one.result() for one in busy)


def test_a_fork_while_kernels_are_loaded_does_not_hang() -> None:
    """In a process of its own: the first call of a kernel holds a lock that a child must not wait for."""
    code = """
import os, threading, time
from hrgcore_kernels import accelerate
held, go = threading.Event(), threading.Event()
def hold():
    with accelerate._LOADING:
        held.set()
        time.sleep(0.3)
threading.Thread(target=hold).start()
held.wait()
child = os.fork()
if not child:
    os._exit(0 if accelerate._LOADING.acquire(timeout=5) else 1)
print(os.waitpid(child, 0)[1])
"""
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "0", done.stderr


# Pickles --------------------------------------------------------------------------------------------------------------------------


def test_a_grouper_pickles_as_its_design_and_where_that_lies() -> None:
    body = pickle.dumps(Grouper(threads=3))
    assert len(body) < 1000
    again = pickle.loads(body)
    assert again.design == GROUPER.design and again._threads == 3


def test_a_mapped_design_is_mapped_again_and_once() -> None:
    bundle = GROUPER._bundle
    if bundle.path is None:
        pytest.skip("there is no cache folder, so that the design lies in memory")
    carried.reopen.cache_clear()
    one, other = (pickle.loads(pickle.dumps(GROUPER))._bundle for _ in range(2))
    assert one is other and one is not bundle and one.path == bundle.path
    base = one.arrays["rule_line"]
    while isinstance(base.base, np.ndarray):
        base = base.base
    assert isinstance(base, np.memmap)
    maps = Path("/proc/self/maps")
    if maps.exists():  # pages of a file, shared by all who map it
        assert re.search(rf"r--[sp] .*{re.escape(bundle.path.name)}", maps.read_text())


def test_a_design_in_memory_travels_as_bytes(activity: pa.Table) -> None:
    bundle = compile_tables(read_texts(small_texts()))
    assert bundle.path is None
    few = activity.slice(0, 500)
    again = pickle.loads(pickle.dumps(Grouper(bundle)))
    assert digests(again.group(few)) == digests(Grouper(bundle).group(few))


def test_a_bundle_that_is_gone_or_another_is_an_error(tmp_path: Path) -> None:
    def bundle(**changes: str) -> Bundle:
        return compile_tables(read_texts(small_texts() | changes))

    path = tmp_path / "small.bundle"
    write(bundle(), path)
    body = pickle.dumps(Grouper(path))
    write(bundle(**{"cc_lists.csv": small_texts()["cc_lists.csv"].replace(",2,", ",1,")}), path)
    carried.reopen.cache_clear()
    with pytest.raises(DesignError, match="is not the design that it was"):
        pickle.loads(body)
    path.unlink()
    with pytest.raises(DesignError, match="is not there"):
        pickle.loads(body)


@pytest.mark.parametrize("source", ["table", "csv", "parquet"])
def test_a_result_is_the_same_after_a_pickle(tmp_path: Path, activity: pa.Table, source: str) -> None:
    data = activity.slice(0, 3000) if source == "table" else synthesise(tmp_path / "in", 3000, 3, format=source)[0]
    result = GROUPER.group(data)
    again = pickle.loads(pickle.dumps(result))  # before any table was made
    for name in ("episodes", "spells", "unbundled", "errors"):
        assert getattr(again, name).equals(getattr(result, name)), name
    assert again.counts == result.counts and (again.spell_of_episode == result.spell_of_episode).all()


@pytest.mark.parametrize("logic", ["em", "nac", "acc"])
def test_a_result_of_rows_is_the_same_after_a_pickle(tmp_path: Path, logic: str) -> None:
    (path,) = synthesise(tmp_path / "in", 800, 3, logic=logic)
    result = GROUPER.group(path, logic=logic)
    again = pickle.loads(pickle.dumps(result))
    assert again.rows.equals(result.rows) and again.errors.equals(result.errors) and again.counts == result.counts
