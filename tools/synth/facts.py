"""The national figures and the open design's rules, read for making the tables of synthetic activity."""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from hrgcore.design.tables import Row, read_folder
from hrgcore.reference.design import Design
from hrgcore.reference.lookup import ListTable

SETTINGS = {
    "Daycase": "daycase",
    "Elective Inpatients": "elective",
    "Non-Elective Inpatient - Short Stay": "short",
    "Non-Elective Inpatient - Long Stay": "long",
    "Regular Day or Night Admissions": "regular",
}
OLDEST = 104
HERE = Path(__file__).parent


@dataclass(frozen=True)
class Activity:
    """National episodes of a root in a setting and a range of ages."""

    root: str
    setting: str
    ages: tuple[int, int]
    episodes: float
    cc: float
    cost: float


def rows(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


OWN_KINDS = rows(HERE / "kinds.csv")  #: codes and ages of kinds that no rule leads to, and how much more of a kind there is


def of_kind(root: str, column: str) -> str:
    """What kinds.csv says of a root: the longest prefix that says anything."""
    said = [(len(row["kinds"]), row[column]) for row in OWN_KINDS if row[column] and root.startswith(row["kinds"])]
    return max(said)[1] if said else ""


def usage(path: Path) -> dict[str, int]:
    """National usage of each code that was used."""
    return {row["code"]: int(row["usage_2023_24"]) for row in rows(path) if row["usage_2023_24"]}


def labels(facts: Path) -> dict[str, str]:
    """The label of the first HRG of each root."""
    found: dict[str, str] = {}
    for row in rows(facts / "hrg_list_2020_2025.csv"):
        found.setdefault(row["hrg"][:4], row["label"])
    return found


def activity(facts: Path) -> list[Activity]:
    """National activity of each root by setting and by the ages in the labels of its HRGs."""
    bands = {row["hrg"]: row for row in rows(facts / "hrg_split_bands.csv")}
    diagnosed = {row["root"] for row in rows(facts / "icd10_to_root_adult.csv")}
    sums: dict[tuple[str, str, tuple[int, int]], list[float]] = defaultdict(lambda: [0.0, 0.0, 0.0])
    for row in rows(facts / "ncc_2024_25.csv"):
        hrg, setting = row["currency_code"], SETTINGS.get(row["department"])
        if setting is None or not re.fullmatch(r"[A-Z]{2}\d\d[A-Z]", hrg) or of_kind(hrg, "more") == "0" or not row["activity"]:
            continue
        band, episodes = bands.get(hrg, {}), float(row["activity"])
        of = sums[hrg[:4], setting, _ages(hrg[:4], band, row["currency_description"], hrg[:4] in diagnosed)]
        of[0] += episodes
        of[1] += episodes * float(band.get("cc_lo") or 0)
        of[2] += episodes * float(row["unit_cost_gbp"] or 0)
    return [Activity(*key, of[0], of[1] / of[0], of[2] / of[0]) for key, of in sorted(sums.items()) if of[0] >= 0.5]


def _ages(root: str, band: dict[str, str], label: str, diagnosed: bool) -> tuple[int, int]:
    low = int(float(band["age_lo"])) if band.get("age_lo") else None
    high = int(float(band["age_hi"])) if band.get("age_hi") else None
    given = of_kind(root, "ages")
    if low is None and high is None:
        for pattern, of in (
            (r"between (\d+) and (\d+) years", lambda m: (int(m[1]), int(m[2]))),
            (r"(\d+) years and over", lambda m: (int(m[1]), OLDEST)),
            (r"(\d+) years and under", lambda m: (0, int(m[1]))),
            (r"under (\d+) year", lambda m: (0, int(m[1]) - 1)),
        ):
            if match := re.search(pattern, label):
                low, high = of(match)
                break
    if given:
        least, most = (int(age) for age in given.split("-"))
        return max(low or 0, least), min(most if high is None else high, most)
    return low if low is not None else (19 if diagnosed and high is None else 0), min(high if high is not None else OLDEST, OLDEST)


@dataclass(frozen=True)
class Way:
    """A way to a root: what must be coded besides. ``lists`` of procedures, ``diagnoses`` any of which is needed as the primary."""

    root: str
    lists: tuple[frozenset[str], ...]
    diagnoses: tuple[frozenset[str], ...]


class Rules:
    """What the open design's tables say of codes: where they lead, and on what conditions."""

    def __init__(self, folder: Path, diagnoses: Iterable[str], procedures: Iterable[str]) -> None:
        tables = read_folder(folder)
        self._design = Design(tables)
        self._lists = {
            "procedure": _inverted(self._design.procedure_lists, procedures),
            "diagnosis": _inverted(self._design.diagnosis_lists, diagnoses),
        }

    def procedure(self, code: str) -> list[Way]:
        """The roots that a dominant procedure leads to."""
        row = self._design.procedures.row(code)
        if row is None or row["error"] or int(row["hierarchy"]) == 0:
            return []
        return self._ways(self._design.procedure_roots.rules(code))

    def diagnosis(self, code: str) -> list[Way]:
        """The roots that a primary diagnosis leads to."""
        return self._ways(self._design.diagnosis_roots.rules(code))

    def _ways(self, rules: Iterable[Row]) -> list[Way]:
        found = {}
        for rule in rules:
            lists, diagnoses = [], []
            for condition in rule.conditions:
                if not hasattr(condition, "names") or condition.negated or condition.scope == "patient":
                    continue
                kind = "procedure" if condition.scope in ("procedure", "companion") else "diagnosis"
                codes = frozenset().union(*(self._lists[kind].get(name, frozenset()) for name in condition.names))
                (lists if kind == "procedure" else diagnoses).append(codes)
            found.setdefault(rule["root"], Way(rule["root"], tuple(lists), tuple(diagnoses)))
        return list(found.values())


def _inverted(table: ListTable, codes: Iterable[str]) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for code in codes:
        for name in table.lists(code):
            found[name].add(code)
    return {name: frozenset(own) for name, own in found.items()}
