"""The compiler: each fault of a design is named with file and line."""

from __future__ import annotations

import itertools

import pytest
from small_design import small_texts
from spoiling import compiling_faults, spoiled

from hrgcore.columns import CODED_FIELDS
from hrgcore.design.bundle import Bundle
from hrgcore.design.compiler import compile_tables
from hrgcore.design.tables import read_texts
from hrgcore.errors import DesignError


def compiled(texts: dict[str, str] | None = None) -> Bundle:
    return compile_tables(read_texts(texts or small_texts()))


# Faults: every one that the compiler can find -------------------------------------------------------------------------

_FAULTS: list[tuple[str, str, str, str]] = [  # file, what stands there, what is put there, what the fault says
    # names that stand twice
    ("errors.csv", "", "UZ01,Again,judgement", "error UZ01 stands in errors.csv:2 too. Keep one of them."),
    ("subchapters.csv", "", "AA,Again,,,judgement", "subchapter AA stands in subchapters.csv:2 too."),
    ("roots.csv", "", "AA50,core,Again,,judgement", "root AA50 stands in roots.csv:2 too."),
    ("sets.csv", "", "female,SEX,1,judgement", "set female stands in sets.csv:2 too."),
    ("splits.csv", "", ",AA50,Z,,,,,,,,,,,,other,judgement", "AA50Z stands in splits.csv:2 too. Keep one of them."),
    # codes
    ("icd10.csv", "Z50,9", "Z50,9 A", "Z50A is not a code of icd10 (four or five characters). Correct it."),
    ("icd10.csv", "Z50,9", "Z50,9 012", "Z50012 is not a code of icd10"),
    ("icd10.csv", "J47,X", "j47,X", "j47X is not a code of icd10"),
    ("opcs4.csv", "Z94,2 3", "Z94,2 33", "Z9433 is not a code of opcs4 (four characters). Correct it."),
    (
        "diagnoses.csv",
        "J45,5",
        "J45 J48,5",
        "codes: J48 names no valid code. Correct it, or add the code to the code list.",
    ),
    ("diagnoses.csv", "J45,5", "J45 !J48,5", "codes: J48 names no valid code."),
    ("diagnosis_lists.csv", "hypertension,I10X", "hypertension,I10X I110", "codes: I110 names no valid code."),
    ("diagnosis_errors.csv", ",Z50,", ",Z50 Z52,", "codes: Z52 names no valid code."),
    ("diagnosis_roots.csv", ",J18,", ",J18 J17,", "codes: J17 names no valid code."),
    ("cc_lists.csv", "cardiac,1,E11", "cardiac,1,E11 E12", "codes: E12 names no valid code."),
    ("cc_exclusions.csv", "cardiac,I21,E11", "cardiac,I22,E11", "primary: I22 names no valid code."),
    ("cc_exclusions.csv", "cardiac,I21,E11", "cardiac,I21,E11 E12", "excluded: E12 names no valid code."),
    ("procedure_lists.csv", "dialysis,X403", "dialysis,X403-X409 X41", "codes: X41 names no valid code."),
    ("procedures.csv", "\nU,0,", "\nU T,0,", "codes: T names no valid code."),
    ("procedure_roots.csv", ",E85,", ",E85 E89,", "codes: E89 names no valid code."),
    ("unbundling.csv", ",U501,", ",U501 U502,", "codes: U502 names no valid code."),
    ("scores.csv", "burn_intervention,graft,2,S36", "burn_intervention,graft,2,S36 S37", "codes: S37 names no valid code."),
    ("scores.csv", "trauma_diagnosis,leg,6,S72", "trauma_diagnosis,leg,6,S72 S82", "codes: S82 names no valid code."),
    # as close as another row
    (
        "diagnoses.csv",
        "J18,6",
        "J18 J45,6",
        "names J450 as closely as diagnoses.csv:6. Keep one, or name the code itself in one of them.",
    ),
    ("procedures.csv", "", "W90,3,,,judgement", "names W904 as closely as procedures.csv:11."),
    ("cc_lists.csv", "general,2,J18", "general,2,J18 M48", "names M484 as closely as cc_lists.csv:7."),
    ("scores.csv", "trauma_diagnosis,leg,6,S72", "trauma_diagnosis,leg,6,S72 S32", "names S320 as closely as"),
    # values
    ("value_sets.csv", "\nMAINSPEF,100 110 191", "\nMAINSPEFF,100 110 191", "MAINSPEFF is no coded field; they are SEX, "),
    ("sets.csv", "female,SEX,2", "female,GENDER,2", "GENDER is no coded field; they are SEX, "),
    ("sets.csv", "female,SEX,2", "female,SEX,2 3", "3 is no value of SEX. Correct it, or add it to value_sets.csv."),
    ("diagnoses.csv", "J45,5", "J45,13", "hierarchy '13' is not a whole number from 0 to 12."),
    ("procedures.csv", "E85,2,", "E85,-1,", "hierarchy '-1' is not a whole number from 0 to 12."),
    ("procedures.csv", "W903,1,,1", "W903,1,,100000", "longest_stay '100000' is not a whole number from 0 to 99999."),
    ("procedures.csv", "W903,1,,1", "W903,1,,1.5", "longest_stay '1.5' is not a whole number from 0 to 99999."),
    ("procedures.csv", "A579,4,UZ06", "A579,4,UZ99", "errors.csv has no UZ99. Correct it, or add the error category."),
    ("cc_lists.csv", "cardiac,1,E11", "cardiac,101,E11", "points '101' is not a whole number from 0 to 100."),
    (
        "scores.csv",
        "burn_severity,depth,3,T203",
        "burn_severity,depth,1001,T203",
        "points '1001' is not a whole number from 0 to 1000.",
    ),
    ("scores.csv", "burn_severity,depth,3,T203", "burn_severity,depth,,T203", "points '' is not a whole number"),
    ("scores.csv", "burn_severity,depth,3,T203", "burn,depth,3,T203", "score 'burn' is none of trauma_diagnosis, "),
    ("grid.csv", "\n1,P,P,D", "\n1,P,X,D", "column 1: 'X' is neither P nor D (only D where there is no procedure)."),
    ("grid.csv", "\n0,D,D", "\n0,P,D", "column 0: 'P' is neither P nor D (only D where there is no procedure)."),
    ("grid.csv", "\n12,P", "\n13,P", "procedure '13' is not a whole number from 0 to 12."),
    ("grid.csv", "\n12,P", "\n11,P", "procedure 11 stands in another row too. Keep one of them."),
    # rules
    ("exceptions.csv", "1,M,", "1,T,", "method 'T' is none of M, B, G."),
    ("unbundling.csv", "SD01,palliative", "SD01,spc", "days 'spc' is neither blank, rehabilitation nor palliative."),
    (
        "diagnosis_errors.csv",
        ",Z50,,,UZ01",
        ",Z50,,,UZ99",
        "errors.csv has no UZ99. Correct it, or add the error category.",
    ),
    ("diagnosis_roots.csv", ",J18,,,,,,DZ11", ",J18,,,,,,DZ99", "roots.csv has no DZ99. Correct it, or add the root."),
    ("procedure_roots.csv", ",E85,,,,DZ15", ",E85,,,,UZ06", "roots.csv has no UZ06. Correct it, or add the root."),
    ("unbundling.csv", ",UZ06,", ",UZ99,", "roots.csv has no UZ99. Correct it, or add the root."),
    ("exceptions.csv", "1,M,,,2+,,,,,VA10", "1,M,,,2+,,,,,VA99", "roots.csv has no VA99."),
    ("splits.csv", "", ",AA51,Z,,,,,,,,,,,,,judgement", "roots.csv has no AA51. Add the root, or correct it."),
    (
        "unbundling.csv",
        ",U05,19+,,,,,RD20,",
        ",U05,19+,,,,,AA50,",
        "AA50 is core in roots.csv; only unbundling.csv leads to unbundled roots",
    ),
    (
        "procedure_roots.csv",
        ",E85,,,,DZ15",
        ",E85,,,,RD20",
        "RD20 is unbundled in roots.csv; only unbundling.csv leads to unbundled roots",
    ),
    (
        "diagnosis_roots.csv",
        "",
        "2,J18,,,,,,DZ15,judgement",
        "is never tried: rows without conditions come first for each of its codes.",
    ),
    ("diagnosis_errors.csv", "", "2,Z50,19+,,UZ01,judgement", "is never tried"),
    ("exceptions.csv", "", "4,G,,,,,,,,VA10,judgement\n5,G,,,,,,,,VA10,judgement", "is never tried"),
    ("unbundling.csv", "", "3,,,,,,,SD01,,judgement\n3,,,,,palliative,,SD01,,judgement", "is never tried"),
    (
        "diagnosis_roots.csv",
        "2,J451,,,female",
        "2,J451,,,women",
        "patient women: sets.csv has no women. Correct the name, or define it there.",
    ),
    ("exceptions.csv", "burn_depth", "!burns", "diagnosis !burns: diagnosis_lists.csv has no burns."),
    (
        "diagnosis_roots.csv",
        "hypertension|palliative",
        "hypertension|cancer",
        "diagnosis hypertension|cancer: diagnosis_lists.csv has no cancer.",
    ),
    ("procedure_roots.csv", ",H22,,left", ",H22,,right", "companion right: procedure_lists.csv has no right."),
    (
        "procedure_roots.csv",
        ",A57,,,!theatre",
        ",A57,,,!operation",
        "procedure !operation: procedure_lists.csv has no operation.",
    ),
    # roots, splits, labels
    (
        "roots.csv",
        "",
        "AA51,core,Other Procedures,,judgement",
        "AA51 has no split. Give it at least one row in splits.csv (split Z if it is one HRG).",
    ),
    (
        "roots.csv",
        "",
        "AA51,core,Other Procedures,,judgement",
        "no rule leads to AA51. Add one, or remove the root and its splits.",
    ),
    ("roots.csv", "AA50,core", "AA50,Core", "kind 'Core' is neither core nor unbundled."),
    ("roots.csv", "", "AC51,core,Other Procedures,,judgement", "subchapters.csv has no AC. Add the subchapter."),
    (
        "roots.csv",
        "Heart Failure or Shock,dialysis",
        "Heart Failure or Shock,renal",
        "procedure_lists.csv has no list renal (its interventions).",
    ),
    (
        "splits.csv",
        ",SB14,Z,,,",
        ",SB14,Z,,,1+",
        "an unbundled root can't be split by cc or interventions. Remove the condition.",
    ),
    ("splits.csv", ",AA50,Z,", ",AA50,,", "root 'AA50' and split '' make no HRG. Write letters and digits in both."),
    ("splits.csv", ",AA50,Z,", ",AA50,A-,", "root 'AA50' and split 'A-' make no HRG."),
    (
        "splits.csv",
        ",dialysis,with Dialysis",
        ",dialysis,with Palliative Care",
        "its label 'Diabetes with Palliative Care' is that of splits.csv:30",
    ),
    (
        "splits.csv",
        ",HC33,B,,0-4",
        ",HC33,B,,0-5",
        "overlaps splits.csv:20 for los 5. Narrow one, or give it an earlier step.",
    ),
    ("splits.csv", ",HC33,B,,0-4", ",HC33,B,,0-3", "the splits of HC33 leave out los 4. Widen one of them."),
    ("splits.csv", ",FE30,C,0-18,", ",FE30,C,0-17,", "the splits of FE30 leave out age 18, cc 0. Widen one of them."),
    (
        "splits.csv",
        "2,EB03,C,,,0-1,,,,,,,,,",
        "2,EB03,C,,,0-1,,,,,,,,,,judgement\n3,EB03,D,,,5+,,,,,,,,,",
        "can never be reached: earlier steps of the splits of EB03 cover its every case.",
    ),
    # lists
    ("sets.csv", "", "male,SEX,1,judgement", "male is used by no rule. Use it, or remove it."),
    ("diagnosis_lists.csv", "", "asthma,J45,judgement", "asthma is used by no rule."),
    ("procedure_lists.csv", "", "right,Z942,judgement", "right is used by no rule."),
    (
        "cc_lists.csv",
        "",
        "other,1,I10X,judgement",
        "list other is of no subchapter. Name it in subchapters.csv, or remove it.",
    ),
    (
        "cc_exclusions.csv",
        "cardiac,I21,E11",
        "heart,I21,E11",
        "cc_lists.csv has no list heart. Correct it, or write * for all lists.",
    ),
]


