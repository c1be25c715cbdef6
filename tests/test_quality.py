"""Quality at a glance: what is counted, the causes that are told and those that are not, and where they are said."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from designs import both
from io_fakes import MANDATORY
from row_twins import STARTER
from runs import GROUPER, broken, content_of, run, write

from hrgcore.cli.hrggrouper import main as hrggrouper
from hrgcore.cli.main import main
from hrgcore.folders import MANIFEST
from hrgcore.quality import Finding, Tally, add_tallies, at_a_glance, input_fields, lines, tally_errors
from hrgcore.quality.causes import HEADINGS, LOST_ZEROS, SPELLS, other_list, shifted
from hrgcore.read import read_input

SMALL = both("small").grouper
ROWS = 40


def tally_of(table: pa.Table, logic: str = "apc", grouper: Any = SMALL) -> Tally:
    fields = input_fields(logic, table.column_names, partial(grouper.accepts, logic=logic))
    return tally_errors(grouper.group(table, logic=logic).errors, table.num_rows, fields)


def glance(table: pa.Table, logic: str = "apc", grouper: Any = SMALL) -> list[Finding]:
    fields = input_fields(logic, table.column_names, partial(grouper.accepts, logic=logic))
    return at_a_glance(tally_of(table, logic, grouper), fields.places)


def causes(table: pa.Table, logic: str = "apc", grouper: Any = SMALL) -> dict[str, str]:
    """The causes by error; errors without one are left out."""
    return {one["error"]: one["cause"] for one in glance(table, logic, grouper) if one["cause"]}


def admitted(rows: int = ROWS, **columns: list[str]) -> pa.Table:
    """Spells of one episode each, without an error but for those in ``columns``."""
    usual = dict(zip(MANDATORY, ["RXX", "", "1", "50", "1", "1", "19", "11", "51", "1", "3", "100", "300", "I10X"], strict=True))
    table = {name: [value] * rows for name, value in usual.items()} | {"PROVSPNO": [str(row) for row in range(rows)]}
    table["ADMIMETH"] = [("11", "12", "21", "2A")[row % 4] for row in range(rows)]
    return pa.table({name: pa.array(values, pa.string()) for name, values in (table | columns).items()})


def rows_of(**columns: list[str]) -> pa.Table:
    return pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()})


def test_rows_without_an_error_have_no_table() -> None:
    assert glance(admitted()) == [] and lines([]) == []


# Causes --------------------------------------------------------------------------------------------------------------------------

RENAL = {"RENALMOD": ["1"] * 8 + ["01", "11"], "RENALSITE": ["01"] * 10, "AGE": ["50"] * 10}


def test_lost_leading_zeros() -> None:
    em = rows_of(AGE=["40"] * 4, INV_01=["1", "2", "01", "x"], TREAT_01=["1", "01", "22", "7"])
    told = glance(em, "em", STARTER.grouper)
    assert [(one["field"], one["rows"], one["cause"]) for one in told] == [
        ("INV", 3, LOST_ZEROS.cause),  # two of three
        ("TREAT", 2, LOST_ZEROS.cause),  # one of two: 07 is none
    ]
    assert causes(rows_of(**RENAL), "nrd", STARTER.grouper) == {"Renal Treatment Modality is invalid": LOST_ZEROS.cause}


@pytest.mark.parametrize("modality", ["7", "99", "A", "001", "1x"])
def test_other_invalid_codes_have_not_lost_a_zero(modality: str) -> None:
    table = rows_of(**RENAL | {"RENALMOD": [modality] * 10})
    told = glance(table, "nrd", STARTER.grouper)
    assert [(one["rows"], one["cause"]) for one in told] == [(10, "")]


def test_a_number_out_of_range_has_not_lost_a_zero() -> None:
    assert [one["cause"] for one in glance(admitted(EPIORDER=["98"] * ROWS))] == [""]


def test_spell_ids_that_are_not_unique() -> None:
    """Two patients under one id: episode orders stand twice, and what must agree in a spell does not."""
    twice = [str(row // 2) for row in range(ROWS)]
    found = causes(admitted(PROVSPNO=twice, SEX=["1", "2"] * (ROWS // 2)))
    assert set(found.values()) == {SPELLS.cause}
    assert {"Sex is inconsistent in spell", "Episode Order is duplicated in spell"} <= set(found)


def test_one_field_that_disagrees_is_not_for_spell_ids() -> None:
    twice = [str(row // 2) for row in range(ROWS)]
    table = admitted(PROVSPNO=twice, EPIORDER=["1", "2"] * (ROWS // 2), ADMIMETH=["11"] * ROWS, SEX=["1", "2"] * (ROWS // 2))
    told = glance(table)
    assert [(one["error"], one["rows"], one["cause"]) for one in told] == [("Sex is inconsistent in spell", ROWS, "")]


def test_rows_that_fail_several_checks_beside_more_that_fail_one_are_not_for_spell_ids() -> None:
    twice = [str(row // 2) for row in range(ROWS)]
    table = admitted(PROVSPNO=twice, EPIORDER=["1", "1"] * 5 + ["1", "2"] * 15, SEX=["1", "2"] * 20, ADMIMETH=["11"] * ROWS)
    told = {one["error"]: (one["rows"], one["cause"]) for one in glance(table)}
    assert told == {"Sex is inconsistent in spell": (ROWS, ""), "Episode Order is duplicated in spell": (10, "")}


def test_few_spells_that_disagree_are_not_for_spell_ids() -> None:
    spells = ["1"] * 4 + [str(row) for row in range(4, 40)]
    assert not causes(admitted(PROVSPNO=spells, SEX=["1", "2"] * (ROWS // 2)))


def test_columns_that_are_shifted() -> None:
    """A column is lost: from there on each field has the cells of the one to its right."""
    table = admitted()
    at = MANDATORY.index("CLASSPAT")
    moved = [*table.columns[:at], *table.columns[at + 1 :], table.column("CLASSPAT")]
    found = causes(pa.Table.from_arrays(moved, names=MANDATORY))
    assert {"Patient Classification is invalid", "Source of Admission is invalid"} <= set(found)
    assert set(found.values()) == {shifted("right").cause}
    moved = [*table.columns[:at], table.column("PROVSPNO"), *table.columns[at:-1]]
    assert set(causes(pa.Table.from_arrays(moved, names=MANDATORY)).values()) == {shifted("left").cause}


@pytest.mark.parametrize(
    "wrong",
    [
        {"ADMISORC": ["XX"] * ROWS, "ADMIMETH": ["XX"] * ROWS},  # somebody's own codes
        {"DISDEST": [""] * ROWS, "DISMETH": [""] * ROWS},  # not filled in
        {"ADMISORC": ["11"] * ROWS},  # one column only
        {"ADMISORC": ["11"] * 30 + ["19"] * 10, "CLASSPAT": ["19"] * 30 + ["1"] * 10},  # some rows only
        {"CLASSPAT": ["19"] * ROWS, "TRETSPEF": ["I10X"] * ROWS},  # not neighbours
        {"ADMIMETH": ["19"] * ROWS, "DISMETH": ["51"] * ROWS},  # fit on either side
    ],
)
def test_columns_that_are_not_shifted(wrong: dict[str, list[str]]) -> None:
    table = admitted(**wrong)
    assert glance(table) and not causes(table)


def test_headings_read_as_data() -> None:
    table = pa.concat_tables([rows_of(**{name: [name] for name in MANDATORY}), admitted()])
    (told,) = glance(table)  # and no kind for each of its cells
    assert (told["rows"], told["row"], told["cause"]) == (1, 1, HEADINGS.cause)
    em = rows_of(AGE=["arrivalage", "40"], INV_01=["Invest_01", "01"], TREAT_01=["TREAT_01", "01"])
    assert [one["cause"] for one in glance(em, "em", STARTER.grouper)] == [HEADINGS.cause]


def test_one_cell_like_a_heading_is_no_row_of_headings() -> None:
    assert not causes(admitted(SEX=["SEX"] + ["1"] * (ROWS - 1)))


def test_another_edition_of_the_code_list() -> None:
    codes = ["Q50.1", "Q502", "q509", "Q501"] * (ROWS // 4)
    assert causes(admitted(DIAG_01=codes)) == {"Primary Diagnosis is invalid": other_list("Q50").cause}
    assert causes(admitted(DIAG_02=codes)) == {"Diagnosis is invalid": other_list("Q50").cause}
    assert causes(admitted(OPER_01=codes)) == {"Procedure is invalid": other_list("Q50").cause}


@pytest.mark.parametrize(
    "codes",
    [
        ["Q501"] * ROWS,  # one code, as for what is not known
        ["I101", "I102"] * (ROWS // 2),  # of a category that the design knows
        ["Q501", "Q502", "Q503"] + ["I10X"] * (ROWS - 3),  # few
        [f"Q{row:02d}{fourth}" for row in range(20) for fourth in (1, 2)],  # no category has many
        ["Q501"] * 6 + ["Q502"] * 6 + ["nonsense"] * (ROWS - 12),  # most are something else
    ],
)
def test_invalid_codes_that_are_not_of_another_edition(codes: list[str]) -> None:
    table = admitted(DIAG_01=codes)
    assert glance(table) and not causes(table)


def test_letter_case_and_dots_are_no_error() -> None:
    assert glance(admitted(DIAG_01=["i10.x", "E11.9"] * (ROWS // 2))) == []


# The table -----------------------------------------------------------------------------------------------------------------------


def test_no_more_than_ten_lines_and_none_forgotten() -> None:
    fields = ["SEX", "CLASSPAT", "ADMISORC", "ADMIMETH", "DISDEST", "DISMETH", "EPIDUR", "MAINSPEF", "TRETSPEF", "STARTAGE"]
    bad = {name: ["?"] * (place + 2) + admitted().column(name).to_pylist()[place + 2 :] for place, name in enumerate(fields)}
    told = glance(admitted(**bad))
    assert len(told) == 10 and not any("other" in one["error"] for one in told)
    told = glance(pa.concat_tables([rows_of(**{name: [name] for name in MANDATORY}), admitted(**bad)]))
    assert len(told) == 10
    assert [one["rows"] for one in told] == [11, 10, 9, 8, 7, 6, 5, 4, 1, 5]  # 2 and 3 are summed, and the cause of one row is told
    assert told[-1]["error"] == "2 other kinds" and told[8]["cause"] == HEADINGS.cause


def test_a_row_counts_once_in_a_kind() -> None:
    (told,) = glance(admitted(DIAG_02=["?"] * ROWS, DIAG_03=["?"] * ROWS))
    assert (told["rows"], told["share"], told["field"]) == (ROWS, 1.0, "DIAG")


def test_only_codes_are_shown() -> None:
    shown = {"SMITH": "", "9434765919": "", "19500102": "", "M11AE": "", "Lee": "", "54": "54", "X99.1": "X99.1", "": ""}
    for given, code in shown.items():
        (told,) = glance(admitted(MAINSPEF=["100", given, *["100"] * (ROWS - 2)]))
        assert (told["row"], told["code"]) == (2, code)
        assert not given or code or given not in "\n".join(lines([told]))


def test_the_table_in_words() -> None:
    em = rows_of(AGE=["40"] * 2000, INV_01=["1"] + ["01"] * 1999, TREAT_01=["01"] * 1998 + ["x", "x"])
    assert lines(glance(em, "em", STARTER.grouper)) == [
        "        rows   share  error                     example        likely cause: remedy",
        "           2    0.1%  Treatment is invalid      x (row 1,999)",
        "           1   <0.1%  Investigation is invalid  1 (row 1)      leading zeros are lost: export the column as text, not by"
        " way of a spreadsheet",
    ]


# Runs ----------------------------------------------------------------------------------------------------------------------------


def test_parts_add_up_to_the_whole() -> None:
    cut = admitted(DIAG_01=["Q501", "Q502"] * 10 + ["?"] * 20, SEX=["SMITH"] * 21 + ["8"] * 19)
    whole = tally_of(cut)
    parts = [tally_of(cut.slice(start, 7)) for start in range(0, ROWS, 7)]
    for start, part in zip(range(0, ROWS, 7), parts, strict=True):
        part["examples"] = {kind: (row + start, code) for kind, (row, code) in part["examples"].items()}
    added = add_tallies(json.loads(json.dumps(parts)))  # as a journal keeps them
    assert added["counts"] == whole["counts"]
    assert {kind: tuple(example) for kind, example in added["examples"].items()} == whole["examples"]


@pytest.mark.usefixtures("small_parts")
def test_a_run_says_what_the_whole_table_says(either: Path, tmp_path: Path) -> None:
    outcome = run(either, tmp_path / "out")
    manifest = json.loads((tmp_path / "out" / MANIFEST).read_text())
    assert manifest["run"]["parts"] > 5
    assert manifest["quality"] == list(outcome.quality) == glance(read_input(either), grouper=GROUPER)
    assert len(manifest["quality"]) == 10


@pytest.mark.usefixtures("small_parts")
def test_a_run_that_was_taken_up_says_the_same(either: Path, tmp_path: Path) -> None:
    run(either, tmp_path / "whole")
    broken(either, tmp_path / "out")
    outcome = run(either, tmp_path / "out", resume=True)
    assert content_of(tmp_path / "out") == content_of(tmp_path / "whole")
    again = run(either, tmp_path / "out", resume=True)  # finished already
    assert list(again.quality) == list(outcome.quality) != []


def test_the_command_shows_the_table(tmp_path: Path, capsys: Any) -> None:
    write(rows_of(**RENAL), tmp_path / "in.csv")
    assert main(["group", str(tmp_path / "in.csv"), "-o", str(tmp_path / "out"), "--logic", "nrd"]) == 0
    out = capsys.readouterr().out
    assert "errors by kind\n        rows   share  error " in out
    assert "           8   80.0%  Renal Treatment Modality is invalid  1 (row 1)  leading zeros are lost" in out
    write(rows_of(AGE=["40"], INV_01=["01"], TREAT_01=["01"]), tmp_path / "good.csv")
    assert main(["group", str(tmp_path / "good.csv"), "-o", str(tmp_path / "good"), "--logic", "em"]) == 0
    assert "errors by kind" not in capsys.readouterr().out
    assert json.loads((tmp_path / "good" / MANIFEST).read_text())["quality"] == []


def test_the_official_command_shows_it_where_it_is_to_say_more(tmp_path: Path, capsys: Any) -> None:
    write(rows_of(**RENAL), tmp_path / "in.csv")
    rdf = "\n".join(["COMMA DELIMITED", *(f"{name},{name},{place},,,," for place, name in enumerate(RENAL, 1))])
    (tmp_path / "x.rdf").write_text(rdf)
    command = ["-i", str(tmp_path / "in.csv"), "-o", str(tmp_path / "o.csv"), "-d", str(tmp_path / "x.rdf"), "-l", "NRD", "-h"]
    assert hrggrouper(command) == 0
    assert "leading zeros" not in capsys.readouterr().out
    assert hrggrouper([*command, "-v"]) == 0
    assert "80.0%  Renal Treatment Modality is invalid  1 (row 1)  leading zeros are lost" in capsys.readouterr().out
