"""`hrgcore explain`: one spell of an input, and step by step why it has its HRG."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from hrgcore.cli.options import LOGIC_HELP, add_input_options, check_logic, whole_number_from_1
from hrgcore.cli.shell import stage
from hrgcore.errors import InputError, UsageError
from hrgcore.logics import ROW_LOGICS

if TYPE_CHECKING:
    from hrgcore.cli.options import Subparsers


def add_parser(subparsers: Subparsers) -> None:
    """Add the subcommand."""
    what = "Say why a spell has its HRG, or a row of another logic."
    parser = subparsers.add_parser("explain", help="say why a spell has its HRG", description=what)
    parser.add_argument("input", nargs="+", metavar="INPUT", help="CSV, Parquet or Arrow files, or folders of them")
    parser.add_argument("--spell", metavar="PROVSPNO", help="the spell's number")
    parser.add_argument("--provider", metavar="PROCODET", help="the provider, where several have a spell of this number")
    parser.add_argument("--logic", default="apc", help=LOGIC_HELP)
    parser.add_argument("--row", type=whole_number_from_1, metavar="N", help="which row of the input, of another logic than apc")
    add_input_options(parser)
    parser.add_argument("--format", choices=("text", "json", "html"), default="text")
    parser.add_argument("--open", action="store_true", help="open it on the page of `hrgcore serve`, where it can be changed")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Carry it out."""
    logic = check_logic(arguments.logic)
    if (arguments.spell if logic == "apc" else arguments.row) is None:
        raise UsageError("say which spell to explain, with --spell; of another logic than apc which row, with --row.")
    from hrgcore import Grouper
    from hrgcore.read import read_input

    stage("reading")
    table = read_input(arguments.input, rdf=arguments.rdf, headings=not arguments.no_headings)
    if logic == "apc":
        chosen = find_spell(table, arguments.spell, arguments.provider)
    elif arguments.row > table.num_rows:
        raise InputError(f"the input has {table.num_rows} rows, and no row {arguments.row}. Count them from 1, without headings.")
    else:
        chosen = table
    if arguments.open:
        _open(chosen, logic, arguments.row, arguments.design)
        return 0
    stage("explaining")
    grouper = Grouper(**({"design": arguments.design} if arguments.design else {}))
    explanation = grouper.explain(chosen) if logic == "apc" else grouper.explain(chosen, logic=logic, row=arguments.row - 1)
    views = {"text": explanation.text, "json": explanation.json, "html": explanation.html}
    print(views[arguments.format]())
    return 0


def _open(chosen: Any, logic: str, row: int | None, design: str | None) -> None:
    """Open a spell's episodes, or a row, on the page; comes back when that is ended."""
    from hrgcore.explain import official_episodes
    from hrgcore.logics.explain import official_rows
    from hrgcore.serve.run import serve

    rows = official_episodes(chosen) if logic == "apc" else official_rows(ROW_LOGICS[logic], chosen, (row or 1) - 1)[:1]
    serve(design=design, port=0, opens=True, opened=rows, logic=logic)


def find_spell(table: Any, spell: str, provider: str | None = None) -> Any:
    """The episodes of one spell, as a table.

    Raises InputError where there is no such spell, UsageError where several providers have one.
    """
    import pyarrow.compute as pc

    from hrgcore.columns import apc_layout

    fields = apc_layout(table.column_names).fields

    def text(rows: Any, field: str) -> Any:
        return pc.utf8_trim_whitespace(rows.column(fields[field]).cast("string"))

    found = table.filter(pc.equal(text(table, "PROVSPNO"), spell.strip()))
    if provider is not None:
        found = found.filter(pc.equal(text(found, "PROCODET"), provider.strip()))
    if not found.num_rows:
        of_provider = f" of provider {provider}" if provider is not None else ""
        raise InputError(f"the input has no spell {spell}{of_provider}. Check the number, and that leading zeros are there.")
    providers = pc.unique(text(found, "PROCODET")).to_pylist()
    if len(providers) > 1:
        raise UsageError(f"{len(providers)} providers have a spell {spell}. Say which with --provider.")
    return found
