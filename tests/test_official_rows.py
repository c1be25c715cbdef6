"""The official file sets of the logics beside admitted care, by the command, file by file; and what `hrgcore group` writes."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from row_twins import LOGICS, STARTER, Maker, group, table_of

import hrgcore
from hrgcore.cli.hrggrouper import main as official
from hrgcore.cli.main import main
from hrgcore.logics import ROW_LOGICS
from hrgcore.read import RecordDefinition
from hrgcore.synth import synthesise


@pytest.fixture(autouse=True)
def one_grouper(monkeypatch) -> None:
    monkeypatch.setitem(vars(hrgcore), "Grouper", lambda *_, **__: STARTER.grouper)


#: A few rows of each logic, and all files but the summary, whole.
_ATTEND = ",".join(
    f"Attend{kind}_Ct,{','.join(f'Attend{kind}{number}' for number in range(1, 6))}" for kind in ("SSC", "BP", "Flag")
)
_NONE = ",".join(["0,,,,,"] * 3)
_GOLDEN: dict[str, tuple[str, dict[str, str]]] = {
    "acc": (
        "CCUF,BRSD,RSD,CCL2D,CC_Start_Date,CC_Discharge_Date,ME\n"
        "1,2,,2,20240301,20240303,a\n13,1,x,,,,b\n05,0,1,,20240301,20240301,c\n",
        {
            "": "File,Contents\no_acc.csv,Periods with their HRG\no_quality.csv,Periods with errors\n"
            'o_quality_rel.csv,"Errors, a row each"\no_summary.csv,Summary of the run\n',
            "_acc": "CCUF,BRSD,RSD,CCL2D,CC_Start_Date,CC_Discharge_Date,ME,RowNo,ACC_HRG,Calc_CC_Days,CC_Warning_Flag\n"
            "1,2,,2,20240301,20240303,a,1,XC06Z,3,\n13,1,x,,,,b,2,UZ01Z,-1,F\n05,0,1,,20240301,20240301,c,3,XC06Z,1,\n",
            "_quality": "CCUF,BRSD,RSD,CCL2D,CC_Start_Date,CC_Discharge_Date,ME,RowNo,Code Type|Code|Error Message\n"
            "13,1,x,,,,b,2,RSD|x|Renal Support Days is invalid\n",
            "_quality_rel": "RowNo,Iteration,Code Type,Code,Error Message\n2,1,RSD,x,Renal Support Days is invalid\n",
        },
    ),
    "em": (
        "AGE,INV_01,TREAT_01\n40,01,011\n,1,11\n",
        {
            "_attend": "AGE,INV_01,TREAT_01,RowNo,EM_HRG\n40,01,011,1,VB08Z\n,1,11,2,UZ01Z\n",
            "_quality": "AGE,INV_01,TREAT_01,RowNo,Code Type|Code|Error Message\n"
            ",1,11,2,AGE||Age is blank,INV_01|1|Investigation is invalid\n",
            "_quality_rel": "RowNo,Iteration,Code Type,Code,Error Message\n"
            "2,1,AGE,,Age is blank\n2,2,INV_01,1,Investigation is invalid\n",
        },
    ),
    "nac": (
        "STARTAGE,SEX,MAINSPEF,TRETSPEF,FIRSTATT,OPER_01,OPER_02\n40,1,100,100,1,M453,\n40,1,315,315,2,X622,\n40,1,100,100,2,U211,Y981\n",
        {
            "_attend": "STARTAGE,SEX,MAINSPEF,TRETSPEF,FIRSTATT,OPER_01,OPER_02,RowNo,NAC_HRG,GroupingMethodFlag,DominantProcedure,"
            f"AttendanceHRG,{_ATTEND},UnbundledHRGs\n"
            f"40,1,100,100,1,M453,,1,LB14Z,P,M453,WF01B,{_NONE},\n"
            f"40,1,315,315,2,X622,,2,WF02A,O,,WF02A,{_NONE},SD04A\n"
            f"40,1,100,100,2,U211,Y981,3,WF01A,O,,WF01A,{_NONE},RD01A\n",
            "_attend_rel": "RowNo,NAC_HRG,GroupingMethodFlag,DominantProcedure,AttendanceHRG\n"
            "1,LB14Z,P,M453,WF01B\n2,WF02A,O,,WF02A\n3,WF01A,O,,WF01A\n",
            "_ub_rel": "RowNo,Iteration,UnbundledHRGs\n2,1,SD04A\n3,1,RD01A\n",
            "_quality_rel": "RowNo,Iteration,Code Type,Code,Error Message\n",
        },
    ),
    "nrd": (
        "RENALMOD,RENALSITE,AGE,RENALACCESS\n01,01,40,TLN\n81,01,40,\n",
        {
            "_renal": "RENALMOD,RENALSITE,AGE,RENALACCESS,RowNo,NRD_HRG\n01,01,40,TLN,1,LD01A\n81,01,40,,2,UZ01Z\n",
            "_quality_rel": "RowNo,Iteration,Code Type,Code,Error Message\n2,1,,,UZ14 - NRD grouping error\n",
        },
    ),
    "pcc": (
        "PROCODET,CCLocalID,CCDate,CCUF,CCAC_01\nB,1,20240502,04,51\nA,1,20240503,04,65\nB,1,20240501,4,\n",
        {
            "_sort": "PROCODET,CCLocalID,CCDate,CCUF,CCAC_01,RowNo\n"
            "A,1,20240503,04,65,1\nB,1,20240501,4,,2\nB,1,20240502,04,51,3\n",
            "_pcc": "PROCODET,CCLocalID,CCDate,CCUF,CCAC_01,RowNo,PCC_HRG\n"
            "A,1,20240503,04,65,1,XB01Z\nB,1,20240501,4,,2,XB09Z\nB,1,20240502,04,51,3,XB05Z\n",
        },
    ),
    "ncc": (
        "PROCODET,CCLocalID,CCDate,CCUF,GestLen,PERWT,CCAC_01\n"
        "A,1,20240502,13,30,1.25,2\nA,1,20240501,13,30,1.25,51\nA,1,20240502,14,30,1.25,26\n",
        {
            "_ncc": "PROCODET,CCLocalID,CCDate,CCUF,GestLen,PERWT,CCAC_01,RowNo,NCC_HRG\n"
            "A,1,20240501,13,30,1.25,51,1,UZ01Z\nA,1,20240502,13,30,1.25,2,2,XA02Z\nA,1,20240502,14,30,1.25,26,3,XA03Z\n",
            "_quality_rel": "RowNo,Iteration,Code Type,Code,Error Message\n1,1,CCAC_01,51,UZ21 - CCAC Inappropriate in NCC\n"
            "1,2,CCUF,13,Critical Care Unit Function is inconsistent in period\n"
            "2,1,CCUF,13,Critical Care Unit Function is inconsistent in period\n"
            "2,2,CCDate,20240502,Critical Care Date is duplicated in period\n"
            "3,1,CCUF,14,Critical Care Unit Function is inconsistent in period\n"
            "3,2,CCDate,20240502,Critical Care Date is duplicated in period\n",
        },
    ),
}


def definition(folder: Path, headings: str) -> Path:
    path = folder / "x.rdf"
    fields = [f"{name},{name},{at},,,," for at, name in enumerate(headings.split(","), 1) if name != "ME"]
    path.write_text("\n".join(["COMMA DELIMITED", *fields]))
    return path


@pytest.mark.parametrize("given", [True, False])
@pytest.mark.parametrize("logic", LOGICS)
def test_the_files_of_a_logic(tmp_path: Path, capsys, logic: str, given: bool) -> None:
    """With the logic given, and found from the fields of the record definition."""
    text, files = _GOLDEN[logic]
    (tmp_path / "in.csv").write_text(text)
    (tmp_path / "out").mkdir()
    rdf = definition(tmp_path, text.split("\n")[0])
    command = ["-i", str(tmp_path / "in.csv"), "-o", str(tmp_path / "out" / "o.csv"), "-d", str(rdf), "-h"]
    assert official([*command, *(["-l", logic.upper()] if given else [])]) == 0, capsys.readouterr().err
    for ending, content in files.items():
        assert (tmp_path / "out" / f"o{ending}.csv").read_bytes().decode() == content.replace("\n", "\r\n"), ending
    summary = (tmp_path / "out" / "o_summary.csv").read_text().splitlines()
    noun = "Attendance" if ROW_LOGICS[logic].rows == "attendances" else "Record"
    assert summary[0].startswith(f"Grouper Version,Database Version,{noun} Count,{noun} Error Count,Run Start")
    assert f",{text.count(chr(10)) - 1}," in summary[1]
    index = (tmp_path / "out" / "o.csv").read_text().splitlines()
    assert {line.split(",")[0] for line in index[1:]} == {path.name for path in (tmp_path / "out").iterdir()} - {"o.csv"}


def test_only_the_fields_of_its_logic_lose_their_headings_where_a_definition_leaves_them_out() -> None:
    lines = ["COMMA DELIMITED", *(f"{name},{name},{at},,,," for at, name in enumerate(("CCUF", "BCSD", "RSD"), 1))]
    names = ["CCUF", "BCSD", "RSD", "LSD", "SEX", "INV_01", "mine"]
    table = RecordDefinition.parse("\n".join(lines)).apply(pa.table({name: ["x"] for name in names}))
    assert table.column_names == ["CCUF", "BCSD", "RSD", "COLUMN_04", "SEX", "INV_01", "mine"]


def test_no_titles_and_no_headings(tmp_path: Path) -> None:
    text, _ = _GOLDEN["em"]
    (tmp_path / "in.csv").write_text(text.split("\n", 1)[1])
    rdf = definition(tmp_path, text.split("\n")[0])
    (tmp_path / "out").mkdir()
    command = ["-i", str(tmp_path / "in.csv"), "-o", str(tmp_path / "out" / "o.csv"), "-d", str(rdf), "-t", "-l", "em"]
    assert official(command) == 0
    assert (tmp_path / "out" / "o_attend.csv").read_text() == "40,01,011,1,VB08Z\n,1,11,2,UZ01Z\n"


@pytest.mark.parametrize("logic", LOGICS)
def test_a_run_in_parts_gives_what_the_whole_gives_and_is_resumed(tmp_path: Path, monkeypatch, capsys, logic: str) -> None:
    from hrgcore.run import parts

    of = ROW_LOGICS[logic]
    table = table_of(of, Maker(of, seed=9).rows(700))
    table = table.sort_by([(key.name, "ascending") for key in of.keys]) if of.keys else table
    pq.write_table(table, tmp_path / "in.parquet")
    monkeypatch.setattr(parts, "PART_EPISODES", 300)
    command = ["group", str(tmp_path / "in.parquet"), "-o", str(tmp_path / "out"), "--logic", logic]
    assert main(command) == 0
    result = group(of, table)
    for name in ("rows", "errors", *(["unbundled"] if of.attendances else [])):
        found = pq.read_table(tmp_path / "out" / name)
        assert found.to_pylist() == getattr(result, name).to_pylist(), name
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert manifest["logic"] == logic and manifest["counts"] == json.loads(json.dumps(result.counts))
    assert manifest["run"]["parts"] == 3 and manifest["run"]["spells"] is None
    assert "rows               700" in capsys.readouterr().out
    assert main([*command, "--resume"]) == 0
    assert main(["group", str(tmp_path / "out"), "-o", str(tmp_path / "again"), "--logic", logic]) == 3  # has what it would write


@pytest.mark.parametrize("logic", LOGICS)
def test_synthetic_rows_are_the_same_for_the_same_seed_and_mostly_group(tmp_path: Path, monkeypatch, logic: str) -> None:
    from hrgcore.synth import write

    monkeypatch.setattr(write, "PART_EPISODES", 3_000)
    for name, seed in (("one", 3), ("again", 3), ("other", 4)):
        synthesise(tmp_path / name, 7_000, seed, logic=logic)
    contents = {name: [path.read_bytes() for path in sorted((tmp_path / name).iterdir())] for name in ("one", "again", "other")}
    assert contents["one"] == contents["again"] != contents["other"] and len(contents["one"]) == 3
    counts = STARTER.grouper.group(tmp_path / "one", logic=logic).counts["rows"]
    assert counts["total"] == 7_000 and 0.99 < counts["grouped"] / 7_000 < 1


def test_synthetic_rows_of_the_command(tmp_path: Path, capsys) -> None:
    assert main(["synth", "--episodes", "50", "-o", str(tmp_path / "made"), "--logic", "em", "--format", "csv"]) == 0
    assert "50 synthetic attendances in 1 part(s)" in capsys.readouterr().out
    assert main(["synth", "--episodes", "50", "-o", str(tmp_path / "hes"), "--logic", "em", "--names", "hes"]) == 2
    assert main(["group", str(tmp_path / "made"), "-o", str(tmp_path / "out"), "--logic", "em"]) == 0


def test_explaining_a_row_by_the_command(tmp_path: Path, capsys) -> None:
    text, _ = _GOLDEN["em"]
    (tmp_path / "in.csv").write_text(text)
    command = ["explain", str(tmp_path / "in.csv"), "--logic", "em"]
    assert main([*command, "--row", "1"]) == 0 and "Row: VB08Z" in capsys.readouterr().out
    assert main([*command, "--row", "3"]) == 3 and "no row 3" in capsys.readouterr().err
    assert main(command) == 2 and "--row" in capsys.readouterr().err
