"""Finding the fields of an input by its headings."""

from __future__ import annotations

import pytest

from hrgcore import Grouper, InputError, UsageError
from hrgcore.columns import APC_COLUMNS, apc_layout

OFFICIAL = [column.name for column in APC_COLUMNS] + ["DIAG_01", "DIAG_02", "OPER_01"]


def replaced(**names: str) -> list[str]:
    return [names.get(name, name) for name in OFFICIAL]


def test_a_column_of_lists_stands_for_numbered_columns() -> None:
    names = [column.name for column in APC_COLUMNS]
    layout = apc_layout([*names, "OPERTN", "diag"])
    assert (layout.diagnoses, layout.procedures) == (("diag",), ("OPERTN",))
    assert (layout.diagnosis_lists, layout.procedure_lists) == (True, True)
    layout = apc_layout([*names, "DIAG", "DIAG_01"])  # numbered columns go first: the other is the caller's
    assert (layout.diagnoses, layout.diagnosis_lists, layout.procedure_lists) == (("DIAG_01",), False, False)
    with pytest.raises(InputError, match="OPER and OPERTN are both lists of procedures"):
        apc_layout([*names, "DIAG", "OPER", "OPERTN"])


def test_official_names_in_any_order_and_case_with_other_columns() -> None:
    names = [name.lower() for name in reversed(OFFICIAL)] + ["mine"]
    layout = apc_layout(names)
    assert layout.fields["STARTAGE"] == "startage"
    assert layout.diagnoses == ("diag_01", "diag_02")
    assert layout.procedures == ("oper_01",)
    assert not layout.hes


def test_hes_names() -> None:
    layout = apc_layout(replaced(PROCODET="PROCODE3", PROVSPNO="SUSSPELLID", DIAG_01="DIAG_4_01", OPER_01="OPERTN_4_01"))
    assert (layout.fields["PROCODET"], layout.fields["PROVSPNO"]) == ("PROCODE3", "SUSSPELLID")
    assert layout.diagnoses == ("DIAG_4_01", "DIAG_02")
    assert layout.procedures == ("OPERTN_4_01",)
    assert layout.hes


@pytest.mark.parametrize("missing", [column.name for column in APC_COLUMNS if column.mandatory] + ["DIAG_01"])
def test_a_mandatory_column_that_is_missing_is_named(missing: str) -> None:
    names = [name for name in OFFICIAL if name != missing and not (missing == "DIAG_01" and name == "DIAG_02")]
    with pytest.raises(InputError, match=rf"no column .*{missing}.*--rdf"):
        apc_layout(names)


def test_optional_columns_may_be_missing() -> None:
    layout = apc_layout([name for name in OFFICIAL if name not in ("NEOCARE", "SPCDAYS", "OPER_01", "DIAG_02")])
    assert "SPCDAYS" not in layout.fields and layout.procedures == ()


@pytest.mark.parametrize(
    ("names", "says"),
    [
        ([*OFFICIAL, "sex"], "'sex' stands twice"),
        ([*OFFICIAL, "DIAG_4_02"], "DIAG_02 and DIAG_4_02 are both diagnosis 2"),
        ([*OFFICIAL, "DIAG_04"], "diagnosis columns skip number 3"),
    ],
)
def test_headings_that_can_not_be_meant(names: list[str], says: str) -> None:
    with pytest.raises(InputError, match=says):
        apc_layout(names, "file.csv")


def test_a_grouper_takes_at_least_one_thread_and_known_logics() -> None:
    with pytest.raises(UsageError, match="threads"):
        Grouper(threads=0)
    with pytest.raises(UsageError, match="unknown logic 'em2'"):
        Grouper().group("nowhere.csv", logic="em2")
