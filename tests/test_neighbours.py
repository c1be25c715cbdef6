"""What neighbouring HRGs need: making the change really leads to them, asked of the reference engine with changed episodes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import product

import pytest
from designs import Both, both
from small_spells import ENGINE, episode

from hrgcore.explain import Explainer
from hrgcore.reference.neighbours import Neighbour, _changed, splitting
from hrgcore.selftest.spells import Spell, example_of

SPELLS = {"small": 400, "starter": 250}


def changes(name: str) -> Iterator[tuple[Both, Spell, Neighbour]]:
    """Every neighbour of every generated spell."""
    design = both(name)
    for spell in design.maker.spells(example_of(SPELLS[name], 7)):
        found = splitting(design.reference, spell)
        for neighbour in found.neighbours if found else ():
            yield design, spell, neighbour


@pytest.mark.parametrize("name", SPELLS)
def test_age_and_stay_changed_lead_to_the_neighbour(name: str) -> None:
    met: Counter[str] = Counter()
    for design, spell, neighbour in changes(name):
        if neighbour.episodes is None:
            continue
        assert design.reference.group_spell(neighbour.episodes).hrg == neighbour.hrg, (spell, neighbour)
        met.update(need.fact for need in neighbour.needs)
    assert met["age"] >= 5 and (met["los"] >= 5 or name != "small"), met


@pytest.mark.parametrize("name", SPELLS)
def test_more_points_lead_to_the_neighbour(name: str) -> None:
    """Secondary diagnoses are added that stand on no list but that of the CC score, until the points are there."""
    met = 0
    for design, spell, neighbour in changes(name):
        (need, *others) = neighbour.needs
        if need.fact != "cc" or others or need.to < need.now:
            continue
        found = _with_points(design, spell, need.to - need.now)
        if found is not None:
            assert design.reference.group_spell(found).hrg == neighbour.hrg, (spell, neighbour)
            met += 1
    assert met >= 5, met


def _with_points(design: Both, spell: Spell, points: int) -> Spell | None:
    """A spell with codes of one point each more; None where there are not enough that are on no other list."""
    engine = design.reference
    facts, split = engine.split_facts(spell)
    table = engine.design.cc_lists[engine.design.cc_list(split["root"])]
    there = {code.listed[:4] for code in facts.record.diagnoses}
    scores = [engine.design.scores[score] for score in ("trauma_diagnosis", "burn_severity")]
    fitting = {
        code[:4]: code
        for code in design.bundle.tables.code_list("icd10")
        if (row := table.row(code)) is not None
        and row["points"] == "1"
        and code[:4] not in there
        and not engine.design.diagnosis_lists.lists(code)
        and not any(score.row(code) for score in scores)
        and engine.design.cc_exclusions.excluding(row["list"], facts.primary.listed, code) is None
    }
    free = [f"DIAG_{place:02d}" for place in range(2, 100) if not spell[0].get(f"DIAG_{place:02d}")]
    chosen = sorted(fitting.values())[:points]
    return [spell[0] | dict(zip(free, chosen, strict=False)), *spell[1:]] if len(chosen) == points else None


def test_nearest_values_come_first() -> None:
    """Under the small design: one point less than asked for is not enough, and that is what the neighbour says."""
    spell = [episode("K635 E119", "H221")]
    found = splitting(ENGINE, spell)
    assert ENGINE.group_spell(spell).hrg == "FE30B" and found.root == "FE30" and found.facts["cc"] == 1
    said = [(one.hrg, [need.text for need in one.needs]) for one in found.neighbours]
    assert said == [("FE30A", ["CC score 3+: it is 1, 2 more"]), ("FE30C", ["age 0-18: it is 40"])]
    (_, younger) = found.neighbours
    assert younger.episodes[0]["STARTAGE"] == "18" and ENGINE.group_spell(younger.episodes).hrg == "FE30C"
    assert found.neighbours[0].episodes is None


@pytest.mark.parametrize(("rehabilitation", "days"), list(product(("0", "2"), ("0", "1", "9"))))
def test_a_stay_is_changed_where_it_counts(rehabilitation: str, days: str) -> None:
    """Days that are not counted stay; of several episodes the last ones are shortened first."""
    own = {"REHABILITATIONDAYS": rehabilitation}
    spell = [episode(EPIDUR="3", **own), episode(EPIDUR=days, EPIORDER="2", **own)]
    before = ENGINE.group_spell(spell)
    facts, _ = ENGINE.split_facts(spell)
    for wanted in (0, 1, 2, before.los, before.los + 4):
        changed = _changed(ENGINE.design, spell, facts.record, {"los": wanted})
        assert ENGINE.group_spell(changed).los == wanted
        assert [one["REHABILITATIONDAYS"] for one in changed] == [rehabilitation] * 2


def test_a_failed_spell_has_no_neighbours() -> None:
    assert splitting(ENGINE, [episode(SEX="7")]) is None
    assert Explainer(both("small").bundle.tables).explain([episode(SEX="7")]).split is None


def test_all_views_say_what_neighbours_need() -> None:
    explained = Explainer(both("small").bundle.tables).explain([episode("K635 E119", "H221")])
    assert "What other HRGs of FE30 would need:" in explained.text()
    assert "FE30A Colonoscopy, 19 years and over, with CC Score 3+: CC score 3+: it is 1, 2 more." in " ".join(
        explained.text().split()
    )
    (first, _) = explained.to_dict()["split"]["neighbours"]
    assert first["hrg"] == "FE30A" and first["needs"][0] == {
        "fact": "cc",
        "asked": "3+",
        "now": 1,
        "to": 3,
        "text": "CC score 3+: it is 1, 2 more",
    }
    assert "CC score 3+: it is 1, 2 more" in explained.html()
