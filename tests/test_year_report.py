"""hrgcore report: figures against those counted from the result itself; standardisation by hand; the page; several years."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from report_pages import check_page
from runs import tables_of
from two_designs import design, results

from hrgcore.analysis.prices import Prices
from hrgcore.analysis.results import Results
from hrgcore.analysis.standard import casemix, standardised
from hrgcore.analysis.year import HIGHEST, Year, by_prefix, year_of
from hrgcore.analysis.year_page import funnels_of
from hrgcore.cli.main import main
from hrgcore.design import load_design
from hrgcore.errors import InputError


@pytest.fixture(scope="module")
def year() -> Year:
    return year_of(Results(results("small")), load_design(design("small")))


def test_figures_are_those_of_the_result(year: Year) -> None:
    spells = tables_of(results("small"))["spells"].to_pylist()
    assert year.total("spells") == len(spells)
    assert year.grouped == sum(row["SpellGroupingMethodFlag"] != "U" for row in spells)
    assert year.total("days") == sum(row["SpellLOS"] for row in spells)
    assert year.total("unbundled") == sum(bool(row["UnbundledHRGs"]) for row in spells)
    for row in by_prefix(year, 2).to_pylist():
        own = [spell for spell in spells if spell["SpellHRG"].startswith(row["part"])]
        assert (row["spells"], row["days"]) == (len(own), sum(spell["SpellLOS"] for spell in own))
    assert sum(row["spells"] for row in year.reasons.to_pylist()) == len(spells)
    assert sum(year.stays.column("elective").to_pylist() + year.stays.column("emergency").to_pylist()) == len(spells)
    assert sum(row["spells"] for row in year.bases.to_pylist()) == year.grouped
    assert sum(row["rows"] for row in year.errors.to_pylist()) == tables_of(results("small"))["errors"].num_rows
    assert pc.sum(year.scores.column("spells")).as_py() == year.total("cc_split") > 0
    scores = [(row["score"], row["spells"]) for row in year.scores.to_pylist()]
    assert scores[HIGHEST][1] == 0  # where those above stand together
    assert year.total("cc") == sum(score * count for score, count in scores) > 0
    assert year.total("cc_squared") == sum(score * score * count for score, count in scores)


def test_scores_of_providers_are_held_against_the_others_where_they_are_known(year: Year) -> None:
    found = funnels_of(year)["cc"]
    assert pc.sum(found.table.column("observed")).as_py() == year.total("cc")
    assert pc.sum(found.table.column("expected")).as_py() == pytest.approx(year.total("cc")) and found.variance > 0
    without = year_of(Results(results("small")), None)
    assert set(funnels_of(year)) - set(funnels_of(without)) == {"cc"}


def test_setting_and_admission_are_those_of_the_first_episode(year: Year) -> None:
    tables = tables_of(results("small"))
    first: dict[tuple[str, str], dict[str, object]] = {}
    for row in tables["episodes"].select(["PROCODET", "PROVSPNO", "CLASSPAT", "ADMIMETH"]).to_pylist():
        first.setdefault((row["PROCODET"], row["PROVSPNO"]), row)
    elective = [row["ADMIMETH"] in ("11", "12", "13") for row in first.values()]
    assert year.total("emergency") == len(elective) - sum(elective)
    days = tables["spells"].column("SpellLOS").to_pylist()
    day = [
        planned and row["CLASSPAT"] == "2" and not stay for planned, row, stay in zip(elective, first.values(), days, strict=True)
    ]
    assert year.total("admitted") == len(day) - sum(day)
    assert year.total("zero_stay") == sum(not stay and not cased for stay, cased in zip(days, day, strict=True))


@pytest.mark.parametrize(("form", "order"), [("csv", "together"), ("parquet", "apart")])
def test_form_and_order_make_no_difference(year: Year, form: str, order: str) -> None:
    other = year_of(Results(results("small", form, order)), load_design(design("small")))
    # Age and sex of a spell whose episodes disagree may come from another episode; here only order within parts differs.
    for name in ("spells", "grouped", "days", "unbundled"):
        assert other.total(name) == year.total(name)
    if order == "together":
        assert other.cube.equals(year.cube) and other.errors.equals(year.errors) and other.scores.equals(year.scores)


def test_standardisation_by_hand() -> None:
    cube = pa.table({
        "PROCODET": ["a", "a", "b", "b"], "SpellHRG": ["AA10A", "BB10Z", "AA10B", "BB10Z"],
        "cases": [10, 10, 30, 10], "yes": [5, 1, 5, 3],
    })  # fmt: skip
    found = standardised(cube, "yes", "cases")
    rows = {row["PROCODET"]: row for row in found.table.to_pylist()}
    assert rows["a"]["expected"] == pytest.approx(10 * 10 / 40 + 10 * 4 / 20)  # AA10: 10 of 40, BB10: 4 of 20
    assert rows["a"]["ratio"] == pytest.approx(6 / 4.5)
    assert sum(row["expected"] for row in rows.values()) == pytest.approx(14)
    within = (40 * 0.25 * 0.75 + 20 * 0.2 * 0.8) / 60
    assert found.variance == pytest.approx(within / (14 / 60) ** 2)
    mix = {row["PROCODET"]: row["index"] for row in casemix(cube, "yes", "cases").to_pylist()}
    assert mix["a"] == pytest.approx((10 * 0.5 + 10 * 0.2) / 20 / (14 / 60))


def test_command_writes_one_page_for_several_years(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "prices.csv").write_text("hrg,setting,admission,price\nWA10B,,,100\nWA10C,DAY,ELE,50\n", encoding="utf-8")
    years = [str(results("small")), str(results("altered"))]
    assert main(["report", *years, "-o", str(tmp_path / "out"), "--prices", str(tmp_path / "prices.csv")]) == 0
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    check_page(page)
    assert "Years at a glance" in page and "An estimate" in page and len(page) < 2_000_000
    cube = pq.read_table(tmp_path / "out" / "cube.parquet")
    assert set(cube.column("result").to_pylist()) == {path.rsplit("/", 1)[1] for path in years}
    assert "income, estimate" in capsys.readouterr().out


def test_command_shows_labels_and_scores_where_the_design_is_named(tmp_path: Path) -> None:
    assert main(["report", str(results("small")), "-o", str(tmp_path / "out"), "--design", str(design("small"))]) == 0
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    check_page(page)
    for title in (
        "CC scores",
        "What results rest on",
        "Depth of coding",
        "Errors by provider",
        "Casemix of providers",
        "Hip Procedures",
    ):
        assert title in page


def prices(tmp_path: Path, text: str) -> Prices:
    (tmp_path / "prices.csv").write_text(text, encoding="utf-8")
    return Prices.read(tmp_path / "prices.csv")


def test_the_most_particular_price_counts_and_days_beyond_the_trim_point(tmp_path: Path) -> None:
    table = prices(tmp_path, "HRG,setting,admission,price,trim_point,excess_day_price\nA,ORD,NON,300,5,20\nA,,,100,,\nB,DAY,,7,,\n")
    hrgs = pa.chunked_array([["A", "A", "B", "B", "C"]])
    days = pa.array([8, 8, 0, 0, 0]).to_numpy()
    places = pa.array([1, 0, 0, 1, 0]).to_numpy(), pa.array([1, 0, 1, 1, 0]).to_numpy()
    money, excess = table.of(hrgs, days, *places)
    assert money.tolist()[:3] == [300 + 3 * 20, 100, 7] and all(value != value for value in money.tolist()[3:])
    assert excess.tolist() == [3, 0, 0, 0, 0]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("hrg,cost\nA,1\n", "needs columns hrg and price"),
        ("hrg,price\nA,1\nB,cheap\n", "row 2: price 'cheap' is not a number"),
        ("hrg,price\nA,-1\n", "row 1"),
        ("hrg,price\nA,nan\n", "row 1"),
        ("hrg,setting,price\nA,NIGHT,1\n", "setting 'NIGHT' is none of DAY, ORD"),
    ],
)
def test_faulty_prices_are_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        prices(tmp_path, text)


def test_the_published_tariff_is_read_as_it_is(shared: Path) -> None:
    table = Prices.read(shared / "facts" / "tariff_2024_25.csv")
    money, _ = table.of(pa.chunked_array([["AA22C"]]), pa.array([0]).to_numpy(), *(pa.array([0]).to_numpy(),) * 2)
    assert money.tolist() == [9647]
