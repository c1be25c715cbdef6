"""What can be wrong in a mapping, and what a mapping may leave out."""

from __future__ import annotations

import re
import tomllib

import pytest
from small_design import small_texts
from workbook_cases import HEAD, LABELS, OPCS, SPLITS, Case, csv_lines

from hrgcore.design.tables import SCHEMA
from hrgcore.errors import DesignError, InputError
from hrgcore.workbook import compile_workbook, read_workbook
from hrgcore.workbook.mapping import read_mapping

_OWN = HEAD.replace('from = "rest"\n', "")
_MAPPING_FAULTS: list[tuple[str, str]] = [  # mapping, what the fault says
    (HEAD.replace("format = 1", "format = 2") + OPCS, "format: this version reads format = 1."),
    (HEAD.replace("format = 1", "format = true") + OPCS, "format: this version reads format = 1."),
    (HEAD.replace('id = "made"\n', "") + OPCS, "design.id: is missing. Give it as text."),
    (HEAD.replace('"made"', "7") + OPCS, "design.id: write it as text, in quotes."),
    (HEAD + 'colour = "x"\n' + OPCS, "design: unknown key 'colour'. The keys are id, "),
    ("sheets = 1\n" + HEAD + OPCS, "the mapping: unknown key 'sheets'."),
    ("design = 1\nformat = 1\nfrom = 'rest'\n" + OPCS, "design: write keys and values here, not int."),
    (HEAD + "[choices]\nage_max = 5\n" + OPCS, "choices.age_max: write keys and values here"),
    (HEAD + "[choices]\nage_max = { value = 1.5, colour = 'x' }\n" + OPCS, "choices.age_max: unknown key 'colour'"),
    (HEAD + "[choices]\nage_max = { value = 1.5 }\n" + OPCS, "choices.age_max.value: write text, or for value a whole number"),
    (HEAD + OPCS.replace("opcs4]]", "opcs5]]"), "tables.opcs5: no such table. The tables are icd10, opcs4, "),
    (HEAD + OPCS.replace("[[", "[").replace("]]", "]"), "tables.opcs4: write it with two brackets, [[tables.opcs4]]"),
    (HEAD + OPCS.replace('sheet = "OPCS"\n', ""), "tables.opcs4 (1).sheet: is missing."),
    (HEAD + OPCS + "heading = 1\n", "tables.opcs4 (1): unknown key 'heading'."),
    (HEAD + OPCS + "headings = 0\n", "tables.opcs4 (1).headings: write the number of the row"),
    (HEAD + OPCS + "headings = true\n", "tables.opcs4 (1).headings: write the number of the row"),
    (HEAD + OPCS + "distinct = 'yes'\n", "tables.opcs4 (1).distinct: write true or false."),
    (HEAD + OPCS + "basis = 'rumour'\n", "tables.opcs4 (1).basis: 'rumour' is none of published, "),
    (HEAD + OPCS + "keep = { Code = 1 }\n", "tables.opcs4 (1).keep.Code: write one text in quotes, or several in brackets."),
    (HEAD + OPCS + "keep = { Code = [] }\n", "tables.opcs4 (1).keep.Code: write one text in quotes, or several in brackets."),
    (HEAD + OPCS + "keep = 'x'\n", "tables.opcs4 (1).keep: write keys and values here, not str."),
    (
        HEAD + OPCS + "columns.age = 'Age'\n",
        "tables.opcs4 (1): opcs4.csv has no column age. Its columns are category, codes, note.",
    ),
    (HEAD + OPCS + "constants = { codes = '1' }\n", "tables.opcs4 (1): codes stands under columns and under constants."),
    (HEAD + OPCS + "constants = { note = 1 }\n", "tables.opcs4 (1).constants.note: write it as text"),
    (HEAD + OPCS.replace("columns.codes", "columns.note"), "tables.opcs4 (1): nothing gives the column codes."),
    (HEAD + OPCS.replace('"4"', '"4-2"'), "tables.opcs4 (1).columns.codes.characters: '4-2' is not like"),
    (HEAD + OPCS.replace('"4"', '"0-2"'), "tables.opcs4 (1).columns.codes.characters: '0-2' is not like"),
    (
        HEAD + OPCS.replace('code = "opcs4"', 'code = "opcs"'),
        "tables.opcs4 (1).columns.category.code: 'opcs' is none of icd10, opcs4.",
    ),
    (
        HEAD + OPCS.replace('code = "opcs4"', 'code = "opcs4", terms = "opcs4"'),
        "columns.codes: has code and terms. Keep one of them.",
    ),
    (HEAD + OPCS.replace('heading = "Code"', 'head = "Code"'), "columns.category: unknown key 'head'."),
    (HEAD + OPCS.replace('heading = "Code"', "values = { A = 1 }"), "columns.category.values.A: write it as text"),
    (
        HEAD + OPCS.replace('{ heading = "Code", code = "opcs4", characters = "4" }', "5"),
        "columns.codes: write keys and values here",
    ),
    (HEAD + SPLITS.replace('high = "To"', 'hi = "To"'), "tables.splits (1).columns.age: unknown key 'hi'."),
    (HEAD + SPLITS.replace(', high = "To"', ""), "tables.splits (1).columns.age.high: is missing."),
    (HEAD + SPLITS.replace('high = "To"', 'high = "To", open = 9'), "tables.splits (1).columns.age.open: write one text"),
    (HEAD + SPLITS + "columns.cc = { from = 'step' }\n", "columns.cc.from: no column step with a heading is in this entry."),
    (HEAD + SPLITS + "columns.cc = { from = 'root', heading = 'x' }\n", "columns.cc: unknown key 'heading'. The keys are from."),
    (
        HEAD + "[[tables.opcs4]]\nsheet = 'S'\nconstants = { category = 'A', codes = '1' }\n",
        "no column has a heading of the sheet.",
    ),
    (
        HEAD + "[[tables.roots]]\nsheet = 'S'\ncolumns = { root = 'R', kind = 'K' }\n",
        "tables.roots (1): nothing gives the column name.",
    ),
    (HEAD + LABELS.replace('hrg = "HRG"\n', ""), "labels.hrg.heading: is missing."),
    (HEAD + LABELS.replace('"Label"', '{ from = "x" }'), "labels.label: name a heading of the sheet."),
    (_OWN + OPCS, "from: nothing gives icd10, value_sets, sets, "),
    (_OWN + OPCS, "design.error_hrg: is missing. Give it as text."),
    (_OWN + OPCS + "add = true\n", "tables.opcs4 (1): takes the rows from a design, and no `from` names one. Add it."),
    (HEAD.replace("from =", "from = 1 #") + OPCS, "from: write it as text, in quotes."),
]


