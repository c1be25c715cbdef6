"""The report on a design: its figures, by hand for the small one; as text and JSON; from the command line; and national usage."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from designs import both
from small_design import small_texts
from test_open_design import facts
from witnesses import witnesses_of

from hrgcore.cli.main import main
from hrgcore.design.locate import load_design
from hrgcore.design.logic_cases import row_cases
from hrgcore.design.tables import BASES, RULE_TABLES, Row, Tables
from hrgcore.design_report import DesignReport, coverage, report_design
from hrgcore.design_report.activity import counted
from hrgcore.design_report.logics import logics
from hrgcore.design_report.reach import witness_table
from hrgcore.design_report.text import _logics
from hrgcore.grouper import Grouper
from hrgcore.logics import ROW_LOGICS
from hrgcore.reference.design import Design

EPISODES = 2_000
#: A term that names more categories than these is wide: what it leads to may be a rest group.
WIDE = 10
#: Roots of a whole chapter, as their label says: the width of the term is theirs, and they are no rest group.
WHOLE_CHAPTERS = {"PB04": "neonatal diagnoses, all alike; the place of birth or admission tells the roots apart"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small design as a folder of tables, where three rows rest on something else than judgement."""
    texts = small_texts()
    for table, row, basis in (
        ("cc_lists", "cardiac,1,E11", "observed"),
        ("diagnosis_roots", ",I10X I21 I50,,,,,,EB03", "published"),
        ("splits", ",WA10,C,,,,,0-1,,,,,!fracture,,", "derived"),
    ):
        name = f"{table}.csv"
        assert texts[name].count(f"{row},judgement\n") == 1
        texts[name] = texts[name].replace(f"{row},judgement\n", f"{row},{basis}\n")
    folder = tmp_path_factory.mktemp("small")
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def report(folder: Path) -> DesignReport:
    return report_design(folder, episodes=EPISODES)


@pytest.fixture(scope="module")
def of_logics() -> dict[str, Any]:
    starter = both("starter")
    return logics(starter.bundle.tables, starter.grouper)


def test_every_hrg_of_the_other_logics_is_reached_by_both_engines(of_logics: dict[str, Any]) -> None:
    assert list(of_logics) == list(ROW_LOGICS)
    reach = {name: found["reachability"] for name, found in of_logics.items()}
    assert {name: (found["reached"], found["unreached"]) for name, found in reach.items()} == {
        "acc": (7, []),
        "em": (12, []),
        "nac": (8, []),
        "pcc": (8, []),
        "nrd": (26, []),
        "ncc": (5, []),
    }
    for name, found in reach.items():
        columns, witnesses = _columns(name), found["witnesses"].values()
        rows = pa.Table.from_pylist([{column: cells.get(column, "") for column in columns} for cells in witnesses])
        result = both("starter").grouper.group(rows, logic=name).rows
        assert result.column("AttendanceHRG" if name == "nac" else f"{name.upper()}_HRG").to_pylist() == list(found["witnesses"])


def _columns(logic: str) -> list[str]:
    return [one.place(place) for one in ROW_LOGICS[logic].fields for place in range(6 if one.many else 1)]


def test_values_and_bases_of_the_other_logics(of_logics: dict[str, Any]) -> None:
    assert of_logics["nrd"]["values"]["RENALMOD"] == {"accepted": 20, "unused": ["19", "81", "82", "83"]}  # to which no HRG follows
    assert of_logics["acc"]["rows"]["hrgs"] == {**dict.fromkeys(BASES, 0), "published": 7}
    assert of_logics["ncc"]["rows"]["checks"]["judgement"] == 6


def test_an_hrg_that_nothing_leads_to_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    starter = both("starter")
    monkeypatch.setattr("hrgcore.design_report.logics.row_cases", lambda tables, own: list(row_cases(tables, own))[:1])
    found = logics(starter.bundle.tables, starter.grouper)["acc"]["reachability"]
    assert found["reached"] == 1 and len(found["unreached"]) == 6
    assert "not reached: XC0" in as_text_of_logics({"logics": {"acc": logics(starter.bundle.tables, starter.grouper)["acc"]}})


def as_text_of_logics(figures: dict[str, Any]) -> str:
    return "\n".join(_logics(figures))


def test_counts_by_hand(report: DesignReport) -> None:
    assert report.figures["counts"] == {
        "codes": {"icd10": 60, "opcs4": 34},
        "roots": {"core": 21, "unbundled": 5},
        "hrgs": {"core": 42, "unbundled": 6},
        "rules": {
            "diagnosis_errors": 5,
            "diagnosis_roots": 15,
            "procedure_roots": 9,
            "exceptions": 4,
            "splits": 48,
            "unbundling": 8,
        },
    }


