"""Linking: every row of critical care and dialysis meets the one spell that has its key, or is listed with the reason."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from linked import NOTHING, acc, admitted, folder, hrgs, ncc, nrd, unlinked

import hrgcore
from hrgcore.cli.main import main
from hrgcore.errors import InputError, UsageError
from hrgcore.linking.join import NO_KEY, NO_SPELL, SEVERAL
from hrgcore.logics import ROW_LOGICS

SPELLS = admitted([("RA", "1", "AA22C"), ("RA", "2", "UZ01Z"), ("RB", "1", "FD01J")], [(1, "RA", "1", "VC04Z", 12)])


def test_a_spell_gets_all_its_hrgs() -> None:
    """Two periods of critical care, a dialysis session and rehabilitation days, which come from the spell's own table."""
    periods = acc([("RA", "1", "XC03Z", 6), ("RB", "1", "XC05Z", -1), ("RA", "1", "XC06Z", 2)])
    found = hrgcore.link(SPELLS, [periods, nrd([("RA", "1", "LD05A")]), ncc([("RB", "1", "XA01Z")])])
    assert hrgs(found) == [
        ("RA", "1", "core", "AA22C", None, "0 (apc)", 1),
        ("RA", "1", "unbundled", "VC04Z", 12, "0 (apc)", 1),
        ("RA", "1", "adult critical care", "XC03Z", 6, "1 (acc)", 1),
        ("RA", "1", "adult critical care", "XC06Z", 2, "1 (acc)", 3),
        ("RA", "1", "renal dialysis", "LD05A", None, "2 (nrd)", 1),
        ("RA", "2", "core", "UZ01Z", None, "0 (apc)", 2),
        ("RB", "1", "core", "FD01J", None, "0 (apc)", 3),
        ("RB", "1", "adult critical care", "XC05Z", None, "1 (acc)", 2),  # its dates can't be used
        ("RB", "1", "neonatal critical care", "XA01Z", 1, "3 (ncc)", 1),  # its rows are days
    ]
    assert len(found.unlinked) == 0


def test_a_row_that_fits_no_spell_is_listed() -> None:
    rows = nrd([("RA", "9", "LD01A"), ("RA", None, "LD02A"), ("RB", "1", "LD03A"), (" ", "1", "LD04A"), ("RA", " 1", "LD05A")])
    found = hrgcore.link(SPELLS, [rows])
    assert unlinked(found) == [
        ("RA", "9", "LD01A", 1, NO_SPELL),
        ("RA", "", "LD02A", 2, NO_KEY),
        (" ", "1", "LD04A", 4, NO_KEY),
        ("RA", " 1", "LD05A", 5, NO_SPELL),  # keys are taken as they stand
    ]
    assert found.counts == [
        {"input": "1 (nrd)", "kind": "renal dialysis", "rows": 5, "linked": 1, "unlinked": {NO_KEY: 2, NO_SPELL: 2}}
    ]


def test_known_cells_in_a_key_that_no_spell_has_fit_none() -> None:
    """A number that no spell has beside a provider that one has, and the other way round."""
    keys = [("RB", "9"), ("RB", "2"), ("RC", "1"), ("RC", "9"), ("1", "RA")]
    found = hrgcore.link(SPELLS, [nrd([(*key, "LD01A") for key in keys])])
    assert unlinked(found) == [(*key, "LD01A", row, NO_SPELL) for row, key in enumerate(keys, 1)]


def test_a_spell_without_a_number_gathers_no_rows() -> None:
    spells = admitted([("RA", "", "AA22C")], [(1, "RA", "", "VC04Z", 1)])
    found = hrgcore.link(spells, [nrd([("RA", "", "LD01A")])])
    assert [row[3] for row in hrgs(found)] == ["AA22C", "VC04Z"]
    assert unlinked(found) == [("RA", "", "LD01A", 1, NO_KEY)]


