"""Processes of their own: what a person waits for before and around a small job, and the command from start to end."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pyarrow.compute as pc

from hrgcore import Grouper
from hrgcore.read import read_input

from .data import SAMPLE, Data
from .scenario import Prepared, Scenario


def _python(*arguments: str, more: Mapping[str, str] | None = None) -> int:
    """Run this Python; gives 1, or raises CalledProcessError. Compiled modules may be kept, as they are for users."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    subprocess.run([sys.executable, *arguments], env=environment | dict(more or {}), check=True, capture_output=True)
    return 1


def _fresh(*arguments: str) -> Callable[[Data], Prepared]:
    return lambda _: Prepared(lambda: _python(*arguments), 1, 1, 1)


def _grouping(source: str, *, cold: bool = False) -> Callable[[Data], Prepared]:
    """`hrgcore group` of the sample or of all Parquet parts."""

    def prepare(data: Data) -> Prepared:
        folder = Path(tempfile.mkdtemp(dir=data.folder))
        numbers = itertools.count()

        def run() -> int:
            output = folder / f"out-{next(numbers)}"
            cache = {"HRGCORE_CACHE": str(folder / f"cache-{output.name}")} if cold else {}
            made = _python("-m", "hrgcore", "group", str(data.path(source)), "-o", str(output), more=cache)
            shutil.rmtree(output)
            return made

        whole = source == "parquet"
        return Prepared(run, 1, data.rows if whole else SAMPLE, data.spells if whole else SAMPLE)

    return prepare


def _spell(data: Data) -> tuple[str, str]:
    """The first spell of the sample: provider, number."""
    first = read_input(data.path("sample")).slice(0, 1).to_pylist()[0]
    return first["PROCODET"], first["PROVSPNO"]


def _explain(data: Data) -> Prepared:
    grouper = Grouper()
    table = read_input(data.path("sample"))
    episodes = table.filter(pc.equal(table["PROVSPNO"], _spell(data)[1]))
    return Prepared(lambda: grouper.explain(episodes).result.episode_count, episodes.num_rows, 1, 1)


def _page(data: Data) -> Prepared:
    """A changed field sent to the page, the server running in this process, on loopback."""
    from http.client import HTTPConnection
    from threading import Thread
    from urllib.parse import urlencode

    from hrgcore.explain import official_episodes
    from hrgcore.serve.app import Page
    from hrgcore.serve.run import listening, server

    table = read_input(data.path("sample"))
    episodes = official_episodes(table.filter(pc.equal(table["PROVSPNO"], _spell(data)[1])))
    socket = listening(0)
    Thread(target=server(Page().app).run, kwargs={"sockets": [socket]}, daemon=True).start()
    connection = HTTPConnection(*socket.getsockname())
    ages = itertools.cycle(range(20, 90))

    def run() -> int:
        cells = {f"r{number}.{name}": text for number, row in enumerate(episodes) for name, text in row.items() if text}
        connection.request("POST", "/apc", urlencode(cells | {"r0.STARTAGE": str(next(ages)), "action": "explain"}))
        return connection.getresponse().read().count(b'class="hrg"')

    return Prepared(run, 1, len(episodes), 1)


def _explain_command(data: Data) -> Prepared:
    provider, spell = _spell(data)
    arguments = ("-m", "hrgcore", "explain", str(data.path("sample")), "--spell", spell, "--provider", provider)
    return Prepared(lambda: _python(*arguments), 1, 1, 1)


PROCESSES = (
    Scenario("command", "hrgcore group, Parquet to a folder of results", _grouping("parquet"), rounds=3),
    Scenario("start", f"hrgcore group, {SAMPLE} episodes, everything cached", _grouping("sample"), ("sample",), sized=False),
    Scenario(
        "start-cold",
        f"hrgcore group, {SAMPLE} episodes, nothing cached",
        _grouping("sample", cold=True),
        ("sample",),
        sized=False,
        rounds=1,
        slow=True,
    ),
    Scenario("start-help", "hrgcore --help", _fresh("-m", "hrgcore", "--help"), (), sized=False),
    Scenario("start-import", "import hrgcore", _fresh("-c", "import hrgcore"), (), sized=False),
    Scenario("start-explain", "hrgcore explain, one spell", _explain_command, ("sample",), sized=False),
    Scenario("page", "a change on the page, to its answer", _page, ("sample",), ("uvicorn",), sized=False, rounds=20),
    Scenario("explain", "one spell explained, the design being loaded", _explain, ("sample",), sized=False, rounds=20),
)
