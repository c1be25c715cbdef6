"""`hrgcore synth`: write invented activity that resembles a year of English admitted care."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from hrgcore.cli.options import check_logic, whole_number_from_1
from hrgcore.cli.shell import stage

if TYPE_CHECKING:
    from hrgcore.cli.options import Subparsers


def add_parser(subparsers: Subparsers) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "synth",
        help="write synthetic activity",
        description="Write invented activity that resembles admitted care in England, for tests and benchmarks.",
    )
    parser.add_argument("--episodes", type=whole_number_from_1, required=True, metavar="N", help="how many")
    parser.add_argument("--seed", type=_seed, default=0, metavar="S", help="a whole number; the same gives the same bytes (0)")
    parser.add_argument("-o", "--output", required=True, metavar="DIR", help="a new folder for parts of a million episodes")
    parser.add_argument("--format", choices=("parquet", "csv"), default="parquet", help="of the parts")
    parser.add_argument(
        "--names", choices=("official", "hes"), default="official", help="of columns: 14 and 12 codes, or 20 and 24"
    )
    parser.add_argument("--logic", default="apc", help="what the rows are: apc, admitted care")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Carry it out."""
    check_logic(arguments.logic)
    from hrgcore.synth import synthesise

    stage(f"drawing {arguments.episodes:,} episodes")
    parts = synthesise(arguments.output, arguments.episodes, arguments.seed, format=arguments.format, names=arguments.names)
    print(f"{arguments.episodes:,} synthetic episodes in {len(parts):,} part(s): {arguments.output}")
    return 0


def _seed(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 0")
    return int(text)
