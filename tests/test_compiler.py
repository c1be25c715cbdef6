"""The compiler: each fault of a design is named with file and line, and what it does with a design without faults is right."""

from __future__ import annotations

import itertools
import random

import numpy as np
import pytest
from chains import told
from small_design import small_texts
from spoiling import compiling_faults, spoiled

from hrgcore.columns import CODED_FIELDS
from hrgcore.design.bundle import Bundle
from hrgcore.design.checks import boundaries
from hrgcore.design.compiler import compile_tables
from hrgcore.design.labels import compose
from hrgcore.design.tables import ENGINE_CHOICES, read_texts
from hrgcore.errors import DesignError
from hrgcore_kernels import codes as k


def compiled(texts: dict[str, str] | None = None) -> Bundle:
    return compile_tables(read_texts(texts or small_texts()))


def number(bundle: Bundle, scheme: str, code: str) -> int:
    return bundle.strings(f"{scheme}_codes").index(code)


def chain(bundle: Bundle, at: int) -> list[int]:
    return [rule for rule, _ in told(bundle, at)]


def roots_tried(bundle: Bundle, scheme: str, code: str) -> list[str]:
    """The roots to which the rules for a code lead, in the order in which they are tried."""
    table = {"icd10": "diagnoses", "opcs4": "procedures"}[scheme]
    names = ["", *(row["root"] for row in bundle.tables["roots"])]
    rules = chain(bundle, bundle.arrays[table][number(bundle, scheme, code)]["root_chain"])
    return [names[bundle.arrays["rules"]["outcome"][rule]] for rule in rules]


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
    ("procedures.csv", "W903,1,,1", "W903,1,,255", "longest_stay '255' is not a whole number from 0 to 254."),
    ("procedures.csv", "W903,1,,1", "W903,1,,1.5", "longest_stay '1.5' is not a whole number from 0 to 254."),
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
        "can never be reached: earlier steps of EB03 cover its every case.",
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


# What compiling does right --------------------------------------------------------------------------------------------


def test_the_small_design_compiles() -> None:
    bundle = compiled()
    assert (bundle.info.id, bundle.info.version) == ("small", "1")
    assert bundle.strings("hrg_codes")[0] == "UZ01Z" and bundle.strings("hrg_labels")[0] == "Data Invalid for Grouping"
    assert bundle.arrays["settings"].tolist() == [bundle.tables.settings.number(name) for name in ENGINE_CHOICES]


def test_the_most_specific_row_wins() -> None:
    bundle = compiled()
    hierarchy = {
        code: int(bundle.arrays["diagnoses"]["hierarchy"][number(bundle, "icd10", code)])
        for code in bundle.strings("icd10_codes")[1:]
    }
    assert {code: hierarchy[code] for code in ("J440", "J450", "J451", "T140", "S060", "I500", "K529")} == {
        "J440": 4,
        "J450": 5,
        "J451": 1,
        "T140": 0,
        "S060": 6,
        "I500": 7,
        "K529": -1,  # not covered
    }
    procedures = bundle.arrays["procedures"]
    assert (
        procedures["hierarchy"][number(bundle, "opcs4", "W903")] == 1
        and procedures["hierarchy"][number(bundle, "opcs4", "W904")] == 9
    )
    assert bundle.strings("error_codes")[procedures["error"][number(bundle, "opcs4", "A579")]] == "UZ06"
    points = bundle.arrays["cc_points"][sorted({row["list"] for row in bundle.tables["cc_lists"]}).index("respiratory")]
    assert [points[number(bundle, "icd10", code)] for code in ("J459", "J46X", "I501", "I500", "A000")] == [1, 2, 2, 1, 0]


def test_specificity_counts_the_codes_of_a_term_and_not_its_length() -> None:
    """`K63` names one code here, as `K635` does; `K52-K63` names two."""
    texts, _ = spoiled("diagnoses.csv", "K63,1", "K63,1,judgement\nK52-K63,2")
    bundle = compiled(texts)
    assert [bundle.arrays["diagnoses"]["hierarchy"][number(bundle, "icd10", code)] for code in ("K635", "K529")] == [1, 2]
    assert compiling_faults(spoiled("diagnoses.csv", "K63,1", "K63,1,judgement\nK635,2")[0])


