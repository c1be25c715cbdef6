"""`hrgcore compare`: the same activity in two results: which spells moved, where to, and why."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING

from hrgcore.cli.shell import say, stage

if TYPE_CHECKING:
    from hrgcore.cli.options import Subparsers

PRICES_HELP = "a table of prices: hrg, setting, admission, price, trim_point, excess_day_price; sums are estimates"
_EXAMPLES = 4


def add_parser(subparsers: Subparsers) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "compare",
        help="the same activity in two results: which spells moved, and why",
        description="Compare two results of hrgcore group of the same activity, under two designs or two versions of one.",
    )
    parser.add_argument("a", metavar="A", help="a folder of results")
    parser.add_argument("b", metavar="B", help="another, of the same activity")
    parser.add_argument(
        "-o", "--output", required=True, metavar="DIR", help="a new folder: report.html, Parquet tables, manifest.json"
    )
    parser.add_argument("--design-a", metavar="D", help="the design of A, where it is not an embedded one")
    parser.add_argument("--design-b", metavar="D", help="the design of B, likewise")
    parser.add_argument("--prices", metavar="FILE", help=PRICES_HELP)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Carry it out."""
    from hrgcore.analysis.compare import compare
    from hrgcore.analysis.compare_page import compare_page, compare_text, tables_of
    from hrgcore.analysis.examples import explained
    from hrgcore.analysis.output import PAGE, Analysis, write_analysis
    from hrgcore.analysis.prices import Prices
    from hrgcore.analysis.results import Results, known_design
    from hrgcore.write.folder import check_folder

    begun = time.perf_counter()
    output = Path(arguments.output)
    check_folder(output)
    stage("comparing")
    results = [Results(Path(path)) for path in (arguments.a, arguments.b)]
    given = (arguments.design_a, arguments.design_b)
    designs = tuple(known_design(r, d, lambda line: say(f"hrgcore: note: {line}")) for r, d in zip(results, given, strict=True))
    prices = Prices.read(arguments.prices) if arguments.prices else None
    found = compare(results[0], results[1], (designs[0], designs[1]), prices)
    examples = []
    if designs[0] and designs[1]:
        from hrgcore.grouper import Grouper

        groupers = [Grouper(given[at] or str(results[at].design["id"])) for at in (0, 1)]
        for row in found.causes.slice(0, _EXAMPLES).to_pylist():
            for side, grouper in zip("AB", groupers, strict=True):
                heading = f"{row['kind']}, {row['of']}: spell {row['example']:,} explained under {side}"
                examples.append((heading, explained(results[0], row["example"], grouper).text()))
    page = compare_page(found, results, (designs[0], designs[1]), examples)
    files = [Path(arguments.prices)] if arguments.prices else []
    write_analysis(output, Analysis("compare", results, tables_of(found), page, begun, files=files, figures=found.totals))
    print(compare_text(found))
    print(f"\nreport: {output / PAGE}")
    return 0
