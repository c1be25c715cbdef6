"""Working ahead: what makes the items of an iterator runs in a thread of its own, a few items before they are asked for."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

T = TypeVar("T")
_END = object()


def ahead(items: Iterable[T], room: int = 1) -> Iterator[T]:
    """The items in their order, made in another thread that is at most ``room`` and one under way ahead.

    It begins at once. What goes wrong there is raised here. Closing this iterator ends that thread and closes ``items``.
    """
    done: queue.Queue[tuple[Any, BaseException | None]] = queue.Queue(room)
    stopped = threading.Event()

    def put(item: Any, error: BaseException | None = None) -> bool:
        while not stopped.is_set():
            try:
                done.put((item, error), timeout=0.1)
                return True
            except queue.Full:
                continue
        return False

    def make() -> None:
        source = iter(items)
        try:
            for item in source:
                if not put(item):
                    return
                del item  # or it would live until the next is made
            put(_END)
        except BaseException as error:
            put(_END, error)
        finally:
            close = getattr(source, "close", None)
            if close is not None:
                close()

    thread = threading.Thread(target=make, name="hrgcore-ahead", daemon=True)
    thread.start()
    return _taken(done, stopped, thread)


def _taken(
    done: queue.Queue[tuple[Any, BaseException | None]], stopped: threading.Event, thread: threading.Thread
) -> Iterator[Any]:
    try:
        while True:
            item, error = done.get()
            if error is not None:
                raise error
            if item is _END:
                return
            yield item
            del item
    finally:
        stopped.set()
        if thread is not threading.current_thread():  # which may be the one that collects this, after an error
            thread.join()
