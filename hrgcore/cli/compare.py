"""`hrgcore compare`: the same activity in two results: which spells moved, where to, and why."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING

from hrgcore.cli.analysis import add_output_option, add_prices_option, finish, output_of, prices_of
from hrgcore.cli.shell import stage, warn

if TYPE_CHECKING:
    from hrgcore.cli.options import Subparsers


def add_parser(subparsers: Subparsers) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "compare",
        help="the same activity in two results: which spells moved, and why",
        description="Compare two results of hrgcore group of the same activity, under two designs or two versions of one.",
    )
    parser.add_argument("a", metavar="A", help="a folder of results")
    parser.add_argument("b", metavar="B", help="another, of the same activity")
    add_output_option(parser)
    parser.add_argument("--design-a", metavar="D", help="the design of A, where it is not an embedded one")
    parser.add_argument("--design-b", metavar="D", help="the design of B, likewise")
    add_prices_option(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Carry it out."""
    from hrgcore.analysis.compare import compare
    from hrgcore.analysis.compare_page import CAUSES, compare_page, compare_text, tables_of
    from hrgcore.analysis.examples import explained
    from hrgcore.analysis.made_by import known_design
    from hrgcore.analysis.output import Analysis
    from hrgcore.analysis.results import Results

    begun = time.perf_counter()
    output = output_of(arguments)
    stage("comparing")
    a, b = Results(Path(arguments.a)), Results(Path(arguments.b))
    designs = (
        known_design(a, arguments.design_a, warn, "--design-a"),
        known_design(b, arguments.design_b, warn, "--design-b"),
    )
    prices, files = prices_of(arguments)
    found = compare(a, b, designs, prices)
    examples = []
    if designs[0] and designs[1]:
        from hrgcore.grouper import Grouper

        groupers = [Grouper(design) for design in designs if design]
        rows = found.causes.slice(0, CAUSES).to_pylist()
        told = explained(a, [row["example"] for row in rows], *groupers)
        for row in rows:
            for side, text in zip("AB", told[row["example"]], strict=True):
                examples.append((f"{row['kind']}, {row['of']}: spell {row['example']:,} explained under {side}", text))
    page = compare_page(found, [a, b], designs, examples)
    analysis = Analysis("compare", [a, b], tables_of(found), page, begun, files=files, figures=found.totals)
    finish(output, analysis, compare_text(found))
    return 0
