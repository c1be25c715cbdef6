"""`hrgcore group`: read activity, group it, write a folder of results with its manifest, and say how it went."""

from __future__ import annotations

import argparse
import time
from typing import TYPE_CHECKING, Any

from hrgcore.cli.options import add_input_options, check_logic, whole_number_from_1
from hrgcore.cli.shell import stage

if TYPE_CHECKING:
    from hrgcore.cli.options import Subparsers
    from hrgcore.write import DesignLike, ResultLike


def add_parser(subparsers: Subparsers) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser("group", help="group activity to HRGs", description="Group activity to HRGs.")
    parser.add_argument("input", nargs="+", metavar="INPUT", help="CSV, Parquet or Arrow files, or folders of them")
    parser.add_argument("-o", "--output", required=True, metavar="OUT", help="a new folder for the results")
    parser.add_argument("--logic", default="apc", help="what the rows are: apc, admitted care")
    add_input_options(parser)
    parser.add_argument("--format", choices=("parquet", "csv"), default="parquet", help="of the results")
    parser.add_argument("--threads", type=whole_number_from_1, metavar="N", help="as many as there are cores unless given")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Carry it out."""
    logic = check_logic(arguments.logic)
    from hrgcore import Grouper
    from hrgcore.read import input_files, read_input
    from hrgcore.write.folder import check_folder, write_folder
    from hrgcore.write.manifest import build_manifest, describe_input

    check_folder(arguments.output)
    clock = _Clock()
    stage("reading")
    table = read_input(arguments.input, rdf=arguments.rdf, headings=not arguments.no_headings)
    clock.lap("read")
    stage("loading the design")
    grouper = Grouper(threads=arguments.threads, **({"design": arguments.design} if arguments.design else {}))
    clock.lap("design")
    stage(f"grouping {table.num_rows:,} rows")
    result = grouper.group(table, logic=logic)
    clock.lap("group")
    stage("computing the digests of the input")
    inputs = [describe_input(path) for path in input_files(arguments.input)]
    if arguments.rdf:
        inputs.append(describe_input(arguments.rdf, role="rdf"))
    clock.lap("digest")
    stage(f"writing to {arguments.output}")
    options = {"format": arguments.format, "threads": arguments.threads, "headings": not arguments.no_headings}
    manifest = build_manifest(result, grouper.design, inputs=inputs, logic=logic, options=options, seconds=clock.seconds)
    write_folder(result, arguments.output, arguments.format, manifest)
    print(_summary(result, grouper.design, arguments.output))
    return 0


class _Clock:
    """Seconds by stage."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, name: str) -> None:
        now = time.perf_counter()
        self.seconds[name] = now - self._last
        self._last = now


def _summary(result: ResultLike, design: DesignLike, output: str) -> str:
    """A short table: how many episodes and spells were grouped, why the others were not, where the results are."""
    import pyarrow.compute as pc

    from hrgcore.reasons import METHODS

    def row(name: str, count: int, failed: int) -> str:
        share = f"{100 * (count - failed) / count:6.1f}%" if count else "      –"
        return f"{name:<10}{count:>12,}{count - failed:>12,} {share}"

    episode_failed = pc.equal(result.episodes.column("GroupingMethodFlag").cast("string"), METHODS[0])
    spell_failed = pc.equal(result.spells.column("SpellGroupingMethodFlag").cast("string"), METHODS[0])
    lines = [
        f"{'':<10}{'count':>12}{'grouped':>12}",
        row("episodes", result.episodes.num_rows, pc.sum(episode_failed).as_py() or 0),
        row("spells", result.spells.num_rows, pc.sum(spell_failed).as_py() or 0),
    ]
    reasons = _tally(result.episodes.column("FCE_Reason").filter(episode_failed))
    if reasons:
        lines += ["", "episodes not grouped, by reason"]
        lines += [f"{count:>12,}  {reason}" for reason, count in reasons]
    return "\n".join([*lines, "", f"results: {output}", f"design:  {design.id} {design.version}, {design.status}"])


def _tally(column: Any) -> list[tuple[str, int]]:
    counts = [(entry["values"] or "no reason given", entry["counts"]) for entry in column.cast("string").value_counts().to_pylist()]
    return sorted(counts, key=lambda entry: (-entry[1], entry[0]))
