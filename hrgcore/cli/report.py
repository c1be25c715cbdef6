"""`hrgcore report`: a year of results at a glance, or several beside each other."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING

from hrgcore.cli.compare import PRICES_HELP
from hrgcore.cli.shell import say, stage

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
    parser.add_argument("-o", "--output", required=True, metavar="DIR", help="a new folder: report.html, Parquet tables")
    parser.add_argument("--design", metavar="D", help="the design that made the results, where it is not an embedded one")
    parser.add_argument("--prices", metavar="FILE", help=PRICES_HELP)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Carry it out."""
    from hrgcore.analysis.output import PAGE, Analysis, write_analysis
    from hrgcore.analysis.prices import Prices
    from hrgcore.analysis.results import Results, known_design
    from hrgcore.analysis.year import year_of
    from hrgcore.analysis.year_page import tables_of, year_page, year_text
    from hrgcore.write.folder import check_folder

    begun = time.perf_counter()
    output = Path(arguments.output)
    check_folder(output)
    results = [Results(Path(path)) for path in arguments.results]
    prices = Prices.read(arguments.prices) if arguments.prices else None
    years = []
    bundle = None
    for own in results:
        stage(f"counting {own.name}")
        bundle = known_design(own, arguments.design, lambda line: say(f"hrgcore: note: {line}"))
        years.append(year_of(own, bundle, prices))
    stage("writing")
    files = [Path(arguments.prices)] if arguments.prices else []
    write_analysis(output, Analysis("report", results, tables_of(years), year_page(years, results, bundle), begun, files=files))
    print(year_text(years))
    print(f"\nreport: {output / PAGE}")
    return 0
