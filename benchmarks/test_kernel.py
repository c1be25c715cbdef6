"""The kernels alone, one thread: encoded spells to results."""

from __future__ import annotations

import pytest
from conftest import single_episode, sizes

from hrgcore import engine

pytestmark = pytest.mark.benchmark(group="kernel")


@sizes("10k", "1m", "20m")
def test_all_spells(measure, activity, encoded, grouper, pool):
    own = encoded(activity.table())
    found = measure(
        lambda: engine.group(grouper._design, own.episodes, own.order, pool),
        activity.rows,
        activity.spells,
        bytes_per_episode=own.bytes_per_episode,
    )
    assert len(found.spells) == activity.spells


@sizes("1m")
def test_single_episode_spells(measure, activity, encoded, grouper, pool):
    own = encoded(activity.table())
    order = single_episode(own.order)
    measure(lambda: engine.group(grouper._design, own.episodes, order, pool), order.count, order.count)
