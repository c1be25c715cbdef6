"""`hrgcore group`: read activity, group it, write a folder of results with its manifest, and say how it went."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hrgcore.cli.options import LOGIC_HELP, add_input_options, check_logic, whole_number_from_1
from hrgcore.cli.shell import note, stage

if TYPE_CHECKING:
    from hrgcore.cli.options import Subparsers
    from hrgcore.run import Outcome


def add_parser(subparsers: Subparsers) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser("group", help="group activity to HRGs", description="Group activity to HRGs.")
    parser.add_argument("input", nargs="+", metavar="INPUT", help="CSV, Parquet or Arrow files, or folders of them")
    parser.add_argument(
        "-o", "--output", required=True, metavar="OUT", help="a new folder for the results: tables in parts, and manifest.json"
    )
    parser.add_argument("--logic", default="apc", help=LOGIC_HELP)
    add_input_options(parser)
    parser.add_argument("--format", choices=("parquet", "csv"), default="parquet", help="of the results")
    parser.add_argument("--threads", type=whole_number_from_1, metavar="N", help="as many as there are cores unless given")
    parser.add_argument("--resume", action="store_true", help="continue the run that broke off in OUT, if it is this one")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Carry it out."""
    logic = check_logic(arguments.logic)
    from hrgcore.design.locate import findable
    from hrgcore.run import Job, run_job

    def grouper() -> Any:
        from hrgcore import Grouper

        return Grouper(threads=arguments.threads, **({"design": arguments.design} if arguments.design else {}))

    job = Job(
        inputs=arguments.input,
        output=Path(arguments.output),
        logic=logic,
        format=arguments.format,
        rdf=Path(arguments.rdf) if arguments.rdf else None,
        headings=not arguments.no_headings,
        threads=arguments.threads,
        design=findable(arguments.design) if arguments.design else None,
        resume=arguments.resume,
        say=note,
        stage=stage,
    )
    print(_summary(run_job(job, grouper), arguments.output))
    return 0


def _summary(outcome: Outcome, output: str) -> str:
    """A short table: how many episodes and spells, or rows, were grouped, why the others were not, where the results are."""
    from hrgcore.quality import lines as quality_lines
    from hrgcore.reasons import REASONS, is_failure

    def row(name: str, found: Mapping[str, int]) -> str:
        count, grouped = found["total"], found["grouped"]
        share = f"{100 * grouped / count:6.1f}%" if count else "      –"
        return f"{name:<10}{count:>12,}{grouped:>12,} {share}"

    what = ("episodes", "spells") if outcome.spells else ("rows",)
    lines = [f"{'':<10}{'count':>12}{'grouped':>12}", *(row(name, outcome.counts[name]) for name in what)]
    failures = {name for reason, name in REASONS.items() if is_failure(reason)}
    reasons = [(reason, count) for reason, count in outcome.counts[what[0]]["by_reason"].items() if reason in failures]
    if reasons:
        lines += ["", f"{what[0]} not grouped, by reason"]
        lines += [f"{count:>12,}  {reason}" for reason, count in sorted(reasons, key=lambda entry: (-entry[1], entry[0]))]
    if outcome.quality:
        lines += ["", "errors by kind", *quality_lines(outcome.quality)]
    lines += ["", f"results: {output}"]
    if outcome.spells:
        how = "they stood together" if outcome.spells == "together" else "they stood apart, and were brought together"
        lines.append(f"spells:  {how}")
    design = outcome.design
    return "\n".join([*lines, f"design:  {design.id} {design.version}, {design.status}"])
