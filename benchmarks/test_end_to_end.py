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


@sizes("10k", "1m", "20m")
def test_the_command(benchmark, measure, activity, tmp_path):
    """`hrgcore group` from start to end in a process of its own, Parquet to Parquet, with its manifest; and its peak memory."""
    numbers = iter(range(10**6))

    def group():
        output = tmp_path / str(next(numbers))
        main = f"from hrgcore.cli.main import main; main(['group', {str(activity.parquet)!r}, '-o', {str(output)!r}])"
        return peak_mib(f"import contextlib, os\nwith contextlib.redirect_stdout(open(os.devnull, 'w')): {main}")

    peaks = []
    measure(lambda: peaks.append(group()), activity.rows, activity.spells, rounds=1 if activity.rows > 10**7 else 3)
    benchmark.extra_info["peak_mib"] = max(peaks)
    assert max(peaks) < 2048
