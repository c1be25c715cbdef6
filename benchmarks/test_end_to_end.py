"""Files to HRGs, and to result tables, all cores; beside them, pyarrow merely reading the same files."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from conftest import peak_mib, sizes

from hrgcore import Grouper

pytestmark = pytest.mark.benchmark(group="end to end")
KINDS = pytest.mark.parametrize("kind", ["csv", "quoted", "parquet", "lists"])


@sizes("10k", "1m", "20m")
@KINDS
def test_hrgs(measure, activity, kind):
    grouper = Grouper()
    result = measure(lambda: grouper.group(getattr(activity, kind)), activity.rows, activity.spells, rounds=3)
    assert len(result.grouped.spells) == activity.spells


@sizes("10k", "1m", "20m")
@KINDS
def test_tables(measure, activity, kind):
    grouper = Grouper()
    folder = getattr(activity, kind)

    def group():
        result = grouper.group(folder)
        return result.episodes, result.spells, result.unbundled, result.errors

    code = f"import hrgcore; r = hrgcore.Grouper().group({str(folder)!r}); r.episodes, r.spells, r.unbundled, r.errors"
    tables = measure(group, activity.rows, activity.spells, rounds=3, peak_mib=peak_mib(code))
    assert (tables[0].num_rows, tables[1].num_rows) == (activity.rows, activity.spells)


@sizes("10k", "1m")
@pytest.mark.parametrize("kind", ["csv", "quoted"])
def test_pyarrow_reads_csv(measure, activity, kind):
    files = sorted(getattr(activity, kind).iterdir())
    names = pa.csv.open_csv(files[0]).schema.names
    options = pa.csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()))
    measure(lambda: [pa.csv.read_csv(file, convert_options=options) for file in files], activity.rows, activity.spells)


@sizes("10k", "1m")
@pytest.mark.parametrize("kind", ["parquet", "lists"])
def test_pyarrow_reads_parquet(measure, activity, kind):
    files = sorted(getattr(activity, kind).iterdir())
    texts = [field.name for field in pq.read_schema(files[0]) if pa.types.is_dictionary(field.type)]
    lists = [f"{name}.list.element" for name in ("DIAG", "OPER") if kind == "lists"]
    measure(lambda: pq.read_table(files, read_dictionary=[*texts, *lists]), activity.rows, activity.spells)
