"""The `Grouper` as its users call it: explaining a spell, columns that clash, and what comes back."""

from __future__ import annotations

import json

import pyarrow as pa
import pytest

from hrgcore import Grouper, InputError

GROUPER = Grouper()


def episode(**fields: str) -> dict[str, str]:
    plain = dict.fromkeys(("PROCODET", "PROVSPNO", "EPIORDER", "SEX", "CLASSPAT", "DISMETH"), "1")
    plain |= {
        "STARTAGE": "70",
        "ADMISORC": "19",
        "ADMIMETH": "21",
        "DISDEST": "19",
        "EPIDUR": "5",
        "MAINSPEF": "300",
        "TRETSPEF": "300",
    }
    return plain | {"DIAG_01": "J189", "DIAG_02": "I10X", "OPER_01": ""} | fields


def test_explain_says_what_group_gives() -> None:
    table = pa.Table.from_pylist([episode(), episode(EPIORDER="2", DIAG_01="I639")])
    spell = GROUPER.group(table).spells.to_pylist()[0]
    explanation = GROUPER.explain(table)
    said = json.loads(explanation.json())["spell"]
    assert (said["hrg"], said["root_rule"], said["split_rule"]) == (
        spell["SpellHRG"],
        spell["SpellRootRule"],
        spell["SpellSplitRule"],
    )
    assert spell["SpellHRG"] in explanation.text() and spell["SpellHRG"] in explanation.html()
    assert GROUPER.design.status in explanation.text()


@pytest.mark.parametrize("rows", [[], [episode(), episode(PROVSPNO="2")]])
def test_explain_takes_one_spell(rows: list[dict[str, str]]) -> None:
    table = pa.Table.from_pylist(rows, schema=pa.schema([(name, pa.string()) for name in episode()]))
    with pytest.raises(InputError, match="one spell"):
        GROUPER.explain(table)


def test_columns_that_the_result_writes_are_refused() -> None:
    with pytest.raises(InputError, match="FCE_HRG.*Rename or drop"):
        GROUPER.group(pa.Table.from_pylist([episode(FCE_HRG="")]))


def test_the_counts_add_up() -> None:
    result = GROUPER.group(pa.Table.from_pylist([episode(), episode(PROVSPNO="2", SEX="7"), episode(PROVSPNO="3", DIAG_01="R69X")]))
    episodes = result.counts["episodes"]
    assert episodes["total"] == 3 and episodes["grouped"] == 1 and episodes["failed"] == 2
    assert episodes["by_reason"] == {"diagnosis-driven": 1, "invalid field": 1, "error category": 1}
    assert sum(result.counts["evidence"]["root"].values()) == 1
    assert result.errors.column("ErrorMessage").to_pylist() == ["Sex is invalid", "UZ02 - Poorly Coded Primary Diagnosis"]