def test_a_key_of_several_spells_is_no_key_of_one() -> None:
    """PROVSPNO alone: number 1 is a spell of RA and one of RB."""
    found = hrgcore.link(SPELLS, [nrd([("x", "1", "LD01A"), ("x", "2", "LD02A")])], on={"PROVSPNO": "PROVSPNO"})
    assert [row[3] for row in hrgs(found) if row[2] == "renal dialysis"] == ["LD02A"]
    assert found.unlinked.select(["Key_PROVSPNO", "Row", "Reason"]).to_pylist() == [
        {"Key_PROVSPNO": "1", "Row": 1, "Reason": SEVERAL}
    ]


def test_columns_of_other_names_and_kinds() -> None:
    rows = nrd([("RA", "1", "LD01A"), ("RB", "1", "LD02A")], names=("Row", "Spell"))
    rows.rows = rows.rows.set_column(1, "Spell", pa.array([1, 1]).dictionary_encode())
    found = hrgcore.link(SPELLS, [rows], on={"provspno": "SPELL", "PROCODET": "row"})
    assert [row[:4] for row in hrgs(found) if row[2] == "renal dialysis"] == [
        ("RA", "1", "renal dialysis", "LD01A"),
        ("RB", "1", "renal dialysis", "LD02A"),
    ]


def test_a_column_that_only_episodes_have() -> None:
    """EPIKEY is of an episode, and so of its spell; one that stands in two spells is of neither."""
    keys = [("RA", "1", "e1"), ("RA", "1", "e2"), ("RB", "1", "e3"), ("RA", "2", "e3"), ("RB", "1", "e4")]
    rows = nrd([("x", key, "LD01A") for key in ("e2", "e4", "e3", "e5")], names=("x", "EPIKEY"))
    found = hrgcore.link(SPELLS.with_episodes(keys), [rows], on={"EPIKEY": "EPIKEY"})
    assert [(*row[:2], row[6]) for row in hrgs(found) if row[2] == "renal dialysis"] == [("RA", "1", 1), ("RB", "1", 2)]
    assert found.unlinked.column("Reason").to_pylist() == [SEVERAL, NO_SPELL]


def test_missing_columns_are_named_with_those_there_are() -> None:
    rows = nrd([("RA", "1", "LD01A")], names=("PROCODET", "SUSSPELLID"))
    with pytest.raises(InputError, match=r"1 \(nrd\): no column PROVSPNO. Its columns are PROCODET, SUSSPELLID, .* with --on"):
        hrgcore.link(SPELLS, [rows])
    with pytest.raises(InputError, match=r"0 \(apc\): episodes: no column FROB. Its columns are PROCODET, PROVSPNO, .* with --on"):
        hrgcore.link(SPELLS.with_episodes([("RA", "1", "e1")]), [rows], on={"FROB": "PROCODET"})
    with pytest.raises(InputError, match="no column NRD_HRG.*--logic nrd"):
        hrgcore.link(SPELLS, [nrd([("RA", "1", "LD01A")], hrg="HRG")])


