"""The page of one spell, without a browser: entering, pasting, explaining, what if, exports, and what it refuses."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import subprocess
import sys
from html import unescape
from pathlib import Path

import pyarrow as pa
import pytest

pytest.importorskip("starlette", reason="the page needs the extra `serve`")
pytest.importorskip("httpx2", reason="the client of the tests needs httpx2")
from pages import EPISODE, ORIGIN, client, hrg, post, says, values, words  # noqa: E402

from hrgcore import Grouper, UsageError  # noqa: E402
from hrgcore.cli.main import main  # noqa: E402
from hrgcore.logics import ROW_LOGICS  # noqa: E402
from hrgcore.serve.guard import MOST_BYTES  # noqa: E402

KEY = {"PROCODET": "RXX", "PROVSPNO": "77"}
HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(2)>'


def kept(rows: list[dict[str, str]], between: str = "\t") -> str:
    names = list(dict.fromkeys(name for row in rows for name in row))
    return "\r\n".join(between.join(cells) for cells in (names, *([row.get(name, "") for name in names] for row in rows)))


# Entering and explaining ---------------------------------------------------------------------------------------------------------


def test_a_spell_is_explained_where_it_is_entered() -> None:
    answer = post(EPISODE)
    expected = Grouper().explain(pa.Table.from_pylist([EPISODE | KEY]))
    assert hrg(answer) == expected.result.hrg and expected.labels[expected.result.hrg] in words(answer)
    assert says(answer, "r0-OPER_01").startswith("dominant; hierarchy ") and says(answer, "r0-DIAG_02") == "CC points 1"
    said = words(answer)
    for kind in ("Validation", "Trauma, burns", "Dominant", "Grid", "Root", "CC score", "Split"):
        assert kind in said
    assert expected.result.split_rule in said and expected.split.neighbours[0].needs[0].text in said


def test_errors_stand_at_their_fields() -> None:
    answer = post(EPISODE | {"SEX": "7", "STARTAGE": "", "DIAG_02": "X99"})
    assert hrg(answer) == "UZ01Z"
    assert says(answer, "r0-SEX") == "Sex is invalid" and says(answer, "r0-STARTAGE") == "Age is blank"
    assert says(answer, "r0-DIAG_02") == "Diagnosis is invalid"
    assert re.search(r'<input id="r0-SEX"[^>]* aria-invalid="true" aria-describedby="r0-SEX-says"', answer.text)
    assert answer.text.count('aria-invalid="true"') == 3 and 'href="#r0-SEX"' in answer.text


def test_what_codes_are_said_to_be() -> None:
    answer = post(EPISODE | {"DIAG_01": "Z509", "DIAG_02": "m19.99", "OPER_02": "Z843", "OPER_03": "Q99"})
    assert says(answer, "r0-DIAG_01") == "UZ01 - Invalid Primary Diagnosis" or "invalid" in says(answer, "r0-OPER_03")
    assert says(answer, "r0-OPER_02") == "never dominant" and says(answer, "r0-OPER_03") == "Procedure is invalid"


def test_codes_are_completed() -> None:
    found = client().post("/codes", data={"scheme": "icd10", "typed": " s72.0"}).json()
    assert [code for code, _ in found][:2] == ["S720", "S7200"] and all(text for _, text in found)
    assert client().post("/codes", data={"scheme": "opcs4", "typed": "w371"}).json()[0][0] == "W371"
    assert client().post("/codes", data={"scheme": "icd10", "typed": ""}).json() == []
    assert client().post("/codes", data={"scheme": "other", "typed": "A"}).status_code == 400
    assert client().get("/codes?typed=A00").status_code == 404  # never in an address


def test_episodes_come_and_go() -> None:
    two = values(post(EPISODE, action="add"))
    assert two["r1.EPIORDER"] == "2" and two["r1.SEX"] == "2" and "r1.DIAG_01" not in two and "r1.EPIDUR" not in two
    second = EPISODE | {"EPIORDER": "2", "DIAG_01": "J189", "OPER_01": ""}
    answer = post(EPISODE, second)
    explained = Grouper().explain(pa.Table.from_pylist([EPISODE | KEY, second | KEY]))
    assert hrg(answer) == explained.result.hrg and "The spell as one record" in words(answer)
    left = values(post(EPISODE, second, action="remove-0"))
    assert left["r0.DIAG_01"] == "J189" and "r1.SEX" not in left
    assert "r0.STARTAGE" not in values(post(EPISODE, action="clear"))


@pytest.mark.parametrize("logic", ROW_LOGICS)
def test_other_logics_have_their_form(logic: str) -> None:
    blank = client().get(f"/{logic}")
    assert blank.status_code == 200 and f"{ROW_LOGICS[logic].title}" in words(blank)
    assert hrg(post({}, logic=logic)) == "UZ01Z"


def test_a_row_of_another_logic() -> None:
    row = {"AGE": "40", "AEPATIENTGROUP": "30", "INV_01": "01", "TREAT_01": "01"}
    answer = post(row, logic="em")
    explained = Grouper().explain(pa.Table.from_pylist([row]), logic="em")
    assert hrg(answer) == explained.result.hrg and explained.result.rule in words(answer)
    assert json.loads(post(row, logic="em", export="json").text) == json.loads(explained.json())
    assert hrg(post({}, logic="em", action="paste", paste=kept([row]))) == explained.result.hrg
    (written,) = csv.DictReader(io.StringIO(post(row, logic="em", export="csv").text))
    assert written["EM_HRG"] == explained.result.hrg and written["EM_Rule"] == explained.result.rule


# Pasting -------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("between", ["\t", ",", ";"])
def test_rows_are_pasted_with_headings(between: str) -> None:
    rows = [EPISODE | KEY, EPISODE | KEY | {"EPIORDER": "2"}, EPISODE | {"PROCODET": "RXX", "PROVSPNO": "78"}]
    answer = post({}, action="paste", paste=kept(rows, between))
    found = values(answer)
    assert found["r0.DIAG_01"] == "S7200" and found["r1.EPIORDER"] == "2" and "r2.SEX" not in found
    assert found["key.PROVSPNO"] == "77" and "1 rows of other spells were left out" in words(answer)


def test_rows_are_pasted_with_the_names_of_hes() -> None:
    names = {
        "PROCODET": "PROCODE3",
        "PROVSPNO": "PROVSPNOPS",
        "DIAG_01": "DIAG_4_01",
        "DIAG_02": "DIAG_4_02",
        "OPER_01": "OPERTN_4_01",
    }
    row = {names.get(name, name).lower(): text for name, text in (EPISODE | KEY).items()}
    assert hrg(post({}, action="paste", paste=kept([row]))) == hrg(post(EPISODE))


def test_rows_are_pasted_in_the_official_order(shared: Path) -> None:
    lines = (shared / "samples" / "apc_sample_2024_25.csv").read_text().splitlines()[1:3]
    for line in (lines[1], lines[1].replace(",", "\t")):
        answer = post({}, action="paste", paste=line)
        assert hrg(answer) == "HE11H" and values(answer)["r0.OPER_01"] == "U508"


@pytest.mark.parametrize(
    ("paste", "remedy"),
    [
        ("", "Copy the rows of a spell"),
        ("1\t2\t3", "Copy the headings, too"),
        ("SEX,STARTAGE", "Copy the rows as well"),
        ("SEX,SEX\n1,1", "Rename or drop one"),
        ("SEX,DIAG_01,DIAG_03\n1,A,B", "Number them from 1"),
        ("SEX,STARTAGE\n1,2,3", "under 2 headings"),
        (f"SEX,STARTAGE\n1,{'9' * 65}", "Shorten it"),
        ("SEX\n" + "1\n" * 41, "hrgcore explain"),
    ],
)
def test_what_can_t_be_pasted_is_said(paste: str, remedy: str) -> None:
    answer = post(EPISODE, action="paste", paste=paste)
    (notice,) = re.findall(r'id="notice">(.*?)</p>', answer.text)
    assert remedy in unescape(notice) and hrg(answer) == hrg(post(EPISODE))  # what was there stays


def test_codes_are_spread_over_the_fields() -> None:
    found = values(post(EPISODE, action="paste", paste="I10X, E11.9\nN179", at="r0.DIAG_03"))
    assert [found[f"r0.DIAG_0{place}"] for place in range(1, 6)] == ["S7200", "E119", "I10X", "E11.9", "N179"]


# What if -------------------------------------------------------------------------------------------------------------------------


def test_what_if_says_what_moves() -> None:
    begun = post(EPISODE, action="whatif")
    before = values(begun)["before"]
    assert json.loads(before) == [EPISODE] and "Nothing is changed yet" in words(begun)
    changed = EPISODE | {"OPER_01": "", "STARTAGE": "85"}
    answer = post(changed, before=before)
    said = words(answer)
    assert "Age (STARTAGE) 84 85" in said and "OPER_01 W371 none" in said and "The HRG moves." in said
    one, other = hrg(post(EPISODE)), hrg(post(changed))
    assert one != other and re.search(f"HRG {one} .*{other} ", said)
    assert "<mark>" in answer.text.partition('id="why"')[2]
    assert "The HRG stays." in words(post(EPISODE | {"STARTAGE": "85"}, before=before))
    assert values(post(changed, before=before, action="back"))["r0.STARTAGE"] == "84"
    gone_on = values(post(changed, before=before, action="keep"))
    assert gone_on["r0.STARTAGE"] == "85" and "before" not in gone_on


def test_a_neighbour_is_tried() -> None:
    row = EPISODE | {"DIAG_01": "J440", "OPER_01": ""}
    explained = Grouper().explain(pa.Table.from_pylist([row | KEY]))
    chosen = [one.hrg for one in explained.split.neighbours if one.episodes is not None]
    assert chosen
    for name in chosen:
        answer = post(row, action=f"try-{name}")
        assert hrg(answer) == name and "The HRG moves." in words(answer)
    answer = post(EPISODE, action="try-XX99Z")
    assert hrg(answer) == hrg(post(EPISODE)) and "What if" not in words(answer).replace("What if…", "")


# The same data everywhere --------------------------------------------------------------------------------------------------------


def test_page_command_and_api_give_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    row = EPISODE | KEY
    table = pa.Table.from_pylist([row])
    by_api = Grouper().explain(table)
    form = {f"key.{name}": text for name, text in KEY.items()}
    by_page = post(EPISODE, export="json", **form)
    assert by_page.headers["content-disposition"] == 'attachment; filename="spell.json"'
    (tmp_path / "in.csv").write_text(kept([row], ","))
    assert main(["explain", str(tmp_path / "in.csv"), "--spell", "77", "--format", "json"]) == 0
    assert json.loads(by_page.text) == by_api.to_dict() == json.loads(capsys.readouterr().out)
    assert post(EPISODE, export="html", **form).text == by_api.html()
    result = Grouper().group(table)
    (written,) = csv.DictReader(io.StringIO(post(EPISODE, export="csv", **form).text))
    for column in ("FCE_HRG", "FCE_RootRule", "DominantProcedure"):
        assert written[column] == result.episodes.column(column)[0].as_py()
    assert written["SpellHRG"] == result.spells.column("SpellHRG")[0].as_py() and written["PROVSPNO"] == "77"


def test_a_spell_opens_from_a_folder_of_results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from starlette.testclient import TestClient

    from hrgcore.serve.app import Page

    (tmp_path / "in.csv").write_text(kept([EPISODE | KEY, EPISODE | KEY | {"PROVSPNO": "78", "DIAG_01": "J189"}], ","))
    assert main(["group", str(tmp_path / "in.csv"), "-o", str(tmp_path / "out")]) == 0
    given = {}
    monkeypatch.setattr("hrgcore.serve.run.serve", lambda **named: given.update(named))
    assert main(["explain", str(tmp_path / "out"), "--spell", "78", "--open"]) == 0
    assert given["opens"] and given["port"] == 0
    page = Page(opened=given["opened"])
    opened = TestClient(page.app, base_url=ORIGIN).get(page.path)
    assert values(opened)["r0.DIAG_01"] == "J189" and hrg(opened) == hrg(post(EPISODE | {"DIAG_01": "J189"}))
    assert "78" not in page.path.replace(page._token, "") and client().get(page.path).status_code == 404
    assert TestClient(page.app, base_url=ORIGIN).get("/opened/guess").status_code == 404
    assert "J189" not in TestClient(page.app, base_url=ORIGIN).get("/").text


# What it refuses -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://127.0.0.1:1", "https://127.0.0.1:8765", "http://localhost:8765"]
)
def test_foreign_origins_are_refused(origin: str) -> None:
    for address in ("/apc", "/codes", "/apc/export/json"):
        answer = client().post(address, data={"action": "example"}, headers={"Origin": origin})
        assert answer.status_code == 403 and "hrg" not in answer.text.lower().replace("hrgcore", "")
    assert client().post("/apc", data={}, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert client().post("/apc", data={}, headers={"Origin": ORIGIN, "Sec-Fetch-Site": "same-origin"}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8765", "127.0.0.1", "127.0.0.1:80", "", "127.0.0.1.evil.example:8765"]
)
def test_foreign_hosts_are_refused(host: str) -> None:
    assert client().get("/", headers={"Host": host}).status_code == 421
    assert client().get("/", headers={"Host": "localhost:8765"}).status_code == 200


def test_bodies_are_bounded() -> None:
    assert client().post("/apc", content=b"x" * (MOST_BYTES + 1)).status_code == 413
    assert client().post("/apc", content=(b"x" * 100_000 for _ in range(12))).status_code == 413  # of no stated length
    assert client().post("/apc", content=b"&".join(b"a=b" for _ in range(20_000))).status_code == 400
    many = "&".join(f"r{number}.SEX=1" for number in range(60))
    assert client().post("/apc", content=many).status_code == 400


@pytest.mark.parametrize(
    "body",
    [
        b"r0.SEX=%ff",
        b"r0.SEX=" + b"1" * 65,
        b"before=no",
        b"before=[]",
        b"before=[1]",
        b"before=[{%22SEX%22:1}]",
        b"before=" + b"[" * 5000,
    ],
)
def test_what_is_no_form_is_refused_with_a_word(body: bytes) -> None:
    answer = client().post("/apc", content=body)
    assert answer.status_code == 400 and answer.headers["content-type"].startswith("text/plain") and len(answer.text) < 200


def test_nothing_hostile_gets_out_of_its_place() -> None:
    row = {name: HOSTILE for name in EPISODE} | {"NONSENSE": "kept-out", "__class__": "x"}
    for answer in (
        post(row),
        post(row, export="html"),
        post(EPISODE, before=json.dumps([row])),
        post({}, action="paste", paste=f"{HOSTILE},SEX\n{HOSTILE},{HOSTILE}"),
        post({}, action="paste", paste=HOSTILE),
        post(EPISODE, action=HOSTILE),
    ):
        assert answer.status_code == 200 and "<script>alert" not in answer.text and "<img" not in answer.text
        assert "kept-out" not in answer.text
    assert hrg(post(row)) == "UZ01Z"
    for cell in ("\x00", "‮", "\ud800".encode("utf-8", "surrogatepass").decode("utf-8", "replace")):
        assert hrg(post(EPISODE | {"SEX": cell})) == "UZ01Z"


def test_a_spreadsheet_takes_nothing_for_a_formula() -> None:
    (written,) = csv.DictReader(
        io.StringIO(post(EPISODE | {"DIAG_02": "=1+1", "DIAG_03": "@x", "DIAG_04": "-"}, export="csv").text)
    )
    assert (written["DIAG_02"], written["DIAG_03"], written["DIAG_04"]) == ("'=1+1", "'@x", "-")


def test_answers_load_nothing_from_outside_and_run_nothing_of_their_own() -> None:
    for address in ("/", "/em", "/page.css", "/page.js", "/icon.svg", "/nowhere"):
        answer = client().get(address)
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; ") and "unsafe" not in policy and "*" not in policy and "http" not in policy
        assert answer.headers["cache-control"] == "no-store" and "server" not in answer.headers
    for text in (post(EPISODE).text, client().get("/").text):
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:|https?://", text)
        assert (
            re.findall(r"<script[^>]*>(.*?)</script>", text) == [""]
            and 'method="post"' in text
            and "?" not in "".join(re.findall(r'(?:href|action|src)="([^"]*)"', text))
        )


def test_what_goes_wrong_unforeseen_shows_no_data(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def fails(*_: object) -> None:
        raise RuntimeError("9434765919")

    monkeypatch.setattr("hrgcore.serve.app.act", fails)
    answer = post(EPISODE)
    said = capsys.readouterr()
    assert answer.status_code == 500 and "9434765919" not in answer.text + said.out + said.err and "RuntimeError" in said.err
    assert "content-security-policy" in answer.headers


# Starting ------------------------------------------------------------------------------------------------------------------------


def test_the_page_answers_without_numba() -> None:
    code = "import sys; from pages import *; a = post(EPISODE); print(a.status_code, hrg(a), 'numba' in sys.modules)"
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=120)
    assert done.stdout == f"200 {hrg(post(EPISODE))} False\n", done.stderr


def test_a_port_that_is_taken_is_said() -> None:
    from hrgcore.serve.run import listening

    with listening(0) as taken:
        assert taken.getsockname()[0] == "127.0.0.1"
        with pytest.raises(UsageError, match="Give another with --port"):
            listening(taken.getsockname()[1])
    with pytest.raises(UsageError, match="Give another with --port"):
        listening(70_000)


def test_without_the_extra_the_command_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    assert main(["serve"]) == 2
    assert "pip install 'hrgcore[serve]'" in capsys.readouterr().err
