"""The page without a browser: a client that speaks to the application, and what stands in its answers."""

from __future__ import annotations

import re
from functools import cache
from html import unescape
from typing import Any

ORIGIN = "http://127.0.0.1:8765"
EPISODE = {
    "EPIORDER": "1",
    "STARTAGE": "84",
    "SEX": "2",
    "CLASSPAT": "1",
    "ADMISORC": "19",
    "ADMIMETH": "21",
    "DISDEST": "19",
    "DISMETH": "1",
    "EPIDUR": "9",
    "MAINSPEF": "110",
    "TRETSPEF": "110",
    "DIAG_01": "S7200",
    "DIAG_02": "E119",
    "OPER_01": "W371",
}


@cache
def client() -> Any:
    """A client of the page under the embedded design."""
    from starlette.testclient import TestClient

    from hrgcore.serve.app import Page

    return TestClient(Page().app, base_url=ORIGIN)


def post(*rows: dict[str, str], logic: str = "apc", export: str = "", **others: str) -> Any:
    """Send a form of these rows."""
    cells = {f"r{number}.{name}": text for number, row in enumerate(rows) for name, text in row.items()}
    return client().post(f"/{logic}" + (f"/export/{export}" if export else ""), data={"action": "explain"} | cells | others)


def hrg(answer: Any) -> str:
    """The HRG that an answer shows."""
    (found,) = re.findall(r'<span class="hrg">(.*?)</span>', answer.text)
    return found


def says(answer: Any, id_: str) -> str:
    """What is said at a field."""
    match = re.search(rf'<span id="{id_}-says" class="[^"]*">(.*?)</span>', answer.text)
    assert match, id_
    return unescape(match[1])


def values(answer: Any) -> dict[str, str]:
    """What stands in the fields that are filled in, by name."""
    inputs = re.findall(r"<input ([^>]*)>", answer.text)
    pairs = [(re.search(r'name="([^"]*)"', one), re.search(r' value="([^"]*)"', one)) for one in inputs]
    return {name[1]: unescape(value[1]) for name, value in pairs if name and value and value[1]}


def words(answer: Any) -> str:
    """The text of a page."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())
