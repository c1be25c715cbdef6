"""What `compare`, `reconcile` and `report` share: the new folder that they write, the prices that they take, and how they end."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hrgcore.analysis.output import Analysis
    from hrgcore.analysis.prices import Prices

_PRICES = "a table of prices: hrg, setting, admission, price, trim_point, excess_day_price; sums are estimates"


def add_output_option(parser: argparse.ArgumentParser, others: str = "") -> None:
    """Add the option that names the new folder; ``others`` is written there beside the page and tables."""
    parser.add_argument(
        "-o",
        "--output",
        required=True,
        metavar="DIR",
        help=f"a new folder: report.html, {others}Parquet tables, manifest.json",
    )


def add_prices_option(parser: argparse.ArgumentParser) -> None:
    """Add the option that names a table of prices."""
    parser.add_argument("--prices", metavar="FILE", help=_PRICES)


def output_of(arguments: argparse.Namespace) -> Path:
    """The new folder. Raises OutputError where it can't be one."""
    from hrgcore.write.folder import check_folder

    output = Path(arguments.output)
    check_folder(output)
    return output


def prices_of(arguments: argparse.Namespace) -> tuple[Prices | None, list[Path]]:
    """The prices, and the files that they come from. Raises InputError."""
    from hrgcore.analysis.prices import Prices

    return (Prices.read(arguments.prices), [Path(arguments.prices)]) if arguments.prices else (None, [])


def finish(output: Path, analysis: Analysis, text: str) -> None:
    """Write what was found, and print it in short, with where the page is."""
    from hrgcore.analysis.output import PAGE, write_analysis

    write_analysis(output, analysis)
    print(f"{text}\n\nreport: {output / PAGE}")
