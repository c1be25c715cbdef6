"""How two designs differ: in their rows, in their HRGs, and in what they do with each code."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from hrgcore.design.bundle import Bundle
from hrgcore.design.conditions import describe
from hrgcore.design.index import CodeIndex, closest_rows
from hrgcore.design.locate import load_design
from hrgcore.design.tables import SCHEMA, SCORES, Row, Tables
from hrgcore.logics import ROW_LOGICS

MOST_EXAMPLES = 10  #: how many rows, HRGs or codes of a kind are written out; the rest is counted

# The columns that name a row of a table; where several rows share them, their order tells them apart.
_NAMED_BY: dict[str, tuple[str, ...]] = {
    "icd10": ("category",),
    "opcs4": ("category",),
    "value_sets": ("field",),
    "sets": ("set",),
    "errors": ("error",),
    "grid": ("procedure",),
    "subchapters": ("subchapter",),
    "roots": ("root",),
    "splits": ("root", "split"),
    "diagnosis_lists": ("list", "codes"),
    "procedure_lists": ("list", "codes"),
    "cc_lists": ("list", "codes"),
    "cc_exclusions": ("list", "primary", "excluded"),
    "scores": ("score", "component", "codes"),
    "diagnoses": ("codes",),
    "procedures": ("codes",),
    "diagnosis_errors": ("codes", "error"),
    "diagnosis_roots": ("codes", "root"),
    "procedure_roots": ("codes", "root"),
    "exceptions": ("method", "root"),
    "unbundling": ("codes", "root"),
}
_NAMED_BY_IN_LOGICS: dict[str, tuple[str, ...]] = {
    "fields": ("field", "accepts"),
    "lists": ("list", "field", "values"),
    "scores": ("score", "component", "field", "values"),
    "hrgs": ("hrg",),
    "rules": ("step", "lists", "hrg"),
}
_SCHEME_NAMES = {"icd10": "diagnosis", "opcs4": "procedure"}


def diff_designs(a: str | Path, b: str | Path) -> list[str]:
    """What differs between two designs, each an embedded design's id, a bundle, or a folder of tables; empty where nothing does.

    Settings first, then rows by table, HRGs, and codes by what is done with them. Raises UsageError or DesignError.
    """
    one, other = load_design(a), load_design(b)
    if one.info.digest == other.info.digest:
        return []
    return [
        *_settings(one.tables, other.tables),
        *_tables(one.tables, other.tables),
        *_hrgs(one, other),
        *_codes(one.tables, other.tables),
    ]


def _settings(one: Tables, other: Tables) -> Iterator[str]:
    before, after = one.settings, other.settings
    for name in ("id", "title", "release", "version", "status", "attribution", "error_hrg", "error_label"):
        if getattr(before, name) != getattr(after, name):
            yield f"design.toml: {name}: {getattr(before, name)!r} -> {getattr(after, name)!r}"
    for name in sorted({*before.choices, *after.choices}):
        values = [choices[name].get("value") if name in choices else None for choices in (before.choices, after.choices)]
        if values[0] != values[1]:
            yield f"design.toml: choice {name}: {values[0]!r} -> {values[1]!r}"


# Rows ------------------------------------------------------------------------------------------------------------------


def _tables(one: Tables, other: Tables) -> Iterator[str]:
    pairs = {table: (one[table], other[table], _NAMED_BY[table]) for table in SCHEMA}
    for logic in ROW_LOGICS:
        own = [tables.logics[logic].rows if logic in tables.logics else {} for tables in (one, other)]
        pairs |= {
            f"{logic}/{table}": (own[0].get(table, []), own[1].get(table, []), by) for table, by in _NAMED_BY_IN_LOGICS.items()
        }
    for table, (rows, other_rows, by) in pairs.items():
        before, after = _named(rows, by), _named(other_rows, by)
        added = [f"+ {_say(after[key])}" for key in after if key not in before]
        removed = [f"- {_say(before[key])}" for key in before if key not in after]
        changed = [f"~ {_name(key)}: {text}" for key in before if key in after and (text := _changes(before[key], after[key]))]
        if added or removed or changed:
            yield f"{table}.csv: {len(added)} rows added, {len(removed)} removed, {len(changed)} changed"
            for lines in (added, removed, changed):
                yield from _first(lines)


def _named(rows: Iterable[Row], by: tuple[str, ...]) -> dict[tuple[str, ...], Row]:
    """Rows by the columns that name them; the second of a name carries `#2` in its key."""
    seen: Counter[tuple[str, ...]] = Counter()
    named: dict[tuple[str, ...], Row] = {}
    for row in rows:
        key = tuple(row[column] for column in by)
        seen[key] += 1
        named[(*key, f"#{seen[key]}") if seen[key] > 1 else key] = row
    return named


def _name(key: tuple[str, ...]) -> str:
    return " ".join(part for part in key if part)


def _say(row: Row) -> str:
    return f"{row.reference} " + ", ".join(f"{column} {text}" for column, text in row.cells.items() if text and column != "note")


def _changes(before: Row, after: Row) -> str:
    columns = dict.fromkeys([*before.cells, *after.cells])
    return ", ".join(f"{name} {before[name]!r} -> {after[name]!r}" for name in columns if before[name] != after[name])


# HRGs ------------------------------------------------------------------------------------------------------------------


def _hrgs(one: Bundle, other: Bundle) -> Iterator[str]:
    before, after = (dict(zip(d.strings("hrg_codes"), d.strings("hrg_labels"), strict=True)) for d in (one, other))
    for sign, word, here, there in (("+", "added", after, before), ("-", "removed", before, after)):
        lines = [f"{sign} {hrg} {label}" for hrg, label in here.items() if hrg not in there]
        yield from _section(f"HRGs {word}", lines)
    yield from _section(
        "HRGs with another label", _differences(*({h: of[h] for h in before if h in after} for of in (before, after)))
    )


# Codes -----------------------------------------------------------------------------------------------------------------


def _codes(one: Tables, other: Tables) -> Iterator[str]:
    for scheme, word in _SCHEME_NAMES.items():
        before, after = CodeIndex(one.code_list(scheme)), CodeIndex(other.code_list(scheme))
        yield from _section(f"{word} codes that became valid", [f"+ {code}" for code in after.codes if code not in before.number])
        yield from _section(f"{word} codes no longer valid", [f"- {code}" for code in before.codes if code not in after.number])
        meanings = _meanings(one, scheme), _meanings(other, scheme)
        for name in dict.fromkeys([*meanings[0], *meanings[1]]):
            found = [of[name](index) if name in of else {} for of, index in zip(meanings, (before, after), strict=True)]
            shared = {code: text for code, text in found[0].items() if code in after.number}
            added = {code: text for code, text in found[1].items() if code in before.number}
            yield from _section(f"{word} codes with {name}", _differences(shared, added))


Meaning = Callable[[CodeIndex], dict[str, str]]


def _meanings(tables: Tables, scheme: str) -> dict[str, Meaning]:
    """What a design says of the codes of a scheme, by a name for it: a text for each code of which it says anything."""

    def value(rows: list[Row], *columns: str) -> Meaning:
        return lambda index: _values(index, rows, columns, tables)

    def chain(table: str, column: str) -> Meaning:
        return lambda index: _candidates(index, tables[table], column)

    if scheme == "icd10":
        found = {
            "another hierarchy": value(tables["diagnoses"], "hierarchy"),
            "another error category": chain("diagnosis_errors", "error"),
            "other candidate roots": chain("diagnosis_roots", "root"),
        }
        for name in sorted({row["list"] for row in tables["cc_lists"]}):
            found[f"other points on CC list {name}"] = value([row for row in tables["cc_lists"] if row["list"] == name], "points")
    else:
        found = {
            "another hierarchy, error category or longest stay": value(tables["procedures"], "hierarchy", "error", "longest_stay"),
            "other candidate roots": chain("procedure_roots", "root"),
            "other unbundled HRGs": chain("unbundling", "root"),
        }
    for score, of in SCORES.items():
        if of == scheme:
            found[f"another {score} score"] = value(
                [row for row in tables["scores"] if row["score"] == score], "points", "component"
            )
    return found


def _values(index: CodeIndex, rows: list[Row], columns: tuple[str, ...], tables: Tables) -> dict[str, str]:
    closest = closest_rows(index, rows, tables)[1:]
    texts = {id(row): " ".join(text for column in columns if (text := row[column].strip())) for row in rows}
    return {code: texts[id(row)] for code, row in zip(index.codes, closest, strict=True) if row is not None}


def _candidates(index: CodeIndex, rows: list[Row], column: str) -> dict[str, str]:
    """For each code what its rules lead to, in the order in which they are tried, each with its conditions."""
    tried: dict[int, dict[int, tuple[int, int, int]]] = {}
    by_line = {row.line: row for row in rows}
    for row in rows:
        for size, ids in index.named(row.codes["codes"]) if "codes" in row.codes else ():
            key = (row.step, size, row.line)
            for number in ids.tolist():
                rules = tried.setdefault(number, {})
                rules[row.line] = min(key, rules.get(row.line, key))
    texts = {line: _outcome(row, column) for line, row in by_line.items()}
    return {
        index.codes[number - 1]: ", ".join(texts[line] for line in sorted(rules, key=rules.__getitem__))
        for number, rules in tried.items()
    }


def _outcome(row: Row, column: str) -> str:
    conditions = " and ".join(describe(condition) for condition in row.conditions)
    return f"{row[column]} if {conditions}" if conditions else row[column]


# Lines -----------------------------------------------------------------------------------------------------------------


def _differences(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    codes = [code for code in sorted({*before, *after}) if before.get(code) != after.get(code)]
    return [f"~ {code}: {before.get(code) or 'none'} -> {after.get(code) or 'none'}" for code in codes]


def _section(title: str, lines: list[str]) -> Iterator[str]:
    if lines:
        yield f"{title}: {len(lines)}"
        yield from _first(lines)


def _first(lines: list[str]) -> Iterator[str]:
    yield from (f"  {line}" for line in lines[:MOST_EXAMPLES])
    if len(lines) > MOST_EXAMPLES:
        yield f"  ... and {len(lines) - MOST_EXAMPLES} more"
