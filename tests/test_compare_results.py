"""hrgcore compare: what moved between two results, counted independently; causes; the page; what is refused."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from report_pages import check_page
from runs import run, tables_of, write
from two_designs import design, results, table

from hrgcore.analysis.compare import Comparison, compare
from hrgcore.analysis.prices import Prices
from hrgcore.analysis.results import Results
from hrgcore.cli.main import main
from hrgcore.design import load_design
from hrgcore.grouper import Grouper


def compared(a: Path, b: Path, prices: Prices | None = None) -> Comparison:
    return compare(Results(a), Results(b), (load_design(design("small")), load_design(design("altered"))), prices)


@pytest.fixture(scope="module")
def found() -> Comparison:
    return compared(results("small"), results("altered"))


def hrgs(name: str) -> list[str]:
    column: list[str] = tables_of(results(name))["spells"].column("SpellHRG").to_pylist()
    return column


def test_flows_are_those_counted_spell_by_spell(found: Comparison) -> None:
    expected = Counter((a, b) for a, b in zip(hrgs("small"), hrgs("altered"), strict=True) if a != b)
    flows = {(row["SpellHRG_a"], row["SpellHRG_b"]): row["spells"] for row in found.flows.to_pylist()}
    assert flows == expected
    assert found.totals["moved"] == sum(expected.values()) == sum(found.stays.column("moved").to_pylist())
    assert found.totals["spells"] == len(hrgs("small")) == sum(row["spells_a"] for row in found.chapters.to_pylist())
    assert sum(row["moved"] for row in found.providers.to_pylist()) == found.totals["moved"]


def test_chapters_count_who_left_came_and_moved_within(found: Comparison) -> None:
    pairs = list(zip(hrgs("small"), hrgs("altered"), strict=True))
    for row in found.subchapters.to_pylist():
        own = row["part"]
        assert row["left"] == sum(a[:2] == own != b[:2] for a, b in pairs)
        assert row["came"] == sum(b[:2] == own != a[:2] for a, b in pairs)
        assert row["within"] == sum(a[:2] == own == b[:2] and a != b for a, b in pairs)
    assert any(row["left"] for row in found.subchapters.to_pylist())


def test_each_alteration_is_a_cause_and_explained(found: Comparison) -> None:
    causes = {(row["kind"], row["of"]): row["explanation"] for row in found.causes.to_pylist()}
    assert "its root is KB01 now, was WA10" in causes["root", "WA10 to KB01"]
    assert ("root", "DZ15 to DZ16") in causes
    assert causes["split", "HC33"] == "splits.csv: HC33A los 5+ -> 2+; HC33B los 0-4 -> 0-1"
    assert "E110 1 -> 0" in causes["CC score", "respiratory"] and "I500 1 -> 0" in causes["CC score", "respiratory"]
    counts = [row["spells"] for row in found.causes.to_pylist()]
    assert counts == sorted(counts, reverse=True) and sum(counts) == found.totals["moved"]


def test_an_example_is_a_spell_that_moved_that_way(found: Comparison) -> None:
    for row in found.causes.to_pylist():
        assert (hrgs("small")[row["example"] - 1], hrgs("altered")[row["example"] - 1]) == (row["from"], row["to"])


def test_other_order_gives_the_same(found: Comparison) -> None:
    joined = compared(results("small"), results("altered", order="apart"))
    assert joined.matrix.equals(found.matrix) and joined.stays.equals(found.stays) and joined.causes.equals(found.causes)


def test_csv_gives_the_same(found: Comparison) -> None:
    assert compared(results("small", "csv"), results("altered")).matrix.equals(found.matrix)


def test_a_result_does_not_differ_from_itself() -> None:
    same = compared(results("small"), results("small"))
    assert same.totals["moved"] == 0 and len(same.flows) == 0 and len(same.causes) == 0


def test_spells_of_one_side_only_are_counted(tmp_path: Path) -> None:
    part = table().slice(0, 5000)
    run(write(part, tmp_path / "in.parquet"), tmp_path / "some", grouper=Grouper(design("altered")))
    some = compared(results("small"), tmp_path / "some")
    assert some.totals["spells"] + some.only[0] == len(hrgs("small")) and some.only[0] > 0


def test_money_moved_is_that_of_priced_spells(tmp_path: Path) -> None:
    (tmp_path / "prices.csv").write_text("hrg,price\nWA10B,100\nWA10C,200\nKB01Z,1000\n", encoding="utf-8")
    money = compared(results("small"), results("altered"), Prices.read(tmp_path / "prices.csv")).totals
    pairs = list(zip(hrgs("small"), hrgs("altered"), strict=True))
    price = {"WA10B": 100, "WA10C": 200, "KB01Z": 1000}
    own = [(price[a], price[b]) for a, b in pairs if a in price and b in price]
    assert money["priced"] == len(own)
    assert (money["income_a"], money["income_b"]) == (sum(a for a, _ in own), sum(b for _, b in own))


def test_command_writes_a_page_that_needs_nothing_else(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "prices.csv").write_text("hrg,price\nWA10B,100\nKB01Z,1000\n", encoding="utf-8")
    designs = ["--design-a", str(design("small")), "--design-b", str(design("altered"))]
    arguments = ["compare", str(results("small")), str(results("altered")), "-o", str(tmp_path / "out"), *designs]
    assert main([*arguments, "--prices", str(tmp_path / "prices.csv")]) == 0
    assert "WA10 to KB01" in capsys.readouterr().out
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    check_page(page)
    assert "An estimate" in page and "HC33A los 5+ -&gt; 2+" in page and "explained under B" in page
    causes = pq.read_table(tmp_path / "out" / "causes.parquet").to_pylist()
    assert page.count(" explained under ") == 2 * len(causes)
    for row in causes:
        for side, hrg in (("A", row["from"]), ("B", row["to"])):
            assert f"{row['of']}: spell {row['example']:,} explained under {side}</summary><pre>Spell: {hrg} " in page
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text(encoding="utf-8"))
    assert {entry["name"] for entry in manifest["outputs"]} == {p.name for p in (tmp_path / "out").iterdir()} - {"manifest.json"}
    assert pq.read_table(tmp_path / "out" / "flows.parquet").num_rows > 3
    assert main([*arguments]) == 5  # the folder is not empty


def test_without_designs_there_are_flows_and_no_labels(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", str(results("small")), str(results("altered")), "-o", str(tmp_path / "out")]) == 0
    assert "by design small, which is not at hand" in capsys.readouterr().err
    check_page((tmp_path / "out" / "report.html").read_text(encoding="utf-8"))


def test_what_can_not_be_compared_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", str(tmp_path), str(results("small")), "-o", str(tmp_path / "out")]) == 3
    wrong = ["--design-a", str(design("altered"))]
    assert main(["compare", str(results("small")), str(results("small")), "-o", str(tmp_path / "out"), *wrong]) == 2
    assert "grouped by other tables" in capsys.readouterr().err
    other = table().slice(0, 50).set_column(1, "PROVSPNO", [[f"x{row}" for row in range(50)]])
    run(write(other, tmp_path / "in.parquet"), tmp_path / "other", grouper=Grouper(design("small")))
    assert main(["compare", str(results("small")), str(tmp_path / "other"), "-o", str(tmp_path / "out")]) == 3
    assert "no spell in common" in capsys.readouterr().err
