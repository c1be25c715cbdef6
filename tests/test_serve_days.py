"""The page of a critical care period: its days held against one another, one of them shown, and what is said not to be checked."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

pytest.importorskip("starlette", reason="the page needs the extra `serve`")
pytest.importorskip("httpx2", reason="the client of the tests needs httpx2")
from pages import ORIGIN, hrg, post, says, values, words  # noqa: E402

from hrgcore import Grouper  # noqa: E402
from hrgcore.cli.main import main  # noqa: E402
from hrgcore.serve.fields import MOST_DAYS  # noqa: E402

KEY = {"PROCODET": "RXX", "CCLocalID": "P1"}
FORM_KEY = {f"key.{name}": text for name, text in KEY.items()}
DAYS = (
    {"CCDate": "20240501", "CCUF": "13", "GestLen": "30", "PERWT": "1.2", "CCAC_01": "01"},
    {"CCDate": "20240502", "CCUF": "13", "GestLen": "30", "PERWT": "1.3"},
    {"CCDate": "20240501", "CCUF": "13", "GestLen": "31", "PERWT": "1.3", "CCAC_01": "26"},
)


def table(*days: dict[str, str]) -> pa.Table:
    names = dict.fromkeys(name for day in days for name in (*KEY, *day))
    return pa.Table.from_pylist([{name: (KEY | day).get(name) for name in names} for day in days])


def pasted(*days: dict[str, str]) -> str:
    found = table(*days)
    return "\n".join(
        "\t".join(row) for row in (found.column_names, *([v or "" for v in row.values()] for row in found.to_pylist()))
    )


def test_days_are_held_against_one_another_as_by_the_grouper() -> None:
    answer = post(*DAYS, logic="ncc", **FORM_KEY)
    assert says(answer, "r0-CCDate") == says(answer, "r2-CCDate") == "Critical Care Date is duplicated in period"
    assert [says(answer, f"r{day}-GestLen") for day in range(3)] == ["Gestation Length is inconsistent in period"] * 3
    assert says(answer, "r1-CCDate") == "" and "not checked" not in words(answer)
    for day in range(3):
        explained = Grouper().explain(table(*DAYS), logic="ncc", row=day)
        shown = post(*DAYS, logic="ncc", action=f"show-{day}", **FORM_KEY)
        assert hrg(shown) == explained.result.hrg and values(shown)["shown"] == str(day)
        assert explained.how() in words(shown) and '<p class="how">' in shown.text  # what contradicts itself stops no HRG
        exported = post(*DAYS, logic="ncc", export="json", shown=str(day), **FORM_KEY)
        assert json.loads(exported.text) == explained.to_dict()
        assert exported.headers["content-disposition"] == 'attachment; filename="day.json"'


def test_all_days_are_listed_and_exported() -> None:
    result = Grouper().group(table(*DAYS), logic="ncc")
    given = result.rows.column("NCC_HRG").to_pylist()
    assert len(set(given)) > 1
    said = words(post(*DAYS, logic="ncc", **FORM_KEY))
    for number, one in enumerate(given, 1):
        assert f"Day {number} {one} " in said
    written = list(csv.DictReader(io.StringIO(post(*DAYS, logic="ncc", export="csv", **FORM_KEY).text)))
    assert [row["NCC_HRG"] for row in written] == given and [row["CCDate"] for row in written] == [day["CCDate"] for day in DAYS]


def test_what_is_not_checked_is_said() -> None:
    assert "Only this day is here: whether others of its period contradict it is not checked" in words(post(DAYS[0], logic="ncc"))
    keyless = post(*DAYS, logic="ncc")
    assert "are not held against one another. Fill them in" in words(keyless) and says(keyless, "r0-CCDate") == ""
    assert "not checked" not in words(post({"CCUF": "01"}, logic="acc"))  # a row is a period, and has no other days


def test_a_period_is_pasted_and_others_left_out() -> None:
    answer = post({}, logic="ncc", action="paste", paste=pasted(*DAYS, DAYS[0] | {"CCLocalID": "P2"}))
    found = values(answer)
    assert found["key.CCLocalID"] == "P1" and found["r2.GestLen"] == "31" and "r3.CCDate" not in found
    assert "1 rows of other periods were left out" in words(answer)
    assert says(answer, "r0-CCDate") == "Critical Care Date is duplicated in period"


def test_a_day_is_added_and_removed() -> None:
    begun = DAYS[0] | {"CCDate": "20240229", "AGE_DAYS": "9"}
    found = values(post(begun, logic="ncc", action="add", **FORM_KEY))
    assert (found["r1.CCDate"], found["r1.AGE_DAYS"], found["r1.GestLen"]) == ("20240301", "10", "30")
    assert "r1.CCAC_01" not in found and "r1.PERWT" not in found and found["shown"] == "1"
    odd = values(post(begun | {"CCDate": "99991231"}, logic="ncc", action="add"))
    assert "r1.CCDate" not in odd and "r1.CCDate" not in values(post(begun | {"CCDate": "20241301"}, logic="ncc", action="add"))
    left = values(post(*DAYS, logic="ncc", action="remove-2", shown="2", **FORM_KEY))
    assert "r2.CCDate" not in left and left["shown"] == "0"


def test_what_if_says_of_which_day() -> None:
    before = values(post(*DAYS[:2], logic="ncc", action="whatif", **FORM_KEY))["before"]
    changed = post(DAYS[0], DAYS[1] | {"CCAC_01": "26"}, logic="ncc", before=before, **FORM_KEY)
    said = words(changed)
    assert "Day 2 CCAC_01 none 26" in said and "Day 2: HRG XA05Z" in said and "The HRG moves." in said and "Day 1: HRG" not in said
    assert "The HRG stays." in words(post(DAYS[0], DAYS[1] | {"PERWT": "1.4"}, logic="ncc", before=before, **FORM_KEY))


def test_more_days_than_the_page_takes_are_refused_with_a_word() -> None:
    day = {"CCUF": "13", "GestLen": "30", "PERWT": "1.2"}
    most = [day | {"CCDate": f"2024{1 + n // 28:02d}{1 + n % 28:02d}"} for n in range(MOST_DAYS)]
    assert f"Day {MOST_DAYS} " in words(post({}, logic="ncc", action="paste", paste=pasted(*most)))
    answer = post({}, logic="ncc", action="paste", paste=pasted(*most, day | {"CCDate": "20250101"}))
    assert f"the period has {MOST_DAYS + 1} days; the page takes {MOST_DAYS}. Use `hrgcore explain`" in words(answer)


@pytest.mark.parametrize("shown", ["7", "-1", "x", "²", "9" * 50])
def test_a_day_that_is_none_is_the_first(shown: str) -> None:
    assert values(post(*DAYS, logic="ncc", shown=shown, **FORM_KEY))["shown"] == "0"


def test_a_day_opens_with_its_period(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from starlette.testclient import TestClient

    from hrgcore.serve.app import Page

    rows = [DAYS[1] | {"CCLocalID": "P2"}, DAYS[0], DAYS[0] | {"CCLocalID": "P2"}, DAYS[2]]
    (tmp_path / "in.csv").write_text(pasted(*rows).replace("\t", ","))
    assert main(["group", str(tmp_path / "in.csv"), "-o", str(tmp_path / "out"), "--logic", "ncc"]) == 0
    given: dict[str, Any] = {}
    monkeypatch.setattr("hrgcore.serve.run.serve", lambda **named: given.update(named))
    assert main(["explain", str(tmp_path / "out"), "--row", "4", "--open"]) == 0
    page = Page(given["design"], given["opened"], given["logic"], given["shown"])
    opened = TestClient(page.app, base_url=ORIGIN).get(page.path)
    found = values(opened)
    assert [found["r0.GestLen"], found["r1.GestLen"], found["shown"], "r2.CCDate" in found] == ["30", "31", "1", False]
    assert hrg(opened) == Grouper().explain(table(*rows), logic="ncc", row=3).result.hrg
    assert says(opened, "r1-CCDate") == "Critical Care Date is duplicated in period"