@pytest.mark.parametrize(
    ("spells", "others", "on", "error", "says"),
    [
        (SPELLS, [], None, UsageError, "Nothing to link"),
        (SPELLS, [NOTHING], {}, UsageError, "at least one column"),
        (NOTHING, [NOTHING], None, InputError, "admitted care .apc. first"),
        (SPELLS, [SPELLS], None, InputError, "no part of a spell. Give results of acc, pcc, nrd, ncc"),
        (SPELLS, [nrd([], logic="em")], None, InputError, "emergency medicine .em., whose attendances are no part of a spell"),
        (SPELLS, [7], None, InputError, "a int can't be linked"),
        (admitted([("RA", "1", "A"), ("RA", "1", "A")]), [NOTHING], None, InputError, "a spell stands there twice"),
        (admitted([("RA", "1", "A")], [(1, "RB", "1", "B", 1)]), [NOTHING], None, InputError, "unbundled HRGs of a spell that it"),
    ],
)
def test_what_can_not_be_linked(spells: Any, others: Any, on: Any, error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        hrgcore.link(spells, others, on)


def test_without_rows() -> None:
    found = hrgcore.link(admitted([]), [NOTHING])
    assert len(found.hrgs) == len(found.unlinked) == 0
    assert found.hrgs.column_names == ["PROCODET", "PROVSPNO", "Kind", "HRG", "Days", "Input", "Row"]


def test_the_documentation_names_what_there_is() -> None:
    text = " ".join((Path(__file__).parents[1] / "docs" / "linking.md").read_text(encoding="utf-8").split())
    found = hrgcore.link(SPELLS, [NOTHING])
    named = [name for row in re.findall(r"\| ([A-Z][A-Za-z, ]+) \|", text) for name in row.split(", ")]
    assert named == found.hrgs.column_names
    assert all(f"*{reason}*" in text for reason in (NO_KEY, NO_SPELL, SEVERAL))
    assert all(f"`{one.title}`" in text for one in ROW_LOGICS.values() if one.rows != "attendances")


CELLS = st.sampled_from(["", "1", "2", "é", None])
KEYS = st.tuples(CELLS, CELLS)


@settings(max_examples=300, deadline=None)
@given(st.lists(KEYS, max_size=12), st.lists(st.lists(KEYS, max_size=8), min_size=1, max_size=3), st.booleans())
def test_every_row_is_in_one_table_once(spells: list[Any], inputs: list[list[Any]], both: bool) -> None:
    """Against the definition: the spells, one by one, that have a row's key."""
    keys = list(dict.fromkeys((one or "", two or "") for one, two in spells))
    on = {"PROCODET": "PROCODET", "PROVSPNO": "PROVSPNO"} if both else {"PROVSPNO": "PROVSPNO"}
    own = [(1, *key, "VC04Z", 3) for key in keys[::2]]
    rows = [nrd([(*key, f"L{at:04d}") for at, key in enumerate(keys_of)]) for keys_of in inputs]
    found = hrgcore.link(admitted([(*key, "AA22C") for key in keys], own), rows, on)
    linked, lost = [], []
    for place, keys_of in enumerate(inputs, 1):
        for at, key in enumerate(keys_of):
            key = tuple(cell or "" for cell in key)
            fits = [each for each in keys if each[1] == key[1] and (not both or each[0] == key[0])]
            where = (f"{place} (nrd)", at + 1)
            if not all(cell.strip() for cell in (key if both else key[1:])):
                lost.append((*where, NO_KEY))
            elif len(fits) != 1:
                lost.append((*where, SEVERAL if fits else NO_SPELL))
            else:
                linked.append((*fits[0], f"L{at:04d}", *where))
    of_rows = [(*row[:2], row[3], *row[5:]) for row in hrgs(found) if row[2] == "renal dialysis"]
    assert sorted(of_rows) == sorted(linked)
    assert [tuple(row.values()) for row in found.unlinked.select(["Input", "Row", "Reason"]).to_pylist()] == lost
    assert len(found.hrgs) == len(keys) + len(own) + len(linked)
    assert [entry["rows"] for entry in found.counts] == [len(keys_of) for keys_of in inputs]
    assert [keys.index(row[:2]) for row in hrgs(found)] == sorted(keys.index(row[:2]) for row in hrgs(found))


# Folders and the command --------------------------------------------------------------------------------------------------------


EPISODES = [("RA", "1", "e1"), ("RA", "2", "e2"), ("RB", "1", "e3")]
PERIODS = acc([("RA", "1", "XC03Z", 6), ("RA", "9", "XC05Z", -1), ("RB", "1", "XC06Z", 2)])
RESULTS = {"spells": SPELLS.with_episodes(EPISODES), "cc": PERIODS, "renal": nrd([("RB", "1", "LD01A")])}


@pytest.fixture
def folders(tmp_path: Path) -> list[str]:
    """Results of admitted care, of critical care and of dialysis."""
    return [str(folder(result, tmp_path / name)) for name, result in RESULTS.items()]


@pytest.mark.parametrize("format", ["parquet", "csv"])
def test_the_command_writes_both_tables_and_a_manifest(folders: list[str], tmp_path: Path, capsys: Any, format: str) -> None:
    out = tmp_path / "out"
    assert main(["link", *folders, "-o", str(out), "--format", format]) == 0
    said = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert f"3 2 1 adult critical care: {folders[1]}" in said and f"1 {NO_SPELL}" in said and "HRGs of spells: 7" in said
    assert {path.name for path in out.iterdir()} == {f"hrgs.{format}", f"unlinked.{format}", "manifest.json"}
    manifest = json.loads((out / "manifest.json").read_text())
    assert [(entry["name"], entry["rows"]) for entry in manifest["outputs"]] == [(f"hrgs.{format}", 7), (f"unlinked.{format}", 1)]
    assert [entry["logic"] for entry in manifest["linked"]] == ["apc", "acc", "nrd"] and len(manifest["inputs"]) == 4
    assert [entry["rows"] - entry["linked"] for entry in manifest["counts"]["inputs"]] == [1, 0]
    if format == "csv":
        lines = (out / "hrgs.csv").read_text().splitlines()
        assert lines[3] == f"RA,1,adult critical care,XC03Z,6,{folders[1]},1"
        assert (out / "unlinked.csv").read_text().splitlines()[1] == f"RA,9,adult critical care,XC05Z,,{folders[1]},2,{NO_SPELL}"


def test_folders_of_csv_give_the_same(folders: list[str], tmp_path: Path) -> None:
    first, *others = [str(folder(result, tmp_path / f"{name}.csv", "csv")) for name, result in RESULTS.items()]
    expected, found = hrgcore.link(folders[0], folders[1:]), hrgcore.link(first, others)
    for table in ("hrgs", "unlinked"):
        assert getattr(found, table).drop_columns("Input") == getattr(expected, table).drop_columns("Input")


def test_the_command_joins_on_other_columns(folders: list[str], tmp_path: Path, capsys: Any) -> None:
    rows = str(folder(nrd([("x", "e3", "LD01A")], names=("x", "MYKEY")), tmp_path / "renal2"))
    assert main(["link", folders[0], rows, "-o", str(tmp_path / "out"), "--on", "EPIKEY = MYKEY"]) == 0
    assert pq.read_table(tmp_path / "out" / "hrgs.parquet").to_pylist()[-1]["HRG"] == "LD01A"
    assert main(["link", folders[0], rows, "-o", str(tmp_path / "none"), "--on", "PROVSPNO=MYKEY"]) == 0
    assert "note: no row of" in capsys.readouterr().err


def test_another_design_is_noted(folders: list[str], tmp_path: Path, capsys: Any) -> None:
    other = str(folder(nrd([("RA", "1", "LD01A")]), tmp_path / "other", design="another"))
    assert main(["link", folders[0], other, "-o", str(tmp_path / "out")]) == 0
    assert f"note: {other} was grouped by another design than {folders[0]}" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["{0}", "{1}"], 2, "required: -o"),
        (["{0}", "-o", "{out}"], 2, "required: OTHER"),
        (["{0}", "{1}", "{1}", "-o", "{out}"], 2, "given twice"),
        (["{0}", "{1}", "-o", "{out}", "--on", "A=,B"], 2, "is not COLUMN[=COLUMN]"),
        (["{0}", "{1}", "-o", "{out}", "--on", "A,A"], 2, "is not COLUMN[=COLUMN]"),
        (["{1}", "{0}", "-o", "{out}"], 3, "Give the result of admitted care (apc) first"),
        (["{0}", "{1}/rows", "-o", "{out}"], 3, "has no finished results"),
        (["{0}", "{1}.gone", "-o", "{out}"], 3, "is no folder"),
        (["{0}", "{1}", "-o", "{out}", "--on", "FROB"], 3, "episodes: no column FROB. Its columns are PROCODET"),
        (["{0}", "{1}", "-o", "{0}"], 5, "not empty"),
        (["{0}", "{1}.gone", "-o", "{0}"], 5, "not empty"),  # before anything is read
    ],
)
def test_errors_are_one_line_and_leave_nothing(
    folders: list[str], tmp_path: Path, capsys: Any, arguments: list[str], code: int, says: str
) -> None:
    assert main(["link", *(word.format(*folders, out=tmp_path / "out") for word in arguments)]) == code
    out, err = capsys.readouterr()
    assert says in err and err.count("\n") == 1 and out == "" and not (tmp_path / "out").exists()


