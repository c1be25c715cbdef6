"""From design tables to the arrays of a bundle. Every fault of the tables is found and reported at once."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import groupby

import numpy as np
import numpy.typing as npt

from hrgcore.columns import CODED_FIELDS
from hrgcore.design.alike import share
from hrgcore.design.bundle import Bundle, pack_strings
from hrgcore.design.checks import check_splits
from hrgcore.design.codes import SCHEMES
from hrgcore.design.conditions import LIST_SCOPES
from hrgcore.design.gates import compile_gates
from hrgcore.design.index import CodeIndex, check_terms, closest_rows
from hrgcore.design.labels import compose
from hrgcore.design.lists import LISTS_OF, SIGN, cc_name, compile_lists, compile_sets
from hrgcore.design.logic_compiler import compile_logic
from hrgcore.design.lookups import field_lookup, icd10_lookups, opcs4_lookup
from hrgcore.design.points import check_scores, compile_cc, compile_scores, number_cc, whole_number
from hrgcore.design.rules import SCOPE_TABLE, Bits, RuleBook, words_asked
from hrgcore.design.tables import ENGINE_CHOICES, MAX_HIERARCHY, RULE_TABLES, Row, Tables
from hrgcore.errors import DesignError
from hrgcore_kernels import codes as k
from hrgcore_kernels.layout import (
    ANY_STAY,
    ASKS_COMPANIONS,
    COMPANION,
    DIAGNOSIS,
    HIERARCHIES,
    NOT_COVERED,
    PRIMARY,
    PROCEDURE,
    PROCEDURE_KIND,
    ROOT,
    UNBUNDLES,
    UNKNOWN,
    USABLE,
)

Arrays = dict[str, np.ndarray]

_METHODS = {"M": k.METHOD_TRAUMA, "B": k.METHOD_BURN, "G": k.METHOD_GLOBAL}
_DAYS = {"": 0, "rehabilitation": 1, "palliative": 2}
_LONGEST_STAY = 99_999  # as many days as a field of days takes
_MOST = {"icd10": 65_534, "opcs4": 65_534, "splits": 32_766, "roots": 32_766, "errors": 254}  # rows or codes that can be numbered
_VALUE = re.compile(r"[0-9A-Z]{1,3}")


def compile_tables(tables: Tables) -> Bundle:
    """Check a whole design and compile it. Raises DesignError with every fault found."""
    compiler = _Compiler(tables)
    if not tables.faults:  # rows that could not be read would only give faults that follow from theirs
        compiler.compile()
    if tables.faults:
        faults = tuple(dict.fromkeys(tables.faults))  # a wide row's value is looked at once for each of its codes
        name = tables.settings.id or "the design"
        raise DesignError(f"{name}: {len(faults)} fault{'s' if len(faults) > 1 else ''} in the design tables", faults)
    return Bundle.from_design(tables, compiler.arrays)


class _Compiler:
    """One run over one design; each method adds the arrays of its part to ``arrays``."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables
        self.arrays: Arrays = {}
        codes = {scheme: [code for code in tables.code_list(scheme) if _is_code(scheme, code)] for scheme in SCHEMES}
        self.index = {scheme: CodeIndex(found) for scheme, found in codes.items()}
        # By code until all is known of each, see `_share`: what they are, and the lists that they are on.
        self.primaries = np.zeros(len(self.index["icd10"]) + 1, PRIMARY)
        self.procedure_kinds = np.zeros(len(self.index["opcs4"]) + 1, PROCEDURE_KIND)
        self.errors = {row["error"]: place + 1 for place, row in enumerate(tables["errors"])}
        self.roots = {row["root"]: place + 1 for place, row in enumerate(tables["roots"])}
        self.hrgs: list[Row] = sorted(tables["splits"], key=lambda row: row["root"] + row["split"])
        self.hrg_number = {(row.table, row.line): place + 1 for place, row in enumerate(self.hrgs)}

    def compile(self) -> None:
        self._check_names()
        if not self._fits():
            return
        for table in ("diagnosis_lists", "diagnoses", "diagnosis_errors", "diagnosis_roots", "cc_lists", "cc_exclusions"):
            for row in self.tables[table]:
                check_terms(self.index["icd10"], row, self.tables)
        for table in ("procedure_lists", "procedures", "procedure_roots", "unbundling"):
            for row in self.tables[table]:
                check_terms(self.index["opcs4"], row, self.tables)
        self._fields()
        self._lists()
        book = RuleBook(self.tables, {scope: self.bit_of[SCOPE_TABLE[scope]] for scope in LIST_SCOPES})
        self._rules(book)
        self._codes("diagnoses", "icd10", self.primaries)
        self._codes("procedures", "opcs4", self.procedure_kinds)
        self.arrays["diagnosis_scores"] = compile_scores(self.tables, "icd10", self.index["icd10"])
        self.arrays["procedure_scores"] = compile_scores(self.tables, "opcs4", self.index["opcs4"])
        check_scores(self.tables)
        self._grid()
        self.arrays.update(compile_cc(self.tables, self.index["icd10"], self.cc_lists, self.cc_lists_used))
        self._equal_points()
        self._share()
        self._check_use(book)
        self._texts()
        for own in self.tables.logics.values():
            self.arrays |= compile_logic(self.tables, own, self.index, self.errors)

    # Names and code lists -------------------------------------------------------------------------------------------------------

    def _check_names(self) -> None:
        for table, column in (("errors", "error"), ("subchapters", "subchapter"), ("roots", "root"), ("sets", "set")):
            seen: dict[str, Row] = {}
            for row in self.tables[table]:
                first = seen.setdefault(row[column], row)
                if first is not row:
                    self.tables.fault(row, f"{column} {row[column]} stands in {first.reference} too. Keep one of them.")
        for row in self.tables["splits"]:
            if not (row["root"] + row["split"]).isalnum() or not row["split"]:
                self.tables.fault(
                    row, f"root {row['root']!r} and split {row['split']!r} make no HRG. Write letters and digits in both."
                )
        for scheme in self.index:
            pattern = {"icd10": "four or five characters", "opcs4": "four characters"}[scheme]
            for row in self.tables[scheme]:
                for suffix in row["codes"].split():
                    if not _is_code(scheme, row["category"] + suffix):
                        self.tables.fault(row, f"{row['category'] + suffix} is not a code of {scheme} ({pattern}). Correct it.")

    def _fits(self) -> bool:
        """Whether everything can be numbered; nothing can be compiled where it can't."""
        fits = True
        for table, most in _MOST.items():
            count = len(self.index[table]) if table in self.index else len(self.tables[table])
            if count > most:
                self.tables.faults.append(f"{table}.csv: {count} to be numbered; at most {most} can be. Take some away.")
                fits = False
        return fits

    def _fields(self) -> None:
        values: dict[str, list[str]] = {name: [] for name in CODED_FIELDS}
        for row in self.tables["value_sets"]:
            if row["field"] not in values:
                self.tables.fault(row, f"{row['field']} is no coded field; they are {', '.join(CODED_FIELDS)}.")
            else:
                values[row["field"]] += row["values"].split()
        self.values = {
            name: [value for value in sorted(set(found)) if _VALUE.fullmatch(value)][:254] for name, found in values.items()
        }
        for name, found in values.items():
            if not self.values[name] or len(self.values[name]) < len(set(found)):
                self.tables.faults.append(
                    f"value_sets.csv: {name} needs 1 to 254 values, each of one to three capital letters or digits."
                )
        self.arrays["field_lookup"] = np.stack([field_lookup(found) for found in self.values.values()])

    def _lists(self) -> None:
        self.bit_of: dict[str, Bits] = {}
        used: list[int] = []
        for scheme, name in (("icd10", "diagnosis_words"), ("opcs4", "procedure_words")):
            self.bit_of[LISTS_OF[scheme]], self.arrays[name], asked = compile_lists(self.tables, scheme, self.index[scheme])
            used += asked
        self.procedure_kinds["lists"] = self.arrays["procedure_words"][:, 0]
        self.arrays["diagnosis_words"][0, 0] |= SIGN
        self.arrays["used_words"] = np.array(used, np.int64)
        self.bit_of["sets"], self.arrays["field_sets"] = compile_sets(self.tables, self.values)

    # Rules ----------------------------------------------------------------------------------------------------------------------

    def _rules(self, book: RuleBook) -> None:
        methods: dict[int, int] = {}
        days: dict[int, int] = {}
        for table in RULE_TABLES:
            for row in self.tables[table]:
                rule = book.add(row, self._outcome(row))
                if table == "exceptions":
                    if row["method"] not in _METHODS:
                        self.tables.fault(row, f"method {row['method']!r} is none of {', '.join(_METHODS)}.")
                    methods[rule] = _METHODS.get(row["method"], 0)
                if table == "unbundling":
                    if row["days"] not in _DAYS:
                        self.tables.fault(row, f"days {row['days']!r} is neither blank, rehabilitation nor palliative.")
                    days[rule] = _DAYS.get(row["days"], 0)
        icd10, opcs4 = self.index["icd10"], self.index["opcs4"]
        # The chains of each table in the order of RULE_TABLES.
        self.primaries["error_chain"] = book.chains_by_code("diagnosis_errors", icd10)
        book.steps.end_table()
        self.primaries["root_chain"] = book.chains_by_code("diagnosis_roots", icd10)
        book.steps.end_table()
        self.procedure_kinds["root_chain"] = chains = book.chains_by_code("procedure_roots", opcs4)
        rare, companions = book.first_word("procedure") + int(self.arrays["used_words"][1]), book.first_word("companion")
        self.procedure_kinds["asks"] = [words_asked(book.asked(chain, rare, companions)) for chain in chains.tolist()]
        self._mark([bool(book.asked(chain, companions, 2**16)) for chain in chains.tolist()], ASKS_COMPANIONS)
        book.steps.end_table()
        of_all = [list(map(book.number, _in_order(self.tables["exceptions"])))]
        exceptions = book.chain(of_all[0])
        book.steps.end_table()
        self._roots(book)
        book.steps.end_table()
        self.procedure_kinds["unbundle_chain"] = chains = book.chains_by_code("unbundling", opcs4)
        self._mark(chains != 0, UNBUNDLES)
        own = [row for row in self.tables["unbundling"] if "codes" not in row.codes]
        of_all.append(list(map(book.number, _in_order(own))))
        self.arrays["whole_record_chains"] = np.array([exceptions, book.chain(of_all[1])], np.int32)
        self.arrays |= self._gates(book, of_all)
        book.steps.end_table()
        for rule, row in enumerate(book.rows, 1):
            if rule not in book.reached and row.table != "splits":
                self.tables.fault(
                    row, "is never tried: rows without conditions come first for each of its codes. Remove it or reorder."
                )
            if rule not in book.reached and row.table == "splits" and row["root"] not in self.roots:
                self.tables.fault(row, f"roots.csv has no {row['root']}. Add the root, or correct it.")
        self.arrays.update(book.arrays(methods, days))

    def _gates(self, book: RuleBook, chains: list[list[int]]) -> dict[str, np.ndarray]:
        """What records must have for chains that are tried for all of them."""
        tables = {"sets": self.arrays["field_sets"].reshape(self.bit_of["sets"].words, -1).T}
        tables |= {"diagnosis_lists": self.arrays["diagnosis_words"], "procedure_lists": self.arrays["procedure_words"]}
        first = {scope: book.first_word(scope) for scope in LIST_SCOPES}
        words = {first[s] + word: column for s, where in SCOPE_TABLE.items() for word, column in enumerate(tables[where].T)}
        return compile_gates([[book.tests(rule) for rule in rules] for rules in chains], words, first)

    def _outcome(self, row: Row) -> int:
        """The number of a rule's HRG or root; minus the number of an error category."""
        if row.table == "splits":
            return self.hrg_number[row.table, row.line]
        if row.table == "diagnosis_errors" or (row.table == "unbundling" and row["root"] in self.errors):
            if row["error" if row.table == "diagnosis_errors" else "root"] not in self.errors:
                self.tables.fault(row, f"errors.csv has no {row['error']}. Correct it, or add the error category.")
                return 0
            return -self.errors[row["error"] or row["root"]]
        if row["root"] not in self.roots:
            self.tables.fault(row, f"roots.csv has no {row['root']}. Correct it, or add the root.")
            return 0
        kind = self.tables["roots"][self.roots[row["root"]] - 1]["kind"]
        if (kind == "unbundled") != (row.table == "unbundling"):
            self.tables.fault(
                row, f"{row['root']} is {kind} in roots.csv; only unbundling.csv leads to unbundled roots, and to no other."
            )
        return self.roots[row["root"]]

    def _roots(self, book: RuleBook) -> None:
        subchapters = {row["subchapter"]: row for row in self.tables["subchapters"]}
        splits: dict[str, list[Row]] = {}
        for row in self.tables["splits"]:
            splits.setdefault(row["root"], []).append(row)
        cc_lists = sorted({row["list"] for row in self.tables["cc_lists"]})
        self.cc_lists = {name: place for place, name in enumerate(cc_lists)}
        chains, lists, interventions = [0], [-1], [-1]
        labels = [""] * (len(self.hrgs) + 1)
        self.cc_lists_used: set[str] = set()
        for root in self.tables["roots"]:
            own = _in_order(splits.get(root["root"], []))
            if not own:
                self.tables.fault(
                    root, f"{root['root']} has no split. Give it at least one row in splits.csv (split Z if it is one HRG)."
                )
            if root["kind"] not in ("core", "unbundled"):
                self.tables.fault(root, f"kind {root['kind']!r} is neither core nor unbundled.")
            for row in own:
                labels[self.hrg_number[row.table, row.line]] = compose(root["name"], row.cells)
                facts = {getattr(condition, "fact", "") for condition in row.conditions}
                if root["kind"] == "unbundled" and facts & {"cc", "interventions"}:
                    self.tables.fault(row, "an unbundled root can't be split by cc or interventions. Remove the condition.")
            chains.append(book.chain(map(book.number, own)))
            if own:
                check_splits(root["root"], own, self.tables)
            subchapter = subchapters.get(root["root"][:2])
            if subchapter is None:
                self.tables.fault(root, f"subchapters.csv has no {root['root'][:2]}. Add the subchapter.")
            tested = {getattr(condition, "fact", "") for row in own for condition in row.conditions}
            cc_list, bit = self._cc_list(root, subchapter), self._interventions(root, subchapter, book)
            lists.append(cc_list if "cc" in tested else -1)  # what no split tests need not be counted
            interventions.append(bit if "interventions" in tested else -1)
        self.labels = labels
        self._check_labels()
        records = np.zeros(len(chains), ROOT)
        records["split_chain"], records["cc_list"] = chains, lists
        records["counts_interventions"] = np.array(interventions) >= 0
        records["intervention_word"], records["intervention_bit"] = np.divmod(np.maximum(interventions, 0), k.LIST_BITS)
        bits = self.bit_of["diagnosis_lists"].bit
        of_lists = [bits[cc_name(cc_lists[place])] if place >= 0 else 0 for place in lists]
        records["cc_word"], records["cc_bit"] = np.divmod(of_lists, k.LIST_BITS)
        self.arrays["roots"] = records

    def _equal_points(self) -> None:
        """Note with each root the points of its CC list where they are all the same, which spares looking them up."""
        points, words = self.arrays["cc_points"], self.arrays["diagnosis_words"]
        for root in self.arrays["roots"]:
            if root["cc_list"] >= 0:
                listed = (words[:, root["cc_word"]] >> int(root["cc_bit"])) & 1 != 0
                found = np.unique(points[root["cc_list"], listed])
                root["cc_points"] = found[0] if len(found) == 1 else 0

    def _cc_list(self, root: Row, subchapter: Row | None) -> int:
        name = subchapter["cc_list"] if subchapter else ""
        if not name:
            return -1
        self.cc_lists_used.add(name)
        if name not in self.cc_lists:
            self.tables.fault(
                root, f"cc_lists.csv has no list {name} (of its subchapter). Add the list, or correct subchapters.csv."
            )
        return self.cc_lists.get(name, -1)

    def _interventions(self, root: Row, subchapter: Row | None, book: RuleBook) -> int:
        name = root["interventions"] or (subchapter["interventions"] if subchapter else "")
        if not name:
            return -1
        bit = self.bit_of["procedure_lists"].bit.get(name)
        if bit is None:
            self.tables.fault(
                root, f"procedure_lists.csv has no list {name} (its interventions). Add the list, or correct the name."
            )
            return -1
        book.used.add(("procedure_lists", name))
        return bit

    def _check_labels(self) -> None:
        first: dict[str, Row] = {}
        for row, label in zip(self.hrgs, self.labels[1:], strict=True):
            if not label:
                continue
            other = first.setdefault(label, row)
            if other is not row:
                self.tables.fault(
                    row, f"its label {label!r} is that of {other.reference} too. Tell them apart by conditions or label."
                )
        for hrg, rows in groupby(self.hrgs, key=lambda row: row["root"] + row["split"]):
            twice = list(rows)
            if len(twice) > 1:
                self.tables.fault(twice[1], f"{hrg} stands in {twice[0].reference} too. Keep one of them.")

    # What codes carry -----------------------------------------------------------------------------------------------------------

    def _codes(self, table: str, scheme: str, kinds: np.ndarray) -> None:
        hierarchy, error, longest_stay = [-1], [0], [ANY_STAY]
        for row in closest_rows(self.index[scheme], self.tables[table], self.tables)[1:]:
            hierarchy.append(-1 if row is None else whole_number(self.tables, row, "hierarchy", MAX_HIERARCHY))
            name = "" if row is None else row["error"]
            error.append(self.errors.get(name, 0))
            stay = "" if row is None else row["longest_stay"].strip()
            longest_stay.append(whole_number(self.tables, row, "longest_stay", _LONGEST_STAY) if row and stay else ANY_STAY)
            if row is not None and name and name not in self.errors:
                self.tables.fault(row, f"errors.csv has no {name}. Correct it, or add the error category.")
        kinds["hierarchy"] = hierarchy
        if table == "procedures":
            self.procedure_kinds["error"] = error
            self.procedure_kinds["longest_stay"] = longest_stay
            weights, categories = np.array(hierarchy), np.array(error)
            self._mark(np.arange(len(weights)) == 0, UNKNOWN)
            self._mark(weights < 0, NOT_COVERED)
            self._mark((weights != 0) | (categories == 0), USABLE)
            bits = self.bit_of["procedure_lists"].bit
            if "companions" in bits:
                word, bit = divmod(bits["companions"], k.LIST_BITS)
                self._mark((self.arrays["procedure_words"][:, word] >> bit) & 1, COMPANION)
            else:
                self.tables.faults.append(
                    "procedure_lists.csv: no list companions. Define it: the codes that say more of the one before."
                )

    def _mark(self, which: npt.ArrayLike, trait: int) -> None:
        """Set a trait of the procedures for which ``which`` [codes] holds."""
        self.procedure_kinds["traits"] |= np.where(which, trait, 0).astype(np.uint8)

    def _grid(self) -> None:
        grid = np.full((MAX_HIERARCHY + 1, MAX_HIERARCHY + 1), 255, np.uint8)
        for row in self.tables["grid"]:
            procedure = whole_number(self.tables, row, "procedure", MAX_HIERARCHY)
            if (grid[procedure] != 255).any():
                self.tables.fault(row, f"procedure {procedure} stands in another row too. Keep one of them.")
            for diagnosis in range(MAX_HIERARCHY + 1):
                drives = row[str(diagnosis)]
                if drives not in ("P", "D") or (procedure == 0 and drives == "P"):
                    self.tables.fault(
                        row, f"column {diagnosis}: {drives!r} is neither P nor D (only D where there is no procedure)."
                    )
                grid[procedure, diagnosis] = k.METHOD_PROCEDURE if drives == "P" else k.METHOD_DIAGNOSIS
        if (grid == 255).any():
            self.tables.faults.append(f"grid.csv: it needs a row for each procedure hierarchy from 0 to {MAX_HIERARCHY}.")
        self.arrays["grid"] = np.pad(grid, (0, HIERARCHIES - len(grid)))

    def _share(self) -> None:
        """What is said of several codes is kept once."""
        self.primaries["excludes"] = np.diff(self.arrays["exclusion_start"]) > 0
        diagnoses, procedures = np.zeros(len(self.primaries), DIAGNOSIS), np.zeros(len(self.procedure_kinds), PROCEDURE)
        bits = self.bit_of["diagnosis_lists"].bit
        of_lists = [bits[cc_name(name)] for name in self.cc_lists]
        diagnoses["cc"][1:] = number_cc(self.index["icd10"].codes, self.arrays["diagnosis_words"][1:], of_lists)
        for codes, field, name, said in (
            (diagnoses, "words", "diagnosis_words", self.arrays["diagnosis_words"]),
            (diagnoses, "primary", "primaries", self.primaries),
            (procedures, "words", "procedure_words", self.arrays["procedure_words"]),
            (procedures, "kind", "procedure_kinds", self.procedure_kinds),
        ):
            self.arrays[name], codes[field] = share(said)
        self.arrays |= {"diagnoses": diagnoses, "procedures": procedures}

    # The rest -------------------------------------------------------------------------------------------------------------------

    def _check_use(self, book: RuleBook) -> None:
        book.used.add(("procedure_lists", "companions"))
        for table in ("sets", "diagnosis_lists", "procedure_lists"):
            for row in self.tables[table]:
                name = row["set" if table == "sets" else "list"]
                if (table, name) not in book.used:
                    self.tables.fault(row, f"{name} is used by no rule. Use it, or remove it.")
        led_to = {row["root"] for table in RULE_TABLES if table != "splits" for row in self.tables[table]}
        for root in self.tables["roots"]:
            if root["root"] not in led_to:
                self.tables.fault(root, f"no rule leads to {root['root']}. Add one, or remove the root and its splits.")

    def _texts(self) -> None:
        icd10, opcs4 = self.index["icd10"].codes, self.index["opcs4"].codes
        follow = bool(self.tables.settings.number("five_character_parent"))
        self.arrays["icd10_four"], self.arrays["icd10_five"] = icd10_lookups(icd10, follow)
        self.arrays["opcs4_lookup"] = opcs4_lookup(opcs4)
        settings = self.tables.settings
        self.arrays["settings"] = np.array([settings.number(name) for name in ENGINE_CHOICES], np.int64)
        texts: Mapping[str, list[str]] = {
            "icd10_codes": ["", *icd10],
            "opcs4_codes": ["", *opcs4],
            "hrg_codes": [settings.error_hrg, *(row["root"] + row["split"] for row in self.hrgs)],
            "hrg_labels": [settings.error_label, *self.labels[1:]],
            "error_codes": ["", *self.errors],
            "error_names": ["", *(row["name"] for row in self.tables["errors"])],
        }
        for name, strings in texts.items():
            self.arrays[f"{name}.bytes"], self.arrays[f"{name}.offsets"] = pack_strings(strings)


def _is_code(scheme: str, code: str) -> bool:
    return SCHEMES[scheme].code.fullmatch(code) is not None


def _in_order(rows: Iterable[Row]) -> list[Row]:
    """Rules that name no codes, in the order in which they are tried."""
    return sorted(rows, key=lambda row: (row.step, row.line))
