"""`hrggrouper` and `hrgcore group` give the same of the same rows: the official sample, and artificial HES rows."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from hrgcore.cli import hrggrouper
from hrgcore.cli.main import main
from hrgcore.synth import synthesise

SPELL_KEY = ("PROCODET", "PROVSPNO")
EPISODE = ("FCE_HRG", "GroupingMethodFlag", "DominantProcedure", "CalcEpidur", "SpellHRG")
SPELL = ("SpellHRG", "SpellGroupingMethodFlag", "SpellDominantProcedure", "SpellPDiag", "SpellEpisodeCount", "SpellLOS")


@dataclass
class Found:
    """What a command gave, each entry beside the cells of its row of input, so that the order does not matter."""

    episodes: Counter[tuple[str, ...]]
    spells: Counter[tuple[str, ...]]
    unbundled: Counter[tuple[str, ...]]
    errors: Counter[tuple[str, ...]]


def read(path: Path) -> list[list[str]]:
    with path.open(newline="") as file:
        return list(csv.reader(file))


def write(path: Path, rows: Iterable[Iterable[str]]) -> Path:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    return path


def texts(cells: Iterable[object]) -> tuple[str, ...]:
    return tuple("" if cell is None else str(cell) for cell in cells)


def run_hrggrouper(source: Path, rdf: Path, folder: Path, *more: str) -> None:
    folder.mkdir()
    assert hrggrouper.main(["-i", str(source), "-o", str(folder / "o.csv"), "-d", str(rdf), "-l", "APC", *more]) == 0


def by_hrggrouper(source: Path, rdf: Path, folder: Path, *more: str) -> Found:
    run_hrggrouper(source, rdf, folder, *more)

    def rows(name: str) -> list[list[str]]:
        return read(folder / f"o_{name}.csv")

    titles, *episodes = rows("FCE")
    width = titles.index("RowNo")
    found = [width + titles[width:].index(name) for name in EPISODE]  # the caller's columns may have such names, too
    row = {cells[width]: tuple(cells[:width]) for cells in episodes}
    assert len(row) == len(episodes)
    names, *spells = rows("spell")
    at = [names.index(name) for name in (*SPELL_KEY, *SPELL)]
    return Found(
        Counter((*cells[:width], *(cells[place] for place in found)) for cells in episodes),
        Counter(tuple(cells[place] for place in at) for cells in spells),
        Counter((*row[number], *rest) for number, *rest in rows("ub_rel")[1:]),
        Counter((*row[number], *rest[1:]) for number, *rest in rows("quality_rel")[1:]),
    )


def by_group(source: Path, folder: Path, *more: str) -> Found:
    assert main(["group", str(source), "-o", str(folder), *more]) == 0
    episodes, spells, unbundled, errors = (pq.read_table(folder / name) for name in ("episodes", "spells", "unbundled", "errors"))
    rows = [tuple(cells) for cells in read(source)[1:]]
    days = [f"*{one}" if one else "" for one in unbundled["Days"].to_pylist()]
    hrgs = [hrg + own for hrg, own in zip(unbundled["UnbundledHRG"].to_pylist(), days, strict=True)]
    codes = zip(*(errors[name].to_pylist() for name in ("Row", "CodeType", "Code", "ErrorMessage")), strict=True)
    places = zip(unbundled["Row"].to_pylist(), unbundled["Iteration"].to_pylist(), hrgs, strict=True)
    found = zip(rows, *(episodes[name].to_pylist() for name in EPISODE), strict=True)
    return Found(
        Counter((*row, *texts(rest)) for row, *rest in found),
        Counter(texts(cells) for cells in zip(*(spells[name].to_pylist() for name in (*SPELL_KEY, *SPELL)), strict=True)),
        Counter((*rows[number - 1], *texts(rest)) for number, *rest in places),
        Counter((*rows[number - 1], *texts(rest)) for number, *rest in codes),
    )


def same(one: Found, other: Found) -> None:
    for field in fields(Found):
        a, b = getattr(one, field.name), getattr(other, field.name)
        assert a == b, f"{field.name}: {sum((a - b).values())} and {sum((b - a).values())} differ"


def made_rdf(source: Path, tmp_path: Path) -> Path:
    assert main(["rdf", "--for", str(source), "-o", str(tmp_path / "made.rdf")]) == 0
    return tmp_path / "made.rdf"


@pytest.fixture(scope="module")
def activity(tmp_path_factory) -> Path:
    """Synthetic episodes, and in the second and third columns behind them what nobody knows."""
    (part,) = synthesise(tmp_path_factory.mktemp("synth") / "parts", 400, 11, format="csv")
    names, *rows = read(part)
    return write(part.with_name("more.csv"), [[*names, "dummy", "", "FCE_HRG2"], *([*row, "a", "", "b,c"] for row in rows)])


@pytest.fixture
def sample(shared: Path) -> Path:
    return shared / "samples" / "apc_sample_2024_25.csv"


@pytest.fixture
def hes(shared: Path, tmp_path: Path) -> Path:
    """The artificial HES rows. They come without a spell number: a person's day of admission stands for it, under its HES name."""
    names, *rows = read(shared / "samples" / "artificial_hes_apc_0102.csv")
    person, day = names.index("PSEUDO_HESID"), names.index("ADMIDATE")
    return write(tmp_path / "hes.csv", [[*names, "PROVSPNOPS"], *([*row, f"{row[person]}-{row[day]}"] for row in rows)])


