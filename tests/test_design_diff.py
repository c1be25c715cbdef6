"""Comparing two designs: what is said where settings, rows, HRGs or codes differ."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_design import small_texts
from spoiling import spoiled

from hrgcore.cli.main import main
from hrgcore.design import bundle as bundles
from hrgcore.design import compile_tables, read_texts
from hrgcore.design.diff import MOST_EXAMPLES, diff_designs
from hrgcore.design.locate import DEFAULT_DESIGN
from hrgcore.errors import DesignError, UsageError


@pytest.fixture(autouse=True)
def _no_cache(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    if "embedded" not in request.node.name:
        monkeypatch.setenv("HRGCORE_CACHE", "")


def folder(path: Path, texts: dict[str, str]) -> Path:
    path.mkdir()
    for name, text in texts.items():
        (path / name).write_text(text, encoding="utf-8")
    return path


def differences(tmp_path: Path, *changes: tuple[str, str, str]) -> list[str]:
    """What is said where these changes (file, old, new) are made to the small design."""
    texts = small_texts()
    for file, old, new in changes:
        texts[file] = spoiled(file, old, new)[0][file] if texts[file] == small_texts()[file] else texts[file].replace(old, new)
    return diff_designs(folder(tmp_path / "a", small_texts()), folder(tmp_path / "b", texts))


def test_a_design_does_not_differ_from_itself(tmp_path: Path) -> None:
    a = folder(tmp_path / "a", small_texts())
    bundles.write(compile_tables(read_texts(small_texts())), tmp_path / "a.hrgcore")
    assert diff_designs(a, tmp_path / "a.hrgcore") == diff_designs(a, a) == []


def test_settings_and_choices(tmp_path: Path) -> None:
    assert differences(
        tmp_path, ("design.toml", 'version = "1"', 'version = "2"'), ("design.toml", "value = 130", "value = 120")
    ) == [
        "design.toml: version: '1' -> '2'",
        "design.toml: choice age_max: 130 -> 120",
    ]


def test_a_changed_row_names_its_columns(tmp_path: Path) -> None:
    assert differences(tmp_path, ("errors.csv", "Burns Error", "Burn Error")) == [
        "errors.csv: 0 rows added, 0 removed, 1 changed",
        "  ~ UZ15: name 'Burns Error' -> 'Burn Error'",
    ]


def test_hierarchy_and_what_it_means_for_codes(tmp_path: Path) -> None:
    assert differences(tmp_path, ("diagnoses.csv", "J18,6", "J18,4")) == [
        "diagnoses.csv: 0 rows added, 0 removed, 1 changed",
        "  ~ J18: hierarchy '6' -> '4'",
        "diagnosis codes with another hierarchy: 3",
        "  ~ J180: 6 -> 4",
        "  ~ J181: 6 -> 4",
        "  ~ J189: 6 -> 4",
    ]


def test_rows_written_otherwise_that_mean_the_same_change_no_code(tmp_path: Path) -> None:
    found = differences(tmp_path, ("diagnoses.csv", "E11 I10X,2", "I10X E11,2"))
    assert found == [
        "diagnoses.csv: 1 rows added, 1 removed, 0 changed",
        "  + diagnoses.csv:3 codes I10X E11, hierarchy 2, basis judgement",
        "  - diagnoses.csv:3 codes E11 I10X, hierarchy 2, basis judgement",
    ]


def test_roots_tried_for_codes(tmp_path: Path) -> None:
    found = differences(tmp_path, ("diagnosis_roots.csv", "2,J451,,,female", "2,J451,,,!female"))
    assert "diagnosis codes with other candidate roots: 1" in found
    assert (
        found[-1] == "  ~ J451: PD10 if age 0-18, DZ16 if patient female, DZ15 -> PD10 if age 0-18, DZ16 if patient !female, DZ15"
    )


def test_points_scores_errors_and_unbundling(tmp_path: Path) -> None:
    found = differences(
        tmp_path,
        ("cc_lists.csv", "cardiac,1,E11", "cardiac,3,E11"),
        ("scores.csv", "trauma_diagnosis,leg,6,S72", "trauma_diagnosis,leg,7,S72"),
        ("diagnosis_errors.csv", ",P07,19+,,UZ03", ",P07,18+,,UZ03"),
        ("unbundling.csv", ",U05,19+", ",U05,18+"),
        ("procedures.csv", "A579,4,UZ06", "A579,4,UZ05"),
        ("procedures.csv", "W903,1,,1", "W903,1,,2"),
    )
    for title, example in (
        ("diagnosis codes with other points on CC list cardiac: 3", "  ~ E110: 1 -> 3"),
        ("diagnosis codes with another trauma_diagnosis score: 2", "  ~ S720: 6 leg -> 7 leg"),
        ("diagnosis codes with another error category: 2", "  ~ P070: UZ03 if age 19+ -> UZ03 if age 18+"),
        ("procedure codes with other unbundled HRGs: 1", "  ~ U051: RD20 if age 19+ -> RD20 if age 18+"),
        ("procedure codes with another hierarchy, error category or longest stay: 2", "  ~ A579: 4 UZ06 -> 4 UZ05"),
    ):
        assert found[found.index(title) + 1] == example


def test_hrgs_added_removed_and_called_otherwise(tmp_path: Path) -> None:
    found = differences(
        tmp_path,
        ("splits.csv", ",LA07,A,,,1+", ",LA07,D,,,1+"),
        ("roots.csv", "core,Heart Failure or Shock", "core,Heart Failure"),
    )
    assert found[found.index("HRGs added: 1") + 1] == "  + LA07D Acute Kidney Injury with CC Score 1+"
    assert found[found.index("HRGs removed: 1") + 1] == "  - LA07A Acute Kidney Injury with CC Score 1+"
    at = found.index("HRGs with another label: 3")
    assert found[at + 1] == "  ~ EB03A: Heart Failure or Shock with Interventions -> Heart Failure with Interventions"


def test_codes_that_become_valid_or_invalid(tmp_path: Path) -> None:
    found = differences(tmp_path, ("icd10.csv", "A00,0 1 9", "A00,0 1 2"))
    assert found[found.index("diagnosis codes that became valid: 1") + 1] == "  + A002"
    assert found[found.index("diagnosis codes no longer valid: 1") + 1] == "  - A009"
    assert not any("hierarchy" in line for line in found), "codes of one design only are not compared"


def test_many_differences_are_counted(tmp_path: Path) -> None:
    found = differences(tmp_path, ("diagnoses.csv", "S T,6", "S T,7"))
    at = next(place for place, line in enumerate(found) if line.startswith("diagnosis codes with another hierarchy: "))
    count = int(found[at].rpartition(" ")[2])
    assert count > MOST_EXAMPLES and found[at + MOST_EXAMPLES + 1 :] == [f"  ... and {count - MOST_EXAMPLES} more"]


def test_from_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    a = folder(tmp_path / "a", small_texts())
    b = folder(tmp_path / "b", spoiled("errors.csv", "Burns Error", "Burn Error")[0])
    assert main(["diff", str(a), str(a)]) == 0
    assert capsys.readouterr().out == "no differences\n"
    assert main(["diff", str(a), str(b)]) == 0
    assert "UZ15: name 'Burns Error' -> 'Burn Error'" in capsys.readouterr().out
    assert main(["diff", str(a), str(tmp_path / "nowhere")]) == UsageError.exit_code


def test_a_design_with_faults_is_not_compared(tmp_path: Path) -> None:
    a = folder(tmp_path / "a", small_texts())
    b = folder(tmp_path / "b", spoiled("diagnoses.csv", "J18,6", "J18,13")[0])
    with pytest.raises(DesignError, match="hierarchy '13'"):
        diff_designs(a, b)


def test_the_embedded_design_against_another(tmp_path: Path) -> None:
    found = diff_designs(DEFAULT_DESIGN, folder(tmp_path / "b", small_texts()))
    assert found[0] == f"design.toml: id: '{DEFAULT_DESIGN}' -> 'small'" and 100 < len(found) < 1500
