"""`hrgcore report`: a year of results at a glance, or several beside each other."""

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
        "report",
        help="a year of results at a glance, as a page with pictures",
        description="Volumes, grouping methods, errors, stays, CC scores, casemix, unusual coding of what hrgcore group wrote.",
    )
    parser.add_argument("results", nargs="+", metavar="OUT", help="folders of results, oldest first; the last is shown in full")
    add_output_option(parser)
    parser.add_argument("--design", metavar="D", help="the design that made the results, where it is not an embedded one")
    add_prices_option(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Carry it out."""
    from hrgcore.analysis.made_by import known_design
    from hrgcore.analysis.output import Analysis
    from hrgcore.analysis.results import Results
    from hrgcore.analysis.year import year_of
    from hrgcore.analysis.year_page import tables_of, year_page, year_text

    begun = time.perf_counter()
    output = output_of(arguments)
    results = [Results(Path(path)) for path in arguments.results]
    prices, files = prices_of(arguments)
    years = []
    bundle = None
    for own in results:
        stage(f"counting {own.name}")
        bundle = known_design(own, arguments.design, warn)
        years.append(year_of(own, bundle, prices))
    stage("writing")
    analysis = Analysis("report", results, tables_of(years), year_page(years, results, bundle), begun, files=files)
    finish(output, analysis, year_text(years))
    return 0
