"""`explain` equals `group`: of generated spells, what an explanation says is what the kernels give."""

from __future__ import annotations

import json

import pytest
from designs import both

from hrgcore.explain import Explainer
from hrgcore.selftest.spells import Input, example_of
from hrgcore.selftest.twins import kernels_say, result_says

SPELLS = {"small": 1500, "starter": 300}


@pytest.mark.parametrize("name", SPELLS)
def test_explain_equals_group(name: str) -> None:
    design = both(name)
    given = Input(design.maker.spells(example_of(SPELLS[name], 11)))
    explainer = Explainer(design.bundle.tables)
    failed = 0
    for spell, said in zip(given.spells, kernels_say(design.grouper.group(given.table), given), strict=True):
        explained = explainer.explain(spell)
        assert result_says(explained.result) == said, spell
        assert (explained.split is None) == (explained.result.method == "U"), spell
        assert explained.split is None or explained.result.hrg.startswith(explained.split.root)
        failed += explained.split is None
    assert 0 < failed < SPELLS[name]


def test_the_grouper_gives_the_same_explanation() -> None:
    design = both("small")
    given = Input(design.maker.spells(example_of(25, 3)))
    for place, spell in enumerate(given.spells):
        rows = [row for row, (of, _) in enumerate(given.places) if of == place]
        by_grouper = design.grouper.explain(given.table.take(rows))
        ordered = [spell[given.places[row][1]] for row in rows]
        assert json.loads(by_grouper.json()) == Explainer(design.bundle.tables).explain(ordered).to_dict()
