"""`hrgcore designs`, `compile` and `diff`: which designs there are and how good one is, making a bundle, how two designs differ."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from hrgcore.cli.options import whole_number_from_1
from hrgcore.cli.shell import stage
from hrgcore.errors import UsageError

if TYPE_CHECKING:
    from hrgcore.cli.options import Subparsers
    from hrgcore.design import DesignInfo


def add_parser(subparsers: Subparsers) -> None:
    """Add the three subcommands."""
    listing = subparsers.add_parser(
        "designs", help="list the designs, or report on one", description="List the designs at hand, or report on one of them."
    )
    listing.add_argument(
        "--report",
        nargs="?",
        const="",
        metavar="DESIGN",
        help="coverage, reachability and what rules and activity rest on, of a design's id, a bundle or a folder of tables",
    )
    listing.add_argument("--format", choices=("text", "json"), help="of the report (text)")
    listing.add_argument(
        "--episodes", type=whole_number_from_1, metavar="N", help="synthetic episodes that the report groups (100,000)"
    )
    listing.set_defaults(run=run_designs)
    compiling = subparsers.add_parser(
        "compile",
        help="compile a design's tables",
        description="Compile a folder of design tables, or the tables that an official workbook gives.",
    )
    compiling.add_argument("folder", nargs="?", metavar="FOLDER", help="the folder of tables")
    compiling.add_argument("-o", "--output", metavar="BUNDLE", help="the bundle to write")
    compiling.add_argument("--workbook", metavar="FILE", help="an .xlsx workbook, in place of FOLDER")
    compiling.add_argument("--mapping", metavar="TOML", help="which of its sheets and columns give which tables (docs/workbook.md)")
    compiling.add_argument("--tables", metavar="NEW", help="a new folder for its tables, to be reviewed and changed")
    compiling.set_defaults(run=run_compile)
    comparing = subparsers.add_parser("diff", help="compare two designs", description="Show how two designs differ.")
    comparing.add_argument("a", metavar="A", help="a design's id, a bundle, or a folder of tables")
    comparing.add_argument("b", metavar="B", help="likewise")
    comparing.set_defaults(run=run_diff)


def run_designs(arguments: argparse.Namespace) -> int:
    """List the designs, a few lines each; or report on one."""
    if arguments.report is not None:
        return _report(arguments)
    if arguments.format or arguments.episodes:
        raise UsageError("--format and --episodes go with --report. Add it, or leave them out.")
    from hrgcore.design.locate import list_designs

    for design in list_designs():
        print(f"{design.id}  {design.title}")
        print(f"    release {design.release}, version {design.version}, digest {design.digest[:16]}")
        print(f"    {design.status}")
    return 0


def _report(arguments: argparse.Namespace) -> int:
    from hrgcore.design import DEFAULT_DESIGN
    from hrgcore.design_report import SAMPLE_EPISODES, report_design

    report = report_design(arguments.report or DEFAULT_DESIGN, episodes=arguments.episodes or SAMPLE_EPISODES, progress=stage)
    print(report.json() if arguments.format == "json" else report.text())
    return 0


def run_compile(arguments: argparse.Namespace) -> int:
    """Compile a folder of tables, or a workbook; faults come a line each."""
    if arguments.workbook is not None:
        return _run_workbook(arguments)
    if arguments.mapping is not None or arguments.tables is not None:
        raise UsageError("--mapping and --tables go with --workbook. Name a workbook, or leave them out.")
    if arguments.folder is None or arguments.output is None:
        raise UsageError("name a folder of tables and, with -o, the bundle to write; or a workbook with --workbook and --mapping.")
    from hrgcore.design import compile_folder

    stage("compiling")
    design = compile_folder(Path(arguments.folder), Path(arguments.output))
    _say_compiled(arguments.output, design)
    return 0


def _run_workbook(arguments: argparse.Namespace) -> int:
    """Make tables of a workbook; write them, or compile them, or both."""
    if arguments.folder is not None:
        raise UsageError("FOLDER and --workbook are both given. Keep one; --tables names a folder to be written.")
    if arguments.mapping is None:
        raise UsageError("--workbook needs --mapping: the file that says which sheets give which tables. docs/workbook.md has one.")
    if arguments.output is None and arguments.tables is None:
        raise UsageError("name what to write: a bundle with -o, a folder for the tables with --tables, or both.")
    from hrgcore.workbook import compile_workbook, read_workbook, write_tables
    from hrgcore.write.folder import check_folder

    if arguments.tables is not None:
        check_folder(arguments.tables)  # before the work, not after it
    stage("reading the workbook")
    tables = read_workbook(Path(arguments.workbook), Path(arguments.mapping))
    if arguments.tables is not None:
        write_tables(tables, Path(arguments.tables))
        print(f"{arguments.tables}: {len(tables.texts)} files")
    if arguments.output is not None:
        stage("compiling")
        _say_compiled(arguments.output, compile_workbook(tables, Path(arguments.output)))
    return 0


def _say_compiled(output: str, design: DesignInfo) -> None:
    print(f"{output}: {design.id} {design.version}, digest {design.digest}")


def run_diff(arguments: argparse.Namespace) -> int:
    """Compare two designs, a difference a line."""
    from hrgcore.design.diff import diff_designs

    differences = diff_designs(arguments.a, arguments.b)
    print("\n".join(differences) if differences else "no differences")
    return 0
