"""The command `benchmarks/compare`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from subprocess import run
from tempfile import TemporaryDirectory

from comparison import readme
from comparison.environments import Environment, commit_of, environment
from comparison.ratios import document, table
from comparison.rounds import Taken, runners, take_turns
from hrgcore.bench.data import Data
from hrgcore.bench.machine import machine
from hrgcore.bench.measure import BenchmarkError
from hrgcore.bench.scenario import Scenario
from hrgcore.bench.scenarios import SCENARIOS, USUAL
from hrgcore.bench.table import plain
from hrgcore.errors import HrgcoreError
from hrgcore_kernels.cache import cache_folder

_VERSIONS = "import json; from {module}.machine import versions; print(json.dumps(versions()))"


def main(repository: Path, argv: Sequence[str] | None = None) -> int:
    """Run it; gives the exit code."""
    arguments = _parser().parse_args(argv)
    try:
        return _compare(repository, arguments)
    except HrgcoreError as error:
        print(f"compare: error: {error}", file=sys.stderr)
        return error.exit_code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "benchmarks/compare",
        description="Run the benchmarks of two git revisions in turns, each in an environment of its own, and print what their"
        " times are to each other; or, with --readme, those of one, and write its figures into the README.",
    )
    parser.add_argument("revisions", nargs="+", metavar="REV", help="two git revisions, A and B; with --readme one")
    parser.add_argument("--readme", action="store_true", help="write the figures of one revision into README.md")
    parser.add_argument("--episodes", type=int, default=1_000_000, metavar="N", help="of the activity (1000000)")
    parser.add_argument("--rounds", type=int, default=7, metavar="N", help="how often each takes its turn (7)")
    parser.add_argument("--only", metavar="X,Y", help="benchmarks by name, instead of the usual ones")
    parser.add_argument("--json", metavar="FILE", type=Path, help="write all figures there, too")
    parser.add_argument("--store", metavar="FOLDER", type=Path, help="where environments are kept, by commit (in hrgcore's cache)")
    return parser


def _compare(repository: Path, arguments: argparse.Namespace) -> int:
    wanted = 1 if arguments.readme else 2
    if len(arguments.revisions) != wanted or arguments.rounds < 1 or arguments.episodes < 1:
        raise BenchmarkError(f"give {'one revision' if wanted == 1 else 'two revisions'}, and a round and an episode at least.")
    store = arguments.store or cache_folder("compare")
    if store is None:
        raise BenchmarkError("there is no place to keep environments in. Name one with --store.")
    scenarios = _scenarios(arguments.only, readme.SHOWN if arguments.readme else USUAL, arguments.episodes)
    environments = []
    for revision in arguments.revisions:
        _say(f"environment of {revision}")
        environments.append(environment(repository, commit_of(repository, revision), store))
    with TemporaryDirectory(prefix="hrgcore-compare-") as folder, runners(environments) as sides:
        _say(f"drawing {arguments.episodes:,} episodes")
        kinds = sorted({kind for one in scenarios for kind in one.needs})
        data = Data.make(Path(folder) / "data", arguments.episodes, kinds)
        about = machine()
        taken = take_turns(sides, scenarios, data, arguments.rounds, _say)
        versions = [_versions(side.python, side.module, side.environment) for side in sides]
    if arguments.readme:
        first = {name: both[0] for name, both in taken.items()}
        new = readme.block(environments[0].commit, arguments.episodes, first, about, versions[0], date.today())
        readme.rewrite(repository / "README.md", new)
        print(new)
    else:
        _print(taken, arguments.revisions, environments, about, versions)
    if arguments.json:
        made = datetime.now(UTC).isoformat(timespec="seconds")
        commits = {name: one.commit for name, one in zip(arguments.revisions, environments, strict=True)}
        results = document(taken) if not arguments.readme else [{"name": name, **vars(one[0])} for name, one in taken.items()]
        kept = {"made": made, "machine": about, "commits": commits, "versions": versions, "episodes": arguments.episodes}
        arguments.json.write_text(json.dumps({**kept, "results": results}, indent=2) + "\n", encoding="utf-8")
    return 0


def _scenarios(only: str | None, usual: Sequence[str], episodes: int) -> list[Scenario]:
    names = only.split(",") if only else usual
    unknown = [name for name in names if name not in SCENARIOS]
    if unknown:
        raise BenchmarkError(f"no benchmark {', '.join(unknown)}. There are {', '.join(SCENARIOS)}.")
    return [SCENARIOS[name] for name in names if episodes <= SCENARIOS[name].most]


def _print(
    taken: dict[str, list[Taken]],
    revisions: Sequence[str],
    environments: Sequence[Environment],
    about: dict[str, str | int | float],
    versions: Sequence[dict[str, str]],
) -> None:
    print(plain(table(taken)))
    for letter, revision, one in zip("AB", revisions, environments, strict=True):
        print(f"{'' if letter == 'B' else chr(10)}{letter}: {revision} ({one.commit[:10]})")
    print(f"{about['processor']}, {about['cores']} cores, Python {about['python']}; load {about['load']}")
    other = sorted(name for name in versions[0].keys() | versions[1].keys() if versions[0].get(name) != versions[1].get(name))
    for name in other:
        print(f"{name}: {versions[0].get(name, 'none')} for A, {versions[1].get(name, 'none')} for B")


def _versions(python: str, module: str, variables: object) -> dict[str, str]:
    code = _VERSIONS.format(module=module.partition(".")[0])
    done = run([python, "-c", code], env=variables, capture_output=True, text=True, check=True)  # type: ignore[call-overload]
    found: dict[str, str] = json.loads(done.stdout)
    return found


def _say(line: str) -> None:
    print(f"{line} …", file=sys.stderr, flush=True)