def test_rules_are_tried_by_step_then_the_most_specific_then_in_file_order() -> None:
    bundle = compiled()
    assert roots_tried(bundle, "icd10", "J451") == ["PD10", "DZ16", "DZ15"]
    assert roots_tried(bundle, "icd10", "J450") == ["PD10", "DZ15"]
    assert roots_tried(bundle, "icd10", "M4840") == ["HC34", "HC33"], "nothing behind a rule without conditions"
    assert roots_tried(bundle, "icd10", "M484") == ["HC33"]
    assert roots_tried(bundle, "icd10", "E112") == ["KB01", "KB02"]
    assert roots_tried(bundle, "opcs4", "H221") == ["FE31", "FE30"]
    texts, _ = spoiled("diagnosis_roots.csv", "2,E11,,,,,,KB02", "1,E11,19+,,,,,DZ11,judgement\n2,E11,,,,,,KB02")
    assert roots_tried(compiled(texts), "icd10", "E112") == ["KB01", "DZ11", "KB02"]
    texts, _ = spoiled("diagnosis_roots.csv", "2,E11,,,,,,KB02", "1,E112,19+,,,,,DZ11,judgement\n2,E11,,,,,,KB02")
    assert roots_tried(compiled(texts), "icd10", "E112") == ["DZ11", "KB01", "KB02"]


def test_each_rule_of_a_chain_stands_once_however_often_it_names_the_code() -> None:
    texts, _ = spoiled("diagnosis_roots.csv", "2,J451,,,female,", "2,J451 J450-J451 J45,,,female,")
    assert roots_tried(compiled(texts), "icd10", "J451") == ["PD10", "DZ16", "DZ15"]


def test_rules_that_follow_each_other_and_share_a_test_stand_under_it() -> None:
    rows = ["1,K529,19+,,female,,,DZ15", "1,K529,19+,,!female,,,DZ16", "1,K529,0-18,5+,,,,DZ11", "2,K529,0-18,,,,,PD10"]
    texts = small_texts()
    texts["diagnosis_roots.csv"] += "".join(f"{row},judgement\n" for row in rows)
    bundle = compiled(texts)
    rules = told(bundle, bundle.arrays["diagnoses"]["root_chain"][number(bundle, "icd10", "K529")])
    tests = [steps for _, steps in rules]
    assert len(tests) >= 4
    (adult, woman), (adult_too, man), (child, stay), (child_too,) = tests[:4]
    assert (adult, child) == (adult_too, child_too)
    assert len({adult, woman, man, child, stay}) == 5


def test_splits_of_a_later_step_may_overlap_those_of_an_earlier_one() -> None:
    bundle = compiled()
    place = [row["root"] for row in bundle.tables["roots"]].index("EB03") + 1
    rules = chain(bundle, bundle.arrays["roots"]["split_chain"][place])
    assert [bundle.strings("hrg_codes")[bundle.arrays["rules"]["outcome"][rule]] for rule in rules] == [
        "EB03A",
        "EB03B",
        "EB03C",
    ]


def test_boundaries_are_the_lowest_values_of_what_is_told_apart() -> None:
    splits = [row for row in read_texts(small_texts())["splits"] if row["root"] == "FE30"]
    assert boundaries(splits) == {"age": [0, 19], "cc": [0, 3]}


def test_every_rule_can_be_named() -> None:
    bundle = compiled()
    rows = {row.reference: row for table in bundle.tables.rows.values() for row in table}
    assert [rows[reference].basis for reference in bundle.rule_references[1:]] == bundle.rule_bases[1:]


