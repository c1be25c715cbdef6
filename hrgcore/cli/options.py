"""Options that several subcommands share, and the checks of their values."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from hrgcore.errors import UsageError
from hrgcore.logics import ROW_LOGICS

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[Any]

LOGICS = ("apc", *ROW_LOGICS)
LOGIC_HELP = "what the rows are: apc, admitted care (the default); " + "; ".join(
    f"{logic.name}, {logic.title}" for logic in ROW_LOGICS.values()
)


def add_input_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that say how the input is to be read, and by which design it is grouped."""
    parser.add_argument("--rdf", metavar="FILE", help="record definition file: names the columns of a CSV by position")
    parser.add_argument("--no-headings", action="store_true", help="the first row of a CSV is data (an RDF is needed then)")
    parser.add_argument("--design", metavar="D", help="a design's id, a compiled bundle, or a folder of tables")


def check_logic(logic: str) -> str:
    """``logic`` in lower case. Raises UsageError where it is unknown."""
    name = logic.lower()
    if name not in LOGICS:
        raise UsageError(f"unknown logic {logic!r}. The logics are {', '.join(LOGICS)}.")
    return name


def whole_number_from_1(text: str) -> int:
    """Read the value of an option such as --threads."""
    if not (text.isascii() and text.isdigit()) or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1")
    return int(text)
