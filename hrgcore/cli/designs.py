"""`hrgcore designs`, `compile` and `diff`: which designs there are, making a bundle of tables, and how two designs differ."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from hrgcore.cli.shell import stage

if TYPE_CHECKING:
    from hrgcore.cli.options import Subparsers


def add_parser(subparsers: Subparsers) -> None:
    """Add the three subcommands."""
    listing = subparsers.add_parser("designs", help="list the designs", description="List the designs at hand.")
    listing.set_defaults(run=run_designs)
    compiling = subparsers.add_parser("compile", help="compile a design's tables", description="Compile a folder of design tables.")
    compiling.add_argument("folder", metavar="FOLDER", help="the folder of tables")
    compiling.add_argument("-o", "--output", required=True, metavar="BUNDLE", help="the bundle to write")
    compiling.set_defaults(run=run_compile)
    comparing = subparsers.add_parser("diff", help="compare two designs", description="Show how two designs differ.")
    comparing.add_argument("a", metavar="A", help="a design's id, a bundle, or a folder of tables")
    comparing.add_argument("b", metavar="B", help="likewise")
    comparing.set_defaults(run=run_diff)


def run_designs(arguments: argparse.Namespace) -> int:
    """List the designs, a few lines each."""
    from hrgcore.design.locate import list_designs

    for design in list_designs():
        print(f"{design.id}  {design.title}")
        print(f"    release {design.release}, version {design.version}, digest {design.digest[:16]}")
        print(f"    {design.status}")
    return 0


def run_compile(arguments: argparse.Namespace) -> int:
    """Compile a folder of tables; faults come a line each."""
    from hrgcore.design import compile_folder

    stage("compiling")
    design = compile_folder(Path(arguments.folder), Path(arguments.output))
    print(f"{arguments.output}: {design.id} {design.version}, digest {design.digest}")
    return 0


def run_diff(arguments: argparse.Namespace) -> int:
    """Compare two designs, a difference a line."""
    from hrgcore.design.diff import diff_designs

    differences = diff_designs(arguments.a, arguments.b)
    print("\n".join(differences) if differences else "no differences")
    return 0
