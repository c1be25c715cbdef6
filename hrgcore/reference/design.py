"""A whole design, ready to be asked: one lookup for each table."""

from __future__ import annotations

from math import inf

from hrgcore.design.tables import SCORES, Row, Tables
from hrgcore.reference.lookup import CodeList, ExclusionTable, ListTable, RuleTable, ValueTable, by_name, in_test_order


class Design:
    """The tables of a design as lookups. Attributes are named after the tables they answer for."""

    def __init__(self, tables: Tables) -> None:
        self.settings = tables.settings
        self.epiorder_max = tables.settings.number("epiorder_max")
        self.age_max = tables.settings.number("age_max")
        self.age_unknown = tables.settings.number("age_unknown")
        self.age_rise = tables.settings.number("age_rise")
        self.days_max = tables.settings.number("days_max")
        self.five_character_parent = bool(tables.settings.number("five_character_parent"))

        self.icd10 = icd10 = CodeList(tables.code_list("icd10"))
        self.opcs4 = opcs4 = CodeList(tables.code_list("opcs4"))
        self.value_sets = {
            field: frozenset(value for row in rows for value in row["values"].split())
            for field, rows in by_name(tables["value_sets"], "field").items()
        }
        self._sets = [(row["set"], row["field"], frozenset(row["values"].split())) for row in tables["sets"]]
        self._sets_of: dict[tuple[str, str], frozenset[str]] = {}

        self.diagnosis_lists = ListTable(tables["diagnosis_lists"], icd10)
        self.procedure_lists = ListTable(tables["procedure_lists"], opcs4)
        self.errors = {row["error"]: row["name"] for row in tables["errors"]}
        self.diagnoses = ValueTable(tables["diagnoses"], icd10)
        self.diagnosis_errors = RuleTable(tables["diagnosis_errors"], icd10)
        self.diagnosis_roots = RuleTable(tables["diagnosis_roots"], icd10)
        self.procedures = ValueTable(tables["procedures"], opcs4)
        self.procedure_roots = RuleTable(tables["procedure_roots"], opcs4)
        self.grid = {int(row["procedure"]): row for row in tables["grid"]}
        self.exceptions = in_test_order(tables["exceptions"])
        self._subchapters = {row["subchapter"]: row for row in tables["subchapters"]}
        self._roots = {row["root"]: row for row in tables["roots"]}
        self.splits = {root: in_test_order(rows) for root, rows in by_name(tables["splits"], "root").items()}
        self.cc_lists = {name: ValueTable(rows, icd10) for name, rows in by_name(tables["cc_lists"], "list").items()}
        self.cc_exclusions = ExclusionTable(tables["cc_exclusions"], icd10)
        score_rows = by_name(tables["scores"], "score")
        schemes = {"icd10": icd10, "opcs4": opcs4}
        self.scores = {score: ValueTable(score_rows.get(score, ()), schemes[scheme]) for score, scheme in SCORES.items()}
        with_codes = [row for row in tables["unbundling"] if row["codes"].strip()]
        self.unbundling = RuleTable(with_codes, opcs4)
        self.unbundling_of_episode = in_test_order(row for row in tables["unbundling"] if not row["codes"].strip())

    def sets(self, field: str, value: str) -> frozenset[str]:
        """The names of the sets that a coded field's value is in."""
        key = (field, value)
        if key not in self._sets_of:
            self._sets_of[key] = frozenset(name for name, of, values in self._sets if of == field and value in values)
        return self._sets_of[key]

    def diagnosis_hierarchy(self, code: str) -> int | None:
        """The hierarchy of a diagnosis, 0 to 12; None where it is not covered."""
        row = self.diagnoses.row(code)
        return int(row["hierarchy"]) if row else None

    def longest_stay(self, code: str) -> float:
        """The days of stay beyond which a procedure can't be dominant."""
        row = self.procedures.row(code)
        text = row["longest_stay"].strip() if row else ""
        return int(text) if text else inf

    def procedure_hierarchy(self, code: str) -> int | None:
        """The hierarchy of a procedure, 0 to 12; None where it is not covered."""
        row = self.procedures.row(code)
        return int(row["hierarchy"]) if row else None

    def component(self, score: str, code: str) -> str:
        """The component of ``code`` in a score; empty where it has none."""
        row = self.scores[score].row(code)
        return row["component"].strip() if row else ""

    def cc_list(self, root: str) -> str:
        """The CC list of a root's subchapter; empty where it has none."""
        return self._of_subchapter(root, "cc_list")

    def intervention_list(self, root: str) -> str:
        """The intervention list of a root, its own or else its subchapter's; empty where there is none."""
        row = self._roots.get(root)
        return (row["interventions"].strip() if row else "") or self._of_subchapter(root, "interventions")

    def _of_subchapter(self, root: str, column: str) -> str:
        row: Row | None = self._subchapters.get(root[:2])  # the first two characters of a root are its subchapter
        return row[column].strip() if row else ""
