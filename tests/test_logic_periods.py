"""Streams of the logics beside admitted care, and critical care periods: what contradicts itself over the days of one."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from row_twins import BABY, CHILD, LOGICS, STARTER, Maker, expected_rows, group, table_of, told

from hrgcore.errors import InputError
from hrgcore.logics import ROW_LOGICS
from hrgcore.run import Job, run_job

Cells = dict[str, str]


@pytest.mark.parametrize("logic", LOGICS)
def test_a_stream_gives_what_the_whole_gives(logic: str) -> None:
    of = ROW_LOGICS[logic]
    table = table_of(of, Maker(of, seed=4).rows(500))
    if of.keys:
        with pytest.raises(InputError, match="period's days.*don't stand together.*Sort it by PROCODET.*CCLocalID"):
            list(STARTER.grouper.stream(table.to_batches(max_chunksize=130), logic=logic))
        table = table.sort_by([(key.name, "ascending") for key in of.keys])
    results = list(STARTER.grouper.stream(table.to_batches(max_chunksize=130), logic=logic))
    assert len(results) >= 4
    whole = group(of, table)
    assert pa.concat_tables([result.rows for result in results]).to_pylist() == whole.rows.to_pylist()
    found, before = [], 0
    for result in results:
        found += [{**error, "Row": error["Row"] + before} for error in result.errors.to_pylist()]
        before += result.rows.num_rows
    assert found == whole.errors.to_pylist()


_OTHER = {"PROCODET": "A", "CCLocalID": "2"}


def _in_period(field: str, what: str, *found: tuple[int, str]) -> list[object]:
    return [(row, field, code, f"{what} in period") for row, code in found]


_UNIT, _ENDS = "Critical Care Unit Function is inconsistent", "Discharge Date is inconsistent"


@pytest.mark.parametrize(
    ("logic", "rows", "errors"),
    [  # rows differ from a day of one period in these cells; errors by row
        ("pcc", [{}, {"CCDate": "20240502"}], []),
        ("pcc", [{}, {}], _in_period("CCDate", "Critical Care Date is duplicated", (1, "20240501"), (2, "20240501"))),
        ("pcc", [{}, _OTHER], []),
        ("pcc", [{}, {"PROCODET": "B"}], []),
        ("pcc", [{"CCLocalID": ""}, {"CCLocalID": " "}], []),  # of no period that could be named
        (
            "pcc",
            [{}, _OTHER, {"CCDate": "20240502", "CCUF": "16"}, {"CCDate": "20240503"}],
            _in_period("CCUF", _UNIT, (1, "04"), (3, "16"), (4, "04")),
        ),
        ("pcc", [{"CCUF": "4"}, {"CCDate": "20240502"}], []),  # the same unit, with its zero and without
        ("pcc", [{"CCUF": "99"}, {"CCDate": "20240502"}], [(1, "CCUF", "99", "Critical Care Unit Function is invalid")]),
        (
            "ncc",
            [{"DISDATE": "20240503"}, {"CCDate": "20240502", "DISDATE": "20240504"}, {"CCDate": "20240503"}],
            _in_period("DISDATE", _ENDS, (1, "20240503"), (2, "20240504")),
        ),
        ("ncc", [{"DISDATE": "20240430"}], [(1, "CCDate", "20240501", "Critical Care Date is after Discharge Date")]),
        ("ncc", [{"DISDATE": "20240501"}], []),
        (
            "ncc",
            [{"DISMETH": "1"}, {"CCDate": "20240502", "DISMETH": "2"}],
            _in_period("DISMETH", "Discharge Method is inconsistent", (1, "1"), (2, "2")),
        ),
        (
            "ncc",
            [{}, {"CCDate": "20240502", "GestLen": "31"}],
            _in_period("GestLen", "Gestation Length is inconsistent", (1, "30"), (2, "31")),
        ),
    ],
)
def test_what_contradicts_itself_in_a_period_is_listed_and_stops_no_hrg(
    logic: str, rows: list[Cells], errors: list[object]
) -> None:
    of, day = ROW_LOGICS[logic], CHILD if logic == "pcc" else BABY
    given = [{**day, **row} for row in rows]
    result = group(of, table_of(of, given))
    columns = ("Row", "CodeType", "Code", "ErrorMessage")
    assert [tuple(row[name] for name in columns) for row in result.errors.to_pylist()] == errors
    assert told(result) == expected_rows(of, given)
    alone = [told(group(of, table_of(of, [row])))[0][0] for row in given]
    assert [one[0] for one in told(result)] == alone
    for at in range(len(given)):
        explained = STARTER.grouper.explain(table_of(of, given), logic=logic, row=at)
        assert [(error.field, error.code, error.message) for error in explained.result.errors] == told(result)[at][-2]


def test_a_run_over_periods_gives_what_the_whole_gives_or_says_that_they_have_to_be_sorted(tmp_path, monkeypatch) -> None:
    of = ROW_LOGICS["ncc"]
    table = table_of(of, Maker(of, seed=9, spoilt=0).rows(400))
    in_order = table.sort_by([(key.name, "ascending") for key in of.keys])

    def errors_of(given: pa.Table, name: str) -> list[dict[str, object]]:
        pq.write_table(given, tmp_path / f"{name}.parquet")
        run_job(Job([tmp_path / f"{name}.parquet"], tmp_path / name, logic="ncc"), lambda: STARTER.grouper)
        return pq.read_table(tmp_path / name / "errors").to_pylist()

    assert errors_of(table, "one") == group(of, table).errors.to_pylist()  # one part: in any order
    monkeypatch.setattr("hrgcore.run.parts.PART_EPISODES", 30)
    found = errors_of(in_order, "sorted")
    assert len(list((tmp_path / "sorted" / "rows").iterdir())) > 5
    assert found == group(of, in_order).errors.to_pylist() and any("in period" in error["ErrorMessage"] for error in found)
    with pytest.raises(InputError, match="Sort it by PROCODET.*CCLocalID"):
        errors_of(table, "mixed")