def test_the_official_sample(sample, shared, tmp_path) -> None:
    official = by_hrggrouper(sample, shared / "samples" / "HRG4+_default_APC.rdf", tmp_path / "official", "-h")
    assert official.episodes.total() == 752 and official.spells.total() == 478
    assert official.unbundled and official.errors
    same(official, by_group(sample, tmp_path / "group"))


def test_a_definition_made_for_the_sample(sample, shared, tmp_path, capsys) -> None:
    rdf = made_rdf(sample, tmp_path)
    assert capsys.readouterr().err == ""  # nothing in the sample is shifted
    default = (shared / "samples" / "HRG4+_default_APC.rdf").read_bytes()
    assert rdf.read_bytes().splitlines() == default.splitlines()
    headings = by_group(sample, tmp_path / "headings")
    same(headings, by_hrggrouper(sample, rdf, tmp_path / "official", "-h"))
    same(headings, by_group(sample, tmp_path / "defined", "--rdf", str(rdf)))


def test_artificial_hes_rows_as_they_are_lack_a_spell_number_and_both_commands_say_what_to_do(shared, tmp_path, capsys) -> None:
    source = shared / "samples" / "artificial_hes_apc_0102.csv"
    for arguments in (["rdf", "--for", str(source)], ["group", str(source), "-o", str(tmp_path / "out")]):
        assert main(arguments) == 3
        said = capsys.readouterr().err
        assert "no column PROVSPNO. " in said and "add a column PROVSPNO of PSEUDO_HESID and ADMIDATE put together" in said
    names = read(source)[0]
    without = write(tmp_path / "other.csv", [[name for name in names if name != "ADMIDATE"]])
    assert main(["rdf", "--for", str(without)]) == 3
    assert "add a column" not in capsys.readouterr().err  # nothing that would do


def test_artificial_hes_rows(hes, tmp_path, capsys) -> None:
    rdf = made_rdf(hes, tmp_path)
    assert capsys.readouterr().err == ""
    official = by_hrggrouper(hes, rdf, tmp_path / "official", "-h")
    assert official.episodes.total() == 2075
    assert official.errors and any(key[-5] != "UZ01Z" for key in official.episodes)
    same(official, by_group(hes, tmp_path / "group"))


def test_with_headings_and_without_and_columns_behind_the_last_field(activity, tmp_path) -> None:
    rdf = made_rdf(activity, tmp_path)
    bare = write(tmp_path / "bare.csv", read(activity)[1:])
    with_headings = by_hrggrouper(activity, rdf, tmp_path / "with", "-h")
    assert with_headings.episodes.total() == 400 and all(cells[-8:-5] == ("a", "", "b,c") for cells in with_headings.episodes)
    same(with_headings, by_hrggrouper(bare, rdf, tmp_path / "without"))
    same(with_headings, by_group(activity, tmp_path / "group"))
    names, of_bare = (read(tmp_path / folder / "o_sort.csv")[0] for folder in ("with", "without"))
    assert names == [*read(activity)[0][:-2], "COLUMN_45", "FCE_HRG2", "RowNo"]
    assert of_bare == [*names[:-4], "COLUMN_44", "COLUMN_45", "COLUMN_46", "RowNo"]


def test_without_titles_each_file_lacks_its_first_line_only(activity, tmp_path) -> None:
    rdf = made_rdf(activity, tmp_path)
    run_hrggrouper(activity, rdf, tmp_path / "with", "-h")
    run_hrggrouper(activity, rdf, tmp_path / "without", "-h", "-t")
    files = sorted(path.name for path in (tmp_path / "with").iterdir())
    assert files == sorted(path.name for path in (tmp_path / "without").iterdir()) and len(files) == 11
    for name in set(files) - {"o.csv", "o_summary.csv"}:  # which name the folder, and the time
        assert read(tmp_path / "without" / name) == read(tmp_path / "with" / name)[1:], name
    assert [len(read(tmp_path / folder / "o_summary.csv")) for folder in ("with", "without")] == [2, 1]


def test_99_diagnoses_and_procedures(activity, tmp_path) -> None:
    names, *rows = read(activity)
    first = names.index("DIAG_01")
    codes = [f"{field}_{number:02d}" for field in ("DIAG", "OPER") for number in range(1, 100)]
    diagnoses = ["I10X"] * 99
    unbundled = [*["Z942"] * 98, "U212"]  # its imaging HRG comes from the last column
    wide = [
        [*rows[0][:first], *diagnoses, *unbundled],
        [*rows[1][:first], *diagnoses[:98], "A99.9Z", *unbundled[:98], "ZZ"],
        [*rows[2][:first], *diagnoses, *[""] * 99],
    ]
    for number, row in enumerate(wide):
        row[names.index("PROVSPNO")], row[names.index("EPIORDER")] = str(number), "1"
    source = write(tmp_path / "wide.csv", [[*names[:first], *codes], *wide])
    rdf = made_rdf(source, tmp_path)
    assert "OPER_99,OPER_99,212,,,," in rdf.read_text()
    official = by_hrggrouper(source, rdf, tmp_path / "official", "-h")
    same(official, by_group(source, tmp_path / "group"))
    assert {cells[-3:-1] for cells in official.errors} == {("DIAG_99", "A99.9Z"), ("OPER_99", "ZZ")}
    assert [cells[-1][:2] for cells in official.unbundled if cells[1] == "0"] == ["RD"]
    assert not any(cells[-1].startswith("RD") for cells in official.unbundled if cells[1] == "2")
