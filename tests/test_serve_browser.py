"""The page of one spell in headless Chromium: what people do there with keys, paste and narrow screens, and what an enemy tries."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

playwright = pytest.importorskip("playwright.sync_api", reason="needs the Python package playwright")
pytest.importorskip("uvicorn", reason="the page needs the extra `serve`")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
if CHROMIUM is None:
    pytest.skip("needs Chromium (of Debian: apt-get install chromium)", allow_module_level=True)

from contrast import faint  # noqa: E402
from pages import EPISODE, hrg, post  # noqa: E402
from two_designs import design, results  # noqa: E402

from hrgcore.cli.main import main  # noqa: E402

ARGUMENTS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
SECRET = "9434765919"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The page as its command serves it; it must not have written a word when it ends."""
    log = tmp_path_factory.mktemp("serve") / "stderr"
    with log.open("w") as errors:
        command = [sys.executable, "-m", "hrgcore", "serve", "--port", "0"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True)
        assert process.stdout is not None
        try:
            yield process.stdout.readline().split()[0]
        finally:
            process.terminate()
            said = process.communicate(timeout=30)[0]
    assert said + log.read_text() == ""  # no log of requests, and no trace of what was entered


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as started:
        found = started.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield found
        found.close()


@dataclass
class Visit:
    """A tab with the page, and all that it asked for and complained of."""

    tab: Any
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    @property
    def hrg(self) -> str:
        return str(self.tab.locator(".hrg").inner_text())

    def fill(self, row: dict[str, str], number: int = 0) -> None:
        """Fill in fields, and wait for the answer."""
        for name, text in row.items():
            self.tab.fill(f"#r{number}-{name}", text)
        self.tab.wait_for_selector("#results:not([aria-busy])")

    def press(self, name: str) -> None:
        """Press a button, and wait for the page that it brings."""
        self.tab.evaluate("document.getElementById('page').dataset.old = '1'")
        self.tab.get_by_role("button", name=name, exact=True).last.click()
        self.tab.wait_for_selector("#page:not([data-old])")

    def paste(self, where: str, text: str) -> None:
        """Paste into a field as the clipboard does."""
        self.tab.evaluate("document.getElementById('page').dataset.old = '1'")
        script = """([where, text]) => { const data = new DataTransfer(); data.setData('text/plain', text);
            document.querySelector(where).dispatchEvent(new ClipboardEvent('paste',
                {clipboardData: data, bubbles: true, cancelable: true})) }"""
        self.tab.evaluate(script, [where, text])
        self.tab.wait_for_selector("#page:not([data-old])")


