"""What proposed changes would bring: found in one half of the spells, tried on the other by grouping it again."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from hrgcore.analysis.edits import Edits
from hrgcore.analysis.propose import Proposal, by_gain, propose_checks, propose_roots
from hrgcore.analysis.propose_scores import Evidence, propose_scores
from hrgcore.analysis.reconcile import Flags, Matched
from hrgcore.analysis.results import Numbers, Results, text, whole
from hrgcore.analysis.scores import CcScores
from hrgcore.columns import KEY_FIELDS
from hrgcore.design import Bundle, compile_tables, read_texts
from hrgcore.design import bundle as bundles
from hrgcore.errors import DesignError
from hrgcore.grouper import Grouper

_INFANT = (7001, 7007)  # how HES extracts write an age below one year
_SEED = 20240401  # halves are the same each time


def halves(matched: Matched) -> Flags:
    """Which spells are held out: about half of them."""
    found: Flags = np.random.default_rng(_SEED).random(len(matched.spells)) < 0.5
    return found


def propose(matched: Matched, held_out: Flags, results: Results, bundle: Bundle) -> list[Proposal]:
    """Changes found in the spells that are not held out, those that settle most first."""
    spells = matched.spells.filter(pa.array(~held_out))
    found = propose_roots(spells, bundle) + propose_checks(spells, bundle)
    return by_gain(found + propose_scores(evidence(spells, results, bundle), bundle))


def evidence(spells: pa.Table, results: Results, bundle: Bundle) -> Evidence:
    """What spells of one root on both sides tell of scores and bounds."""
    rows = bundle.tables["splits"]
    place = {row["root"] + row["split"]: at for at, row in enumerate(rows)}
    columns = [
        np.array([place.get(hrg, -1) for hrg in spells.column(name).to_pylist()], np.int64) for name in ("SpellHRG", "official")
    ]
    root = np.unique([row["root"] for row in rows], return_inverse=True)[1]
    usable = (columns[0] >= 0) & (columns[1] >= 0) & (root[columns[0]] == root[columns[1]])
    used = spells.filter(pa.array(usable))
    wanted = used.column("spell").to_numpy()
    pieces = list(results.map(lambda number: _facts(results, number, wanted, CcScores(bundle))))
    offsets = np.cumsum([0, *(len(piece[0]) for piece in pieces)])
    age, los, cc = (np.concatenate([piece[at] for piece in pieces]) for at in range(3))
    pair_spell = np.concatenate([piece[3] + offset for piece, offset in zip(pieces, offsets, strict=False)])
    pair_code = np.concatenate([piece[4] for piece in pieces])
    facts = {"cc": cc, "age": age, "los": los}
    return Evidence(rows, columns[0][usable], columns[1][usable], facts, pair_spell, pair_code, wanted)


def try_out(
    proposals: Sequence[Proposal], matched: Matched, held_out: Flags, results: Results, bundle: Bundle
) -> tuple[tuple[int, int, int], Edits]:
    """Try each proposal alone on the held-out spells that it can touch, and then all that help together on all of them.

    Fills in the proposals. Gives (held-out spells, agreeing before, agreeing after), and the changes together.
    """
    spells = matched.spells.filter(pa.array(held_out))
    agree = matched.agree[held_out]
    for proposal in proposals:
        touched = proposal.touches(_with_root(spells))
        proposal.spells, proposal.before = int(touched.sum()), int(agree[touched].sum())
        proposal.after = proposal.before
        after = _agreeing(proposal.edits, spells.filter(pa.array(touched)), results, bundle, proposal)
        if after is not None:
            proposal.after = after
    good = [p for p in proposals if p.after > p.before]
    together = Edits().merged([p.edits for p in good])
    before = int(agree.sum())
    after = _agreeing(together, spells, results, bundle, None) if good else before
    return (len(spells), before, before if after is None else after), together


def _with_root(spells: pa.Table) -> pa.Table:
    return spells.append_column("root_ours", pa.array([hrg[:4] for hrg in spells.column("SpellHRG").to_pylist()], pa.string()))


def _agreeing(edits: Edits, spells: pa.Table, results: Results, bundle: Bundle, proposal: Proposal | None) -> int | None:
    """How many spells agree once they are grouped by the changed design; None where the change makes no design."""
    if not len(spells):
        return 0
    tables = read_texts(edits.applied(bundle.texts))
    try:
        if tables.faults:
            raise DesignError("the change makes no design", tuple(tables.faults))
        changed = compile_tables(tables)
    except DesignError as error:
        if proposal:
            proposal.problem = (error.faults or (str(error),))[0]
        return None
    with tempfile.TemporaryDirectory(prefix="hrgcore-") as folder:
        path = Path(folder) / "changed.hrgcore"
        bundles.write(changed, path)
        grouper = Grouper(path)
        return sum(_agreeing_in(results, spells, grouper))


def _agreeing_in(results: Results, spells: pa.Table, grouper: Grouper) -> Iterable[int]:
    wanted = spells.column("spell").to_numpy()
    official = np.array(spells.column("official").to_pylist(), dtype=object)
    for number in range(results.count):
        first, last = np.searchsorted(wanted, [results.starts[number] + 1, results.starts[number + 1] + 1])
        if first == last:
            continue
        part = results.part(number, (), KEY_FIELDS)
        own = np.zeros(results.starts[number + 1] - part.first_spell, np.bool_)
        own[wanted[first:last] - 1 - part.first_spell] = True
        rows = results.inputs(number).filter(pa.array(own[part.spell_of_episode]))
        given = np.array(grouper.group(rows).spells.column("SpellHRG").to_pylist(), dtype=object)
        yield int((given == official[first:last]).sum())


def _facts(results: Results, number: int, wanted: Numbers, cc: CcScores) -> tuple[Numbers, ...]:
    """Of the wanted spells of a part: age, stay, CC score; and their secondary diagnoses as (spell from 0, code)."""
    part = results.part(number, ("SpellHRG", "SpellPDiag", "SpellLOS"), ("STARTAGE", *results.layout.diagnoses))
    first, last = np.searchsorted(wanted, [part.first_spell + 1, results.starts[number + 1] + 1])
    own = wanted[first:last] - 1 - part.first_spell
    new = np.full(len(part.spells), -1, np.int64)
    new[own] = np.arange(len(own))
    found = cc.secondaries(results, part, part.episodes)
    lists = cc.lists(part.spells.column("SpellHRG"))
    score = cc.score(lists, cc.numbers(text(part.spells.column("SpellPDiag"))), found)
    age = whole(part.episodes.column("STARTAGE"))[part.first_episode]
    age = np.where((age >= _INFANT[0]) & (age <= _INFANT[1]), 0, age)
    kept = new[found.spell] >= 0
    return age[own], whole(part.spells.column("SpellLOS"))[own], score[own], new[found.spell[kept]], found.code[kept]