@pytest.mark.parametrize("words", [1, 2, 3])
def test_lists_beyond_one_word_of_bits(words: int) -> None:
    """Each list has a bit of its own, in as many words as are needed; `a|b` is one test, `!a|b` one for each word."""
    count = {1: 40, 2: 100, 3: 160}[words]
    texts = small_texts()
    for number_of in range(count):
        texts["diagnosis_lists.csv"] += f"more_{number_of},{'J450' if number_of % 2 else 'J451'},judgement\n"
    names = [f"more_{number_of}" for number_of in range(count)]
    texts["diagnosis_roots.csv"] += "".join(f"3,K529,,,,,{name},DZ15,judgement\n" for name in names)
    texts["diagnosis_roots.csv"] += (
        f"4,K529,,,,,{names[0]}|{names[-1]},DZ16,judgement\n5,K529,,,,,!{'|'.join(names)},DZ11,judgement\n"
    )
    bundle = compiled(texts)
    assert bundle.arrays["diagnosis_words"].shape[1] == words
    table = bundle.arrays["diagnosis_words"]
    steps = bundle.arrays["steps"]
    first = k.N_RANGE_FACTS + bundle.arrays["field_sets"].shape[2] + words  # facts: patient, primary, diagnosis
    chained = told(bundle, bundle.arrays["diagnoses"]["root_chain"][number(bundle, "icd10", "K529")])
    assert len(chained) == count + 2

    def holds(rule: tuple[int, tuple[int, ...]], code: str) -> bool:
        row = table[number(bundle, "icd10", code)]
        for test in steps[list(rule[1])]:
            left = int(row[test["fact"] - first] & test["mask"]) - int(test["low"])
            if not 0 <= left <= int(test["span"]):
                return False
        return True

    for place, rule in enumerate(chained[:count]):
        assert (holds(rule, "J450"), holds(rule, "J451"), holds(rule, "J459")) == (place % 2 == 1, place % 2 == 0, False)
        assert len(rule[1]) == 1
    either, neither = chained[count:]
    assert [holds(either, code) for code in ("J450", "J451", "J459")] == [True, True, False]
    assert len(either[1]) == 1
    assert [holds(neither, code) for code in ("J450", "J451", "J459")] == [False, False, True]


def test_sets_beyond_one_word_of_bits() -> None:
    texts = small_texts()
    for place in range(70):
        texts["sets.csv"] += f"more_{place},SEX,{place % 2 + 1},judgement\n"
        texts["diagnosis_roots.csv"] += f"3,K529,,,more_{place},,,DZ15,judgement\n"
    words = compiled(texts).arrays["field_sets"]
    assert words.shape[2] == 2
    sex = words[CODED_FIELDS.index("SEX")]
    assert sum(int(word).bit_count() for word in sex[2]) == 35, "value 1"
    assert sum(int(word).bit_count() for word in sex[3]) == 35 + 1, "value 2, and female"


def test_alternatives_of_sets_have_a_bit_of_their_own() -> None:
    texts, _ = spoiled("sets.csv", "", "older,ADMIMETH,11 21,judgement")
    texts["diagnosis_roots.csv"] += "3,K529,,,older|died,,,DZ15,judgement\n"
    before, after = (compiled(found).arrays["field_sets"] for found in (small_texts(), texts))
    bits = [sum(int(word).bit_count() for word in words.ravel()) for words in (before, after)]
    assert bits[1] - bits[0] == 2 + 3, "older: 2 values; older or died: 3"


def test_arrays_are_read_only() -> None:
    for name, array in compiled().arrays.items():
        assert not array.flags.writeable, name
        assert array.dtype.hasobject is False


def test_the_order_of_files_and_lists_changes_nothing() -> None:
    texts = small_texts()
    names = list(texts)
    random.Random(1).shuffle(names)
    one, other = compiled(texts), compiled({name: texts[name] for name in names})
    assert one.info == other.info
    for name, array in one.arrays.items():
        assert np.array_equal(array, other.arrays[name]), name


