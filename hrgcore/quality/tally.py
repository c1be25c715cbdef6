"""Errors of a part of the input, counted by kind; counts of parts add up to those of the whole, in a few kilobytes.

A kind is a field (numbered ones count as one) and a message. A row counts once in a kind. Besides, what tells a cause is counted:
codes that a zero in front or the column beside would make valid, codes of categories that the design has none of, rows that fail
several checks of their spell, and rows whose cells are names of fields.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypedDict

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hrgcore.counts import add_counts
from hrgcore.messages import AGE_RISES
from hrgcore.quality.fields import InputFields, without_place

SEPARATOR = "|"  # between field and message of a kind
INVALID, DISAGREES, DUPLICATED = " is invalid", " is inconsistent in spell", " is duplicated in spell"
#: Kinds of spell checks, by the end of their message.
SPELL_CHECKS = (DISAGREES, DUPLICATED, AGE_RISES)
#: What may be shown of a cell: anything else may be a name, a date or a number of a patient that stands where it should not.
_CODE = r"^([0-9]{1,3}|[0-9A-Za-z]{1,2}|[A-Za-z][0-9]{2}\.?[0-9Xx]{0,2})$"
_FOUR = r"^[A-Z][0-9]{2}[0-9X]"
_CATEGORY_FIELDS = ("DIAG", "OPER")
_FOURTH = "0123456789X"
_FIELD_NAMES = 2  # cells of a row that are names of fields: one may be chance


class Tally(TypedDict):
    """Counts, which add up, and an example of each kind: its first row, from 1, and a code (empty where none can be shown)."""

    counts: dict[str, Any]
    examples: dict[str, tuple[int, str]]


def add_tallies(tallies: Iterable[Tally]) -> Tally:
    """The tally of several parts, given in their order."""
    every = list(tallies)
    examples: dict[str, tuple[int, str]] = {}
    for kind, example in ((kind, example) for each in every for kind, example in each["examples"].items()):
        if kind not in examples or (example[1] and not examples[kind][1]):
            examples[kind] = example
    return {"counts": add_counts(each["counts"] for each in every), "examples": examples}


def tally_errors(errors: pa.Table, rows: int, fields: InputFields) -> Tally:
    """Count the errors of ``rows`` input rows: a table with Row, CodeType, Code and ErrorMessage, as results have it."""
    found = errors.select(["Row", "CodeType", "Code", "ErrorMessage"]).combine_chunks()
    counts: dict[str, Any] = {"rows": rows}
    examples: dict[str, tuple[int, str]] = {}
    headings = _rows_of_names(found, fields.names)
    if len(headings):
        counts["headings"] = len(headings)
        examples["headings"] = (int(headings[0]), "")
        found = found.filter(pa.array(~np.isin(found.column("Row").to_numpy(), headings)))
    if not found.num_rows:
        return {"counts": counts, "examples": examples}
    found = found.append_column("kind", _kinds(found))
    counts["kinds"] = _by_kind(found)
    counts |= _spell_checks(found)
    for kind, own in _invalid(found, fields).items():
        counts["kinds"][kind] |= own
    return {"counts": counts, "examples": {**examples, **_examples(found)}}


def _rows_of_names(found: pa.Table, names: frozenset[str]) -> np.ndarray:
    """The rows in which cells at fault are names of fields."""
    named = pc.is_in(pc.ascii_upper(found.column("Code")), value_set=pa.array(sorted(names)))
    rows, cells = np.unique(found.column("Row").filter(named).to_numpy(), return_counts=True)
    headings: np.ndarray = rows[cells >= _FIELD_NAMES]
    return headings


def _kinds(found: pa.Table) -> Any:
    types = found.column("CodeType").combine_chunks().dictionary_encode()
    fields = pa.array([without_place(name) for name in types.dictionary.to_pylist()], pa.string()).take(types.indices)
    return pc.binary_join_element_wise(fields, found.column("ErrorMessage"), SEPARATOR)


def _by_kind(found: pa.Table) -> dict[str, dict[str, Any]]:
    """Rows and errors of each kind."""
    groups = found.group_by("kind", use_threads=False).aggregate([("Row", "count_distinct"), ("Row", "count")])
    return {
        one["kind"]: {"rows": one["Row_count_distinct"], "errors": one["Row_count"]}
        for one in sorted(groups.to_pylist(), key=lambda one: str(one["kind"]))
    }


def _examples(found: pa.Table) -> dict[str, tuple[int, str]]:
    """The first row of each kind, with its code; of those whose code can be shown, where there are any."""
    shown = pc.match_substring_regex(found.column("Code"), _CODE)
    examples: dict[str, tuple[int, str]] = {}
    for table, codes in ((found.filter(shown), True), (found, False)):
        groups = table.select(["kind", "Row", "Code"]).group_by("kind", use_threads=False)
        for one in groups.aggregate([("Row", "first"), ("Code", "first")]).to_pylist():
            examples.setdefault(one["kind"], (one["Row_first"], one["Code_first"] if codes else ""))
    return dict(sorted(examples.items()))


def _spell_checks(found: pa.Table) -> dict[str, int]:
    """How many rows fail a check of their spell, and how many fail several."""
    said = found.column("ErrorMessage")
    of_spell = pc.or_(pc.or_(pc.ends_with(said, DISAGREES), pc.ends_with(said, DUPLICATED)), pc.equal(said, AGE_RISES))
    _, checks = np.unique(found.column("Row").filter(of_spell).to_numpy(), return_counts=True)
    return {"spell_rows": len(checks), "spell_rows_several": int((checks > 1).sum())} if len(checks) else {}


def _invalid(found: pa.Table, fields: InputFields) -> dict[str, dict[str, Any]]:
    """Of each kind of invalid values, how many would be valid otherwise, and in what way."""
    wrong = pc.and_(pc.ends_with(found.column("ErrorMessage"), INVALID), pc.not_equal(found.column("Code"), ""))
    groups = found.filter(wrong).group_by(["kind", "CodeType", "Code"], use_threads=False).aggregate([([], "count_all")])
    counts: dict[str, dict[str, Any]] = {}
    for field in sorted(pc.unique(groups.column("CodeType")).to_pylist()):
        own = groups.filter(pc.equal(groups.column("CodeType"), field))
        codes, times = own.column("Code").combine_chunks(), own.column("count_all").to_numpy()
        kind = own.column("kind")[0].as_py()
        known = {
            "zero": _zero_missing(field, codes, fields),
            "left": _accepted(fields.beside(field, -1), codes, fields),
            "right": _accepted(fields.beside(field, 1), codes, fields),
        }
        told: dict[str, Any] = {name: int(times[valid].sum()) for name, valid in known.items() if valid.any()}
        unknown = _unknown_categories(field, codes, times, fields)
        counts[kind] = add_counts([counts.get(kind, {}), told, {"categories": unknown} if unknown else {}])
    return counts


def _accepted(field: str, codes: Any, fields: InputFields) -> np.ndarray:
    return fields.accepts(field, codes) if field else np.zeros(len(codes), np.bool_)


def _zero_missing(field: str, codes: Any, fields: InputFields) -> np.ndarray:
    """Which codes a zero in front makes valid. One that is valid as it stands fails for another reason, such as a range."""
    digits = pc.match_substring_regex(codes, "^[0-9]{1,2}$").to_numpy(zero_copy_only=False)
    zeros = pc.binary_join_element_wise("0", codes, "")
    found: np.ndarray = digits & fields.accepts(field, zeros) & ~fields.accepts(field, codes)
    return found


def _unknown_categories(field: str, codes: Any, times: np.ndarray, fields: InputFields) -> dict[str, dict[str, int]]:
    """How often codes of four characters stand there that are well made, by category, where the design has none of the category."""
    if without_place(field) not in _CATEGORY_FIELDS:
        return {}
    normal = pc.ascii_upper(pc.replace_substring(codes, ".", ""))
    made = pc.match_substring_regex(normal, _FOUR)
    fours = pc.utf8_slice_codeunits(normal.filter(made), 0, 4).to_pylist()
    categories = sorted({four[:3] for four in fours})
    if not categories:
        return {}
    every = pa.array([category + fourth for category in categories for fourth in _FOURTH])
    accepted = fields.accepts(field, every).reshape(len(categories), len(_FOURTH))
    unknown = np.flatnonzero(~accepted.any(axis=1)).tolist()
    found: dict[str, dict[str, int]] = {categories[place]: {} for place in unknown}
    for four, count in zip(fours, times[made.to_numpy(zero_copy_only=False)].tolist(), strict=True):
        if four[:3] in found:
            found[four[:3]][four] = found[four[:3]].get(four, 0) + count
    return found
