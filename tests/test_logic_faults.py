"""Tables of the logics beside admitted care: each fault is named with file, line and remedy; bundles of them are checked, too."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest
from small_logics import LOGICS, texts

from hrgcore.design.bundle import Bundle, to_bytes, write
from hrgcore.design.compiler import compile_tables
from hrgcore.design.diff import diff_designs
from hrgcore.design.steps import pack
from hrgcore.design.tables import read_texts
from hrgcore.design.verify import verify
from hrgcore.design.verify_logics import LOGIC_ARRAYS
from hrgcore.errors import DesignError


def faults(given: dict[str, str]) -> list[str]:
    tables = read_texts(given)
    if tables.faults:
        return tables.faults
    try:
        compile_tables(tables)
    except DesignError as error:
        return list(error.faults)
    return []


@cache
def bundle() -> Bundle:
    return compile_tables(read_texts(texts()))


_FAULTS: list[tuple[str, str, str, str]] = [  # file, what stands there, what is put there, what the fault says
    ("em/fields.csv", "AGE,0-130 999", "AGE,130-0", "accepts: '130-0' runs backwards"),
    ("em/fields.csv", "AGE,0-130 999", "AGE,x", "accepts: 'x' is not a range; write 19+, 0-18 or 4"),
    ("em/fields.csv", "AGE,0-130 999", "AGES,0-130 999", "AGES is no field of em; they are AGE, AEPATIENTGROUP, INV, TREAT."),
    ("em/fields.csv", "", "AGE,0-5,judgement,", "AGE stands in em/fields.csv:2 too. Keep one of them."),
    ("em/fields.csv", "", "INV,abcd,judgement,", "accepts: 'abcd' is not a value; write one to three capital letters or digits."),
    ("em/fields.csv", "INV,01 02", "INV,01 02 x", "accepts: 'x' is not a value"),
    ("acc/fields.csv", "CCUF,04 13", "CCUF,4 04 13", "CCUF accepts 4 and 04, though a leading zero may be missing. Keep one."),
    (
        "acc/fields.csv",
        "",
        "CC_Start_Date,0-5,judgement,",
        "CC_Start_Date is of kind date: what it accepts is not told here.",
    ),
    ("em/lists.csv", "dental,INV,22", "dental,INV,26", "values: 26 names no value of INV. Correct it, or add it to fields.csv."),
    ("em/lists.csv", "dental,INV,22", "dental,AGE,22", "AGE is of kind age, which stands on no list. Test it by a range."),
    ("em/lists.csv", "", "spare,INV,01,judgement,", "spare is used by no rule. Use it, or remove it."),
    ("em/scores.csv", "treatment,highest,5", "treatment,,5", "no component. Name it"),
    ("em/scores.csv", "treatment,highest,5", "treatment,highest,x", "points 'x' is not a whole number from 0 to 1000."),
    ("em/scores.csv", "", "spare,highest,1,INV,01,judgement,", "spare is tested by no rule. Test it, or remove it."),
    ("em/scores.csv", "", "age,highest,1,INV,01,judgement,", "'age' can't name a score."),
    ("em/scores.csv", "", "treatment,highest,2,TREAT,13,judgement,", "a value has points of treatment highest in another row too."),
    ("acc/scores.csv", "organs,renal,1,RSD,1+", "organs,renal,1,RSD,many", "values: 'many' is not a range"),
    ("em/hrgs.csv", "", "VB77Z,Another,judgement,", "no rule leads to VB77Z. Add one, or remove the HRG."),
    ("em/hrgs.csv", "", "VB01Z,Another,judgement,", "hrg 'VB01Z' stands in em/hrgs.csv:2 too. Keep one of them."),
    ("ncc/checks.csv", "once,CCDate", "twice,CCDate", "check 'twice' is none of same, once, not_after. Correct it."),
    ("ncc/checks.csv", "once,CCDate", "once,CCAC", "name in `field` one field that stands in one column and is no key"),
    ("ncc/checks.csv", "once,CCDate", "once,CCLocalID", "name in `field` one field that stands in one column and is no key"),
    ("ncc/checks.csv", "once,CCDate,", "once,CCDate,DISDATE", "and, for `not_after` only, such a field in `other`."),
    ("ncc/checks.csv", "CCDate,DISDATE", "CCDate,", "and, for `not_after` only, such a field in `other`."),
    ("ncc/checks.csv", "CCDate,DISDATE", "CCDate,GestLen", "not_after compares dates. Name two of them."),
    ("ncc/checks.csv", "", "once,CCDate,,judgement,", "the same check stands above. Remove one."),
    ("ncc/checks.csv", "", "once,Day,,judgement,", "Day is no field of ncc"),
    ("em/rules.csv", "VB99Z", "VB98Z", "em/hrgs.csv has no VB98Z, nor is it an error category."),
    (
        "em/rules.csv",
        "brought_in_dead",
        "brought_in",
        "lists brought_in: em/lists.csv has no brought_in.",
    ),
    ("em/rules.csv", "brought_in_dead", "Dead!", "lists: 'Dead!' is not a condition; write name, !name or one|other"),
    ("em/rules.csv", "3,,5+,,VB01Z", "3,,4+,,VB01Z", "overlaps em/rules.csv:6 for"),
    ("em/rules.csv", "3,,5+,,VB01Z", "3,,6+,,VB01Z", "the rules of em leave out investigation"),
    (
        "em/rules.csv",
        "2,,,dental !not_dental",
        "4,,,dental !not_dental",
        "can never be reached: earlier steps of the rules of em",
    ),
    ("em/rules.csv", "step,investigation", "step,organs", "unknown column 'organs'. See tables/README.md"),
    ("acc/rules.csv", "1,,not_adult,UZ13", "1,,not_adult,UZ99", "acc/hrgs.csv has no UZ99, nor is it an error category."),
    ("acc/rules.csv", "2,5,,XC02Z,,", "2,5,,XC02Z,CCUF,", "field says at which field an error category is reported"),
    ("acc/rules.csv", "2,5,,XC02Z,,published", "2,5,,XC02Z,,guess", "basis 'guess' is none of published, observed"),
]


@pytest.mark.parametrize(("file", "old", "new", "said"), _FAULTS)
def test_a_fault_is_found_where_it_was_made(file: str, old: str, new: str, said: str) -> None:
    given = texts()
    if old:
        assert given[file].count(old) == 1, given[file].count(old)
        given[file] = given[file].replace(old, new)
    else:
        given[file] += new + "\n"
    found = faults(given)
    assert any(said in fault and fault.startswith(file.split("/")[0]) for fault in found), found


def test_the_tables_as_they_are_have_no_fault() -> None:
    assert faults(texts()) == [] and bundle().logics == ["acc", "em", "ncc"]


def test_a_missing_table_and_one_too_many() -> None:
    given = texts()
    del given["em/scores.csv"]
    given["em/else.csv"] = "x\n"
    assert faults(given)[:1] == ["em/scores.csv: missing. Every design has this table, if only with its heading."]
    assert "em/else.csv: not a table of a design. Remove it, or correct its name." in faults(given)


def test_checks_may_be_left_out_and_are_for_logics_with_periods() -> None:
    given = texts()
    del given["ncc/checks.csv"]
    assert faults(given) == []
    assert len(compile_tables(read_texts(given)).arrays["ncc.checks"]) == 0 < len(bundle().arrays["ncc.checks"])
    given["em/checks.csv"] = "check,field,other,basis,note\nsame,AGE,,judgement,\n"
    assert any("rows of em are of no period: it has no key. Remove the row." in fault for fault in faults(given))


def test_no_rule_and_no_row_of_a_field() -> None:
    given = texts()
    given["acc/rules.csv"] = given["acc/rules.csv"].splitlines()[0] + "\n"
    given["acc/fields.csv"] = "\n".join(line for line in given["acc/fields.csv"].splitlines() if not line.startswith("LSD")) + "\n"
    found = faults(given)
    assert "acc/rules.csv: no rule. Give it at least one." in found
    assert "acc/fields.csv: no row for LSD. Say what it accepts." in found


def test_another_row_another_bundle() -> None:
    given = texts()
    given["em/lists.csv"] = given["em/lists.csv"].replace("brought_in_dead,AEPATIENTGROUP,70", "brought_in_dead,AEPATIENTGROUP,80")
    assert to_bytes(compile_tables(read_texts(given))) != to_bytes(bundle())
    assert to_bytes(compile_tables(read_texts(texts()))) == to_bytes(bundle())


def test_what_differs_in_the_tables_of_a_logic_is_told(tmp_path: Path) -> None:
    for name in ("one", "other"):
        given = texts()
        if name == "other":
            given["em/hrgs.csv"] = given["em/hrgs.csv"].replace("Dental Care", "Teeth")
            given["acc/lists.csv"] = given["acc/lists.csv"].replace("04 13-19 92", "04 13-19 91-92")
            given = {file: text for file, text in given.items() if not file.startswith("ncc/")}
        write(compile_tables(read_texts(given)), tmp_path / name)
    lines = diff_designs(tmp_path / "one", tmp_path / "other")
    assert "em/hrgs.csv: 0 rows added, 0 removed, 1 changed" in lines
    assert "acc/lists.csv: 1 rows added, 1 removed, 0 changed" in lines
    assert "ncc/rules.csv: 0 rows added, 10 removed, 0 changed" in lines


@pytest.mark.parametrize("logic", LOGICS)
@pytest.mark.parametrize("name", LOGIC_ARRAYS)
def test_an_array_missing_of_another_type_or_shape(logic: str, name: str) -> None:
    arrays, own = bundle().arrays, f"{logic}.{name}"
    verify(arrays)
    for spoilt in (
        {other: found for other, found in arrays.items() if other != own},
        arrays | {own: np.zeros(arrays[own].shape, np.float32)},
        arrays | {own: arrays[own][..., None]},
    ):
        with pytest.raises(ValueError, match=f"^{own}$"):
            verify(spoilt)


@pytest.mark.parametrize(
    ("name", "field", "value"),
    [
        ("rules", "outcome", 999),
        ("rules", "outcome", -999),
        ("tests", "fact", 999),
        ("steps", "", pack(60_000, 0, 0)),
        ("steps", "", pack(0, 999, 0)),
        ("steps", "", pack(0, 0, 999)),
        ("steps", "", pack(0, -1, 0)),
        ("component_score", "", 9),
        ("component_score", "", -1),
        ("places", "", 99),
        ("base", "", 60_000),
        ("base", "", -1),
        ("rule_field", "", 99),
        ("rule_basis", "", 9),
        ("ranges", "", 2**40),
        ("points", "", -1),
    ],
)
def test_a_number_out_of_bounds_is_refused(name: str, field: str, value: int) -> None:
    own = f"em.{name}"
    array = bundle().arrays[own].copy()
    (array[field] if field else array)[(-1,) * array.ndim] = value
    with pytest.raises(ValueError, match=r"^em\.|^steps"):
        verify(bundle().arrays | {own: array})


def test_bands_point_at_numbers() -> None:
    for field, value in (("fact", 99), ("component", 99), ("points", 9999), ("fact", -1)):
        bands = bundle().arrays["acc.bands"].copy()
        bands[field][0] = value
        with pytest.raises(ValueError, match="^acc.bands"):
            verify(bundle().arrays | {"acc.bands": bands})
