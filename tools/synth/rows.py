"""Makes the templates of synthetic rows beside admitted care: `python -m tools.synth.rows FACTS DESIGN`.

Each HRG's national activity (National Cost Collection) is shared out among kinds of rows that the design's rules tell apart and
that lead to it; a kind's cells name the values that come to the same. Attendances without procedure have no national figure by HRG:
theirs are judgement. A few in ten thousand rows are spoilt.
"""

from __future__ import annotations

import csv
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from hrgcore.design.logic_cases import row_cases
from hrgcore.design.logic_tables import LogicTables
from hrgcore.design.tables import Tables, read_folder
from hrgcore.logics import ROW_LOGICS, Field, Logic
from hrgcore.reference import row_reference
from tools.synth.facts import rows, usage

TABLES = Path(__file__).parents[2] / "tables" / "hrgcore_tables" / "synth"
DEPARTMENTS = ("Critical care", "Emergency Care", "Renal Dialysis")
MOST_KINDS = 8  #: of rows for one HRG: those of the fewest cells
MOST_CODES = 12  #: of procedures for one HRG: those used most often
SPOILT = 0.0005  #: of all rows
#: Attendances without procedure, in millions a year: HES has somewhat over a hundred million attendances in all.
ATTENDANCES = {"WF01A": 42, "WF01B": 20, "WF01C": 9, "WF01D": 4, "WF02A": 2, "WF02B": 1, "WF02C": 0.3, "WF02D": 0.2}
#: Numbers that are drawn from narrower ranges than are accepted.
LIKELY = {"AGE": (0, 95), "STARTAGE": (0, 95), "GestLen": (23, 42), "PERWT": (600, 4500), "AGE_DAYS": (0, 90)}
MOST_DAYS = 12