@pytest.mark.parametrize(("file", "old", "new", "message"), _FAULTS, ids=[f"{row[0]}: {row[3]}" for row in _FAULTS])
def test_a_fault_is_named_with_file_and_line(file: str, old: str, new: str, message: str) -> None:
    texts, line = spoiled(file, old, new)
    line += new.count("\n") - old.count("\n")  # where rows are put in, the fault is in the last
    found = [fault for fault in compiling_faults(texts) if fault.startswith(f"{file}:{line}: ") and message in fault]
    assert len(found) == 1 and found[0].endswith("."), compiling_faults(texts)


_SPLITS_ONLY = {"cc": "3+", "interventions": "3+"}


@pytest.mark.parametrize("column", ["cc", "interventions", "companion"])
@pytest.mark.parametrize("table", ["diagnosis_errors", "diagnosis_roots", "procedure_roots", "exceptions", "splits", "unbundling"])
def test_conditions_that_mean_nothing_in_a_table_are_refused(table: str, column: str) -> None:
    texts = small_texts()
    heading, *rows = texts[f"{table}.csv"].splitlines()
    if column in heading.split(","):
        return
    texts[f"{table}.csv"] = "\n".join(
        [f"{heading},{column}", f"{rows[0]},{_SPLITS_ONLY.get(column, 'left')}", *(f"{row}," for row in rows[1:])]
    )
    where = {"companion": "procedure_roots and unbundling"}.get(column, "splits")
    fault = f"{table}.csv:2: {column} can't be tested here, only in {where}. Remove it."
    assert (fault in compiling_faults(texts)) == (table not in where)


