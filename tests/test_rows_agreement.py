"""The logics beside admitted care: kernels and reference engine agree on rows made at random, whatever columns they come in."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from row_twins import LOGICS, MANY, STARTER, Maker, columns_of, expected, expected_rows, group, reference, table_of, told
from small_design import small_texts

from hrgcore.define import definition_of
from hrgcore.design import DEFAULT_DESIGN, compile_tables, read_texts
from hrgcore.design.bundle import write
from hrgcore.design.locate import embedded_designs
from hrgcore.design.logic_cases import row_cases
from hrgcore.errors import InputError
from hrgcore.grouper import Grouper
from hrgcore.logics import ROW_LOGICS, Logic
from hrgcore.reference import row_reference
from hrgcore.run import Job, run_job
from hrgcore_kernels import codes

COUNT = int(os.environ.get("HRGCORE_TEST_SPELLS", "20000")) // 4


def _dictionaries(table: pa.Table) -> pa.Table:
    return pa.table({name: table.column(name).dictionary_encode() for name in table.column_names})


def _large(table: pa.Table) -> pa.Table:
    return table.cast(pa.schema([(name, pa.large_string()) for name in table.column_names]))


def _views(table: pa.Table) -> pa.Table:
    return table.cast(pa.schema([(name, pa.string_view()) for name in table.column_names]))


def _chunks(table: pa.Table) -> pa.Table:
    return pa.concat_tables([table.slice(0, 1), table.slice(1, 0), table.slice(1, 17), table.slice(18)])


@pytest.mark.parametrize("logic", LOGICS)
@pytest.mark.parametrize("spoilt", [0.0, 0.02, 0.3])
def test_engines_agree_on_rows_made_at_random(logic: str, spoilt: float) -> None:
    of = ROW_LOGICS[logic]
    rows = Maker(of, seed=int(spoilt * 100), spoilt=spoilt).rows(COUNT)
    found = told(group(of, table_of(of, rows)))
    for row, one, wanted in zip(rows, found, expected_rows(of, rows), strict=True):
        assert one == wanted, row


@pytest.mark.parametrize("logic", LOGICS)
@pytest.mark.parametrize("form", [_dictionaries, _large, _views, _chunks])
def test_the_kind_of_columns_makes_no_difference(logic: str, form: Callable[[pa.Table], pa.Table]) -> None:
    of = ROW_LOGICS[logic]
    table = table_of(of, Maker(of, seed=5).rows(200))
    assert told(group(of, form(table))) == told(group(of, table))


def _lists(logic: Logic, table: pa.Table, kind: pa.DataType) -> pa.Table:
    """The columns of each field of many values as one of lists, without the blank cells behind the last value."""
    for one in logic.fields:
        if one.many:
            names = [one.place(place) for place in range(MANY)]
            rows = [[row[name] for name in names] for row in table.select(names).to_pylist()]
            for row in rows:
                while row and not row[-1]:
                    row.pop()
            lists = pa.array([row or None for row in rows], pa.list_(pa.string())).cast(kind)
            table = table.drop_columns(names).append_column(one.name, lists)
    return table


@pytest.mark.parametrize("logic", [logic for logic in LOGICS if any(one.many for one in ROW_LOGICS[logic].fields)])
@pytest.mark.parametrize("kind", [pa.list_(pa.string()), pa.large_list(pa.large_string()), pa.list_(pa.string_view())])
def test_values_may_stand_in_lists(logic: str, kind: pa.DataType) -> None:
    of = ROW_LOGICS[logic]
    rows = Maker(of, seed=12, spoilt=0.05).rows(300)
    table = table_of(of, rows)
    lists = _lists(of, table, kind)
    result = group(of, lists)
    assert told(result) == expected_rows(of, rows)
    carried = result.rows.select(lists.column_names)
    assert carried.to_pylist() == lists.to_pylist()  # the caller's columns come back as they were
    assert told(group(of, lists.slice(7, 150))) == told(group(of, table.slice(7, 150)))
    at = next(place for place, one in enumerate(told(result)) if one[-2])
    explained = STARTER.grouper.explain(lists.slice(at, 1), logic=logic)
    alone = told(group(of, table.slice(at, 1)))[0]
    assert (explained.result.hrg, [(one.field, one.code, one.message) for one in explained.result.errors]) == (alone[0], alone[-2])


def test_lists_in_files_and_what_is_none(tmp_path: Path) -> None:
    of = ROW_LOGICS["em"]
    rows = Maker(of, seed=13).rows(60)
    lists = _lists(of, table_of(of, rows), pa.list_(pa.string()))
    pq.write_table(lists, tmp_path / "in.parquet", row_group_size=25)
    assert told(STARTER.grouper.group(tmp_path / "in.parquet", logic="em")) == expected_rows(of, rows)
    run_job(Job([tmp_path / "in.parquet"], tmp_path / "out", logic="em"), lambda: STARTER.grouper)
    assert pq.read_table(tmp_path / "out" / "rows").column("EM_HRG").to_pylist() == [one[0] for one in expected_rows(of, rows)]
    empty = lists.set_column(lists.column_names.index("INV"), "INV", pa.nulls(len(lists)))
    bare = [{name: cell for name, cell in row.items() if not name.startswith("INV")} for row in rows]
    assert told(group(of, empty)) == expected_rows(of, bare)
    for column, says in (
        (pa.array(["01"] * len(lists)), "must hold lists of codes as text"),
        (pa.array([[1]] * len(lists)), "must hold lists of codes as text"),
        (pa.array([["01"] * 100] * len(lists)), "row 1 has 100 codes"),
    ):
        with pytest.raises(InputError, match=f"column INV.*{says}"):
            group(of, lists.set_column(lists.column_names.index("INV"), "INV", column))
    numbered = lists.append_column("INV_01", pa.array(["01"] * len(lists)))
    only = [{**row, **{f"INV_{place:02d}": "01" if place == 1 else "" for place in range(1, MANY + 1)}} for row in rows]
    assert told(group(of, numbered)) == expected_rows(of, only)  # numbered columns count, where there are some
    with pytest.raises(InputError, match="column TREAT is for lists of codes.*TREAT_01"):
        definition_of(["AGE", "INV_01", "TREAT"], "em", "x.csv")


@pytest.mark.parametrize("logic", LOGICS)
def test_numbers_may_come_as_numbers(logic: str) -> None:
    of = ROW_LOGICS[logic]
    rows = Maker(of, seed=6, spoilt=0).rows(300)
    table = table_of(of, rows)
    numbers = table
    for one in of.numbers:
        texts = [None if cell in ("", None) else cell for cell in table.column(one.name).to_pylist()]
        if one.kind == "date":
            continue
        kind = pa.float64() if one.kind == "thousandths" else pa.int64()
        column = pa.array([None if text is None else kind.to_pandas_dtype()(text) for text in texts], kind)
        numbers = numbers.set_column(numbers.column_names.index(one.name), one.name, column)
    found = told(group(of, numbers))
    assert [one[0] for one in found] == [one[0] for one in told(group(of, table))]
    assert found == expected_rows(of, numbers.to_pylist())


@pytest.mark.parametrize("logic", LOGICS)
def test_every_case_that_rules_tell_apart_is_grouped_alike_and_every_rule_decides_one(logic: str) -> None:
    """Boundary enumeration: every case on both sides of each boundary, with a row that is one."""
    of, own = ROW_LOGICS[logic], STARTER.bundle.tables.logics[logic]
    cases = list(row_cases(STARTER.bundle.tables, own))
    for number, case in enumerate(cases if of.keys else ()):
        case.cells["CCLocalID"] = str(number)  # each of a period of its own
    result = group(of, table_of(of, [case.cells for case in cases]))
    found = told(result)
    for case, one in zip(cases, found, strict=True):
        assert one == expected_rows(of, [case.cells])[0], case
    rules = np.array(STARTER.bundle.logic_references(logic))[result.grouped.results["rule"]]
    assert {row.reference for row in own["rules"]} - set(rules.tolist()) == set()
    assert set(result.grouped.results["reason"].tolist()) <= {codes.REASON_ROW_RULE, codes.REASON_ERROR_CATEGORY}


@pytest.mark.parametrize("logic", LOGICS)
def test_a_column_that_may_be_absent_reads_as_blank(logic: str) -> None:
    of = ROW_LOGICS[logic]
    rows = Maker(of, seed=8).rows(200)
    must = [one.name for one in of.fields if one.must]
    table = table_of(of, rows).select([name for name in columns_of(of) if name in must])
    bare = [{name: row[name] for name in must} for row in rows]
    assert told(group(of, table)) == expected_rows(of, bare)


@pytest.mark.parametrize("logic", LOGICS)
def test_no_rows_are_no_rows(logic: str) -> None:
    of = ROW_LOGICS[logic]
    result = group(of, table_of(of, []))
    assert result.rows.num_rows == 0 and result.errors.num_rows == 0
    assert result.counts["rows"] == {"total": 0, "grouped": 0, "failed": 0, "by_reason": {}}


def test_numbers_of_other_types_are_read_as_numbers() -> None:
    of = ROW_LOGICS["acc"]
    table = pa.table({"CCUF": ["01"] * 3, "BRSD": pa.array([1.0, np.nan, 1.5]), "RSD": pa.array([None, 2, 100_000], pa.int64())})
    assert [one[0] for one in told(group(of, table))] == ["XC06Z", "XC06Z", "UZ01Z"]


def test_engines_agree_on_attendances_whose_procedures_belong_together() -> None:
    """Imaging with its contrast and areas, one after the other; and roots that count interventions, with some that stand twice."""
    design, pick = STARTER.reference.design, random.Random(1)
    codes_ = STARTER.bundle.tables.code_list("opcs4")
    imaging = [code for code in codes_ if code[0] == "U" and any(rule.conditions for rule in design.unbundling.rules(code))]
    behind = [code for code in codes_ if code[:3] in ("Y97", "Y98", "Y80", "Z94")]
    counting = {row["root"] for row in STARTER.bundle.tables["splits"] if row["interventions"].strip()}
    leading = {root: [] for root in counting}
    for code in codes_:
        for rule in design.procedure_roots.rules(code):
            if rule["root"] in leading and design.procedure_hierarchy(code):
                leading[rule["root"]].append(code)
    rows = []
    for _ in range(1500):
        rows.append([pick.choice(imaging if pick.random() < 0.4 else behind) for _ in range(6)])
    for root, own in leading.items():
        listed = [code for code in codes_ if design.intervention_list(root) in design.procedure_lists.lists(code)]
        for code in own[:6] if listed else ():
            one, other = pick.choice(listed), pick.choice(listed)
            rows += [[code, one, one], [code, one, other], [one, code, one, other, one], [code]]
    own = {"STARTAGE": "40", "SEX": "1", "MAINSPEF": "100", "TRETSPEF": "100", "FIRSTATT": "1"}
    cells = [own | {f"OPER_{place:02d}": code for place, code in enumerate(row, 1)} for row in rows]
    found = told(group(ROW_LOGICS["nac"], table_of(ROW_LOGICS["nac"], cells)))
    for row, one in zip(cells, found, strict=True):
        assert one == expected(ROW_LOGICS["nac"], reference("nac").group(row)), row
    assert sum(len(one[-1]) > 1 for one in found) > 300


def test_engines_agree_on_attendances_under_the_small_design(tmp_path: Path) -> None:
    """Which has few codes and rules that test every fact, so that every way is taken."""
    folder = embedded_designs()[DEFAULT_DESIGN] / "nac"
    texts = small_texts() | {f"nac/{path.name}": path.read_text("utf-8") for path in folder.glob("*.csv")}
    texts["nac/lists.csv"] = texts["nac/lists.csv"].replace("OPER,X622-X623", "OPER,Z942")
    bundle = compile_tables(read_texts(texts))
    write(bundle, tmp_path / "design")
    engine, of, pick = row_reference(bundle.tables, "nac"), ROW_LOGICS["nac"], random.Random(2)
    codes_ = bundle.tables.code_list("opcs4")
    values = {row["field"]: row["values"].split() for row in bundle.tables["value_sets"]}
    rows = []
    for _ in range(COUNT):
        row = {name: pick.choice(values[name]) for name in ("SEX", "MAINSPEF", "TRETSPEF")}
        few = pick.sample(codes_, 3)
        places = range(1, pick.choice((1, 2, 4, 7)))
        codes = {f"OPER_{place:02d}": pick.choice(few if pick.random() < 0.5 else codes_) for place in places}
        rows.append({**row, "STARTAGE": str(pick.choice((0, 17, 18, 19, 40, 999))), "FIRSTATT": pick.choice("1234"), **codes})
    result = Grouper(tmp_path / "design", threads=2).group(table_of(of, rows), logic="nac")
    for row, one in zip(rows, told(result), strict=True):
        assert one == expected(of, engine.group(row)), row
    assert len(result.counts["rows"]["by_reason"]) >= 5
