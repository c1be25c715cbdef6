"""`hrgcore link`: join critical care and dialysis to spells, write a spell's whole set of HRGs, and say what fitted none."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from hrgcore.cli.shell import note, stage

if TYPE_CHECKING:
    from hrgcore.cli.options import Subparsers
    from hrgcore.linking import Linked


def add_parser(subparsers: Subparsers) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "link",
        help="join critical care and dialysis to spells",
        description="Join results of critical care and dialysis to the spells of admitted care: a spell's whole set of HRGs.",
    )
    parser.add_argument("spells", metavar="SPELLS", help="what hrgcore group has written of admitted care")
    parser.add_argument("others", nargs="+", metavar="OTHER", help="what it has written of acc, pcc, ncc or nrd")
    parser.add_argument(
        "-o", "--output", required=True, metavar="OUT", help="a new folder: hrgs, the rows that are unlinked, and manifest.json"
    )
    parser.add_argument(
        "--on",
        type=_columns,
        metavar="COLUMN[=COLUMN],...",
        help="columns to join on: the spell's, and that of the other rows where it has another name (PROCODET,PROVSPNO)",
    )
    parser.add_argument("--format", choices=("parquet", "csv"), default="parquet", help="of the tables")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Carry it out."""
    from hrgcore.linking.folder import LinkJob, link_folders

    stage("linking")
    job = LinkJob(
        spells=Path(arguments.spells),
        others=[Path(other) for other in arguments.others],
        output=Path(arguments.output),
        on=arguments.on,
        format=arguments.format,
        say=note,
    )
    print(_summary(link_folders(job), arguments.output))
    return 0


def _summary(linked: Linked, output: str) -> str:
    """A short table: of each input how many rows fitted a spell, and why the others did not."""
    lines = [f"{'rows':>12}{'linked':>12}{'unlinked':>12}"]
    for entry in linked.counts:
        rows, fitted = entry["rows"], entry["linked"]
        lines.append(f"{rows:>12,}{fitted:>12,}{rows - fitted:>12,}  {entry['kind']}: {entry['input']}")
        lines += [f"{count:>36,}  {reason}" for reason, count in entry["unlinked"].items()]
    return "\n".join([*lines, "", f"HRGs of spells: {len(linked.hrgs):,}", f"results: {output}"])


def _columns(text: str) -> dict[str, str]:
    """The columns of --on: the spell's, and the other rows'."""
    found: dict[str, str] = {}
    for pair in text.split(","):
        spell, equals, other = (part.strip() for part in pair.partition("="))
        if not spell or bool(equals) != bool(other) or spell in found:
            raise argparse.ArgumentTypeError(f"{text!r} is not COLUMN[=COLUMN],... with each column once")
        found[spell] = other or spell
    return found