def test_a_field_needs_values_that_fit() -> None:
    message = "value_sets.csv: {} needs 1 to 254 values, each of one to three capital letters or digits."
    for old, new in (
        ("\nDISMETH,1 2 4", "\nDISMETH,"),
        ("\nDISMETH,1 2 4", "\nDISMETH,1 2 4 1234"),
        ("\nDISMETH,1 2 4", "\nDISMETH,1 2 4 a"),  # small letters would stand at the place of blank
        ("\nDISMETH,1 2 4", "\nDISMETH,1 2 4 é"),
        ("\nDISMETH,1 2 4", "\nDISMETH," + " ".join(map(str, range(255)))),
    ):
        assert compiling_faults(spoiled("value_sets.csv", old, new)[0]).count(message.format("DISMETH")) == 1, new


def test_254_values_fit() -> None:
    texts, _ = spoiled("value_sets.csv", "\nDISMETH,1 2 4", "\nDISMETH," + " ".join(map(str, range(254))))
    lookup = compiled(texts).arrays["field_lookup"][CODED_FIELDS.index("DISMETH")]
    assert sorted(set(lookup.tolist())) == list(range(255))


def test_a_cc_list_and_an_intervention_list_must_be_there() -> None:
    texts, _ = spoiled("subchapters.csv", "EB,Cardiac,cardiac,", "EB,Cardiac,heart,kidney")
    line = texts["roots.csv"].splitlines().index("EB03,core,Heart Failure or Shock,dialysis,judgement") + 1
    assert (
        f"roots.csv:{line}: cc_lists.csv has no list heart (of its subchapter). Add the list, or correct subchapters.csv."
        in compiling_faults(texts)
    )
    texts, _ = spoiled("subchapters.csv", "HN,Orthopaedic,general,theatre", "HN,Orthopaedic,general,room")
    line = texts["roots.csv"].splitlines().index("HN12,core,Hip Procedures,,judgement") + 1
    fault = f"roots.csv:{line}: procedure_lists.csv has no list room (its interventions). Add the list, or correct the name."
    assert fault in compiling_faults(texts)


