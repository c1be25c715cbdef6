"""Blocks of episodes cut where spells end."""

from __future__ import annotations

from collections.abc import Iterator

from hrgcore.encode.columns import Block, join_blocks
from hrgcore.encode.spells import Key, orders_between
from hrgcore_kernels.spells import ALL_ORDERS, SAME_KEY


class WholeSpells:
    """Makes blocks of whole spells out of those that come, each behind the one before, as long as their keys ascend.

    The last spell of a block waits for the next, and is then a block by itself.
    """

    def __init__(self) -> None:
        self.orders = ALL_ORDERS  #: in which keys have ascended so far: none where a spell may come back
        self._last: Key | None = None
        self._waiting: list[Block] = []  # of one spell

    def cut(self, block: Block) -> Iterator[Block]:
        """The blocks that are complete with this one."""
        keys, count = block.keys, block.count
        if not count:
            return
        step = orders_between(self._last, keys.key(0))
        self.orders &= step & keys.orders
        self._last = keys.key(count - 1)
        starts = keys.starts[1:] if step == SAME_KEY else keys.starts
        if not len(starts):
            self._waiting.append(block)
            return
        first, last = int(starts[0]), int(starts[-1])
        if first:
            self._waiting.append(block.part(0, first))
        yield from self.rest()
        if first < last:
            yield block.part(first, last)
        self._waiting = [block.part(last, count)]

    def rest(self) -> Iterator[Block]:
        """The spell that waits, where there is one."""
        if self._waiting:
            yield join_blocks(self._waiting)
