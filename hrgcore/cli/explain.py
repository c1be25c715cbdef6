"""`hrgcore explain`: one spell of an input, and step by step why it has its HRG."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hrgcore.cli.options import LOGIC_HELP, add_input_options, check_logic, whole_number_from_1
from hrgcore.cli.shell import stage, warn
from hrgcore.errors import InputError, UsageError
from hrgcore.folders import result_of
from hrgcore.logics import ROW_LOGICS

if TYPE_CHECKING:
    from hrgcore.cli.options import Subparsers
    from hrgcore.design import Bundle
    from hrgcore.linking.sources import Folder


def add_parser(subparsers: Subparsers) -> None:
    """Add the subcommand."""
    what = "Say why a spell has its HRG, or a row of another logic."
    parser = subparsers.add_parser("explain", help="say why a spell has its HRG", description=what)
    what_input = "CSV, Parquet or Arrow files, or folders of them; a folder of results is explained by the design that made it"
    parser.add_argument("input", nargs="+", metavar="INPUT", help=what_input)
    parser.add_argument("--spell", metavar="PROVSPNO", help="the spell's number")
    parser.add_argument("--provider", metavar="PROCODET", help="the provider, where several have a spell of this number")
    parser.add_argument("--logic", help=f"{LOGIC_HELP}; of a folder of results it is known")
    parser.add_argument("--row", type=whole_number_from_1, metavar="N", help="which row of the input, of another logic than apc")
    add_input_options(parser)
    parser.add_argument("--format", choices=("text", "json", "html"), default="text")
    parser.add_argument("--open", action="store_true", help="open it on the page of `hrgcore serve`, where it can be changed")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Carry it out."""
    results = _results(arguments.input)
    logic = _logic(arguments.logic, results)
    if (arguments.spell if logic == "apc" else arguments.row) is None:
        spell = "which spell to explain, with --spell. Rows (--row) are of other logics: name one with --logic"
        raise UsageError(f"say {spell if logic == 'apc' else f'which row of {logic} to explain, with --row'}.")
    design = _design(arguments.design, results)
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
        _open(chosen, logic, None if logic == "apc" else arguments.row, design)
        return 0
    from hrgcore import Grouper

    stage("explaining")
    grouper = Grouper(design)
    explanation = grouper.explain(chosen) if logic == "apc" else grouper.explain(chosen, logic=logic, row=arguments.row - 1)
    views = {"text": explanation.text, "json": explanation.json, "html": explanation.html}
    print(views[arguments.format]())
    return 0


def _results(paths: list[str]) -> list[Folder]:
    """The folders of results among the input. Raises UsageError where they are of several designs or logics."""
    found = dict.fromkeys(folder for folder in map(result_of, map(Path, paths)) if folder is not None)
    if not found:
        return []
    from hrgcore.linking.sources import Folder

    results = [Folder(path) for path in found]
    if len({(one.logic, one.design.get("digest")) for one in results}) > 1:
        raise UsageError("the results were grouped by several designs or logics. Explain out of one at a time.")
    return results


def _logic(asked: str | None, results: list[Folder]) -> str:
    """The logic that was asked for, else that of the results, else apc. Raises UsageError where results are of another."""
    logic = check_logic(asked or (results[0].logic if results else "apc"))
    if results and logic != results[0].logic:
        raise UsageError(f"{results[0].name} has results of {results[0].logic}, not of {logic}. Leave --logic out.")
    return logic


def _design(asked: str | None, results: list[Folder]) -> str | Bundle:
    """The design to explain by: that of the results, or what was asked for."""
    from hrgcore.design import DEFAULT_DESIGN

    if not results:
        return asked or DEFAULT_DESIGN
    from hrgcore.analysis.made_by import design_of

    return [design_of(one, asked, warn, others=True) for one in results][0]


def _open(chosen: Any, logic: str, row: int | None, design: str | Bundle) -> None:
    """Open a spell's episodes, or a row with the others of its period, on the page; comes back when that is ended."""
    from hrgcore.explain import official_episodes
    from hrgcore.logics.explain import period_of
    from hrgcore.serve.run import serve

    rows, shown = (official_episodes(chosen), 0) if row is None else period_of(ROW_LOGICS[logic], chosen, row - 1)
    serve(design=design, port=0, opens=True, opened=rows, logic=logic, shown=shown)


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
