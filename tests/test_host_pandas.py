"""pandas as a host: text as objects, strings, Arrow types and categories; numbers as its own, nullable and Arrow ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest
from hosts import as_text, digest, digests, digests_of_parts

from hrgcore import Grouper, InputError

pd = pytest.importorskip("pandas", "2.2", reason="needs pandas 2.2 or later")

GROUPER = Grouper()


def objects(table: pa.Table) -> Any:
    frame = as_text(table).to_pandas()
    texts = [one.name for one in as_text(table).schema if pa.types.is_string(one.type)]
    return frame.astype(dict.fromkeys(texts, object))


def of_type(name: str) -> Callable[[pa.Table], Any]:
    def make(table: pa.Table) -> Any:
        frame = objects(table)
        return frame.astype({column: name for column in frame.columns if frame[column].dtype == object})

    return make


def of_arrow(table: pa.Table) -> Any:
    return as_text(table).to_pandas(types_mapper=pd.ArrowDtype)


def of_dictionaries(table: pa.Table) -> Any:
    return table.to_pandas(types_mapper=pd.ArrowDtype)


def nullable_numbers(table: pa.Table) -> Any:
    return as_text(table).to_pandas(types_mapper={pa.int32(): pd.Int32Dtype()}.get)


KINDS = {
    "object": objects,
    "string": of_type("string"),
    "str": of_type("str"),
    "category": of_type("category"),
    "Arrow": of_arrow,
    "Arrow dictionaries": of_dictionaries,
    "nullable numbers": nullable_numbers,
}


@pytest.mark.parametrize("kind", KINDS)
def test_frames(kind: str, activity: pa.Table, expected: dict[str, str]) -> None:
    """Numbers that are missing make pandas' own columns float; blanks of text are None or NaN."""
    assert digests(GROUPER.group(KINDS[kind](activity))) == expected


def test_streams_of_frames(activity: pa.Table, expected: dict[str, str]) -> None:
    frame = of_arrow(activity)
    assert digests_of_parts(GROUPER.stream(frame.iloc[at : at + 30_000] for at in range(0, len(frame), 30_000))) == expected


def test_results_as_frames(activity: pa.Table, expected: dict[str, str]) -> None:
    result = GROUPER.group(activity)
    assert digest(pa.Table.from_pandas(result.spells.to_pandas(types_mapper=pd.ArrowDtype))) == expected["spells"]


def test_an_index_is_a_column_of_the_caller(activity: pa.Table) -> None:
    frame = of_arrow(activity.slice(0, 100)).set_index("PROVSPNO", drop=False).rename_axis("mine")
    assert GROUPER.group(frame).episodes.column("mine").to_pylist() == activity.column("PROVSPNO").slice(0, 100).to_pylist()


def test_a_column_of_several_types_is_named(activity: pa.Table) -> None:
    frame = objects(activity.slice(0, 100))
    frame.loc[3, "DIAG_01"] = 4711
    with pytest.raises(InputError, match="column DIAG_01 holds cells of several types") as failed:
        GROUPER.group(frame)
    assert "4711" not in str(failed.value)


def test_a_series_is_no_table(activity: pa.Table) -> None:
    with pytest.raises(InputError, match="gives no Arrow table"):
        GROUPER.group(of_arrow(activity.slice(0, 100))["DIAG_01"])
