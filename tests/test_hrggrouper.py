"""The command `hrggrouper`: the official switches, files and exit codes 0 to 11."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from pathlib import Path

import pytest
from io_fakes import MANDATORY, FakeGrouper
from test_cli import ROWS, SECRET

import hrgcore
from hrgcore.cli.hrggrouper import main, parse_switches


@pytest.fixture(autouse=True)
def fake(monkeypatch) -> None:
    monkeypatch.setitem(vars(hrgcore), "Grouper", FakeGrouper)


@pytest.fixture
def place(tmp_path) -> Path:
    """A folder with an input without headings, its RDF, and a folder for the output."""
    (tmp_path / "in.csv").write_text("\n".join([*(f"{row},extra" for row in ROWS), ""]))
    (tmp_path / "x.rdf").write_text(
        "\n".join(["COMMA DELIMITED", *(f"my {name},{name},{at},,,," for at, name in enumerate(MANDATORY, 1))])
    )
    (tmp_path / "out").mkdir()
    return tmp_path


def run(place: Path, *more: str, **changed: str | None) -> int:
    values = {"-i": str(place / "in.csv"), "-o": str(place / "out" / "o.csv"), "-d": str(place / "x.rdf"), "-l": "APC"}
    values.update({f"-{name}": value for name, value in changed.items()})
    return main([word for switch, value in values.items() if value is not None for word in (switch, value)] + list(more))


def rows_of(place: Path, name: str) -> list[list[str]]:
    with (place / "out" / name).open(newline="") as file:
        return list(csv.reader(file))


def written(place: Path) -> list[str]:
    return sorted(path.name for path in (place / "out").iterdir())


def test_eleven_files_with_the_names_of_the_definition(place, capsys) -> None:
    assert run(place) == 0
    assert len(written(place)) == 11
    rows = rows_of(place, "o_sort.csv")
    assert rows[0] == [*(f"my {name}" for name in MANDATORY), "COLUMN_15", "RowNo"]
    assert rows[1] == [*ROWS[0].split(","), "extra", "1"]
    out, err = capsys.readouterr()
    assert "3 episodes, 2 spells, 11 files" in out and "open reconstruction" in out and err == ""


def test_headings_are_repeated(place) -> None:
    source = place / "in.csv"
    source.write_text(",".join([*(f"h{at}" for at in range(14)), "h14"]) + "\n" + source.read_text())
    assert run(place, "-h") == 0
    rows = rows_of(place, "o_sort.csv")
    assert rows[0] == [*(f"h{at}" for at in range(15)), "RowNo"] and len(rows) == 4


def test_other_columns_go_past_the_grouper(place, monkeypatch) -> None:
    source = place / "in.csv"
    source.write_text(",".join([*MANDATORY, "FCE_HRG"]) + "\n" + source.read_text())
    seen, group = [], FakeGrouper.group
    monkeypatch.setattr(
        FakeGrouper, "group", lambda self, data, logic: seen.extend(data.column_names) or group(self, data, logic=logic)
    )
    assert run(place, "-h") == 0
    assert seen == MANDATORY
    rows = rows_of(place, "o_FCE.csv")
    assert rows[0].count("FCE_HRG") == 2 and rows[1][14] == "extra" and rows[1][16] == "AA22C"


def test_no_titles(place) -> None:
    assert run(place, "-t") == 0
    assert rows_of(place, "o_sort.csv")[0][-1] == "1"
    assert rows_of(place, "o_flag_rel.csv") == []


def test_the_input_is_repeated_as_it_was(place) -> None:
    rdf = place / "x.rdf"
    rdf.write_text(rdf.read_text().replace("my DIAG_01,DIAG_01,14,,,,", "my DIAG_01,DIAG_01,14,,,,X"))
    assert run(place) == 0
    assert rows_of(place, "o_FCE.csv")[1][13] == "I10X"


def test_verbose_says_more(place, capsys) -> None:
    assert run(place, "-v") == 0
    assert "grouping 3 records" in capsys.readouterr().out


def test_help(capsys) -> None:
    assert main(["-?"]) == 0
    assert "-d  record definition file" in capsys.readouterr().out


def test_switches_in_either_case_and_logic_from_the_definition(place) -> None:
    assert run(place, "-T", "-V", l="apc") == 0
    assert run(place, l=None) == 0


def error_of(capsys) -> str:
    out, err = capsys.readouterr()
    assert err.startswith("hrggrouper: error: ") and err.count("\n") == 1
    assert SECRET not in err + out and "Traceback" not in err
    return err


@pytest.mark.parametrize(
    ("changed", "more", "code", "says"),
    [
        ({}, ["-x"], 1, "unknown switch -x"),
        ({}, ["--help"], 1, "unknown switch --help"),
        ({}, ["stray"], 2, "unknown parameter 'stray'"),
        ({"d": None}, [], 3, "no rdf"),
        ({"d": ""}, [], 3, "no rdf"),
        ({"i": None}, [], 4, "no input"),
        ({"o": None}, [], 5, "no output"),
        ({"d": None, "i": None, "o": None}, [], 3, "no rdf"),
        ({"l": "XYZ"}, [], 6, "unknown logic 'XYZ'"),
        ({"l": ""}, [], 6, "unknown logic ''"),
        ({"l": "NAC"}, [], 8, "logic NAC can't be set"),
        ({"l": "em"}, [], 8, "EM can't be set"),
        ({"o": "{place}/absent/o.csv"}, [], 9, "no such folder"),
        ({"o": "{place}/out"}, [], 9, "is a folder"),
        ({"o": "{place}/in.csv"}, [], 9, "overwrite the input"),
        ({"d": "{place}/absent.rdf"}, [], 10, "the RDF can't be opened"),
        ({"i": "{place}/absent.csv"}, [], 11, "the input can't be opened"),
        ({"i": "{place}"}, [], 11, "the input can't be opened"),
    ],
)
def test_each_exit_code(place, capsys, changed, more, code: int, says: str) -> None:
    filled = {name: value and value.format(place=place) for name, value in changed.items()}
    assert run(place, *more, **filled) == code
    assert says in error_of(capsys)
    assert written(place) == []


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(["-?"], 0), (["-x"], 1), (["stray"], 2), (["-i", "x"], 3), (["-d", "x", "-i", "x", "-o", "x", "-l", "XYZ"], 6)],
)
def test_the_exit_code_is_the_process_s(arguments: list[str], code: int) -> None:
    command = [sys.executable, "-c", "from hrgcore.cli.hrggrouper import command; command()", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == code and "Traceback" not in done.stderr


def test_no_permission_for_the_output(place, capsys, monkeypatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # the superuser may write anywhere
    assert run(place) == 9
    assert "no permission" in error_of(capsys)


@pytest.mark.parametrize(
    ("input", "rdf", "says"),
    [
        (f"{ROWS[0]},x\n{SECRET},y\n", None, "row 2 (line 2) has 2 columns"),
        ("", None, "the file is empty"),
        (None, "TAB DELIMITED\n", "line 1"),
        (None, "COMMA DELIMITED\nPROCODET,PROCODET,99,,,,\n", "stands in column 99"),
        (None, "COMMA DELIMITED\nPROCODET,PROCODET,1,,,,\n", None),
    ],
)
def test_processing_that_fails_is_7(place, capsys, input: str | None, rdf: str | None, says: str | None) -> None:
    if input is not None:
        (place / "in.csv").write_text(input)
    if rdf is not None:
        (place / "x.rdf").write_text(rdf)
    assert run(place) == 7
    assert says is None or says in error_of(capsys)
    assert written(place) == []


def test_no_record_is_7(place, capsys) -> None:
    (place / "in.csv").write_text(",".join(MANDATORY) + "\n")
    assert run(place, "-h") == 7
    assert "no record in the input" in error_of(capsys)


def test_a_logic_that_can_not_be_derived_is_7(place, capsys) -> None:
    (place / "x.rdf").write_text("COMMA DELIMITED\nSEX,SEX,5,,,,\n")
    assert run(place, l=None) == 7
    assert "Give -l" in error_of(capsys)


@pytest.mark.parametrize("error", [KeyboardInterrupt(), ZeroDivisionError(SECRET)])
def test_what_stops_the_grouping_is_7(place, capsys, monkeypatch, error: BaseException) -> None:
    def fail(*_, **__) -> None:
        raise error

    monkeypatch.setattr(FakeGrouper, "group", fail)
    assert run(place) == 7
    assert SECRET not in capsys.readouterr().err
    assert written(place) == []


def test_headings_where_none_were_said_are_warned_of(place, capsys) -> None:
    source = place / "in.csv"
    source.write_text(",".join([*MANDATORY, "x"]) + "\n" + source.read_text())
    assert run(place) == 0
    assert "hrggrouper: warning:" in (err := capsys.readouterr().err) and "-h says that there are some" in err


def test_data_taken_for_headings_is_refused(place, capsys) -> None:
    assert run(place, "-h") == 7
    assert "the first row is data, not headings" in error_of(capsys)


def test_a_switch_without_its_value() -> None:
    assert parse_switches(["-i", "-o", "x", "-h"]).values == {"input": "", "output": "x"}


def test_the_official_sample(shared, tmp_path) -> None:
    samples = shared / "samples"
    given = ["-i", str(samples / "apc_sample_2024_25.csv"), "-d", str(samples / "HRG4+_default_APC.rdf"), "-l", "APC", "-h"]
    assert main([*given, "-o", str(tmp_path / "s.csv")]) == 0
    with (samples / "apc_sample_2024_25.csv").open(newline="") as file:
        headings, *records = csv.reader(file)
    with (tmp_path / "s_sort.csv").open(newline="") as file:
        titles, *rows = csv.reader(file)
    assert titles == [*headings, "RowNo"]
    assert [row[-1] for row in rows] == [str(number) for number in range(1, 753)]
    assert sorted(row[:-1] for row in rows) == sorted(records)
    assert [row[:3] for row in rows] == [row[:3] for row in sorted(rows, key=lambda row: (row[0], row[1], int(row[2])))]
    with (tmp_path / "s_spell.csv").open(newline="") as file:
        assert len(list(csv.reader(file))) == 479