@pytest.mark.parametrize("what", ["changed", "gone", "put there", "no manifest", "unfinished"])
def test_folders_that_are_not_as_they_were_written_are_refused(folders: list[str], tmp_path: Path, capsys: Any, what: str) -> None:
    cc = Path(folders[1])
    part = cc / "rows" / "part-00000.parquet"
    if what == "changed":
        pq.write_table(pq.read_table(part).slice(1), part)
    elif what == "gone":
        part.rename(part.with_name("part-00001.parquet"))
    elif what == "put there":
        part.with_name("part-00001.parquet").write_bytes(part.read_bytes())
    elif what == "no manifest":
        (cc / "manifest.json").write_text("[]")
    else:
        (cc / "manifest.json").unlink()
    assert main(["link", *folders, "-o", str(tmp_path / "out")]) == 3
    err = capsys.readouterr().err
    assert str(cc) in err and err.count("\n") == 1 and not (tmp_path / "out").exists()


def test_a_full_disk_leaves_nothing(folders: list[str], tmp_path: Path, monkeypatch: Any, capsys: Any) -> None:
    import runs

    runs.break_at(monkeypatch, 1, runs.full_disk())
    assert main(["link", *folders, "-o", str(tmp_path / "out")]) == 5
    assert not (tmp_path / "out").exists() and "Check the folder" in capsys.readouterr().err


