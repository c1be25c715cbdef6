"""The same work by Polars and by DuckDB joins, one thread, on rows where a part of the rules is enough; all must agree."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from hrgcore import Grouper
from hrgcore.design import DEFAULT_DESIGN, load_design
from hrgcore.design.alike import kinds_by_code
from hrgcore_kernels.layout import ANY_STAY

from .data import Data
from .scenario import Prepared, Scenario

if TYPE_CHECKING:
    from .joins import Tables

_PREFIXES = ("DIAG_", "OPER_")


@cache
def _tables() -> Tables:
    from .joins import dense_tables

    return dense_tables(load_design(DEFAULT_DESIGN))


@cache
def _rows(folder: Path) -> tuple[Any, list[str]]:
    """Diagnosis-driven single-episode spells whose primary diagnosis the joins can place, as plain text; and our HRGs."""
    bundle, grouper = load_design(DEFAULT_DESIGN), Grouper(threads=1)
    table = Data.open(folder).table()
    result = grouper.group(table)
    spells = result.spells
    single = spells.filter(pc.equal(spells["SpellEpisodeCount"], 1))["PROVSPNO"].combine_chunks()
    chosen = pc.and_(
        pc.and_(
            pc.equal(result.episodes["GroupingMethodFlag"].cast(pa.string()), "D"),
            pc.is_in(table["DIAG_01"].cast(pa.string()), pa.array(_tables().diagnoses["primary"].to_list())),
        ),
        pc.is_in(table["PROVSPNO"], single),
    )
    # Joins take codes as they stand, no lower case, no full stops; and procedures that may lead however long the stay is.
    lead = kinds_by_code(bundle.arrays, "opcs4")["longest_stay"] == ANY_STAY
    taken = {
        "DIAG_": pa.array(bundle.strings("icd10_codes")),
        "OPER_": pa.array(bundle.strings("opcs4_codes")).filter(pa.array(lead)),
    }
    for name in table.column_names:
        if name[:5] in _PREFIXES:
            text = table[name].cast(pa.string())
            chosen = pc.and_(chosen, pc.or_(pc.is_null(text), pc.is_in(text, taken[name[:5]])))
    table = table.filter(chosen)
    plain = [pa.field(f.name, pa.string()) if pa.types.is_dictionary(f.type) else f for f in table.schema]
    table = table.cast(pa.schema(plain)).combine_chunks()
    return table, _hrgs(grouper, table)


def _hrgs(grouper: Grouper, table: Any) -> list[str]:
    hrgs: list[str] = grouper.group(table).episodes["FCE_HRG"].cast(pa.string()).to_pylist()
    return hrgs


def _agreeing(find: Callable[[Any], tuple[Callable[[], Any], Callable[[Any], list[str]]]]) -> Callable[[Data], Prepared]:
    """A benchmark of what ``find`` makes of the rows: what to run, and how to read HRGs from what that gives. They must be ours."""

    def prepare(data: Data) -> Prepared:
        table, expected = _rows(data.folder)
        run, hrgs = find(table)
        if hrgs(run()) != expected:
            raise AssertionError("the yardstick finds other HRGs than hrgcore")
        return Prepared(lambda: len(run()), len(expected), len(expected), len(expected))

    return prepare


def _by_hrgcore(table: Any) -> tuple[Callable[[], Any], Callable[[Any], list[str]]]:
    grouper = Grouper(threads=1)
    return lambda: grouper.group(table).grouped.spells, lambda _: _hrgs(grouper, table)


def _by_polars(table: Any) -> tuple[Callable[[], Any], Callable[[Any], list[str]]]:
    import polars as pl

    from .joins import by_polars

    codes = pl.from_arrow(_codes(table))
    return lambda: by_polars(codes, _tables()), lambda found: found["hrg"].to_list()  # type: ignore[arg-type]


def _by_duckdb(table: Any) -> tuple[Callable[[], Any], Callable[[Any], list[str]]]:
    from .joins import by_duckdb

    codes = _codes(table).append_column("row", pa.array(range(table.num_rows)))
    return lambda: by_duckdb(codes, _tables()), lambda found: found["hrg"].to_pylist()


def _codes(table: Any) -> Any:
    return table.select([name for name in table.column_names if name[:5] in _PREFIXES])


_PART = "text to HRGs, part of the rules, one thread:"
#: The joins need both packages: the tables they use are made by Polars.
_BOTH = ("polars", "duckdb")
YARDSTICKS = (
    Scenario("joins-hrgcore", f"{_PART} hrgcore", _agreeing(_by_hrgcore), wants=_BOTH, most=2_000_000),
    Scenario("joins-polars", f"{_PART} Polars", _agreeing(_by_polars), wants=_BOTH, most=2_000_000, rounds=2, yardstick=True),
    Scenario("joins-duckdb", f"{_PART} DuckDB", _agreeing(_by_duckdb), wants=_BOTH, most=2_000_000, rounds=2, yardstick=True),
)
