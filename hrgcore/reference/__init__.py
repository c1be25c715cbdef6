"""Grouping in plain Python over the design tables: the readable truth that the kernels are held to."""

from hrgcore.reference.attendances import AttendanceReference, row_reference
from hrgcore.reference.engine import ReferenceEngine
from hrgcore.reference.results import EpisodeResult, RecordError, SpellResult, Unbundled
from hrgcore.reference.rows import RowOutcome, RowReference
from hrgcore.reference.trace import Step

__all__ = [
    "AttendanceReference",
    "EpisodeResult",
    "RecordError",
    "ReferenceEngine",
    "RowOutcome",
    "RowReference",
    "SpellResult",
    "Step",
    "Unbundled",
    "row_reference",
]
