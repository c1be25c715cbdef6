"""The reference engine against docs/grouping.md, the trace and the explanation."""

from __future__ import annotations

import json
import re
from typing import Any

from small_spells import ENGINE, TEXTS, all_steps, episode, line

from hrgcore.design.tables import read_texts
from hrgcore.explain import explain_spell
from hrgcore.reference import SpellResult

# The trace and the explanation ----------------------------------------------------------------------------------------------------


def without_steps(result: SpellResult) -> Any:
    values = json.loads(json.dumps(result, default=vars))
    for record in (values, *values["episodes"]):
        del record["steps"]
    return values


TRACED = [episode("J181 J450 E119 E119 K635", "E851 W903"), episode("J459 J459", "H221 Z943 U212 U501", EPIORDER="2")]


def test_trace_changes_nothing() -> None:
    for spells in (TRACED, [episode("Z509")], [episode(SEX="7")], [episode("K529", "U219")], [episode("J459 T202")]):
        traced, plain = ENGINE.group_spell(spells, trace=True), ENGINE.group_spell(spells)
        assert without_steps(traced) == without_steps(plain)
        assert plain.steps == () and plain.episodes[0].steps == ()
        assert traced.steps and traced.episodes[0].steps


def test_trace_shows_what_was_tried_and_failed() -> None:
    steps = all_steps(ENGINE.group_spell([episode("J181 J450 E119 E119 K635", "H229 W903 H221")], trace=True).episodes[0].steps)
    said = {(step.text, step.rule) for step in steps}
    assert ("Dominant procedure H229 (hierarchy 5): the highest; next H221 (5).", "") in said
    grouped = all_steps(ENGINE.group_spell([episode("J459", "H221 Y981")], trace=True).episodes[0].steps)
    tried = {(step.text, step.rule, step.outcome, step.basis) for step in grouped}
    assert ("FE31: companion left: not there.", line("procedure_roots", ",H22"), "failed", "judgement") in tried
    assert ("FE30: no conditions.", line("procedure_roots", "2,H22"), "passed", "judgement") in tried
    assert ("FE30A: cc 3+: it is 0.", line("splits", ",FE30,A"), "failed", "judgement") in tried


def test_trace_tells_the_points_of_each_secondary_diagnosis() -> None:
    steps = all_steps(ENGINE.group_spell([episode("J181 J450 E119 E119 K635 J181")], trace=True).episodes[0].steps)
    said = [(step.text, step.rule) for step in steps if step.kind == "cc"]
    excluded = line("cc_exclusions", "respiratory,J18")
    row = line("cc_lists", "respiratory,1")
    assert said == [
        ("CC score 1, from the list respiratory.", ""),
        (f"J450: no points, excluded after primary diagnosis J181; would be 1 by {row}.", excluded),
        ("E119: points 1.", row),
        ("E119: no points, it stands already.", ""),
        ("K635: no points, not on the list respiratory.", ""),
        ("J181: no points, it is the primary diagnosis.", ""),
    ]


def test_trace_has_a_step_of_every_kind() -> None:
    result = ENGINE.group_spell(TRACED, trace=True)
    steps = all_steps(result.steps) + [step for each in result.episodes for step in all_steps(each.steps)]
    wanted = {"validation", "facts", "exception", "dominant", "grid", "root", "cc", "interventions", "split", "unbundled", "spell"}
    assert wanted <= {step.kind for step in steps}
    assert all(step.basis for step in steps if step.rule)


def test_explanation_text() -> None:
    text = explain_spell(read_texts(TEXTS), TRACED).text()
    assert max(map(len, text.splitlines())) <= 100
    assert text.splitlines()[-1] == "Invented for tests. It groups nothing as anybody does."
    assert "Episode 2: FE31Z Therapeutic Colonoscopy (procedure-driven)" in text
    assert re.search(r"^ +- FE30A: |^ +- DZ11A: ", text, re.MULTILINE)


def test_explanation_labels_compose_root_and_split() -> None:
    labels = explain_spell(read_texts(TEXTS), [episode("K635", "H201 U212")]).labels
    assert labels == {
        "FE30B": "Colonoscopy, 19 years and over, with CC Score 0-2",
        "RD20A": "Computerised Tomography Scan of One Area, 19 years and over",
    }
    assert explain_spell(read_texts(TEXTS), [episode("Z509")]).labels == {"UZ01Z": "Data Invalid for Grouping"}


def test_explanation_json() -> None:
    explained = explain_spell(read_texts(TEXTS), TRACED)
    values = json.loads(explained.json())
    assert values == explained.to_dict()
    assert values["spell"]["hrg"] == explained.result.hrg
    assert values["spell"]["episodes"][1]["reason"] == "procedure-driven"
    assert values["design"]["id"] == "small"


def test_explanation_html_escapes_what_it_was_given() -> None:
    page = explain_spell(read_texts(TEXTS), [episode("<b>x</b>", SEX='"><script>alert(1)</script>')]).html()
    assert "<script" not in page and "<b>x" not in page
    assert "&lt;script&gt;alert(1)" in page and "&lt;b&gt;x&lt;/b&gt;" in page
    assert page.startswith("<!DOCTYPE html>") and '<html lang="en">' in page
