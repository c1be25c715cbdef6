"""`hrgcore serve`: the page that explains one spell, on loopback."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hrgcore.cli.options import Subparsers


def add_parser(subparsers: Subparsers) -> None:
    """Add the subcommand."""
    what = "Open a page on this computer that says why a spell has its HRG, and what if. Nothing leaves the computer or is kept."
    parser = subparsers.add_parser("serve", help="a page for one spell: why, and what if", description=what)
    parser.add_argument("--port", type=int, default=8765, metavar="N", help="where it listens (8765; 0 takes any free port)")
    parser.add_argument("--design", metavar="D", help="a design's id, a compiled bundle, or a folder of tables")
    parser.add_argument("--open", action="store_true", help="open it in the browser")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Carry it out."""
    from hrgcore.serve.run import serve

    serve(design=arguments.design, port=arguments.port, opens=arguments.open)
    return 0
