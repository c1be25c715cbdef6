"""From the tables of a logic of single rows to the arrays of a bundle, under names that begin with the logic's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from hrgcore.design.bundle import pack_strings
from hrgcore.design.checks import check_cases
from hrgcore.design.conditions import Lists, Range, describe
from hrgcore.design.index import CodeIndex
from hrgcore.design.logic_cases import told_apart
from hrgcore.design.logic_tables import LogicTables
from hrgcore.design.logic_values import Values
from hrgcore.design.row import BASES, Row
from hrgcore.design.rules import Bits, union_name
from hrgcore.design.steps import ANY, Steps, Test
from hrgcore.design.tables import Tables
from hrgcore.logics.periods import CHECKS
from hrgcore_kernels import codes as k
from hrgcore_kernels.layout import RULE


def compile_logic(
    tables: Tables, own: LogicTables, index: Mapping[str, CodeIndex], errors: Mapping[str, int]
) -> dict[str, np.ndarray]:
    """The arrays of one logic. ``index`` numbers codes by scheme, ``errors`` the error categories. Faults go to ``tables``."""
    values = Values(tables, own, index)
    rules = sorted(own["rules"], key=lambda row: (row.step, row.line))
    asked = [condition for row in rules for condition in row.conditions if isinstance(condition, Lists)]
    bits, words = values.lists(asked)
    _check_conditions(tables, own, asked)
    outcomes = [_outcome(tables, own, row, errors) for row in rules]
    points, ranges, lookups = values.points(), values.ranges(), values.lookups()
    steps = Steps(len(own.ranges))
    chain = steps.chain([(number, _tests(own, row, bits)) for number, row in enumerate(rules, 1)])
    steps.end_table()
    if rules and not tables.faults:  # a fault in values would only give faults that follow from it
        check_cases(f"the rules of {own.logic.name}", rules, told_apart(tables, own), tables)
    elif not rules:
        tables.faults.append(f"{own.logic.name}/rules.csv: no rule. Give it at least one.")
    _check_hrgs(tables, own)
    records = np.zeros(len(rules) + 1, RULE)
    records["outcome"][1:] = outcomes
    codes, labels = (pack_strings([first, *(row[column] for row in own["hrgs"])]) for column, first in _texts(tables).items())
    arrays = {
        "rules": records,
        **{name: array for name, array in steps.arrays().items() if name != "step_start"},
        "words": words,
        **points,
        "places": np.array([len(own.logic.ranges), len(own.ranges), chain], np.int64),
        "base": np.array([values.base[one.name] for one in own.logic.codes], np.int64),
        "field_lookup": lookups,
        "ranges": ranges,
        "checks": np.array(_checks(tables, own), np.int64).reshape(-1, 3),
        "rule_line": np.array([0, *(row.line for row in rules)], np.int32),
        "rule_field": np.array([0, *(_field(own, row) for row in rules)], np.uint8),
        "rule_words": np.array([[0] * bits.words, *(_fault_words(own, row, bits) for row in rules)], np.int64),
        "rule_rests": np.array([0, *(_rests(own, row) for row in rules)], np.uint8),
        "rule_basis": np.array([0, *(BASES.index(row.basis) for row in rules)], np.uint8),
        "hrg_codes.bytes": codes[0],
        "hrg_codes.offsets": codes[1],
        "hrg_labels.bytes": labels[0],
        "hrg_labels.offsets": labels[1],
    }
    return {f"{own.logic.name}.{name}": array for name, array in arrays.items()}


def _checks(tables: Tables, own: LogicTables) -> list[tuple[int, int, int]]:
    """The checks over periods, as `hrgcore.logics.periods.checks_of` takes them."""
    found: list[tuple[int, int, int]] = []
    numbers = {one.name: place for place, one in enumerate(own.logic.fields) if not one.many and one.kind != "key"}
    for row in own["checks"]:
        wants_other = row["check"] == "not_after"
        known = [name for name in (row["field"], row["other"]) if name in numbers]
        if not own.logic.keys:
            tables.fault(row, f"rows of {own.logic.name} are of no period: it has no key. Remove the row.")
        elif row["check"] not in CHECKS:
            tables.fault(row, f"check {row['check']!r} is none of {', '.join(CHECKS)}. Correct it.")
        elif len(known) != 1 + wants_other or row["field"] not in numbers or bool(row["other"]) != wants_other:
            tables.fault(
                row,
                "name in `field` one field that stands in one column and is no key; and, for `not_after` only, such a field in"
                " `other`.",
            )
        elif wants_other and {own.logic.by_name[name].kind for name in known} != {"date"}:
            tables.fault(row, "not_after compares dates. Name two of them.")
        else:
            place = (CHECKS.index(row["check"]), numbers[row["field"]], numbers[row["other"]] if wants_other else -1)
            if place in found:
                tables.fault(row, "the same check stands above. Remove one.")
            found.append(place)
    return found


def _texts(tables: Tables) -> dict[str, str]:
    """The columns of the texts of HRGs, and what stands first: the error HRG's."""
    return {"hrg": tables.settings.error_hrg, "label": tables.settings.error_label}