def test_the_list_of_companions_must_be_there() -> None:
    texts, _ = spoiled("procedure_lists.csv", "companions,Y Z,judgement\n", "")
    assert compiling_faults(texts) == [
        "procedure_lists.csv: no list companions. Define it: the codes that say more of the one before."
    ]


def test_the_grid_needs_every_row() -> None:
    texts, _ = spoiled("grid.csv", "\n12,P,P,P,P,P,P,P,P,P,P,P,P,P,judgement", "")
    assert compiling_faults(texts) == ["grid.csv: it needs a row for each procedure hierarchy from 0 to 12."]


def test_a_score_has_62_components_at_most() -> None:
    rows = [f"burn_severity,part{number},1,A00{digit}" for number, digit in zip(range(63), itertools.cycle("019"), strict=False)]
    texts, _ = spoiled("scores.csv", "", ",judgement\n".join(rows) + ",judgement")
    assert "scores.csv: burn_severity has 64 components; at most 62 fit." in compiling_faults(texts)


def test_too_many_cases_to_check() -> None:
    texts = small_texts()
    facts = ("age", "los", "cc", "interventions", "procedures", "trauma_diagnosis")
    heading = texts["splits.csv"].splitlines()[0].split(",")
    for low in range(1, 9):
        row = {"root": "AA50", "split": "ABCDEFGHI"[low], "basis": "judgement"} | {fact: f"{low}-{low + 1}" for fact in facts}
        texts["splits.csv"] += ",".join(row.get(column, "") for column in heading) + "\n"
    assert any(
        fault.startswith("splits.csv:2: the splits of AA50 tell ") and fault.endswith("too many to check. Use fewer conditions.")
        for fault in compiling_faults(texts)
    )


