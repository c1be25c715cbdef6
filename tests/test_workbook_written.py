"""What is written of a workbook, and the command that does it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from small_design import small_texts
from workbook_cases import DIAGNOSES, HEAD, HEADED, Case

from hrgcore.cli.main import main
from hrgcore.errors import DesignError, OutputError
from hrgcore.workbook import compile_workbook, read_workbook, write_tables

# What is written ------------------------------------------------------------------------------------------------------------------


def test_faults_of_the_design_name_sheet_and_row(case: Case) -> None:
    case.read(HEAD + DIAGNOSES + "add = true\n", {"Diagnoses": [*HEADED, ["J45.0", 4], ["J45.0", 5], ["K52.9", 40]]})
    with pytest.raises(DesignError) as caught:
        compile_workbook(read_workbook(case.workbook, case.mapping), case.folder / "design.hrgcore")
    line = small_texts()["diagnoses.csv"].count("\n")
    assert any(
        fault.startswith(
            f"diagnoses.csv:{line + 2} (Diagnoses row 3): names J450 as closely as diagnoses.csv:{line + 1} (Diagnoses row 2)"
        )
        for fault in caught.value.faults
    )
    assert any(f"diagnoses.csv:{line + 3} (Diagnoses row 4): hierarchy" in fault for fault in caught.value.faults)
    assert not (case.folder / "design.hrgcore").exists()


def test_rows_of_several_lines_keep_faults_in_their_place(case: Case) -> None:
    path = case.folder / "rest" / "diagnoses.csv"
    path.write_text(
        path.read_text(encoding="utf-8").replace("hierarchy,basis", "hierarchy,basis,note").replace("judgement", 'judgement,"a\nb"')
    )
    case.read(HEAD + DIAGNOSES + "add = true\n", {"Diagnoses": [*HEADED, ["J45.1", 40]]})
    with pytest.raises(DesignError, match=r"diagnoses\.csv:\d+ \(Diagnoses row 2\): "):
        compile_workbook(read_workbook(case.workbook, case.mapping), case.folder / "design.hrgcore")


def test_tables_go_to_a_new_folder_only(case: Case) -> None:
    case.read()
    made = read_workbook(case.workbook, case.mapping)
    write_tables(made, case.folder / "new" / "tables")
    assert {path.name: path.read_text(encoding="utf-8") for path in (case.folder / "new" / "tables").iterdir()} == made.texts
    for folder, says in ((case.folder / "new" / "tables", "the folder is not empty"), (case.workbook, "is a file")):
        with pytest.raises(OutputError, match=says):
            write_tables(made, folder)


def test_a_write_that_fails_leaves_nothing(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    from hrgcore.write import staging

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    case.read()
    made = read_workbook(case.workbook, case.mapping)
    monkeypatch.setattr(staging.os, "replace", fail)
    with pytest.raises(OutputError, match="No space left on device"):
        write_tables(made, case.folder / "tables")
    assert not (case.folder / "tables").exists()


# The command ----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        ([], 2, "name a folder of tables and, with -o, the bundle"),
        (["{rest}"], 2, "name a folder of tables and, with -o, the bundle"),
        (["-o", "{out}"], 2, "name a folder of tables"),
        (["{rest}", "-o", "{out}", "--mapping", "{mapping}"], 2, "--mapping and --tables go with --workbook"),
        (["{rest}", "-o", "{out}", "--tables", "{new}"], 2, "--mapping and --tables go with --workbook"),
        (["{rest}", "-o", "{out}", "--workbook", "{book}", "--mapping", "{mapping}"], 2, "FOLDER and --workbook are both given"),
        (["-o", "{out}", "--workbook", "{book}"], 2, "--workbook needs --mapping"),
        (["--workbook", "{book}", "--mapping", "{mapping}"], 2, "name what to write"),
        (["-o", "{out}", "--workbook", "{absent}", "--mapping", "{mapping}"], 3, "no such file"),
        (["-o", "{out}", "--workbook", "{book}", "--mapping", "{book}"], 3, "is not UTF-8"),
        (["-o", "{out}", "--workbook", "{book}", "--mapping", "{mapping}"], 4, "faults in the design tables"),
        (["-o", "{out}", "--workbook", "{absent}", "--mapping", "{mapping}", "--tables", "{rest}"], 5, "the folder is not empty"),
    ],
)
def test_the_command_refuses_in_one_way(
    case: Case, capsys: pytest.CaptureFixture[str], arguments: Sequence[str], code: int, says: str
) -> None:
    case.read()  # two OPCS-4 codes are too few for the rules of the rest
    places = {"rest": case.folder / "rest", "book": case.workbook, "mapping": case.mapping}
    places |= {name: case.folder / name for name in ("out", "new", "absent")}
    assert main(["compile", *(word.format(**places) for word in arguments)]) == code
    out, err = capsys.readouterr()
    assert out == "" and says in err and err.startswith("hrgcore: error: ") and "Traceback" not in err
    assert not places["out"].exists() and not places["new"].exists()


def test_tables_are_written_though_they_have_faults(case: Case, capsys: pytest.CaptureFixture[str]) -> None:
    case.read()
    arguments = ["compile", "--workbook", str(case.workbook), "--mapping", str(case.mapping), "--tables", str(case.folder / "new")]
    assert main([*arguments, "-o", str(case.folder / "out")]) == 4
    assert (case.folder / "new" / "design.toml").is_file() and not (case.folder / "out").exists()
