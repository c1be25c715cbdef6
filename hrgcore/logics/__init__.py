"""The logics beside admitted care: one frame for rows that are grouped each by itself, by what is declared and by design tables."""

from hrgcore.logics.declared import ROW_LOGICS
from hrgcore.logics.fields import Field, Logic, RowLayout, is_field, row_layout

__all__ = ["ROW_LOGICS", "Field", "Logic", "RowLayout", "is_field", "row_layout"]
