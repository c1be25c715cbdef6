"""The command `hrgcore`: its subcommands and options. What does the work is imported when a subcommand starts."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import NoReturn

from hrgcore.cli import bench, compare, designs, explain, group, link, rdf, reconcile, report, selftest, serve, synth
from hrgcore.cli.shell import leave, refuse, run, version
from hrgcore.errors import UsageError

PROGRAM = "hrgcore"


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        refuse(PROGRAM, f"{message}. See {self.prog} --help.", UsageError.exit_code)


def build_parser() -> argparse.ArgumentParser:
    """The parser of `hrgcore` with all its subcommands."""
    parser = _Parser(PROGRAM, description="Group coded hospital activity to HRG4+ Healthcare Resource Groups.")
    parser.add_argument("--version", action="store_true", help="show the version and end")
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=_Parser)
    group.add_parser(subparsers)
    explain.add_parser(subparsers)
    link.add_parser(subparsers)
    compare.add_parser(subparsers)
    reconcile.add_parser(subparsers)
    report.add_parser(subparsers)
    rdf.add_parser(subparsers)
    designs.add_parser(subparsers)
    synth.add_parser(subparsers)
    selftest.add_parser(subparsers)
    bench.add_parser(subparsers)
    serve.add_parser(subparsers)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run `hrgcore` with these arguments (else the process's own) and give its exit code."""
    return run(PROGRAM, lambda: _main(argv))


def command() -> NoReturn:
    """The process `hrgcore`."""
    leave(main())


def _main(argv: Sequence[str] | None) -> int:
    parser = build_parser()
    try:
        arguments = parser.parse_args(argv)
    except SystemExit as end:  # --help, or an error that was said already
        return int(end.code or 0)
    if arguments.version:
        print(f"{PROGRAM} {version()}")
        return 0
    if arguments.command is None:
        parser.print_help()
        return UsageError.exit_code
    code: int = arguments.run(arguments)
    return code
