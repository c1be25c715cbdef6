"""pyarrow as a host: the same spells as a table, batches, a reader and a dataset give the same bytes."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from hosts import SPELLS, as_text, digest, digests, digests_of_parts

from hrgcore import Grouper

GROUPER = Grouper()


def test_the_spells_that_hosts_group(activity: pa.Table, expected: dict[str, str]) -> None:
    result = GROUPER.group(activity)
    assert result.spells.num_rows == SPELLS < activity.num_rows
    assert len({*expected.values()}) == 4 and digests(result) == expected
    assert result.unbundled.num_rows and result.errors.num_rows


def test_a_digest_is_of_cells_and_nothing_else(activity: pa.Table, expected: dict[str, str]) -> None:
    spells = GROUPER.group(activity).spells
    cut = pa.concat_tables([as_text(spells.slice(0, 70)), as_text(spells.slice(70))])
    assert digest(cut) == expected["spells"]
    los = spells.column_names.index("SpellLOS")
    more = spells.set_column(los, "SpellLOS", pc.add(spells.column(los), pa.array([1] + [0] * (len(spells) - 1))))
    assert digest(more) != expected["spells"]
    turned = spells.take(pa.array(range(len(spells) - 1, -1, -1)))
    assert digest(turned) != expected["spells"] and digest(turned, sort=True) == digest(spells, sort=True)


def test_a_stream_gives_the_same_bytes(activity: pa.Table, expected: dict[str, str]) -> None:
    assert digests_of_parts(GROUPER.stream(activity.to_batches(max_chunksize=20_000))) == expected


def test_the_file_of_the_spells(activity_file: Path, expected: dict[str, str]) -> None:
    assert digests(GROUPER.group(activity_file)) == expected
