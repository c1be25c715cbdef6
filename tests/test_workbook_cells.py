"""From a workbook's cells to those of tables: labels, texts, ranges."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hrgcore.design.labels import compose
from hrgcore.workbook.cells import make_end, make_range, make_text
from hrgcore.workbook.labels import part_labels
from hrgcore.workbook.mapping import Between, Cell
from hrgcore.workbook.scan import column_letter, column_number

# Labels ---------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("labels", "name", "written"),
    [
        (["Hip Procedures"], "Hip Procedures", [""]),
        (
            ["Hip Procedures, with CC Score 3+", "Hip Procedures, with CC Score 0-2"],
            "Hip Procedures,",
            ["=with CC Score 3+", "=with CC Score 0-2"],
        ),
        (
            ["Asthma with Interventions", "Asthma without Interventions"],
            "Asthma",
            ["=with Interventions", "=without Interventions"],
        ),
        (["Burn, with Severity 1", "Burn, 18 years and under"], "Burn,", ["=with Severity 1", "=18 years and under"]),
        (["Asthma, 18 years and under", "Asthma, 19 years and over"], "Asthma", ["=18 years and under", "=19 years and over"]),
        (["Knee", "Knee, with Fracture"], "Knee{}", ["=", "=, with Fracture"]),
        (["One", "Another"], "{}", ["=One", "=Another"]),
        (["{} with A", "{} with B"], "{}", ["={} with A", "={} with B"]),
        (["Knee  with A", "Knee  with B"], None, None),
        (["Knee (minor)", "Knee (major)"], "Knee{}", ["= (minor)", "= (major)"]),
    ],
)
def test_labels_are_parted_so_that_they_compose(labels: list[str], name: str | None, written: list[str] | None) -> None:
    splits = [{"cc": "0-2", "label": "wrong"}] * len(labels) if len(labels) > 1 else [{}]
    found, parts = part_labels(labels, splits)
    assert [compose(found, {**split, "label": part}) for split, part in zip(splits, parts, strict=True)] == labels
    assert (name is None or found == name) and (written is None or parts == written)


def test_one_hrg_with_conditions_keeps_its_label() -> None:
    name, (written,) = part_labels(["Knee"], [{"age": "19+"}])
    assert compose(name, {"age": "19+", "label": written}) == "Knee"


_words = st.sampled_from(["Knee", "Knee,", "with", "without", "CC", ",", "{}", "=", "", "and"])


@given(st.lists(st.lists(_words, min_size=1, max_size=6).map(" ".join).filter(str.strip), min_size=1, max_size=4), st.booleans())
def test_any_labels_compose(labels: list[str], conditions: bool) -> None:
    splits = [{"age": "19+"} if conditions else {}] * len(labels)
    name, written = part_labels(labels, splits)
    assert [compose(name, {**split, "label": part}) for split, part in zip(splits, written, strict=True)] == labels


# Cells ----------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "cell", "made"),
    [
        (" A01.1 ", Cell("", code="opcs4"), "A011"),
        ("a01.1", Cell("", code="opcs4"), "A011"),
        ("\u00a0A01 .1\u00a0", Cell("", code="opcs4"), "A011"),
        ("I10", Cell("", code="icd10"), "I10X"),
        ("I10.X", Cell("", code="icd10"), "I10X"),
        ("M48.40", Cell("", code="icd10"), "M4840"),
        ("A17.0†", Cell("", without="†*", code="icd10"), "A170"),
        ("A01.1, A01.2;A02.1,", Cell("", separator=",;", code="opcs4"), "A011 A012 A021"),
        ("A01.1\nA01.2", Cell("", separator="\n", code="opcs4"), "A011 A012"),
        ("A01-A03, B05", Cell("", separator=",", terms="opcs4"), "A01-A03 B05"),
        ("J45.0-J45.8 !J45.1", Cell("", terms="icd10"), "J450-J458 !J451"),
        ("A01.1", Cell("", code="opcs4", characters=(0, 3)), "A01"),
        ("M48.40", Cell("", code="icd10", characters=(3, None)), "40"),
        ("AA22C", Cell("", characters=(4, 5)), "C"),
        ("Core", Cell("", values={"Core": "core"}), "core"),
        ("", Cell("", values={"Core": "core"}), ""),
        ("", Cell("", values={"": "none"}), "none"),
        ("B, A", Cell("", separator=",", values={"A": "1", "B": "2"}), "2 1"),
        (" two\r\nlines\u00a0here  inside ", Cell(""), "two lines\u00a0here  inside"),
        ("", Cell("", code="opcs4"), ""),
    ],
)
def test_cells_are_made_as_the_mapping_says(text: str, cell: Cell, made: str) -> None:
    assert make_text(text, cell) == made


@pytest.mark.parametrize(
    ("text", "cell", "says"),
    [
        ("A01", Cell("", code="opcs4"), "'A01' is no code of opcs4"),
        ("A01.1 A01.2", Cell("", code="opcs4"), "is no code of opcs4. Correct it, name a `separator`"),
        ("ſ01.1", Cell("", code="opcs4"), "is no code"),
        ("A01.١", Cell("", code="opcs4"), "is no code"),
        ("M48.400", Cell("", code="icd10"), "is no code of icd10"),
        ("A03-A01", Cell("", terms="opcs4"), "runs backwards"),
        ("A01, A02", Cell("", terms="opcs4"), "'A01,' is not a term of opcs4"),
        ("Both", Cell("", values={"Core": "core"}), "'Both' is none of the texts under `values`"),
        ("x" * 500, Cell("", values={}), "xxx…' is none"),
    ],
)
def test_cells_that_cannot_be_made_say_why(text: str, cell: Cell, says: str) -> None:
    with pytest.raises(ValueError, match=re.escape(says)):
        make_text(text, cell)


@pytest.mark.parametrize(
    ("low", "high", "made"),
    [
        ("19", "", "19+"),
        ("0", "18", "0-18"),
        ("", "18", "0-18"),
        ("4", "4", "4"),
        ("", "", ""),
        ("0", "999", ""),
        ("007", "9", "7-9"),
    ],
)
def test_ranges_of_two_cells(low: str, high: str, made: str) -> None:
    column = Between("", "", open=("", "999"))
    assert make_range(make_end(low, column, upper=False), make_end(high, column, upper=True)) == made


def test_letters_of_columns() -> None:
    letters = [column_letter(column) for column in (0, 25, 26, 701, 702, 16_383)]
    assert letters == ["A", "Z", "AA", "ZZ", "AAA", "XFD"]
    assert [column_number(name) for name in letters] == [0, 25, 26, 701, 702, 16_383]
