"""What a logic of single rows is: its fields, declared once, the facts worked out from them, and what it writes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from hrgcore.columns import find_headings, list_columns, numbered_columns
from hrgcore.errors import InputError

#: ``key`` is not looked at; ``thousandths`` is a number of up to three decimals, counted in thousandths; ``date`` is YYYYMMDD.
#: ``age`` is a number in which HES writes infants as 7001 to 7007.
Kind = Literal["key", "number", "age", "thousandths", "date", "coded", "icd10", "opcs4"]
NUMBERS = ("number", "age", "thousandths", "date")  #: kinds that rules test as numbers
CODES = ("coded", "icd10", "opcs4")  #: kinds whose values stand on lists


@dataclass(frozen=True)
class Field:
    """One input field: its official name, kind, what it holds, and how messages name it.

    ``must``: the column must be there, and a valid value in each row (of a key: the column only). ``many``: it stands in numbered
    columns, `INV_01` and on, any number of them. ``forgives_zero``: a leading zero of a value may be missing. ``checked`` False:
    what can't be read is taken as blank, and no error.
    """

    name: str
    kind: Kind
    label: str
    doc: str
    must: bool = False
    many: bool = False
    forgives_zero: bool = False
    checked: bool = True
    aliases: tuple[str, ...] = ()

    @property
    def fact(self) -> str:
        """How rules name it as a number."""
        return self.name.lower()

    def place(self, number: int) -> str:
        """The official name of one of its columns, counted from 0."""
        return f"{self.name}_{number + 1:02d}" if self.many else self.name


@dataclass(frozen=True)
class Span:
    """A fact: days from one date field to another; blank where either can't be used or the second is before the first."""

    fact: str
    first: str
    last: str
    inclusive: bool = False  # both days count


@dataclass(frozen=True)
class Flag:
    """A column that is ``value`` where ``days`` is blank or a sum on the left exceeds the one on the right, else blank.

    Sums are of number fields and of spans; blank ones count as 0.
    """

    column: str
    value: str
    days: str
    exceeds: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]


@dataclass(frozen=True)
class Logic:
    """A logic whose rows are grouped each by itself.

    ``rows`` is what its rows are called; ``prefix`` begins the names of its columns in results, ``file`` ends official ones.
    ``span_columns`` and ``flag`` are written beside the HRG; ``sorted_by`` are the fields by which the official output is sorted,
    none where it keeps the input's order. ``attendances``: the procedures of a row are asked first, by the tables of admitted care.
    """

    name: str
    title: str
    rows: str
    file: str
    fields: tuple[Field, ...]
    spans: tuple[Span, ...] = ()
    span_columns: tuple[tuple[str, str], ...] = ()
    flag: Flag | None = None
    sorted_by: tuple[str, ...] = ()
    attendances: bool = False
    by_name: dict[str, Field] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_name", {one.name: one for one in self.fields})

    @property
    def prefix(self) -> str:
        return self.name.upper()

    @cached_property
    def numbers(self) -> tuple[Field, ...]:
        """The fields that rules test as numbers, in the order of their facts."""
        return tuple(one for one in self.fields if one.kind in NUMBERS)

    @cached_property
    def codes(self) -> tuple[Field, ...]:
        """The fields whose values stand on lists."""
        return tuple(one for one in self.fields if one.kind in CODES)

    @property
    def keys(self) -> tuple[Field, ...]:
        return tuple(one for one in self.fields if one.kind == "key")

    @cached_property
    def ranges(self) -> tuple[str, ...]:
        """The facts that are numbers, in the order in which the kernels hold them; scores of the design follow."""
        return (*(one.fact for one in self.numbers), *(span.fact for span in self.spans))

    def bit(self, one: Field) -> int:
        """The bit of a field among the failed checks of a row."""
        return self.fields.index(one)

    @property
    def columns(self) -> tuple[str, ...]:
        """What results have beside the caller's columns."""
        if self.attendances:
            found = (f"{self.prefix}_HRG", "GroupingMethodFlag", "DominantProcedure", "AttendanceHRG")
            return (*found, *(f"{self.prefix}_{name}" for name in ("Reason", "RootRule", "SplitRule")))
        flag = (self.flag.column,) if self.flag else ()
        written = (*(name for name, _ in self.span_columns), *flag)
        return (f"{self.prefix}_HRG", *written, f"{self.prefix}_Reason", f"{self.prefix}_Rule")


@dataclass(frozen=True)
class RowLayout:
    """Where the fields of one input stand: the input's own column names for each field of the logic; none where it is absent.

    ``lists`` names the columns of lists, by the fields whose values they hold.
    """

    columns: dict[str, tuple[str, ...]]
    lists: dict[str, str] = field(default_factory=dict)

    @property
    def names(self) -> list[str]:
        """The columns that grouping reads, each once."""
        return [name for own in self.columns.values() for name in own]


def row_layout(logic: Logic, names: Sequence[str], source: str = "the input") -> RowLayout:
    """Find a logic's fields among an input's column names; letter case does not matter.

    A field of many values stands in numbered columns (`INV_01`) or, where there is none, in one column of lists (`INV`). Raises
    InputError where a heading stands twice, a column that must be there is missing, or numbered columns skip a number.
    """
    found = find_headings(names, source)
    columns: dict[str, tuple[str, ...]] = {}
    lists: dict[str, str] = {}
    for one in logic.fields:
        if one.many:
            columns[one.name] = numbered_columns(_numbered(one), found, source, one.label.lower())
            own = list_columns(_headings(one), found, source, f"values of {one.name}")
            if own and not columns[one.name]:
                lists[one.name] = own[0]
        else:
            columns[one.name] = tuple(found[name] for name in _headings(one) if name in found)[:1]
    missing = [one.place(0) for one in logic.fields if one.must and not columns[one.name]]
    if missing:
        raise InputError(
            f"{source}: no column {', '.join(missing)}, which {logic.title} ({logic.name}) needs. Name it so; if the file has no"
            " headings, give its record definition file (--rdf)."
        )
    return RowLayout(columns, lists)


def is_field(logic: Logic, heading: str) -> bool:
    """Whether a logic takes a column of this heading (in capitals) for one of its fields."""
    return any(_numbered(one).fullmatch(heading) if one.many else heading in _headings(one) for one in logic.fields)


def _headings(one: Field) -> tuple[str, ...]:
    return tuple(name.upper() for name in (one.name, *one.aliases))


def _numbered(one: Field) -> re.Pattern[str]:
    return re.compile(f"(?:{'|'.join(_headings(one))})_?([0-9]{{1,2}})")
