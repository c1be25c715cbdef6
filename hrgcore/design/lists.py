"""Lists and sets as bits: each has a bit of its own, and each code or value the words of bits of what it is on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from hrgcore.columns import CODED_FIELDS
from hrgcore.design.conditions import Lists
from hrgcore.design.index import CodeIndex
from hrgcore.design.rules import SCOPE_TABLE, Bits, union_name
from hrgcore.design.tables import RULE_TABLES, SCORES, Row, Tables
from hrgcore_kernels import codes as k
from hrgcore_kernels.layout import VALUES

SIGN = np.iinfo(np.int64).min  #: the bit that no list or set has

Members = dict[str, list[np.ndarray]]  # code numbers by list

#: The ways in which rules ask for lists, as scopes and tables, by scheme. The kernels gather the lists of the first way from every
#: record, those of the others where they are asked for, and no more.
_ASKED: dict[str, tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]] = {
    "icd10": ((("primary", "diagnosis"), RULE_TABLES),),
    "opcs4": (
        (("procedure",), tuple(table for table in RULE_TABLES if table != "procedure_roots")),
        (("companion",), RULE_TABLES),
    ),
}
#: How many words of bits the kernels look at whether there are lists for them or not.
_LEAST_WORDS = {"icd10": 2, "opcs4": 1}
#: The tables of code lists, by scheme.
LISTS_OF = {"icd10": "diagnosis_lists", "opcs4": "procedure_lists"}


def compile_lists(tables: Tables, scheme: str, index: CodeIndex) -> tuple[Bits, np.ndarray, list[int]]:
    """The bits of a scheme's lists; of each code number the words of bits of the lists that it is on, int64 [codes, words]; and how
    many words hold the lists that are asked for in each of the ways of _ASKED, which come first.
    """
    members = _scored(tables, scheme, index)
    for row in tables[LISTS_OF[scheme]]:
        members.setdefault(row["list"], []).append(index.members(row.codes["codes"]))
    for names in _alternatives(tables, LISTS_OF[scheme]):
        if all(name in members for name in names):
            members[union_name(names)] = [ids for name in names for ids in members[name]]
    asked = [_asked(tables, *way) for way in _ASKED[scheme]]
    own = list(members)[:2]
    ranked = sorted(members, key=lambda name: -1 if name in own else _rank(name, asked))
    bits = Bits({name: place for place, name in enumerate(ranked)}, _LEAST_WORDS[scheme])
    words = np.zeros((len(index) + 1, bits.words), np.int64)
    for name, parts in members.items():
        word, bit = divmod(bits.bit[name], k.LIST_BITS)
        words[np.unique(np.concatenate(parts)), word] |= np.int64(1 << bit)
    ends = [sum(name in own or _rank(name, asked) <= way for name in members) for way in range(len(asked))]
    return bits, words, [max(1, -(-end // k.LIST_BITS)) for end in ends]


def _asked(tables: Tables, scopes: Sequence[str], rule_tables: Sequence[str]) -> set[str]:
    """The names whose bits the rules of these tables test in these scopes."""
    conditions = (c for table in rule_tables for row in tables[table] for c in row.conditions)
    found: set[str] = set()
    for condition in conditions:
        if isinstance(condition, Lists) and condition.scope in scopes:
            found |= set(condition.names) if condition.negated else {union_name(condition.names)}
    return found


def _rank(name: str, asked: Sequence[set[str]]) -> int:
    """The first way in which a list is asked for."""
    return next((way for way, names in enumerate(asked) if name in names), len(asked))


def compile_sets(tables: Tables, values: Mapping[str, list[str]]) -> tuple[Bits, np.ndarray]:
    """The bits of the sets, and the words of bits of the sets that each value is in. int64 [words, coded fields, values].

    ``values`` are the accepted values of each field; the value at place ``i`` has the number ``i + 1``. Number 0, which is not
    accepted, has the sign bit in the first word.
    """
    rows = {row["set"]: row for row in tables["sets"]}
    members: dict[str, list[Row]] = {name: [row] for name, row in rows.items()}
    for names in _alternatives(tables, "sets"):
        if all(name in rows for name in names):
            members[union_name(names)] = [rows[name] for name in names]
    bits = Bits({name: place for place, name in enumerate(sorted(members))})
    words = np.zeros((bits.words, k.N_CODED, VALUES), np.int64)
    words[0, :, 0] = SIGN
    for row in rows.values():
        if row["field"] not in CODED_FIELDS:
            tables.fault(row, f"{row['field']} is no coded field; they are {', '.join(CODED_FIELDS)}.")
            continue
        for value in row["values"].split():
            if value not in values[row["field"]]:
                tables.fault(row, f"{value} is no value of {row['field']}. Correct it, or add it to value_sets.csv.")
    for name, parts in members.items():
        word, bit = divmod(bits.bit[name], k.LIST_BITS)
        for row in parts:
            accepted = values.get(row["field"], [])
            for value in row["values"].split():
                if value in accepted:
                    words[word, CODED_FIELDS.index(row["field"]), accepted.index(value) + 1] |= np.int64(1 << bit)
    return bits, words


def cc_name(cc_list: str) -> str:
    """The name under which a CC list has a bit among the lists of diagnoses."""
    return f"(cc) {cc_list}"


def _alternatives(tables: Tables, table: str) -> Iterable[tuple[str, ...]]:
    """The `a|b` of all conditions on names of a table, in a fixed order."""
    found = {
        condition.names
        for rule_table in RULE_TABLES
        for row in tables[rule_table]
        for condition in row.conditions
        if isinstance(condition, Lists)
        and SCOPE_TABLE[condition.scope] == table
        and len(condition.names) > 1
        and not condition.negated
    }
    return sorted(found)


def _scored(tables: Tables, scheme: str, index: CodeIndex) -> Members:
    """Lists of the kernels' own, whose names no table can have: codes with burn points, with trauma points, on each CC list.

    They spare the kernels a look-up for each code that gives no points. The first two have the bits BURN and TRAUMA.
    """
    nothing = np.empty(0, np.int64)
    members: Members = {"(burn)": [nothing], "(trauma)": [nothing]}
    for row in tables["scores"]:
        if SCORES.get(row["score"]) == scheme:
            members[f"({row['score'].split('_')[0]})"].append(index.members(row.codes["codes"]))
    for row in tables["cc_lists"] if scheme == "icd10" else ():
        members.setdefault(cc_name(row["list"]), []).append(index.members(row.codes["codes"]))
    return members
