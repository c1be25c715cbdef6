"""The logics beside admitted care: kernels and reference engine agree on rows made at random, whatever columns they come in."""

from __future__ import annotations

import os
from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pytest
from row_twins import LOGICS, STARTER, Maker, columns_of, expected, group, reference, table_of, told

from hrgcore.design.logic_cases import row_cases
from hrgcore.logics import ROW_LOGICS
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
    for row, one in zip(rows, found, strict=True):
        assert one == expected(of, reference(logic).group(row)), row


@pytest.mark.parametrize("logic", LOGICS)
@pytest.mark.parametrize("form", [_dictionaries, _large, _views, _chunks])
def test_the_kind_of_columns_makes_no_difference(logic: str, form: Callable[[pa.Table], pa.Table]) -> None:
    of = ROW_LOGICS[logic]
    table = table_of(of, Maker(of, seed=5).rows(200))
    assert told(group(of, form(table))) == told(group(of, table))


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
    assert found == [expected(of, reference(logic).group(row)) for row in numbers.to_pylist()]


@pytest.mark.parametrize("logic", LOGICS)
def test_every_case_that_rules_tell_apart_is_grouped_alike_and_every_rule_decides_one(logic: str) -> None:
    """Boundary enumeration: every case on both sides of each boundary, with a row that is one."""
    of, own = ROW_LOGICS[logic], STARTER.bundle.tables.logics[logic]
    cases = list(row_cases(STARTER.bundle.tables, own))
    result = group(of, table_of(of, [case.cells for case in cases]))
    found = told(result)
    for case, one in zip(cases, found, strict=True):
        assert one == expected(of, reference(logic).group(case.cells)), case
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
    assert told(group(of, table)) == [expected(of, reference(logic).group(row)) for row in bare]


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
