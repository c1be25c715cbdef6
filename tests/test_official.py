"""The official file set over a result made by hand: every file to the byte."""

from __future__ import annotations

import csv
import errno
import os
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from io_fakes import MANDATORY, FakeDesign, FakeResult, errors_table, group, records, unbundled_table

from hrgcore.errors import OutputError
from hrgcore.write import official, staging
from hrgcore.write.lines import cells, heading_line, lines
from hrgcore.write.official import OfficialRun, official_files, write_official

STARTED = datetime(2026, 1, 2, 3, 4, 5)
SSC = ",0" + "," * 7  # a count and its seven columns


@pytest.fixture
def result() -> FakeResult:
    """Two spells of three and one episodes, the rows of the first apart and not in order; a blank EPIORDER would come first."""
    given = records(
        "RYY S2 10 60 1 1 19 11 19 1 3 100 100 I10X",
        "RXX S9 1 40 2 1 19 11 19 1 0 100 100 R69X6",
        "RYY S2 2 60 1 1 19 11 19 1 9 100 100 I639",
        "RYY S2 x 60 1 1 19 11 19 1 1 100 100 .",
    )
    episodes = given
    for name, column in {
        "FCE_HRG": pa.array(["AA22C", "UZ01Z", "AA35B", "UZ01Z"]).dictionary_encode(),
        "GroupingMethodFlag": pa.array(["D", "U", "P", "U"]).dictionary_encode(),
        "DominantProcedure": pa.array([None, "", "A521", ""], pa.string()),
        "CalcEpidur": pa.array([3, 0, 4, 1], pa.int32()),
        "SpellReportFlag": pa.array([False, True, True, False]),
        "FCE_Reason": pa.array([""] * 4),
        "SpellHRG": pa.array(["UZ01Z"] * 4),
    }.items():
        episodes = episodes.append_column(name, column)
    spells = pa.table(
        {
            "PROCODET": ["RYY", "RXX"],
            "PROVSPNO": ["S2", "S9"],
            "SpellHRG": pa.array(["AA35B", "UZ01Z"]).dictionary_encode(),
            "SpellGroupingMethodFlag": ["P", "U"],
            "SpellDominantProcedure": ["A521", None],
            "SpellPDiag": ["I639", "R69X6"],
            "SpellSDiag": ["E119", ""],
            "SpellEpisodeCount": pa.array([3, 1], pa.int32()),
            "SpellLOS": pa.array([8, 0], pa.int32()),
            "SpellCCDays": pa.array([5, 0], pa.int32()),
        }
    )
    unbundled = unbundled_table([(1, 1, "RD01Z", None), (3, 1, "VC14Z", 12), (3, 2, "RD26Z", None)])
    errors = errors_table(
        [
            (2, "DIAG_01", "R69X6", "UZ01 - Invalid Primary Diagnosis"),
            (4, "EPIORDER", "x", "Episode Order is invalid"),
            (4, "DIAG_01", "", "Primary Diagnosis is blank"),
            (2, "OPER_02", 'C9,"2', "Procedure is invalid"),
        ]
    )
    return FakeResult(episodes, spells, unbundled, errors, np.array([0, 1, 0, 0]))


def raw_of(result: FakeResult) -> pa.Table:
    """The input as it was: with a column more, and a diagnosis before extraction."""
    raw = result.episodes.select(MANDATORY)
    raw = raw.set_column(13, "DIAG_01", pa.array(["I10.X", "R69X6", "I63.9", ""]))
    return raw.append_column("note", pa.array(["plain", "a,b", 'say "so"', "two\nlines"]))


def write(result: FakeResult, folder: Path, name: str = "out.csv", **options) -> dict[str, Path]:
    raw = options.pop("raw", None)
    raw = raw_of(result) if raw is None else raw
    run = OfficialRun("in.csv", "out.csv", "x,y.rdf", STARTED)
    return write_official(result, raw, folder / name, headings=raw.column_names, design=FakeDesign(), run=run, **options)


