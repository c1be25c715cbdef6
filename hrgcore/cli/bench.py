"""`hrgcore bench`: how fast hrgcore is on this machine, on synthetic activity that is removed again."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hrgcore.cli.options import whole_number_from_1
from hrgcore.cli.shell import say, stage
from hrgcore.errors import OutputError, UsageError

if TYPE_CHECKING:
    from hrgcore.bench.measure import Figures
    from hrgcore.bench.scenario import Scenario
    from hrgcore.cli.options import Subparsers

_EVERY = "all"


def add_parser(subparsers: Subparsers) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "bench",
        help="measure how fast it is here",
        description="Measure how fast hrgcore is on this machine, on synthetic activity in a temporary folder, and print a table."
        " Polars, DuckDB and pyarrow do comparable work beside it where they are installed.",
    )
    parser.add_argument(
        "--episodes", type=whole_number_from_1, action="append", metavar="N", help="how many; may be repeated (10000 and 1000000)"
    )
    parser.add_argument("--only", metavar="A,B", help="benchmarks by name; 'all' are more than the usual ones")
    parser.add_argument("--rounds", type=whole_number_from_1, metavar="N", help="how often each is run, instead of what suits it")
    parser.add_argument("--json", metavar="FILE", help="write all figures there, too")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Carry it out."""
    from hrgcore.bench.machine import machine
    from hrgcore.bench.measure import counts_instructions
    from hrgcore.bench.scenarios import USUAL_SIZES
    from hrgcore.bench.table import plain, rows

    chosen = _chosen(arguments.only)
    if arguments.json:
        _write(arguments.json, "")  # better now than after minutes
    about = machine()
    figures = _figures(chosen, arguments.episodes or USUAL_SIZES, arguments.rounds)
    notes = [f"{one.name} was left out: {' and '.join(one.missing)} not installed" for one in chosen if one.missing]
    if not counts_instructions():
        notes.append("instructions were not counted: there is no perf here, or the processor's counter can't be read")
    print(plain(rows(figures)))
    print(f"\n{about['processor']}, {about['cores']} cores, Python {about['python']}, load {about['load']}; times are medians")
    for note in notes:
        print(note)
    if arguments.json:
        _write(arguments.json, json.dumps(_document(figures, about, notes), indent=2) + "\n")
    return 0


def _figures(chosen: Sequence[Scenario], sizes: Sequence[int], rounds: int | None) -> list[Figures]:
    import tempfile

    from hrgcore.bench.data import Data
    from hrgcore.bench.measure import measure

    figures = []
    for place, size in enumerate(sorted(set(sizes))):
        own = [one for one in chosen if not one.missing and (one.sized or not place)]
        for name in [one.name for one in own if size > one.most]:
            say(f"hrgcore: note: {name} is left out at {size:,} episodes: it would take too much memory")
        own = [one for one in own if size <= one.most]
        with tempfile.TemporaryDirectory(prefix="hrgcore-bench-") as folder:
            stage(f"drawing {size:,} episodes")
            data = Data.make(Path(folder) / "data", size, sorted({kind for one in own for kind in one.needs}))
            for one in own:
                stage(f"measuring {one.name}, {size:,} episodes")
                figures.append(measure(one, data, rounds=rounds))
    return figures


def _chosen(only: str | None) -> list[Scenario]:
    from hrgcore.bench.scenarios import SCENARIOS, USUAL

    if only == _EVERY:
        return [one for one in SCENARIOS.values() if not one.slow]
    names = [name.strip() for name in only.split(",")] if only else list(USUAL)
    unknown = [name for name in names if name not in SCENARIOS]
    if unknown:
        raise UsageError(f"no benchmark {', '.join(unknown)}. There are {', '.join(SCENARIOS)}, or all.")
    return [SCENARIOS[name] for name in names]


def _document(figures: Sequence[Figures], about: dict[str, Any], notes: Sequence[str]) -> dict[str, Any]:
    from hrgcore.bench.machine import versions

    made = datetime.now(UTC).isoformat(timespec="seconds")
    results = [one.to_dict() for one in figures]
    return {"made": made, "machine": about, "versions": versions(), "notes": list(notes), "results": results}


def _write(file: str, text: str) -> None:
    try:
        Path(file).write_text(text, encoding="utf-8")
    except OSError as error:
        raise OutputError(f"{file}: can't be written ({error.strerror}). Name another file.") from None