# Labels ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "split", "label"),
    [
        ("Asthma", {}, "Asthma"),
        ("Asthma", {"age": "", "note": "x"}, "Asthma"),
        ("Asthma", {"cc": "3+"}, "Asthma with CC Score 3+"),
        ("Asthma", {"cc": "0"}, "Asthma with CC Score 0"),
        ("Asthma", {"cc": "0-2"}, "Asthma with CC Score 0-2"),
        ("Asthma", {"age": "19+"}, "Asthma, 19 years and over"),
        ("Asthma", {"age": "0-18"}, "Asthma, 18 years and under"),
        ("Asthma", {"age": "0-1"}, "Asthma, 1 year and under"),
        ("Asthma", {"age": "5-18"}, "Asthma, between 5 and 18 years"),
        ("Asthma", {"age": "4"}, "Asthma, 4 years"),
        ("Asthma", {"age": "1"}, "Asthma, 1 year"),
        ("Asthma", {"los": "0"}, "Asthma with length of stay 0 days"),
        ("Asthma", {"los": "1"}, "Asthma with length of stay 1 day"),
        ("Asthma", {"los": "0-1"}, "Asthma with length of stay 1 day or less"),
        ("Asthma", {"los": "2+"}, "Asthma with length of stay 2 days or more"),
        ("Asthma", {"los": "2-5"}, "Asthma with length of stay between 2 and 5 days"),
        ("Asthma", {"interventions": "0"}, "Asthma without Interventions"),
        ("Asthma", {"interventions": "1"}, "Asthma with Single Intervention"),
        ("Asthma", {"interventions": "2+"}, "Asthma with Multiple Interventions"),
        ("Asthma", {"interventions": "1+"}, "Asthma with Interventions"),
        ("Asthma", {"interventions": "3+"}, "Asthma with 3+ Interventions"),
        ("Asthma", {"cc": "3+", "interventions": "2+"}, "Asthma with Multiple Interventions, with CC Score 3+"),
        (
            "Asthma",
            {"los": "0", "cc": "3+", "age": "19+"},
            "Asthma, 19 years and over, with CC Score 3+, with length of stay 0 days",
        ),
        (
            "Trauma",
            {"trauma_diagnosis": "0-23", "trauma_intervention": "0"},
            "Trauma with Diagnosis Score <=23, with Intervention Score 0",
        ),
        (
            "Trauma",
            {"trauma_diagnosis": "24-32", "trauma_intervention": "45+"},
            "Trauma with Diagnosis Score 24-32, with Intervention Score >=45",
        ),
        ("Burn,", {"burn_severity": "10+"}, "Burn, with Severity Score 10+"),
        (
            "Burn,",
            {"burn_intervention": "1+", "burn_severity": "4"},
            "Burn, with Severity Score 4, with Intervention Score 1+",
        ),
        ("Asthma", {"label": "with Oxygen"}, "Asthma with Oxygen"),
        ("Asthma", {"label": "without Oxygen"}, "Asthma without Oxygen"),
        ("Asthma", {"label": "Mild"}, "Asthma, Mild"),
        ("Asthma", {"label": "within a Year"}, "Asthma, within a Year"),
        ("Asthma", {"cc": "1+", "label": "with Oxygen"}, "Asthma with CC Score 1+, with Oxygen"),
        ("Asthma,", {"cc": "1+"}, "Asthma, with CC Score 1+"),
        ("Asthma,", {"age": "19+"}, "Asthma, 19 years and over"),
        ("Asthma, {}, at Home", {"cc": "1+"}, "Asthma, with CC Score 1+, at Home"),
        ("Asthma {} at Home", {"age": "19+", "cc": "1+"}, "Asthma 19 years and over, with CC Score 1+ at Home"),
        ("Asthma", {"age": "0-18", "label": "=between 5 and 18 years"}, "Asthma, between 5 and 18 years"),
        ("Asthma {}.", {"age": "0-18", "label": "=with it all"}, "Asthma with it all."),
        ("Asthma", {"diagnosis": "cancer", "patient": "female", "procedure": "!a"}, "Asthma"),
    ],
)
def test_labels_are_composed(name: str, split: dict[str, str], label: str) -> None:
    assert compose(name, split) == label


def test_the_bundle_holds_the_labels() -> None:
    bundle = compiled()
    labels = dict(zip(bundle.strings("hrg_codes"), bundle.strings("hrg_labels"), strict=True))
    assert (
        labels["KB02A"] == "Diabetes with Palliative Care"
        and labels["FE30B"] == "Colonoscopy, 19 years and over, with CC Score 0-2"
    )
    assert labels["JB30B"] == "Burn, with Severity Score 0-3, with Intervention Score 1+"