GIVEN = {  # the input's rows as the files repeat them, by RowNo
    1: 'RXX,S9,1,40,2,1,19,11,19,1,0,100,100,R69X6,"a,b"',
    2: 'RYY,S2,x,60,1,1,19,11,19,1,1,100,100,,"two\nlines"',
    3: 'RYY,S2,2,60,1,1,19,11,19,1,9,100,100,I63.9,"say ""so"""',
    4: "RYY,S2,10,60,1,1,19,11,19,1,3,100,100,I10.X,plain",
}
HEADINGS = ",".join([*MANDATORY, "note"])
FCE_HEADINGS = (
    "FCE_HRG,GroupingMethodFlag,DominantProcedure,FCE_PBC,CalcEpidur,ReportingEPIDUR,FCETrimpoint,FCEExcessBeddays,SpellReportFlag"
)
SPELL_HEADINGS = (
    "SpellHRG,SpellGroupingMethodFlag,SpellDominantProcedure,SpellPDiag,SpellSDiag,SpellEpisodeCount,SpellLOS,ReportingSpellLOS,"
    "SpellTrimpoint,SpellExcessBeddays,SpellCCDays,SpellPBC"
)
MORE_HEADINGS = (
    "SpellSSC_Ct,SpellSSCs1,SpellSSCs2,SpellSSCs3,SpellSSCs4,SpellSSCs5,SpellSSCs6,SpellSSCs7,"
    "SpellBP_Ct,SpellBP1,SpellBP2,SpellBP3,SpellBP4,SpellBP5,SpellBP6,SpellBP7,"
    "SpellFlag_Ct,SpellFlag1,SpellFlag2,SpellFlag3,SpellFlag4,SpellFlag5,SpellFlag6,SpellFlag7"
)
FCE_SSC_HEADINGS = "FCESSC_Ct,FCESSCs1,FCESSCs2,FCESSCs3,FCESSCs4,FCESSCs5,FCESSCs6,FCESSCs7"
FCE = {
    1: "UZ01Z,U,,,0,,,,1",
    2: "UZ01Z,U,,,1,,,,0",
    3: "AA35B,P,A521,,4,,,,1",
    4: "AA22C,D,,,3,,,,0",
}
SPELLS = {1: "UZ01Z,U,,R69X6,,1,0,,,,0,", 2: "AA35B,P,A521,I639,E119,3,8,,,,5,"}
SPELL_OF = {1: 1, 2: 2, 3: 2, 4: 2}
GOLDEN = {
    "_sort": [f"{HEADINGS},RowNo", *(f"{GIVEN[row]},{row}" for row in range(1, 5))],
    "_FCE": [
        f"{HEADINGS},RowNo,{FCE_HEADINGS},{FCE_SSC_HEADINGS},{SPELL_HEADINGS},{MORE_HEADINGS},UnbundledHRGs",
        *(
            f"{GIVEN[row]},{row},{FCE[row]}{SSC},{SPELLS[SPELL_OF[row]]}{SSC}{SSC}{SSC},{unbundled}"
            for row, unbundled in ((1, ""), (2, ""), (3, "VC14Z*12,RD26Z"), (4, "RD01Z"))
        ),
    ],
    "_spell": [
        f"RowNo,PROCODET,PROVSPNO,{SPELL_HEADINGS},{MORE_HEADINGS},UnbundledHRGs",
        f"1,RXX,S9,{SPELLS[1]}{SSC}{SSC}{SSC},",
        f"2,RYY,S2,{SPELLS[2]}{SSC}{SSC}{SSC},VC14Z*12,RD26Z,RD01Z",
    ],
    "_quality": [
        f"{HEADINGS},RowNo,Code Type|Code|Error Message",
        f'{GIVEN[1]},1,DIAG_01|R69X6|UZ01 - Invalid Primary Diagnosis,"OPER_02|C9,""2|Procedure is invalid"',
        f"{GIVEN[2]},2,EPIORDER|x|Episode Order is invalid,DIAG_01||Primary Diagnosis is blank",
    ],
    "_FCE_rel": [f"RowNo,{FCE_HEADINGS}", *(f"{row},{FCE[row]}" for row in range(1, 5))],
    "_spell_rel": [f"RowNo,PROCODET,PROVSPNO,{SPELL_HEADINGS}", f"1,RXX,S9,{SPELLS[1]}", f"2,RYY,S2,{SPELLS[2]}"],
    "_quality_rel": [
        "RowNo,Iteration,Code Type,Code,Error Message",
        "1,1,DIAG_01,R69X6,UZ01 - Invalid Primary Diagnosis",
        '1,2,OPER_02,"C9,""2",Procedure is invalid',
        "2,1,EPIORDER,x,Episode Order is invalid",
        "2,2,DIAG_01,,Primary Diagnosis is blank",
    ],
    "_flag_rel": ["RowNo,PROCODET,PROVSPNO,Iteration,SpellFlag"],
    "_ub_rel": ["RowNo,Iteration,UnbundledHRGs", "3,1,VC14Z*12", "3,2,RD26Z", "4,1,RD01Z"],
}


@pytest.mark.parametrize("block", [1, 2, 3, 65536])
@pytest.mark.parametrize("ending", GOLDEN)
def test_each_file_to_the_byte(tmp_path, result, monkeypatch, ending: str, block: int) -> None:
    monkeypatch.setattr(official, "_BLOCK_ROWS", block)
    files = write(result, tmp_path)
    assert files[ending].read_bytes().decode() == "".join(f"{line}\r\n" for line in GOLDEN[ending])