def test_coverage_by_hand(report: DesignReport) -> None:
    """N179 has no rule for a stay of 0 days that did not end in death; W822 none for children."""
    assert report.figures["coverage"] == {
        "icd10": {
            "codes": 60,
            "places": {"error_category": 4, "rooted": 44, "conditional": 1, "unplaced": 11},
            "unplaced": ["A000", "A001", "A009", "K529", "K635", "M160", "M161", "M169", "T310", "T311", "T312"],
        },
        "opcs4": {
            "codes": 34,
            "places": {"never_dominant": 13, "error_category": 1, "rooted": 17, "conditional": 1, "unplaced": 2},
            "unplaced": ["C992", "K651"],
            "unbundled": 6,
        },
    }


def test_reachability_of_the_small_design(report: DesignReport) -> None:
    assert report.figures["reachability"] == {"hrgs": 48, "reached": 48, "unreached": []}
    assert len(report.witnesses) == 48


def test_bases_by_hand(report: DesignReport) -> None:
    basis = report.figures["basis"]
    assert basis["rows"]["splits"] == dict.fromkeys(BASES, 0) | {"derived": 1, "judgement": 47}
    assert basis["hierarchies"] == {
        "diagnoses": dict.fromkeys(BASES, 0) | {"judgement": 59},  # all but K529
        "procedures": dict.fromkeys(BASES, 0) | {"judgement": 33},  # all but C992
    }
    assert basis["cc_lists"] == {
        "respiratory": dict.fromkeys(BASES, 0) | {"judgement": 3},
        "cardiac": dict.fromkeys(BASES, 0) | {"observed": 1, "judgement": 1},
        "general": dict.fromkeys(BASES, 0) | {"judgement": 2},
    }


def test_activity_adds_up(report: DesignReport) -> None:
    found = report.figures["basis"]["activity"]
    assert found["episodes"] == EPISODES == sum(found["method"].values())
    assert found["grouped"] == EPISODES - found["method"]["U"] and sum(found["failed"].values()) == found["method"]["U"]
    for which in ("root", "split", "weakest"):
        assert sum(found[which].values()) == found["grouped"] > 0
    chapters = found["chapters"].values()
    assert sum(own["episodes"] for own in chapters) == found["grouped"]
    assert all(sum(own["weakest"].values()) == own["episodes"] for own in chapters)


def test_an_episode_rests_on_the_weaker_of_its_two_rules(folder: Path, report: DesignReport) -> None:
    """Of the witnesses, those of the root EB03 and of the HRG WA10C alone have a rule that is no judgement, and the other is."""
    alone = [one for one in report.witnesses if one.hrg in ("EB03A", "EB03B", "EB03C", "WA10C", "KB02C")]
    found = counted(Grouper(folder).group(witness_table(alone)).grouped.episodes, load_design(folder))
    nothing = dict.fromkeys(BASES, 0)
    assert found["root"] == nothing | {"published": 3, "judgement": 2}
    assert found["split"] == nothing | {"derived": 1, "judgement": 4}
    assert found["weakest"] == nothing | {"judgement": 5}
    assert {chapter: own["episodes"] for chapter, own in found["chapters"].items()} == {"E": 3, "K": 1, "W": 1}
    assert found["method"] == {"P": 0, "D": 5, "M": 0, "B": 0, "G": 0, "U": 0}


def test_an_hrg_that_is_not_reached_is_listed(folder: Path, tmp_path: Path) -> None:
    for path in folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    path = tmp_path / "sets.csv"
    path.write_text(path.read_text().replace("female,SEX,2", "female,SEX,0 1 2 9"))
    path = tmp_path / "diagnosis_roots.csv"
    path.write_text(path.read_text().replace("2,J451,,,female", "2,J451,,,!female"))
    report = report_design(tmp_path, episodes=100)
    (unreached,) = report.figures["reachability"]["unreached"]
    assert unreached["hrg"] == "DZ16Z" and "every value of SEX" in unreached["why"]
    assert report.figures["reachability"]["reached"] == 47
    text = report.text()
    assert "47 of 48 (97.9%)" in text and "DZ16Z: no spell came to splits.csv" in text


def test_the_text_says_what_the_design_is_and_each_figure(report: DesignReport) -> None:
    text = report.text()
    assert text.startswith("small  A small design for tests\n") and "It groups nothing as anybody does." in text
    for part in ("48 of 48 (100%)", "60 ICD-10, 34 OPCS-4", "without a place: C992 K651", "observed and judgement"):
        assert part in text, part
    assert all(len(line) <= 120 for line in text.splitlines())


def _shape(value: Any) -> Any:
    """Keys and types of JSON; of lists, the shape of the first."""
    if isinstance(value, dict):
        return {key: _shape(inner) for key, inner in value.items()}
    return [_shape(inner) for inner in value[:1]] if isinstance(value, list) else type(value).__name__


