"""What stands before the page: other hosts and origins are refused, bodies are bounded, answers load nothing from outside.

A page of another site that a browser has open can send requests to loopback: its origin tells it. A name that was made to lead to
loopback is told by the Host header.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from urllib.parse import urlsplit

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST_BYTES = 1 << 20  #: of a request's body
HOSTS = ("127.0.0.1", "localhost")
_POLICY = "; ".join(
    (
        "default-src 'none'",
        *(f"{what}-src 'self'" for what in ("script", "style", "img", "connect")),
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # no-referrer would take the origin away from the page's own forms
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class _TooLarge(Exception):
    """The body is longer than it may be."""


class Guard:
    """Lets an application see only the requests that it may answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        began = False

        async def with_headers(message: Message) -> None:
            nonlocal began
            if message["type"] == "http.response.start":
                began = True
                own = [(name.lower().encode(), text.encode()) for name, text in HEADERS.items()]
                message = {**message, "headers": [*message.get("headers", ()), *own]}
            await send(message)

        async def refuse(status: int, text: str) -> None:
            await PlainTextResponse(text, status)(scope, receive, with_headers)

        headers = {name.decode("latin-1").lower(): text.decode("latin-1") for name, text in scope["headers"]}
        refusal = _refusal(scope, headers)
        if refusal is not None:
            return await refuse(*refusal)
        try:
            await self._app(scope, _bounded(receive), with_headers)
        except _TooLarge:
            await refuse(413, f"The request has more than {MOST_BYTES} bytes. Send less.")
        except Exception as error:  # its text may hold a patient's data: it is not shown, and not logged
            print(f"hrgcore: error: unexpected {type(error).__name__} on the page. Please report it.", file=sys.stderr, flush=True)
            if not began:
                await refuse(500, "Something went wrong in hrgcore. What you entered was not kept.")


def _refusal(scope: Scope, headers: Mapping[str, str]) -> tuple[int, str] | None:
    """Why a request is refused; None where it is not."""
    server = scope.get("server") or ("", None)
    own = {f"{host}:{server[1]}" for host in HOSTS} | ({*HOSTS} if server[1] == 80 else set())
    if headers.get("host", "") not in own:
        return 421, "This page answers on loopback only. Open it by the address that hrgcore printed."
    if scope["method"] in ("GET", "HEAD"):
        return None
    origin = headers.get("origin")
    foreign = origin is not None and (urlsplit(origin).scheme != "http" or origin.removeprefix("http://") != headers["host"])
    if foreign or headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return 403, "Requests of other pages are refused."
    length = headers.get("content-length", "0")
    if not length.isdigit() or int(length) > MOST_BYTES:
        return 413, f"The request has more than {MOST_BYTES} bytes. Send less."
    return None


def _bounded(receive: Receive) -> Receive:
    """The messages of a request until its body is too long."""
    taken = 0

    async def bounded() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > MOST_BYTES:
            raise _TooLarge
        return message

    return bounded
