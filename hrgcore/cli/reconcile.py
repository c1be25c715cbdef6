"""`hrgcore reconcile`: a result against the official product's output, and which changes of tables would settle differences."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING

from hrgcore.cli.analysis import add_output_option, finish, output_of
from hrgcore.cli.options import whole_number_from_1
from hrgcore.cli.shell import note, stage, warn

if TYPE_CHECKING:
    from hrgcore.cli.options import Subparsers

DIFF = "proposal.diff"


def add_parser(subparsers: Subparsers) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "reconcile",
        help="a result against the official product's output: agreement, faults, changes that would settle them",
        description="Hold a result against official HRGs. Changes of the design's tables are proposed as a diff, never applied.",
    )
    parser.add_argument("official", metavar="OFFICIAL", help="the official product's output, or a table with spell keys and HRGs")
    parser.add_argument("results", metavar="OUT", help="a folder that hrgcore group has written of the same activity")
    add_output_option(parser, f"{DIFF}, ")
    parser.add_argument("--design", metavar="D", help="the design of OUT, where it is not an embedded one")
    parser.add_argument(
        "--spell-hrg", metavar="COLUMN", help="the column with the spell's official HRG, where its name is not known"
    )
    parser.add_argument("--episode-hrg", metavar="COLUMN", help="likewise of the episode")
    parser.add_argument(
        "--proposals", type=whole_number_from_1, default=12, metavar="N", help="how many changes to try, seconds each (12)"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Carry it out."""
    from hrgcore.analysis.examples import explained
    from hrgcore.analysis.heldout import halves, propose, try_out
    from hrgcore.analysis.made_by import design_of
    from hrgcore.analysis.official import read_official
    from hrgcore.analysis.output import Analysis
    from hrgcore.analysis.reconcile import match
    from hrgcore.analysis.reconcile_page import PAIRS, Reconciled, reconcile_page, reconcile_text, tables_of
    from hrgcore.analysis.results import Results
    from hrgcore.grouper import Grouper

    begun = time.perf_counter()
    output = output_of(arguments)
    results = Results(Path(arguments.results))
    bundle = design_of(results, arguments.design, warn)
    stage("reading")
    official = read_official(Path(arguments.official), arguments.spell_hrg, arguments.episode_hrg)
    if official.doubled:
        note(f"{official.doubled:,} official spells stand with several HRGs; the first counts")
    stage("matching")
    matched = match(official, results, bundle)
    stage("looking for changes")
    held_out = halves(matched)
    proposals = propose(matched, held_out, results, bundle)
    tried = proposals[: arguments.proposals]
    stage("trying them")
    counts, edits = try_out(tried, matched, held_out, results, bundle)
    found = Reconciled(matched, tried, counts, edits, len(proposals) - len(tried))
    grouper = Grouper(bundle)
    rows = matched.disagreements().slice(0, PAIRS).to_pylist()
    told = explained(results, [row["spell"] for row in rows], grouper)
    examples = [
        (f"Official {row['official']}, ours {row['SpellHRG']}: why ours, spell {row['spell']:,}", told[row["spell"]][0])
        for row in rows
    ]
    diff = edits.diff(bundle.texts)
    page = reconcile_page(found, results, bundle, str(official.path), examples, diff)
    figures = {"held_out": counts[0], "agree_before": counts[1], "agree_after": counts[2]}
    files = [official.path] if official.path.is_file() else []
    analysis = Analysis("reconcile", [results], tables_of(found), page, begun, {DIFF: diff}, files, figures)
    finish(output, analysis, reconcile_text(found))
    print(f"changes to review: {output / DIFF}")
    return 0
