"""`hrgcore rdf`: write the record definition that a file's headings stand for, and say which columns don't look like theirs."""

from __future__ import annotations

import argparse
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from hrgcore.cli.options import LOGIC_HELP, check_logic
from hrgcore.cli.shell import stage
from hrgcore.errors import InputError

if TYPE_CHECKING:
    from hrgcore.cli.options import Subparsers


def add_parser(subparsers: Subparsers) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "rdf",
        help="write a file's record definition",
        description="Write the record definition file (RDF) of a file with headings, official or of HES, and warn of columns that"
        " look like their neighbour. Without headings nothing tells which column is which: put some above the rows.",
    )
    parser.add_argument("--for", required=True, dest="source", metavar="FILE", help="a CSV, Parquet or Arrow file")
    parser.add_argument("-o", "--output", metavar="OUT.rdf", help="a new file; standard output unless given")
    parser.add_argument("--logic", default="apc", help=LOGIC_HELP)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Carry it out."""
    logic = check_logic(arguments.logic)
    source = Path(arguments.source)
    if source.is_dir():
        raise InputError(f"{source}: is a folder, and its files may differ in where columns stand. Name one of them.")
    from hrgcore.define import SAMPLE_ROWS, Accepts, definition_of, doubtful_columns, save
    from hrgcore.design import DEFAULT_DESIGN, load_design
    from hrgcore.read import InputWarning
    from hrgcore.read.batches import ActivityStream

    stage(f"reading {source}")
    names = _headings(source)
    definition = definition_of(names, logic, str(source))
    rows = next(ActivityStream(source).batches()).table.slice(0, SAMPLE_ROWS)
    for doubt in doubtful_columns(definition, rows, Accepts(load_design(DEFAULT_DESIGN), logic)):
        warnings.warn(doubt, InputWarning, stacklevel=2)
    if arguments.output is None:
        sys.stdout.flush()
        sys.stdout.buffer.write(definition.text.encode())  # as bytes: line ends are those of the file
        return 0
    save(definition, Path(arguments.output))
    print(f"{arguments.output}: {len(definition.fields)} fields of {len(names)} columns of {source}")
    return 0


def _headings(source: Path) -> list[str]:
    """The names of a file's columns. Of a CSV they may be a row of data, where some stand twice: that is not what to say first."""
    from hrgcore.read import file_format, input_files
    from hrgcore.read.batches import ActivityStream
    from hrgcore.read.csv import csv_shape

    (file,) = input_files(source)
    return csv_shape(file, True).names if file_format(file) == "csv" else list(ActivityStream(file).schema.names)