def test_what_grouping_has_written_can_be_linked(tmp_path: Path, capsys: Any) -> None:
    """From synthetic activity on, by the embedded design, in memory and by way of folders."""
    grouper = hrgcore.Grouper()
    results: list[Any] = []
    for logic in ("apc", "acc", "pcc", "ncc", "nrd"):
        activity = tmp_path / logic
        assert main(["synth", "--episodes", "60", "--logic", logic, "-o", str(activity)]) == 0
        table = pq.read_table(activity)
        if logic != "apc":
            keys = results[0].spells.select(["PROCODET", "PROVSPNO"])
            rows = pa.array([row % 20 for row in range(len(table))])
            for name in keys.column_names:
                table = table.drop_columns([name]) if name in table.column_names else table
                table = table.append_column(name, keys.column(name).take(rows))
            pq.write_table(table, activity / "part-00000.parquet")
        results.append(grouper.group(table, logic=logic))
        assert main(["group", str(activity), "--logic", logic, "-o", str(tmp_path / f"{logic}-out")]) == 0
    found = hrgcore.link(results[0], results[1:])
    assert len(found.unlinked) == 0
    assert len(found.hrgs) == len(results[0].spells) + len(results[0].unbundled) + 4 * 60
    first, *others = (str(tmp_path / f"{logic}-out") for logic in ("apc", "acc", "pcc", "ncc", "nrd"))
    assert main(["link", first, *others, "-o", str(tmp_path / "out")]) == 0
    written = pq.read_table(tmp_path / "out" / "hrgs.parquet")
    assert written.drop_columns("Input").to_pylist() == found.hrgs.drop_columns("Input").to_pylist()