def test_what_cannot_be_numbered() -> None:
    texts = small_texts()
    texts["errors.csv"] += "".join(f"E{number},Error,judgement\n" for number in range(250))
    assert compiling_faults(texts) == ["errors.csv: 256 to be numbered; at most 254 can be. Take some away."]
    texts = small_texts()
    suffixes = " ".join([*"0123456789X", *(f"{a}{b}" for a in "0123456789X" for b in range(10))])
    texts["icd10.csv"] += "".join(f"{letter}{number:02d},{suffixes},judgement\n" for letter in "DFGLMNQ" for number in range(100))
    assert len(faults := compiling_faults(texts)) == 1 and faults[0].endswith(
        "to be numbered; at most 65534 can be. Take some away."
    )


def test_many_faults_come_at_once_and_each_once() -> None:
    texts = small_texts()
    changes = [row for row in _FAULTS if row[1]][::4]
    spoilt = set()
    for file, old, new, _ in changes:
        if texts[file].count(old) == 1:
            texts[file] = texts[file].replace(old, new)
            spoilt.add(file)
    faults = compiling_faults(texts)
    assert {fault.partition(":")[0] for fault in faults} >= spoilt
    assert len(set(faults)) == len(faults), "a value that many codes share is a fault once"


def test_faults_of_reading_stop_the_compiler_but_all_of_them_come() -> None:
    texts, _ = spoiled("diagnoses.csv", "J45,5", "J4,5")
    texts["grid.csv"] = ""
    with pytest.raises(DesignError) as caught:
        compile_tables(read_texts(texts))
    assert len(caught.value.faults) > 1 and str(caught.value).startswith(
        f"small: {len(caught.value.faults)} faults in the design tables\n"
    )


def test_whether_rows_rival_does_not_hang_on_their_order() -> None:
    """Two rows as close as each other are no fault where a closer row decides, wherever it stands."""
    for at in range(3):
        rows = ["J18,6,judgement", "J18,7,judgement"]
        rows.insert(at, "J180 J181 J189,5,judgement")
        texts, _ = spoiled("diagnoses.csv", "J18,6,judgement", "\n".join(rows))
        assert compiling_faults(texts) == []
