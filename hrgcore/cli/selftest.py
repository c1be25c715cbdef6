"""`hrgcore selftest`: whether this installation groups rightly on this machine."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from hrgcore.cli.options import whole_number_from_1
from hrgcore.cli.shell import stage

if TYPE_CHECKING:
    from hrgcore.cli.options import Subparsers

#: The exit code where a check failed.
FAILED = 1
_WORDS = {True: "OK", False: "WRONG", None: "-"}


def add_parser(subparsers: Subparsers) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "selftest",
        help="test that this installation groups rightly",
        description="Test that this installation groups rightly on this machine: its files, its design, known cases, and made-up"
        " spells, on which the compiled kernels and the plain-Python reference engine must say the same. Exit code 1: they don't.",
    )
    parser.add_argument("--design", metavar="D", help="a design's id, a compiled bundle, or a folder of tables")
    parser.add_argument("--spells", type=whole_number_from_1, default=2000, metavar="N", help="how many to make up (2000)")
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="of the made-up spells: others for another (0)")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Carry it out."""
    stage("loading the design and the kernels")
    from hrgcore.design import DEFAULT_DESIGN, load_design
    from hrgcore.selftest import run_checks
    from hrgcore.write.manifest import versions

    design = arguments.design or DEFAULT_DESIGN
    info = load_design(design).info
    print(", ".join(f"{name} {version}" for name, version in versions().items()))
    print(f"design {info.id} {info.version}, digest {info.digest[:16]}")
    failed = 0
    for check in run_checks(design, spells=arguments.spells, seed=arguments.seed):
        print(f"{_WORDS[check.passed]:<6}{check.name:<16}{check.said}", flush=True)
        for line in check.details:
            print(f"      {line}")
        failed += check.passed is False
    print("This installation groups rightly." if not failed else "This installation is NOT to be trusted: please report the above.")
    return FAILED if failed else 0