@pytest.mark.parametrize(("mapping", "says"), _MAPPING_FAULTS)
def test_faults_of_a_mapping_name_the_entry(case: Case, mapping: str, says: str) -> None:
    case.mapping.write_text(mapping, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_mapping(case.mapping)
    first, *faults = str(caught.value).splitlines()
    assert re.fullmatch(rf"{re.escape(str(case.mapping))}: \d+ faults? in the mapping; docs/workbook\.md describes it", first)
    assert [fault for fault in faults if says in fault], faults


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b'format = 1\nfrom = "r\xe9st"\n', "line 2 is not UTF-8. Save the mapping as UTF-8."),
        (b"\xff\xfef\0o\0", "line 1 is not UTF-8"),
        (b"format = \n", "Correct the TOML."),
        (b"format = 1\nformat = 1\n", "Correct the TOML."),
        (b"a = " + b"[" * 100_000, "values stand too deep in each other"),
        (b"#" * (1024 * 1024 + 1), "larger than 1048576 bytes"),
    ],
)
def test_mappings_that_cannot_be_read(case: Case, content: bytes, says: str) -> None:
    with pytest.raises(InputError, match=re.escape(says)):
        case.read(content)


def test_a_byte_order_mark_does_no_harm(case: Case) -> None:
    assert "A57,3" in case.read("\ufeff" + HEAD + OPCS)["opcs4.csv"]


def test_the_design_in_from(case: Case) -> None:
    for name, says in (("absent", "from: no design 'absent'. Name one of "), ("../rest/opcs4.csv", "from: no design")):
        with pytest.raises(InputError, match=re.escape(says)):
            case.read(HEAD.replace('"rest"', f'"{name}"') + OPCS)
    with pytest.raises(InputError, match="design.id: 'rest' is that of the design in `from`. Choose another."):
        case.read(HEAD.replace('"made"', '"rest"') + OPCS)
    (case.folder / "rest" / "grid.csv").unlink()
    with pytest.raises(DesignError, match="the design in `from` has faults\ngrid.csv: missing"):
        case.read()


def test_a_design_made_of_a_workbook_alone(case: Case) -> None:
    """Without `from`, the mapping gives all; settings and choices are written so that they are read as they were meant."""
    entries, given = [], {}
    for table in SCHEMA:
        lines = [line.split(",") for line in csv_lines(small_texts()[f"{table}.csv"])]
        given[table] = [[cell or None for cell in line[:-1]] for line in lines]
        entries.append(
            f'[[tables.{table}]]\nsheet = "{table}"\n' + "".join(f'columns.{name} = "{name}"\n' for name in lines[0][:-1])
        )
    settings = tomllib.loads(small_texts()["design.toml"])
    choices = "".join(
        f"{name} = {{ value = {choice['value']}, basis = '{choice['basis']}' }}\n" for name, choice in settings["choices"].items()
    )
    own = "error_hrg = 'UZ01Z'\nerror_label = 'Data Invalid for Grouping'\n"
    odd = _OWN.replace('"Made"', r'"Made \"so\" \\ \u007f é\n2"')
    case.read(odd + own + "[choices]\n" + choices + "odd = { value = 'x', basis = 'judgement' }\n" + "".join(entries), given)
    made = read_workbook(case.workbook, case.mapping)
    compile_workbook(made, case.folder / "design.hrgcore")
    found = tomllib.loads(made.texts["design.toml"])
    assert found["title"] == 'Made "so" \\ \x7f é\n2' and found["choices"]["odd"] == {"value": "x", "basis": "judgement"}