def _outcome(tables: Tables, own: LogicTables, row: Row, errors: Mapping[str, int]) -> int:
    """The number of a rule's HRG; minus the number of an error category."""
    hrgs = {hrg["hrg"]: place for place, hrg in enumerate(own["hrgs"], 1)}
    if row["hrg"] in errors:
        return -errors[row["hrg"]]
    if row["hrg"] not in hrgs:
        tables.fault(
            row, f"{own.logic.name}/hrgs.csv has no {row['hrg']}, nor is it an error category. Correct it, or add the HRG."
        )
        return 0
    if row["field"]:
        tables.fault(row, "field says at which field an error category is reported; this rule leads to an HRG. Leave it blank.")
    return hrgs[row["hrg"]]


def _rests(own: LogicTables, row: Row) -> int:
    """What a rule rests on at its weakest: its own basis, and that of the lists and points that it tests, by its place in BASES."""
    tested = {name for one in row.conditions for name in (one.names if isinstance(one, Lists) else (one.fact,))}
    rows = [row, *(other for other in (*own["lists"], *own["scores"]) if other["list"] in tested or other["score"] in tested)]
    return max(BASES.index(other.basis) for other in rows)


def _field(own: LogicTables, row: Row) -> int:
    """Where an error category is reported: the place of a field from 1; 0 nowhere."""
    return own.logic.fields.index(own.logic.by_name[row["field"]]) + 1 if row["field"] else 0


def _fault_words(own: LogicTables, row: Row, bits: Bits) -> list[int]:
    """The words of bits of the lists that a rule asks for: values on them are at fault where it leads to an error category."""
    words = [0] * bits.words
    for fact, mask, low, _ in _tests(own, row, bits):
        if fact >= len(own.ranges) and low == 1:
            words[fact - len(own.ranges)] |= mask
    return words


def _tests(own: LogicTables, row: Row, bits: Bits) -> tuple[Test, ...]:
    tests: list[Test] = []
    for condition in row.conditions:
        if isinstance(condition, Range):
            tests.append((own.ranges.index(condition.fact), -1, condition.low, condition.high - condition.low))
            continue
        masks = [0] * bits.words
        for name in condition.names if condition.negated else (union_name(condition.names),):
            if name in bits.bit:  # else a fault
                word, bit = divmod(bits.bit[name], k.LIST_BITS)
                masks[word] |= 1 << bit
        low, span = (0, 0) if condition.negated else ANY
        tests += [(len(own.ranges) + word, mask, low, span) for word, mask in enumerate(masks) if mask]
    return tuple(tests)


def _check_conditions(tables: Tables, own: LogicTables, asked: Iterable[Lists]) -> None:
    names = {row["list"] for row in own["lists"]}
    used = {name for condition in asked for name in condition.names}
    for row in own["rules"]:
        for condition in row.conditions:
            missing = [name for name in getattr(condition, "names", ()) if name not in names]
            if missing:
                tables.fault(
                    row, f"{describe(condition)}: {own.logic.name}/lists.csv has no {missing[0]}. Correct it, or define it."
                )
    for row in own["lists"]:
        if row["list"] not in used:
            tables.fault(row, f"{row['list']} is used by no rule. Use it, or remove it.")
    tested = {condition.fact for row in own["rules"] for condition in row.conditions if isinstance(condition, Range)}
    for row in own["scores"]:
        if row["score"] not in tested:
            tables.fault(row, f"{row['score']} is tested by no rule. Test it, or remove it.")


def _check_hrgs(tables: Tables, own: LogicTables) -> None:
    led_to = {row["hrg"] for row in own["rules"]}
    for column in ("hrg", "label"):
        first: dict[str, Row] = {}
        for row in own["hrgs"]:
            other = first.setdefault(row[column], row)
            if other is not row:
                tables.fault(row, f"{column} {row[column]!r} stands in {other.reference} too. Keep one of them.")
    for row in own["hrgs"]:
        if row["hrg"] not in led_to:
            tables.fault(row, f"no rule leads to {row['hrg']}. Add one, or remove the HRG.")
