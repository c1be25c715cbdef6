"""hrgcore reconcile: agreement counted independently; faults; changes that restore what was lost, never applied by themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest
from report_pages import check_page
from runs import tables_of
from two_designs import design, results, table, texts

from hrgcore.analysis.edits import Edits
from hrgcore.analysis.heldout import halves, propose, try_out
from hrgcore.analysis.official import Official, read_official
from hrgcore.analysis.propose import Proposal
from hrgcore.analysis.reconcile import Matched, match
from hrgcore.analysis.reconcile_page import PAIRS
from hrgcore.analysis.results import Results
from hrgcore.analysis.scores import CcScores
from hrgcore.cli.main import main
from hrgcore.design import compile_tables, load_design, read_texts
from hrgcore.errors import InputError
from hrgcore.grouper import Grouper
from hrgcore.write.official import OfficialRun, write_official


def official(name: str) -> Official:
    return read_official(results(name) / "spells")


@cache
def found(theirs: str, ours: str) -> tuple[Matched, list[Proposal], tuple[int, int, int], Edits]:
    """One design's HRGs taken for official, the other's for ours."""
    own, bundle = Results(results(ours)), load_design(design(ours))
    matched = match(official(theirs), own, bundle)
    held_out = halves(matched)
    proposals = propose(matched, held_out, own, bundle)
    counts, edits = try_out(proposals, matched, held_out, own, bundle)
    return matched, proposals, counts, edits


def hrgs(name: str) -> list[str]:
    column: list[str] = tables_of(results(name))["spells"].column("SpellHRG").to_pylist()
    return column


@pytest.mark.parametrize(("theirs", "ours"), [("small", "altered"), ("altered", "small")])
def test_proposals_restore_what_was_lost(theirs: str, ours: str) -> None:
    matched, proposals, (held, before, after), edits = found(theirs, ours)
    assert held - before > 100  # there is something to restore
    assert after - before >= 0.95 * (held - before)
    # And truly so: the changed tables, compiled and given all the activity.
    changed = compile_tables(read_texts(edits.applied(texts(ours))))
    assert changed.info.digest != load_design(design(ours)).info.digest
    assert all(p.after >= p.before for p in proposals[:3]) and not any(p.problem for p in proposals)


def test_each_alteration_is_proposed_back() -> None:
    says = [p.says for p in found("small", "altered")[1]]
    assert any("root KB01 becomes WA10" in text for text in says)
    assert any("root DZ16 becomes DZ15" in text for text in says)
    assert any("HC33A los 2+ becomes 5+" in text and "HC33B los 0-1 becomes 0-4" in text for text in says)
    points = next(text for text in says if "points on respiratory" in text)
    assert all(f"{code} 0 becomes 1" in points for code in ("E110", "E112", "I500", "I509"))
    gains = [p.gain for p in found("small", "altered")[1]]
    assert gains == sorted(gains, reverse=True)


def test_a_code_is_moved_out_of_a_rule_that_else_holds() -> None:
    moved = next(p for p in found("altered", "small")[1] if p.of == "DZ15 to DZ16")
    assert "J47X moved to a row of their own that leads to DZ16" in moved.says
    diff = moved.edits.diff(texts("small"))
    assert "-2,J40-J47,,,,,,DZ15,judgement" in diff and "+2,J40-J47 !J47X,,,,,,DZ15,judgement" in diff
    assert any(line.startswith("+2,J47X,") and ",DZ16,observed" in line for line in diff.splitlines())


def test_agreement_is_counted_spell_by_spell() -> None:
    matched = found("small", "altered")[0]
    pairs = list(zip(hrgs("small"), hrgs("altered"), strict=True))
    for row in matched.by("root").to_pylist():
        own = [(a, b) for a, b in pairs if a[:4] == row["root"]]
        assert (row["spells"], row["agree"]) == (len(own), sum(a == b for a, b in own))
    for row in matched.disagreements().to_pylist():
        assert row["spells"] > 0 and pairs[row["spell"] - 1] == (row["official"], row["SpellHRG"])


def test_faults_say_where_to_look() -> None:
    faults = {(row["official"], row["SpellHRG"]): row["fault"] for row in found("small", "altered")[0].disagreements().to_pylist()}
    assert {fault for (a, b), fault in faults.items() if a[:4] != b[:4] and "UZ01Z" not in (a, b)} == {"root"}
    assert faults["HC33B", "HC33A"] == "split"
    assert faults["LA07A", "LA07B"] == "CC score or its bounds"


def test_checks_that_differ_are_proposed() -> None:
    """Spells that the official side fails for their primary diagnosis."""
    own, bundle = Results(results("small")), load_design(design("small"))
    spells = official("small").spells
    assert spells is not None
    ours = tables_of(results("small"))["spells"]
    failing = np.array([code == "K529" or code == "N179" for code in ours.column("SpellPDiag").to_pylist()])
    changed = pa.array(np.where(failing, "UZ01Z", np.array(spells.column("hrg").to_pylist())))
    matched = match(replace(official("small"), spells=spells.set_column(1, "hrg", changed)), own, bundle)
    held_out = halves(matched)
    proposals = propose(matched, held_out, own, bundle)
    assert {p.of for p in proposals if p.kind == "validation"} >= {"N179"}
    counts, edits = try_out(proposals, matched, held_out, own, bundle)
    assert counts[2] > counts[1] and "+,N179" in edits.diff(bundle.texts).replace("+1,N179", "+,N179")


def test_nothing_is_proposed_where_all_agree() -> None:
    _, proposals, (held, before, after), edits = found("small", "small")
    assert not proposals and held == before == after and edits.diff(texts("small")) == ""


def test_scores_are_those_of_the_reference_engine() -> None:
    from designs import both

    from hrgcore.reference import Step

    own = Results(results("small"))
    part = own.part(0, ("SpellHRG", "SpellPDiag"), own.layout.diagnoses)
    scores = CcScores(load_design(design("small"))).scores(own, part, part.episodes)
    rows = own.inputs(0).to_pylist()
    spells: dict[int, list[dict[str, object]]] = {}
    for row, spell in zip(rows, part.spell_of_episode.tolist(), strict=True):
        spells.setdefault(spell, []).append(row)

    def walk(steps: Sequence[Step]) -> list[Step]:
        return [step for top in steps for step in (top, *walk(top.children))]

    checked = 0
    for spell in range(0, len(scores[0]), 7):
        if not scores[1][spell]:
            continue
        result = both("small").reference.group_spell(spells[spell], trace=True)
        said = [step.outcome for step in walk(result.steps) if step.kind == "cc" and step.text.startswith("CC score")]
        if said:
            checked += 1
            assert scores[0][spell] == int(str(said[-1]))
    assert checked > 30


def test_official_files_are_read_ragged_as_they_are(tmp_path: Path) -> None:
    """What the official product writes has rows longer than its headings."""
    own = table().slice(0, 4000)
    result = Grouper(design("small")).group(own)
    run = OfficialRun("in.csv", "out.csv", "x.rdf", datetime(2024, 4, 1))
    info = load_design(design("small")).info
    write_official(result, own, tmp_path / "out.csv", headings=own.column_names, design=info, run=run)
    read = read_official(tmp_path / "out.csv")
    assert read.path.name == "out_FCE.csv" and read.spells is not None and read.episodes is not None
    expected = {
        f"{p.strip()}\0{s.strip()}": h
        for p, s, h in zip(*(result.spells.column(n).to_pylist() for n in ("PROCODET", "PROVSPNO", "SpellHRG")), strict=True)
    }
    assert dict(zip(read.spells.column("key").to_pylist(), read.spells.column("hrg").to_pylist(), strict=True)) == expected
    matched = match(read, Results(results("small")), load_design(design("small")))
    assert matched.agree.all() and matched.episodes is not None and matched.episodes[0] == matched.episodes[1] > 3000
    assert read_official(tmp_path / "out_spell.csv").spells is not None


def test_a_table_with_other_names_is_read(tmp_path: Path) -> None:
    spells = tables_of(results("small"))["spells"]
    hes = pa.table(
        {"PROCODE3": spells.column(0), "SUSSPELLID": spells.column(1), "ours": spells.column("SpellHRG").cast(pa.string())}
    )
    pq.write_table(hes, tmp_path / "hes.parquet")
    with pytest.raises(InputError, match="no column of HRGs"):
        read_official(tmp_path / "hes.parquet")
    named = read_official(tmp_path / "hes.parquet", spell_hrg="OURS")
    assert named.spells is not None and named.episodes is None
    pacsv.write_csv(hes.rename_columns(["PROCODE3", "SUSSPELLID", "SUSHRG"]), tmp_path / "hes.csv")
    matched = match(read_official(tmp_path / "hes.csv"), Results(results("altered")), load_design(design("altered")))
    assert matched.by("fault").num_rows > 1 and matched.episodes is None


def test_command_writes_a_diff_and_leaves_the_design_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = design("altered").read_bytes()
    arguments = ["reconcile", str(results("small") / "spells"), str(results("altered")), "-o", str(tmp_path / "out")]
    assert main([*arguments, "--design", str(design("altered")), "--proposals", "4"]) == 0
    said = capsys.readouterr().out
    assert "root KB01 becomes WA10" in said and "of the lost agreement restored" in said
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    check_page(page)
    kinds = pq.read_table(tmp_path / "out" / "disagreements.parquet").slice(0, PAIRS).to_pylist()
    assert kinds and page.count(": why ours, spell ") == len(kinds)  # each has an example that is explained
    for row in kinds:
        told = page.partition(f"Official {row['official']}, ours {row['SpellHRG']}: why ours, spell {row['spell']:,}<")[2]
        assert f"<pre>Spell: {row['SpellHRG']} " in told[:60]
    diff = (tmp_path / "out" / "proposal.diff").read_text(encoding="utf-8")
    assert "--- a/diagnosis_roots.csv" in diff and design("altered").read_bytes() == before
    assert pq.read_table(tmp_path / "out" / "proposals.parquet").num_rows == 4


def test_what_can_not_be_reconciled_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.csv").write_text("PROCODET,PROVSPNO,SpellHRG\nnobody,1,AA50Z\n", encoding="utf-8")
    own = [str(results("small")), "-o", str(tmp_path / "out")]
    assert main(["reconcile", str(tmp_path / "a.csv"), *own, "--design", str(design("small"))]) == 3
    assert "none of its spells" in capsys.readouterr().err
    assert main(["reconcile", str(tmp_path / "a.csv"), *own]) == 2
    (tmp_path / "b.csv").write_text("PROCODET,SpellHRG\nnobody,AA50Z\n", encoding="utf-8")
    assert main(["reconcile", str(tmp_path / "b.csv"), *own, "--design", str(design("small"))]) == 3
    (tmp_path / "c.csv").write_text("PROCODET,PROVSPNO,SpellHRG,UnbundledHRGs\na,b\n", encoding="utf-8")
    assert main(["reconcile", str(tmp_path / "c.csv"), *own, "--design", str(design("small"))]) == 3
    assert "line 2 has 2 cells" in capsys.readouterr().err