def main(facts: Path, design: Path) -> None:
    """Write a table for each logic."""
    tables = read_folder(design)
    national: dict[str, float] = defaultdict(float)
    for row in rows(facts / "ncc_2024_25.csv"):
        if row["department"] in DEPARTMENTS:
            national[row["currency_code"]] += float(row["activity"] or 0)
    for logic in ROW_LOGICS.values():
        made = list(_attendances(tables, facts) if logic.attendances else _templates(tables, tables.logics[logic.name], national))
        total = sum(float(row["weight"]) for row in made)
        made += _spoilt(logic, made[0], total * SPOILT)
        with (TABLES / f"rows_{logic.name}.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, ["weight", *(one.name for one in logic.fields), "basis", "note"], lineterminator="\n")
            writer.writeheader()
            writer.writerows(made)


def _templates(tables: Tables, own: LogicTables, national: dict[str, float]) -> Iterator[dict[str, str]]:
    """A few kinds of rows for each HRG."""
    logic = own.logic
    reference = row_reference(tables, logic.name)
    kinds: dict[str, list[dict[str, str]]] = defaultdict(list)
    for case in row_cases(tables, own):
        kinds[reference.group(case.cells).hrg].append(case.cells)
    for hrg, cases in sorted(kinds.items()):
        if hrg == tables.settings.error_hrg or not national[hrg]:
            continue
        cases.sort(key=lambda cells: sum(text not in ("", "0") for text in cells.values()))
        for cells in cases[:MOST_KINDS]:
            shares = len(cases[:MOST_KINDS])
            row = {one.name: _cell(tables, own, one, cells) for one in logic.fields}
            yield {"weight": f"{national[hrg] / shares:.0f}", **row, "basis": "published", "note": hrg}


def _cell(tables: Tables, own: LogicTables, one: Field, cells: dict[str, str]) -> str:
    """What is drawn for a field: all that comes to the same as the case's own cell."""
    texts = [text for column, text in cells.items() if column == one.name or column.startswith(f"{one.name}_")]
    if not texts and one.kind == "date" and not one.checked:
        return f"+4-{2 * MOST_DAYS}"
    if one.kind == "key" or not texts:
        return ""
    if one.kind == "date":
        return "+0" if one.name in ("CCDate", "CC_Start_Date") or texts[0] == cells.get("CCDate") else f"+1-{MOST_DAYS}"
    if one.kind in ("number", "age", "thousandths"):
        return _number(own, one, texts[0])
    return " ".join("|".join(_alike(own, one, text)) for text in texts)


def _number(own: LogicTables, one: Field, text: str) -> str:
    value = int(text.replace(".", "")) if one.kind == "thousandths" else int(text)
    cuts = sorted(
        {0, 10**9}
        | {
            end
            for rule in own["rules"]
            for c in rule.conditions
            if getattr(c, "fact", "") == one.fact
            for end in (c.low, c.high + 1)
        }
        | {1 for row in own["scores"] if row["field"] == one.name}
    )
    low, high = LIKELY.get(one.name, (0, MOST_DAYS))
    above = next(cut for cut in cuts if cut > value)
    below = max(cut for cut in cuts if cut <= value)
    least, most = max(low, below), min(high, above - 1)
    return f"{least}-{most}" if least < most else str(least)


def _alike(own: LogicTables, one: Field, text: str) -> list[str]:
    """The values of a field that are on the same lists and give the same points as this one."""
    found, column = own.accepts(one.name)
    values = [value for row in found for value in row[column].split()]

    def kind(value: str) -> set[tuple[str, ...]]:
        rows_ = [*own["lists"], *own["scores"]]
        return {
            tuple(row[name] for name in ("list", "score", "points"))
            for row in rows_
            if row["field"] == one.name
            and any(
                low <= value <= (high or low) and len(low) == len(value) for low, _, high in map(_parted, row["values"].split())
            )
        }

    return [value for value in values if kind(value) == kind(text)]


def _parted(term: str) -> tuple[str, str, str]:
    return term.partition("-")


def _attendances(tables: Tables, facts: Path) -> Iterator[dict[str, str]]:
    base = {"STARTAGE": "0-95", "SEX": "1|2", "MAINSPEF": "100|110|130|300|320|330|502", "TRETSPEF": "100|110|130|300|320|330|502"}
    kind = {"A": "2", "B": "1", "C": "4", "D": "3"}
    for hrg, millions in ATTENDANCES.items():
        oper = "X622|X623" if hrg.startswith("WF02") else ""
        row = {**base, "FIRSTATT": kind[hrg[4]], "OPER": oper}
        yield {"weight": f"{millions * 1e6:.0f}", **row, "basis": "judgement", "note": hrg}
    national = {
        row["currency_code"]: float(row["activity"] or 0)
        for row in rows(facts / "ncc_2024_25.csv")
        if row["department"] == "Outpatient Procedures"
    }
    reference = row_reference(tables, "nac")
    often = usage(facts / "opcs4_codes.csv")
    codes: dict[tuple[str, str], list[str]] = defaultdict(list)
    for code in sorted(tables.code_list("opcs4"), key=lambda code: -often.get(code, 0)):
        for age in ("2-4", "10", "30-90"):
            first = age.partition("-")[0]
            cells = {"STARTAGE": first, "SEX": "1", "MAINSPEF": "100", "TRETSPEF": "100", "FIRSTATT": "2", "OPER_01": code}
            codes[reference.group(cells).hrg, age].append(code)
    for hrg, activity in sorted(national.items()):
        found = [(age, of) for (one, age), of in codes.items() if one == hrg]
        for age, of in found if activity else ():
            row = {**base, "STARTAGE": age, "FIRSTATT": "1|2|2", "OPER": "|".join(of[:MOST_CODES])}
            yield {"weight": f"{activity / len(found):.0f}", **row, "basis": "published", "note": hrg}


def _spoilt(logic: Logic, like: dict[str, str], weight: float) -> list[dict[str, str]]:
    """Rows without a value that must be there, and with one that is not accepted."""
    musts = [one for one in logic.fields if one.must and one.kind != "key"]
    share = weight / (len(musts) + 1)
    made = [{**like, one.name: "", "weight": f"{share:.0f}", "basis": "judgement", "note": f"{one.name} blank"} for one in musts]
    code = next(one for one in logic.codes)
    return [*made, {**like, code.name: "ZZ", "weight": f"{share:.0f}", "basis": "judgement", "note": f"{code.name} wrong"}]


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
