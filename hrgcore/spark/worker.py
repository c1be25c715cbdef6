"""The design on its way to Spark's Python workers, and the grouper that each makes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hrgcore.design import Bundle, bundle
from hrgcore.errors import UsageError
from hrgcore.grouper import Grouper

if TYPE_CHECKING:
    from pyspark import Broadcast

_groupers: dict[str, Grouper] = {}  # by the digest of the design: Spark uses a Python worker for many tasks


def send(session: Any, design: Bundle) -> Broadcast[bytes]:
    """Send a design to all workers. Raises UsageError where the session can't."""
    context = getattr(session, "sparkContext", None) if hasattr(session, "_jsparkSession") else None
    if context is None:
        raise UsageError("the session is of Spark Connect, which can't broadcast the design. Use a classic Spark session.")
    sent: Broadcast[bytes] = context.broadcast(bundle.to_bytes(design))
    return sent


def worker_grouper(digest: str, sent: Broadcast[bytes]) -> Grouper:
    """The grouper of a design that was sent, in a worker."""
    if digest not in _groupers:
        # Spark runs a worker for each core.
        _groupers[digest] = Grouper(bundle.from_bytes(sent.value, f"design {digest[:12]}"), threads=1)
    return _groupers[digest]
