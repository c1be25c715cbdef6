"""The application: routes of the page, its style and script, completion of codes, and exports."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from hrgcore.design import DEFAULT_DESIGN, Bundle, load_design
from hrgcore.errors import HrgcoreError
from hrgcore.html import stylesheet
from hrgcore.serve.actions import Done, act, start
from hrgcore.serve.answers import Answers
from hrgcore.serve.codes import SCHEMES
from hrgcore.serve.entry import Entry, checked_rows, read_entry
from hrgcore.serve.export import MEDIA, exported
from hrgcore.serve.fields import APC, Form, form_of
from hrgcore.serve.guard import Guard
from hrgcore.serve.views import Views

_ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect width="16" height="16" rx="3" fill="#0a5484"/>'
    '<path d="M3 4h4v3h6v2H7v3H3z" fill="#fff"/></svg>'
)


class Page:
    """The page under one design. ``opened`` are rows that it begins with, at an address that only the opener knows.

    ``shown`` is the one of them that is explained, where each is grouped by itself.
    """

    def __init__(
        self,
        design: str | Path | Bundle = DEFAULT_DESIGN,
        opened: Sequence[Mapping[str, object]] = (),
        logic: str = APC,
        shown: int = 0,
    ) -> None:
        self._answers = Answers(load_design(design))
        settings = self._answers.tables.settings
        self._views = Views(self._answers.logics, self._answers.accepted, (settings.id, settings.title, settings.status))
        self._opened = Entry(checked_rows(form_of(logic), opened), shown=shown) if opened else None
        self._opened_form = form_of(logic)
        self._token = secrets.token_urlsafe(16)
        self._answers.explain(form_of(APC), [start(form_of(APC))])  # what is made when first asked for is there by now
        routes = [
            Route("/page.css", self._style),
            Route("/page.js", self._script),
            Route("/icon.svg", self._icon),
            Route("/codes", self._codes, methods=["POST"]),
            Route("/opened/{token}", self._open),
            Route("/", self._blank),
            Route("/{logic}", self._blank),
            Route("/{logic}", self._answer, methods=["POST"]),
            Route("/{logic}/export/{kind}", self._export, methods=["POST"]),
        ]
        self.app = Starlette(routes=routes, middleware=[Middleware(Guard)], exception_handlers={HrgcoreError: _refused})

    @property
    def path(self) -> str:
        """Where a browser is to go first."""
        return f"/opened/{self._token}" if self._opened is not None else "/"

    async def _blank(self, request: Request) -> Response:
        form = self._form(request)
        if form is None:
            return _missing()
        return HTMLResponse(self._views.whole(form, Entry((start(form),)), None))

    async def _open(self, request: Request) -> Response:
        if self._opened is None or not secrets.compare_digest(request.path_params["token"].encode(), self._token.encode()):
            return _missing()
        return self._shown(self._opened_form, Done(self._opened))

    async def _answer(self, request: Request) -> Response:
        form = self._form(request)
        if form is None:
            return _missing()
        return self._shown(form, act(form, read_entry(form, await request.body()), self._answers))

    def _shown(self, form: Form, done: Done) -> Response:
        answer = None if done.blank else self._answers.answer(form, done.entry)
        return HTMLResponse(self._views.whole(form, done.entry, answer, done.notice, done.focus))

    async def _export(self, request: Request) -> Response:
        form, kind = self._form(request), request.path_params["kind"]
        if form is None or kind not in MEDIA:
            return _missing()
        entry = read_entry(form, await request.body())
        name = form.whole if kind == "csv" or not form.days else form.row.lower()
        headers = {"Content-Disposition": f'attachment; filename="{name}.{kind}"'}
        every = self._answers.explain(form, entry.rows)
        return Response(exported(kind, form, entry, every), headers=headers, media_type=MEDIA[kind])

    async def _codes(self, request: Request) -> Response:
        try:
            given = dict(parse_qsl((await request.body()).decode("utf-8"), max_num_fields=4))
        except ValueError:
            given = {}
        scheme, typed = given.get("scheme", ""), given.get("typed", "")
        if scheme not in SCHEMES or len(typed) > 16:
            return JSONResponse([], 400)
        return JSONResponse(self._answers.codes.complete(scheme, typed))

    async def _style(self, _: Request) -> Response:
        return Response(stylesheet() + _file("page.css"), media_type="text/css")

    async def _script(self, _: Request) -> Response:
        return Response(_file("page.js"), media_type="text/javascript")

    async def _icon(self, _: Request) -> Response:
        return Response(_ICON, media_type="image/svg+xml")

    def _form(self, request: Request) -> Form | None:
        logic = request.path_params.get("logic", APC)
        return form_of(logic) if logic in self._answers.logics else None


def _file(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _missing() -> Response:
    return PlainTextResponse("There is no such page.", 404)


async def _refused(_: Request, error: Exception) -> Response:
    return PlainTextResponse(str(error), 400)
