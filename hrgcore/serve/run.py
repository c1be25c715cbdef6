"""Running the page: on loopback and nowhere else, without a log of what is asked."""

from __future__ import annotations

import socket
import webbrowser
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

from hrgcore.design import DEFAULT_DESIGN, Bundle
from hrgcore.errors import UsageError
from hrgcore.serve.fields import APC

if TYPE_CHECKING:
    import uvicorn
    from starlette.types import ASGIApp

LOOPBACK = "127.0.0.1"
USUAL_PORT = 8765


def serve(
    *,
    design: str | Path | Bundle | None = None,
    port: int = USUAL_PORT,
    opens: bool = False,
    opened: Sequence[Mapping[str, object]] = (),
    logic: str = APC,
    shown: int = 0,
    say: Callable[[str], None] = print,
) -> None:
    """Serve the page until it is interrupted; ``port`` 0 takes any that is free. ``opened`` are rows to begin with;
    ``shown`` is the one of them that is explained, where each is grouped by itself.

    Raises UsageError where the port is taken or the extra `serve` is not installed, DesignError for a wrong design.
    """
    try:
        import uvicorn  # noqa: F401 - is it there?

        from hrgcore.serve.app import Page
    except ModuleNotFoundError as error:
        if error.name not in ("uvicorn", "starlette"):
            raise
        raise UsageError("the page needs Starlette and uvicorn. Install them with: pip install 'hrgcore[serve]'") from None
    page = Page(design or DEFAULT_DESIGN, opened, logic, shown)
    with listening(port) as found:
        address = f"http://{LOOPBACK}:{found.getsockname()[1]}{page.path}"
        say(f"{address}   (Ctrl-C ends it)")
        if opens:
            Thread(target=webbrowser.open, args=(address,), daemon=True).start()
        server(page.app).run(sockets=[found])


def server(app: ASGIApp) -> uvicorn.Server:
    """What serves an application: no log of requests, and no word of what it is."""
    import uvicorn

    config = uvicorn.Config(
        app,
        log_level="critical",
        access_log=False,
        server_header=False,
        lifespan="off",
        ws="none",
        limit_concurrency=64,
        timeout_graceful_shutdown=2,
    )
    return uvicorn.Server(config)


def listening(port: int) -> socket.socket:
    """A socket on loopback; port 0 is any that is free. Raises UsageError where the port can't be had."""
    found = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # asyncio sends at once only where TCP is named
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind((LOOPBACK, port))
        found.listen(64)
    except (OSError, OverflowError) as error:
        found.close()
        raise UsageError(
            f"port {port} can't be had ({getattr(error, 'strerror', None) or 'no such port'}). Give another with --port."
        ) from None
    return found