@pytest.mark.parametrize("ending", GOLDEN)
def test_without_titles(tmp_path, result, ending: str) -> None:
    files = write(result, tmp_path, titles=False)
    assert files[ending].read_bytes().decode() == "".join(f"{line}\r\n" for line in GOLDEN[ending][1:])


def test_the_index_and_the_names(tmp_path, result) -> None:
    files = write(result, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(path.name for path in files.values())
    assert len(files) == 11
    index = [row[0] for row in csv.reader(files[""].open(newline=""))]
    assert index == ["File", *(f"out{ending}.csv" for ending in (*GOLDEN, "_summary"))]


@pytest.mark.parametrize(
    ("output", "fce"), [("out.csv", "out_FCE.csv"), ("out", "out_FCE.csv"), ("a.b.txt", "a.b_FCE.txt"), ("x/y.CSV", "x/y_FCE.CSV")]
)
def test_names_follow_the_output(output: str, fce: str) -> None:
    assert official_files(Path(output))["_FCE"] == Path(fce)


def test_the_summary(tmp_path, result) -> None:
    before = datetime.now().replace(microsecond=0)
    titles, row = csv.reader(write(result, tmp_path)["_summary"].open(newline=""))
    assert titles[:3] == ["Grouper Version", "Database Version", "FCE Count"] and len(titles) == 11
    assert row[0].startswith("hrgcore ")
    assert row[1] == "fake 1 (A design for tests)"
    assert row[2:7] == ["4", "2", "2", "1", "2026-01-02 03:04:05"]
    assert before <= datetime.fromisoformat(row[7]) <= datetime.now()
    assert row[8:] == ["in.csv", "out.csv", "x,y.rdf"]


def test_a_callers_column_is_not_taken_for_the_results(tmp_path, result) -> None:
    names = ["PROVSPNO", "CalcEpidur"]
    result.episodes = result.episodes.add_column(14, "CalcEpidur", pa.array(["7"] * 4))
    raw = result.episodes.select([*range(14)]).append_column(names[1], pa.array(["7"] * 4))
    rows = write(result, tmp_path, raw=raw)["_FCE_rel"].read_text().splitlines()
    assert [row.split(",")[5] for row in rows[1:]] == ["0", "1", "4", "3"]


def test_nothing_grouped(tmp_path) -> None:
    empty = group(records(*[], names=MANDATORY))
    files = write(empty, tmp_path, raw=empty.episodes.select(MANDATORY))
    assert files["_FCE"].read_bytes().count(b"\r\n") == 1
    assert list(csv.reader(files["_summary"].open(newline="")))[1][2:6] == ["0", "0", "0", "0"]


@pytest.mark.parametrize("call", ["fsync", "replace"])
@pytest.mark.parametrize("at", range(11))
def test_what_fails_leaves_no_file_of_the_set(tmp_path, result, monkeypatch, call: str, at: int) -> None:
    real, calls = getattr(os, call), iter(range(100))

    def failing(*arguments):
        if next(calls) == at:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(*arguments)

    (tmp_path / "mine.txt").write_text("stays")
    monkeypatch.setattr(staging.os, call, failing)
    with pytest.raises(OutputError, match="No space left"):
        write(result, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_older_files_are_replaced_and_the_index_comes_last(tmp_path, result, monkeypatch) -> None:
    write(result, tmp_path)
    order, real = [], os.replace

    def replace(source, target) -> None:
        assert not (tmp_path / "out.csv").exists()  # the older set does not look whole while it is replaced
        order.append(Path(target).name)
        real(source, target)

    monkeypatch.setattr(staging.os, "replace", replace)
    files = write(result, tmp_path, titles=False)
    assert order[-1] == "out.csv"
    assert files["_ub_rel"].read_text().splitlines()[0] == "3,1,VC14Z*12"


def test_cells_of_every_kind() -> None:
    assert cells(pa.chunked_array([[True, None, False]])).to_pylist() == ["1", "", "0"]
    assert cells(pa.array([5, None])).to_pylist() == ["5", ""]
    assert cells(pa.array(['a"b', None, "c,d", "e\rf"]).dictionary_encode()).to_pylist() == ['"a""b"', "", '"c,d"', '"e\rf"']


def test_lines_of_slices_and_chunks() -> None:
    column = pa.chunked_array([["a", "b"], ["c"], []], pa.large_string())
    assert bytes(lines([column, column])) == b"a,a\r\nb,b\r\nc,c\r\n"
    assert bytes(lines([column.chunk(0).slice(1)])) == b"b\r\n"
    assert bytes(lines([column.slice(0, 0)])) == b""
    assert heading_line(["a", "b c", "d,e"]) == b'a,b c,"d,e"\r\n'
