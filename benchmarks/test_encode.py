"""Encoding, one thread: Arrow columns to dense ids, and rows to spells."""

from __future__ import annotations

import pyarrow as pa
import pytest
from conftest import sizes

from hrgcore.columns import apc_layout
from hrgcore.encode import order_spells
from hrgcore.read import open_input

pytestmark = pytest.mark.benchmark(group="encode")


@sizes("10k", "1m")
@pytest.mark.parametrize("kind", ["dictionaries", "strings"])
def test_columns(measure, activity, grouper, pool, encoded, kind):
    table = activity.table()
    if kind == "strings":
        table = _plain(table)
    layout = apc_layout(table.column_names)
    figures = {"bytes_per_episode": encoded(table).bytes_per_episode}
    measure(lambda: grouper._encoder.encode(table, layout, pool), activity.rows, activity.spells, **figures)


@sizes("10k", "1m")
@pytest.mark.parametrize("kind", ["csv", "quoted", "parquet", "lists"])
def test_files(measure, activity, grouper, pool, kind):
    """Files to dense ids, with reading them."""

    def encode():
        opened = open_input(getattr(activity, kind))
        return opened.encode(grouper._encoder, apc_layout(opened.names), pool)

    assert len(measure(encode, activity.rows, activity.spells).episodes.rows) == activity.rows


@sizes("10k", "1m")
def test_spell_order(measure, activity, grouper, encoded):
    table = activity.table()
    epiorder = encoded(table).episodes.rows["epiorder"]
    most = int(grouper._design.settings[1])
    order = measure(lambda: order_spells(table["PROCODET"], table["PROVSPNO"], epiorder, most), activity.rows, activity.spells)
    assert order.count == activity.spells


def _plain(table):
    """Dictionary columns as strings."""
    fields = [pa.field(f.name, pa.string()) if pa.types.is_dictionary(f.type) else f for f in table.schema]
    return table.cast(pa.schema(fields))
