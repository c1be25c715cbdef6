"""`hrgcore synth`: write invented activity that resembles a year of English admitted care."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from hrgcore.cli.options import LOGIC_HELP, check_logic, whole_number_from_1
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
    parser.add_argument("--episodes", type=whole_number_from_1, required=True, metavar="N", help="how many episodes or rows")
    parser.add_argument("--seed", type=_seed, default=0, metavar="S", help="a whole number; the same gives the same bytes (0)")
    parser.add_argument("-o", "--output", required=True, metavar="DIR", help="a new folder for parts of a million episodes")
    parser.add_argument("--format", choices=("parquet", "csv"), default="parquet", help="of the parts")
    parser.add_argument(
        "--names", choices=("official", "hes"), default="official", help="of columns: 14 and 12 codes, or 20 and 24"
    )
    parser.add_argument("--logic", default="apc", help=LOGIC_HELP)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Carry it out."""
    logic = check_logic(arguments.logic)
    from hrgcore.logics import ROW_LOGICS
    from hrgcore.synth import synthesise

    what = f"{arguments.episodes:,} synthetic {ROW_LOGICS[logic].rows if logic in ROW_LOGICS else 'episodes'}"
    stage(f"drawing {what}")
    options = {"format": arguments.format, "names": arguments.names, "logic": logic}
    parts = synthesise(arguments.output, arguments.episodes, arguments.seed, **options)
    print(f"{what} in {len(parts):,} part(s): {arguments.output}")
    return 0


def _seed(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 0")
    return int(text)