@pytest.fixture
def visit(address: str, browser: Any) -> Iterator[Visit]:
    """A tab with the blank page; at the end nothing may have gone elsewhere, and nothing have been complained of."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    found = Visit(context.new_page())
    found.tab.set_default_timeout(15_000)
    found.tab.on("request", lambda request: found.requests.append(request.url))
    found.tab.on("console", lambda message: found.complaints.append(message.text))
    found.tab.on("pageerror", lambda error: found.complaints.append(str(error)))
    found.tab.on("dialog", lambda dialog: (found.complaints.append(dialog.message), dialog.dismiss()))
    found.tab.goto(address)
    yield found
    assert found.complaints == []
    assert all(url.startswith(address) and "?" not in url and SECRET not in url for url in found.requests)
    context.close()


def test_a_spell_is_entered_and_explained_as_one_types(visit: Visit) -> None:
    visit.fill(EPISODE)
    assert visit.hrg == hrg(post(EPISODE))
    assert visit.tab.locator("#said").inner_text().startswith(visit.hrg)
    assert visit.tab.locator("#r0-DIAG_02-says").inner_text() == "CC points 1"
    assert visit.tab.title().startswith(visit.hrg)
    for place in range(3, 9):  # there is always a blank field more
        visit.fill({f"DIAG_{place:02d}": "I10X"})
    assert visit.tab.locator("#r0-DIAG_10").count() == 1


def test_codes_are_completed(visit: Visit) -> None:
    visit.tab.locator("#r0-DIAG_01").press_sequentially("S72")
    visit.tab.locator("#list-icd10 option:first-child[value=S720]").wait_for(state="attached")
    assert "HE11" in visit.tab.locator("#list-icd10 option").nth(1).get_attribute("label")


def test_errors_stand_at_their_fields_and_go(visit: Visit) -> None:
    visit.fill(EPISODE | {"SEX": "7"})
    assert visit.hrg == "UZ01Z" and visit.tab.locator("#r0-SEX").get_attribute("aria-invalid") == "true"
    assert visit.tab.locator("#r0-SEX-says").inner_text() == "Sex is invalid"
    visit.tab.get_by_role("link", name="Episode 1, SEX").click()
    assert visit.tab.evaluate("document.activeElement.id") == "r0-SEX"
    visit.fill({"SEX": "2"})
    assert visit.hrg == hrg(post(EPISODE)) and visit.tab.locator("[aria-invalid]").count() == 0


def test_rows_and_codes_are_pasted(visit: Visit) -> None:
    rows = [EPISODE, EPISODE | {"EPIORDER": "2", "OPER_01": ""}]
    visit.paste("#r0-DIAG_01", "\n".join("\t".join(cells) for cells in (EPISODE, *(row.values() for row in rows))))
    assert visit.hrg == hrg(post(*rows)) and visit.tab.locator("fieldset.row").count() == 2
    visit.paste("#r1-DIAG_03", "I10X, N17.9")
    assert visit.tab.input_value("#r1-DIAG_04") == "N17.9"
    visit.tab.locator("summary", has_text="Paste rows").click()
    visit.tab.fill("#paste", "1,2")
    visit.press("Fill in from the paste")
    assert "Copy the headings" in visit.tab.get_by_role("alert").inner_text()


def test_what_if(visit: Visit) -> None:
    visit.fill(EPISODE)
    before = visit.hrg
    visit.press("What if…")
    visit.fill({"OPER_01": ""})
    assert visit.hrg == hrg(post(EPISODE | {"OPER_01": ""})) != before
    moved = visit.tab.locator("#what-if").inner_text()
    assert "The HRG moves." in moved and before in moved and visit.hrg in moved
    visit.press("Back to before")
    assert visit.hrg == before and visit.tab.input_value("#r0-OPER_01") == "W371" and visit.tab.locator("#what-if").count() == 0


def test_a_neighbour_is_tried(visit: Visit) -> None:
    visit.fill(EPISODE | {"DIAG_01": "J440", "OPER_01": ""})
    button = visit.tab.locator("#neighbours button").first
    name = button.get_attribute("value").removeprefix("try-")
    visit.press(f"Try {name}")
    assert visit.hrg == name and "The HRG moves." in visit.tab.locator("#what-if").inner_text()


def test_days_of_a_period(visit: Visit) -> None:
    day = {
        "PROCODET": "RXX",
        "CCLocalID": "1",
        "CCDate": "20240501",
        "CCUF": "13",
        "GestLen": "30",
        "PERWT": "1.2",
        "CCAC_01": "01",
    }
    visit.tab.goto(visit.tab.url + "ncc")
    rows = [day, day | {"CCDate": "20240502", "CCAC_01": "26"}]
    visit.paste("#r0-CCDate", "\n".join("\t".join(cells) for cells in (day, *(row.values() for row in rows))))
    first = visit.hrg
    visit.press("Why Day 2")
    assert visit.hrg != first and visit.tab.locator("details.day[open]").count() == 1
    visit.press("Why Day 1")
    visit.fill({"GestLen": "31"})
    assert visit.hrg == first and "inconsistent in period" in visit.tab.locator("#r0-GestLen-says").inner_text()
    visit.tab.get_by_role("link", name="Day 2, GestLen").click()  # leads into a day that was closed
    assert visit.tab.locator("#r1-GestLen").is_visible()
    visit.fill({"GestLen": "31"}, 1)
    assert visit.tab.locator(".wrong").count() == 0
    visit.press("Add a day")
    assert visit.tab.input_value("#r2-CCDate") == "20240503" and visit.tab.locator("#r2-PERWT").is_visible()


@pytest.mark.parametrize(("button", "file"), [("HTML page", "spell.html"), ("JSON", "spell.json"), ("CSV row", "spell.csv")])
def test_a_spell_is_taken_away(visit: Visit, tmp_path: Path, button: str, file: str) -> None:
    visit.fill(EPISODE)
    with visit.tab.expect_download() as download:
        visit.tab.get_by_role("button", name=button).click()
    assert download.value.suggested_filename == file
    download.value.save_as(tmp_path / file)
    text = (tmp_path / file).read_text(encoding="utf-8")
    if file.endswith("json"):
        assert json.loads(text)["spell"]["hrg"] == visit.hrg
    assert visit.hrg in text
    if file.endswith("html"):  # a page of its own, with its style
        visit.tab.context.new_page().goto((tmp_path / file).as_uri())
        alone = visit.tab.context.pages[-1]
        assert alone.evaluate("getComputedStyle(document.querySelector('.hrg')).fontWeight") == "700"


def test_everything_is_done_with_keys(visit: Visit) -> None:
    keyboard, tab = visit.tab.keyboard, visit.tab
    keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.className") == "skip"
    keyboard.press("Enter")
    for _ in range(80):
        keyboard.press("Tab")
        name = tab.evaluate("document.activeElement.name ?? ''").removeprefix("r0.")
        outline = tab.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline != "none", tab.evaluate("document.activeElement.outerHTML")
        if name in EPISODE:
            keyboard.press("Control+a")
            keyboard.type(EPISODE[name])
        if name == "OPER_01":
            break
    tab.evaluate("document.getElementById('page').dataset.old = '1'")
    keyboard.press("Enter")
    tab.wait_for_selector("#page:not([data-old])")
    assert visit.hrg == hrg(post(EPISODE)) and tab.evaluate("document.activeElement.id") == "results"
    tab.locator("#why summary").first.focus()
    opened = tab.locator("#why details").first.evaluate("one => one.open")
    keyboard.press("Enter")
    assert tab.locator("#why details").first.evaluate("one => one.open") != opened


@pytest.mark.parametrize("width", [320, 390, 768])
def test_a_narrow_screen_shows_all(visit: Visit, width: int) -> None:
    visit.tab.set_viewport_size({"width": width, "height": 700})
    visit.fill(EPISODE | {"SEX": "7"})
    visit.fill({"SEX": "2"})
    assert visit.tab.evaluate("document.documentElement.scrollWidth") <= width
    bar = visit.tab.locator("#bar")
    assert bar.is_visible() and bar.inner_text().startswith(visit.hrg)
    bar.click()
    assert visit.tab.locator(".hrg").is_visible()


def test_a_hostile_paste_stays_text(visit: Visit) -> None:
    hostile = "<img src=x onerror=alert(1)>"
    cells = dict.fromkeys(EPISODE, hostile) | {"DIAG_01": f'"{hostile}'}
    visit.paste("#r0-SEX", "\n".join(("\t".join(EPISODE), "\t".join(dict.fromkeys(EPISODE, hostile).values()))))
    assert visit.hrg == "UZ01Z" and visit.tab.input_value("#r0-SEX") == hostile
    assert visit.tab.locator("img").count() == 0
    visit.paste("#r0-SEX", "\t".join(cells.values()))
    assert visit.tab.locator("img").count() == 0


def test_it_works_without_script(address: str, browser: Any) -> None:
    tab = browser.new_context(java_script_enabled=False).new_page()
    tab.goto(address)
    for name, text in EPISODE.items():
        tab.fill(f"#r0-{name}", text)
    tab.get_by_role("button", name="Explain", exact=True).last.click()
    assert tab.locator(".hrg").inner_text() == hrg(post(EPISODE))
    tab.get_by_role("button", name="What if…").click()
    tab.fill("#r0-OPER_01", "")
    tab.press("#r0-OPER_01", "Enter")
    assert "The HRG moves." in tab.locator("#what-if").inner_text()
    tab.context.close()


class _Foreign(BaseHTTPRequestHandler):
    """A page of another origin, which sends a form and a request to the page."""

    def __init__(self, target: str, *given: Any) -> None:
        self.target = target
        super().__init__(*given)

    def do_GET(self) -> None:
        text = f"""<title>foreign</title><form method=post action="{self.target}apc"><input name=r0.SEX value=1></form>
            <script>fetch("{self.target}apc", {{method: "POST", body: "action=example", mode: "no-cors"}})
                .finally(() => document.forms[0].submit())</script>"""
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: object) -> None:
        """Quiet."""


def test_another_origin_is_refused(address: str, browser: Any) -> None:
    server = HTTPServer(("127.0.0.1", 0), partial(_Foreign, address))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    tab = browser.new_context().new_page()
    statuses: list[int] = []
    tab.on("response", lambda response: statuses.append(response.status) if response.url.startswith(address) else None)
    tab.goto(f"http://127.0.0.1:{server.server_port}/")
    tab.wait_for_url(f"{address}apc")
    assert "refused" in tab.inner_text("body") and set(statuses) == {403}
    tab.context.close()
    server.shutdown()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_laid_out_for_all(visit: Visit, scheme: str) -> None:
    """Landmarks, one heading of the first level, a label for each field, and colours of the reader's choice."""
    visit.tab.emulate_media(color_scheme=scheme)
    visit.fill(EPISODE)
    for landmark in ("banner", "main", "navigation", "contentinfo"):
        assert visit.tab.get_by_role(landmark).count() == 1, landmark
    assert visit.tab.locator("h1").count() == 1
    unlabelled = (
        "[...document.querySelectorAll('input:not([type=hidden]), textarea')].filter(one => !one.labels.length).map(one => one.id)"
    )
    assert visit.tab.evaluate(unlabelled) == []
    ids = "[...document.querySelectorAll('[id]')].map(one => one.id)"
    found = visit.tab.evaluate(ids)
    assert len(found) == len(set(found))
    visit.press("What if…")
    visit.fill({"SEX": "7", "OPER_01": ""})
    assert faint(visit.tab) == []
    ground = visit.tab.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, ground[4:-1].split(", "))) < 200) == (scheme == "dark")


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of the pages of all analyses."""
    home = tmp_path_factory.mktemp("reports")
    (home / "prices.csv").write_text("hrg,price\nWA10B,100\nWA10C,150\nKB01Z,1000\n", encoding="utf-8")
    one, other, small = str(results("small")), str(results("altered")), str(design("small"))
    prices = ["--prices", str(home / "prices.csv")]
    designs = ["--design-a", small, "--design-b", str(design("altered")), *prices]
    assert main(["compare", one, other, "-o", str(home / "compare"), *designs]) == 0
    assert main(["reconcile", f"{other}/spells", one, "-o", str(home / "reconcile"), "--design", small]) == 0
    assert main(["report", one, one, "-o", str(home / "report"), "--design", small, *prices]) == 0
    return home


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("command", ["compare", "reconcile", "report"])
def test_reports_can_be_read_on_a_phone(browser: Any, reports: Path, command: str, scheme: str) -> None:
    tab = browser.new_context(viewport={"width": 390, "height": 844}, color_scheme=scheme).new_page()
    tab.goto((reports / command / "report.html").as_uri())
    assert tab.evaluate("document.documentElement.scrollWidth") <= 390
    for opened in tab.locator("summary").all():
        opened.click()
    assert tab.evaluate("document.documentElement.scrollWidth") <= 390 and faint(tab) == []
    sizes = "[...document.querySelectorAll('svg text')].map(one => 12 * one.getScreenCTM().a)"
    assert min(tab.evaluate(sizes)) >= 10  # pixels: what pictures say is not shrunk with them
    cut = """[...document.querySelectorAll('svg text')].filter(one => {
        const [own, whole] = [one, one.ownerSVGElement].map(each => each.getBoundingClientRect());
        return own.left < whole.left - 1 || own.right > whole.right + 1;
    }).map(one => one.textContent)"""
    assert tab.evaluate(cut) == []
    tab.context.close()
