"""The compiler: what it does with a design without faults is right."""

from __future__ import annotations

import random

import numpy as np
import pytest
from chains import told
from small_design import small_texts
from spoiling import compiling_faults, spoiled

from hrgcore.columns import CODED_FIELDS
from hrgcore.design.alike import kinds_by_code
from hrgcore.design.bundle import Bundle
from hrgcore.design.checks import boundaries
from hrgcore.design.compiler import compile_tables
from hrgcore.design.labels import compose
from hrgcore.design.steps import unpack
from hrgcore.design.tables import ENGINE_CHOICES, read_texts
from hrgcore_kernels import codes as k


def compiled(texts: dict[str, str] | None = None) -> Bundle:
    return compile_tables(read_texts(texts or small_texts()))


def number(bundle: Bundle, scheme: str, code: str) -> int:
    return bundle.strings(f"{scheme}_codes").index(code)


def chain(bundle: Bundle, at: int) -> list[int]:
    return [rule for rule, _ in told(bundle, at)]


def roots_tried(bundle: Bundle, scheme: str, code: str) -> list[str]:
    """The roots to which the rules for a code lead, in the order in which they are tried."""
    names = ["", *(row["root"] for row in bundle.tables["roots"])]
    rules = chain(bundle, kinds_by_code(bundle.arrays, scheme)[number(bundle, scheme, code)]["root_chain"])
    return [names[bundle.arrays["rules"]["outcome"][rule]] for rule in rules]


# What compiling does right --------------------------------------------------------------------------------------------


def test_the_small_design_compiles() -> None:
    bundle = compiled()
    assert (bundle.info.id, bundle.info.version) == ("small", "1")
    assert bundle.strings("hrg_codes")[0] == "UZ01Z" and bundle.strings("hrg_labels")[0] == "Data Invalid for Grouping"
    assert bundle.arrays["settings"].tolist() == [bundle.tables.settings.number(name) for name in ENGINE_CHOICES]


def test_the_most_specific_row_wins() -> None:
    bundle = compiled()
    hierarchy = {
        code: int(kinds_by_code(bundle.arrays, "icd10")["hierarchy"][number(bundle, "icd10", code)])
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
    procedures = kinds_by_code(bundle.arrays, "opcs4")
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
    assert [kinds_by_code(bundle.arrays, "icd10")["hierarchy"][number(bundle, "icd10", code)] for code in ("K635", "K529")] == [
        1,
        2,
    ]
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
    """The last rule asks for nothing: so no number cuts all of them apart."""
    rows = ["1,K529,19+,,female,,,DZ15", "1,K529,19+,,!female,,,DZ16", "1,K529,0-18,5+,,,,DZ11", "2,K529,0-18,,,,,PD10"]
    rows.append("3,K529,,,,,,KB02")
    texts = small_texts()
    texts["diagnosis_roots.csv"] += "".join(f"{row},judgement\n" for row in rows)
    bundle = compiled(texts)
    rules = told(bundle, kinds_by_code(bundle.arrays, "icd10")["root_chain"][number(bundle, "icd10", "K529")])
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
    words = max(words, 2)
    assert bundle.arrays["diagnosis_words"].shape[1] == words
    table = bundle.arrays["diagnosis_words"][bundle.arrays["diagnoses"]["words"]]
    tests = bundle.arrays["tests"][unpack(bundle.arrays["steps"])[0]]
    first = k.N_RANGE_FACTS + len(bundle.arrays["field_sets"]) + words  # facts: patient, primary, diagnosis
    chained = told(bundle, kinds_by_code(bundle.arrays, "icd10")["root_chain"][number(bundle, "icd10", "K529")])
    assert len(chained) == count + 2

    def holds(rule: tuple[int, tuple[int, ...]], code: str) -> bool:
        row = table[number(bundle, "icd10", code)]
        for test in tests[list(rule[1])]:
            left = int(row[test["fact"] - first] & test["mask"]) - int(test["low"])
            if not 0 <= left <= int(test["span"]):
                return False
        return True

    def one_bit(rule: tuple[int, tuple[int, ...]]) -> bool:
        *guards, own = (int(tests[step]["mask"]) for step in rule[1])
        return own.bit_count() == 1 and all(guard & own for guard in guards)

    for place, rule in enumerate(chained[:count]):
        assert (holds(rule, "J450"), holds(rule, "J451"), holds(rule, "J459")) == (place % 2 == 1, place % 2 == 0, False)
        assert one_bit(rule)
    either, neither = chained[count:]
    assert [holds(either, code) for code in ("J450", "J451", "J459")] == [True, True, False]
    assert one_bit(either)
    assert [holds(neither, code) for code in ("J450", "J451", "J459")] == [False, False, True]


def test_sets_beyond_one_word_of_bits() -> None:
    texts = small_texts()
    for place in range(70):
        texts["sets.csv"] += f"more_{place},SEX,{place % 2 + 1},judgement\n"
        texts["diagnosis_roots.csv"] += f"3,K529,,,more_{place},,,DZ15,judgement\n"
    words = compiled(texts).arrays["field_sets"]
    assert len(words) == 2
    sex = words[:, CODED_FIELDS.index("SEX")]
    assert sum(int(word).bit_count() for word in sex[:, 2]) == 35, "value 1"
    assert sum(int(word).bit_count() for word in sex[:, 3]) == 35 + 1, "value 2, and female"


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