def test_the_json_has_the_schema(report: DesignReport) -> None:
    found = json.loads(report.json())
    assert (found["schema"], found["design"]["id"]) == (2, "small")
    by_basis = dict.fromkeys(BASES, "int")
    shape = _shape(found)
    assert shape["design"] == dict.fromkeys(("id", "title", "release", "version", "digest", "status", "attribution"), "str")
    assert shape["reachability"] == {"hrgs": "int", "reached": "int", "unreached": []}
    activity = shape["basis"]["activity"]
    assert {key: activity[key] for key in ("root", "split", "weakest")} == dict.fromkeys(("root", "split", "weakest"), by_basis)
    assert activity["method"] == dict.fromkeys("PDMBGU", "int") and list(found["basis"]["activity"]["method"]) == list("PDMBGU")
    assert all(own == {"episodes": "int", "weakest": by_basis} for own in activity["chapters"].values())
    assert set(shape["basis"]["rows"]) >= set(RULE_TABLES)
    witness = found["witnesses"][0]
    assert witness.keys() == {"hrg", "unbundled", "root_rule", "split_rule", "episodes"}
    assert witness["episodes"][0]["DIAG_01"] and witness["episodes"][0]["EPIORDER"] == "1"


# The command -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("format", ["text", "json"])
def test_the_command(folder: Path, capsys: pytest.CaptureFixture[str], format: str) -> None:
    assert main(["designs", "--report", str(folder), "--format", format, "--episodes", "200"]) == 0
    shown = capsys.readouterr()
    assert shown.err == ""
    text = shown.out if format == "text" else json.dumps(json.loads(shown.out)["basis"]["activity"])
    assert ("200 synthetic episodes" if format == "text" else '"episodes": 200') in text


def test_options_that_only_a_report_has(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["designs", "--format", "json"]) == 2
    assert "go with --report" in capsys.readouterr().err


def test_an_unknown_design_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["designs", "--report", "nowhere"]) == 2
    assert "unknown design 'nowhere'" in capsys.readouterr().err


def test_listing_designs_imports_no_kernels() -> None:
    code = "import sys; from hrgcore.cli.main import main; main(['designs']); sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=60).returncode == 0


# National usage --------------------------------------------------------------------------------------------------------


def usage(shared: Path, scheme: str) -> Iterator[tuple[str, int]]:
    """Codes reported in 2023/24, and how often: diagnoses in any position, the primary one or others."""
    for row in facts(shared / "facts" / f"{scheme}_codes.csv"):
        if int(row["usage_2023_24"] or 0):
            yield row["code"], int(row["usage_2023_24"])


def placing(design: Design, scheme: str, code: str) -> Row:
    """The row that leads a code to its root where no condition of another holds."""
    rules = (design.diagnosis_roots if scheme == "icd10" else design.procedure_roots).rules(code)
    return next((rule for rule in rules if not rule.conditions), rules[-1])


def in_rest_group(tables: Tables, scheme: str, row: Row, code: str) -> bool:
    """Whether a row takes a code only because nothing else did: by a wide term, unless each of its codes was read in the
    published table, or the root is that of a whole chapter.
    """
    if row.basis == "published" or row["root"] in WHOLE_CHAPTERS:
        return False
    terms = (term for term in row.codes["codes"].terms_naming(code) if len(term.first) <= 3)
    widths = [sum(term.names(other["category"]) for other in tables[scheme]) for term in row.codes["codes"].terms_naming(code)]
    return any(len(term.first) < 3 for term in terms) or min(widths) > WIDE


@pytest.mark.parametrize("scheme", ["icd10", "opcs4"])
def test_national_usage_is_placed_and_hardly_any_of_it_in_rest_groups(shared: Path, scheme: str) -> None:
    tables, design = both("starter").bundle.tables, Design(both("starter").bundle.tables)
    places = coverage.Coverage(tables, design)
    total = rest = 0
    for code, times in usage(shared, scheme):
        listed = code if scheme == "opcs4" or code in design.icd10 else code[:4]
        place = (places.procedure if scheme == "opcs4" else places.diagnosis)(listed)
        assert place not in ("unplaced", "conditional"), code
        if place == "rooted":
            total += times
            rest += times * in_rest_group(tables, scheme, placing(design, scheme, listed), listed)
    assert total > 10_000_000
    assert rest / total <= 0.005


def test_every_code_of_the_open_design_has_its_place() -> None:
    found = coverage.Coverage(both("starter").bundle.tables, Design(both("starter").bundle.tables)).by_scheme()
    for scheme in found.values():
        assert scheme["unplaced"] == []
        assert scheme["places"]["conditional"] == 0  # type: ignore[index]


def test_cc_points_of_the_open_design_were_observed_but_for_paediatrics() -> None:
    lists = coverage.cc_lists_by_basis(both("starter").bundle.tables)
    judged = [name for name, own in lists.items() if own["judgement"]]
    assert len(lists) > 40 and len(judged) <= 1, judged


def test_the_open_design_counts_its_witnesses() -> None:
    assert len(witnesses_of("starter").found) == len({one.hrg for one in witnesses_of("starter").found})
