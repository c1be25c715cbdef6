"""Work on a pool, a little ahead of those who take what it gives."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

In = TypeVar("In")
Out = TypeVar("Out")


def in_order(
    pool: ThreadPoolExecutor, work: Callable[[In], Out], items: Iterable[In], *, ahead: int | None = None
) -> Generator[Out, None, None]:
    """What ``work`` gives for each item, in their order; the pool is at most ``ahead`` items, two a thread, ahead.

    What goes wrong is raised where it stands in that order. Closing this iterator drops what was not begun.
    """
    under_way: deque[Future[Out]] = deque()
    ahead = 2 * pool._max_workers if ahead is None else ahead
    try:
        for item in items:
            under_way.append(pool.submit(work, item))
            del item
            if len(under_way) > ahead:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()
    finally:
        for future in under_way:
            future.cancel()
