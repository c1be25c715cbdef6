"""Polars as a host: data frames and lazy frames, whatever their text is, and the namespace `hrg`."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest
from hosts import SPELLS, as_text, digest, digests, digests_of_parts

from hrgcore import Grouper, InputError, UsageError
from hrgcore.synth import synthesise

pl = pytest.importorskip("polars", reason="needs Polars")
hrg = pytest.importorskip("hrgcore.polars", reason="needs Polars")

GROUPER = Grouper()


@pytest.fixture(scope="module")
def frame(activity: pa.Table) -> pl.DataFrame:
    """The spells, their text being String."""
    return pl.from_arrow(as_text(activity))


def test_text(frame: pl.DataFrame, expected: dict[str, str]) -> None:
    assert frame.schema["DIAG_01"] == pl.String
    assert digests(GROUPER.group(frame)) == expected


def test_categoricals(activity: pa.Table, expected: dict[str, str]) -> None:
    frame = pl.from_arrow(activity)
    assert isinstance(frame.schema["DIAG_01"], pl.Categorical)
    assert digests(GROUPER.group(frame)) == expected


def test_enums(frame: pl.DataFrame, expected: dict[str, str]) -> None:
    texts = [name for name, kind in frame.schema.items() if kind == pl.String and name != "PROVSPNO"]
    enums = frame.with_columns(frame[name].cast(pl.Enum(frame[name].drop_nulls().unique().sort())) for name in texts)
    assert isinstance(enums.schema["DIAG_01"], pl.Enum)
    assert digests(GROUPER.group(enums)) == expected


def test_the_namespace(frame: pl.DataFrame, expected: dict[str, str]) -> None:
    found = frame.hrg.group()
    assert digest(found) == expected["episodes"] and found.columns[: frame.width] == frame.columns
    assert {name: digest(table) for name, table in frame.hrg.tables(grouper=GROUPER).items()} == expected


def test_lazy_frames(frame: pl.DataFrame, expected: dict[str, str]) -> None:
    assert digests(GROUPER.group(frame.lazy())) == expected
    lazy = frame.lazy().hrg.group("spells")
    assert lazy.collect_schema()["SpellLOS"] == pl.Int64
    assert digest(lazy.collect()) == expected["spells"]
    assert digest(frame.lazy().hrg.group().collect(engine="streaming")) == expected["episodes"]


def test_what_comes_after_grouping_does_not_change_it(frame: pl.DataFrame) -> None:
    """Rows that are filtered away, columns that are not selected, and all after the first few: all were grouped."""
    few = frame.head(3000)
    whole = few.hrg.group()
    lazy = few.lazy().hrg.group()
    found = lazy.filter(pl.col("EPIORDER") == 2).select("PROVSPNO", "SpellHRG").head(20).collect()
    assert found.height and found.equals(whole.filter(pl.col("EPIORDER") == 2).select("PROVSPNO", "SpellHRG").head(20))
    spells = few.lazy().hrg.group("spells").slice(1000, 20).collect()
    assert spells.height and spells.equals(few.hrg.group("spells").slice(1000, 20))


def test_map_batches(frame: pl.DataFrame, expected: dict[str, str]) -> None:
    whole = {"predicate_pushdown": False, "projection_pushdown": False, "slice_pushdown": False}
    grouped = frame.lazy().map_batches(hrg.group, validate_output_schema=False, **whole)
    assert digest(grouped.collect()) == expected["episodes"]


def test_streams(frame: pl.DataFrame, tmp_path: Path, expected: dict[str, str]) -> None:
    assert digests_of_parts(GROUPER.stream(frame.iter_slices(30_000))) == expected
    frame.write_parquet(tmp_path / "spells.parquet", row_group_size=30_000)
    lazy = pl.scan_parquet(tmp_path / "spells.parquet")
    assert digests_of_parts(GROUPER.stream(lazy)) == expected
    assert sum(part.height for part in lazy.hrg.stream("spells")) == SPELLS


def test_other_logics(tmp_path: Path) -> None:
    frame = pl.read_parquet(synthesise(tmp_path / "em", 300, 1, logic="em"))
    assert frame.hrg.group(logic="em").height == 300
    assert frame.lazy().hrg.group("errors", logic="em").collect().columns[0] == "Row"


def test_errors(frame: pl.DataFrame) -> None:
    with pytest.raises(UsageError, match="no table 'spell' of apc. There are episodes, spells"):
        frame.hrg.group("spell")
    with pytest.raises(InputError, match="no column SEX"):
        frame.lazy().drop("SEX").hrg.group()
    with pytest.raises(InputError, match="gives no Arrow table"):
        GROUPER.group(pl.Series([1, 2]))
