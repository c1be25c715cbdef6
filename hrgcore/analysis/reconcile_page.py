"""A reconciliation as a page with pictures, and as text for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa

from hrgcore.analysis.edits import Edits
from hrgcore.analysis.output import cards, labels_of, report_page, share
from hrgcore.analysis.propose import Proposal, rows_of
from hrgcore.analysis.reconcile import Matched
from hrgcore.analysis.results import Results, ranked, summed
from hrgcore.charts import bars, flows
from hrgcore.design import Bundle
from hrgcore.html import Html, table, tag

PAIRS = 30  #: kinds of disagreement that are shown, each with an example explained
_FLOWS = 15
FAULTS = {
    "validation": "one side failed the record and the other did not",
    "dominance": "another root, and another method or dominant procedure",
    "root": "another root; where the official method is known, by the same method and procedure",
    "CC score or its bounds": "the same root, and a split that differs by CC score alone",
    "split": "the same root, and a split that differs otherwise",
}
HONEST = (
    "Changes are found in one half of the spells and tried on the other, by grouping it again under the changed tables. They are"
    " proposals: what makes spells agree need not be the official rule. Look at each, and apply what you believe."
)


@dataclass(frozen=True)
class Reconciled:
    """A reconciliation: what matched, what is proposed, what it brings to the held-out spells (all, agreeing before, after)."""

    matched: Matched
    proposals: Sequence[Proposal]
    tried: tuple[int, int, int]
    edits: Edits
    more: int  # proposals that were found and not tried


def reconcile_page(
    found: Reconciled, results: Results, bundle: Bundle, official: str, examples: Sequence[tuple[str, str]], diff: str
) -> str:
    """The page. ``examples`` are explanations of our side of spells that disagree: (heading, text)."""
    parts: list[Html] = [
        tag(
            "p",
            f"Official: {official}. Ours: {results.name}, design {bundle.info.id} ({bundle.info.digest[:8]}).",
        ),
        cards(list(headline(found))),
        *_agreement(found.matched),
        *_disagreements(found.matched, labels_of(bundle), bundle.strings("hrg_codes")[0], examples),
        *_proposals(found, diff),
    ]
    return report_page("Results reconciled", parts, [results])


def headline(found: Reconciled) -> Iterator[tuple[str, str]]:
    """The figures that matter most."""
    matched = found.matched
    spells, agree = len(matched.spells), int(matched.agree.sum())
    yield "spells in both", f"{spells:,}"
    yield "spells that agree", share(agree, spells)
    yield "spells that disagree", f"{spells - agree:,}"
    if matched.episodes:
        yield "episodes that agree", share(matched.episodes[1], matched.episodes[0])
    for count, side in zip(matched.unmatched, ("official", "our"), strict=True):
        if count:
            yield f"only among the {side} spells", f"{count:,}"
    held, before, after = found.tried
    if found.proposals:
        yield "held-out spells that agree", f"{100 * before / held:.2f}%" if held else "–"
        yield "… with all proposals", f"{100 * after / held:.2f}%" if held else "–"
        yield "of the lost agreement restored", share(after - before, held - before)


def reconcile_text(found: Reconciled) -> str:
    """The reconciliation in some lines."""
    lines = [f"{name:<40}{value:>14}" for name, value in headline(found)]
    faults = found.matched.by("fault").to_pylist()
    lines += ["", f"{'spells':>10}  where the fault most likely lies"]
    lines += [f"{row['spells']:>10,}  {row['fault']}: {FAULTS[row['fault']]}" for row in faults if row["fault"]]
    lines += ["", f"{'spells':>10}  {'official':<10}{'ours':<8}fault"]
    lines += [
        f"{row['spells']:>10,}  {row['official']:<10}{row['SpellHRG']:<8}{row['fault']}"
        for row in found.matched.disagreements().slice(0, 12).to_pylist()
    ]
    if found.proposals:
        lines += ["", f"{'held out':>10}{'before':>10}{'after':>10}  proposed change"]
        lines += [
            f"{p.spells:>10,}{p.before:>10,}{p.after:>10,}  {p.says[:120]}{f' ({p.problem})' if p.problem else ''}"
            for p in found.proposals
        ]
    if found.more:
        lines.append(f"{found.more:>10,} smaller proposals were not tried; --proposals takes more")
    return "\n".join(lines)


def _agreement(matched: Matched) -> Iterator[Html]:
    chapters = sorted(matched.by("chapter").to_pylist(), key=lambda row: str(row["chapter"]))
    yield bars(
        "Agreement by chapter",
        "Share of spells with the same HRG on both sides, by chapter of the official HRG.",
        [f"{row['chapter']} ({row['spells']:,} spells)" for row in chapters],
        {"agree": [row["share"] for row in chapters]},
        unit="%",
    )
    for column, heading, caption in (
        ("SpellReason", "Agreement by our reason", "By how we grouped the spell, or why we did not."),
        ("basis", "Agreement by basis", "By the weaker basis of our two rules that decided."),
    ):
        rows = [
            (row[column] or "none", f"{row['spells']:,}", f"{row['agree']:,}", share(row["agree"], row["spells"]))
            for row in matched.by(column).to_pylist()
        ]
        shown = table((heading.split()[-1].capitalize(), "Spells", "Agree", "Share"), rows, numbers=(1, 2, 3), caption=caption)
        yield tag("section", tag("h2", heading), shown, class_="card")
    worst = [row for row in matched.by("root").to_pylist() if row["agree"] < row["spells"]]
    worst.sort(key=lambda row: row["agree"] - row["spells"])
    if worst:
        rows = [
            (row["root"], f"{row['spells']:,}", f"{row['spells'] - row['agree']:,}", share(row["agree"], row["spells"]))
            for row in worst[:20]
        ]
        shown = table(
            ("Root", "Spells", "Disagree", "Share that agrees"),
            rows,
            numbers=(1, 2, 3),
            caption="The official roots with the most spells that disagree. roots.parquet has all.",
        )
        yield tag("section", tag("h2", "Agreement by root"), shown, class_="card")


def _disagreements(matched: Matched, labels: dict[str, str], error: str, examples: Sequence[tuple[str, str]]) -> Iterator[Html]:
    pairs = matched.disagreements()
    if not len(pairs):
        yield tag("p", "All spells agree.", class_="note")
        return
    faults = [row for row in matched.by("fault").to_pylist() if row["fault"]]
    yield bars(
        "Where the fault most likely lies",
        " ".join(f"{row['fault'][0].upper()}{row['fault'][1:]}: {FAULTS[row['fault']]}." for row in faults),
        [row["fault"] for row in faults],
        {"spells": [row["spells"] for row in faults]},
    )
    top = ranked(summed(pairs.select(["official", "SpellHRG", "spells"]), ("official", "SpellHRG")), "spells", _FLOWS).to_pylist()
    yield flows(
        "The largest disagreements",
        "Spells by their official HRG (left) and ours (right).",
        [(row["official"], row["SpellHRG"], row["spells"]) for row in top],
        sides=("official", "ours"),
        bad=(error,),
    )
    rows = [
        (
            f"{row['official']} {labels.get(row['official'], '')}",
            f"{row['SpellHRG']} {labels.get(row['SpellHRG'], '')}",
            row["fault"],
            f"{row['spells']:,}",
            f"{row['spell']:,}",
        )
        for row in pairs.slice(0, PAIRS).to_pylist()
    ]
    shown = table(
        ("Official", "Ours", "Fault", "Spells", "Example"),
        rows,
        numbers=(3, 4),
        stack=True,
        caption=f"The {len(rows)} largest of {len(pairs)} kinds of disagreement. An example is a spell's place among ours.",
    )
    told = [tag("details", tag("summary", heading), tag("pre", text)) for heading, text in examples]
    yield tag("section", tag("h2", "Disagreements"), shown, *told, class_="card")


def _proposals(found: Reconciled, diff: str) -> Iterator[Html]:
    if not found.proposals:
        yield tag("p", "No change of a table would settle disagreements of which there are enough to tell.", class_="note")
        return
    rows = [
        (p.kind, p.says, f"{p.gain:,}", f"{p.spells:,}", f"{p.before:,}", f"{p.after:,}", p.problem or f"spell {p.example:,}")
        for p in found.proposals
    ]
    heads = ("Kind", "Change", "Gain found", "Held-out spells it can touch", "Agree before", "Agree after", "Example, or why not")
    shown = table(heads, rows, numbers=(2, 3, 4, 5), stack=True, caption=HONEST)
    yield tag(
        "section",
        tag("h2", "Proposed changes"),
        shown,
        tag("details", tag("summary", "The changes as a diff (proposal.diff)"), tag("pre", diff)),
        class_="card",
    )


def tables_of(found: Reconciled) -> dict[str, pa.Table]:
    """The figures behind the page, by name."""
    matched = found.matched
    names = {"chapters": "chapter", "roots": "root", "reasons": "SpellReason", "bases": "basis", "faults": "fault"}
    tables = {name: matched.by(column) for name, column in names.items()}
    tables["disagreements"] = matched.disagreements()
    columns = ["kind", "of", "change", "gain_found", "held_out_spells", "agree_before", "agree_after", "problem", "example"]
    own = rows_of(found.proposals)
    text = {"kind", "of", "change", "problem"}
    tables["proposals"] = pa.table(
        {name: pa.array([row[name] for row in own], pa.string() if name in text else pa.int64()) for name in columns}
    )
    return tables
