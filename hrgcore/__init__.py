"""hrgcore: the open grouping engine for HRG4+.

>>> import hrgcore
>>> grouper = hrgcore.Grouper()
>>> result = grouper.group("month")  # a folder, a file, or a table of another tool
>>> result.spells.column_names[:3]
['PROCODET', 'PROVSPNO', 'SpellHRG']
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hrgcore.errors import DesignError, HrgcoreError, InputError, OutputError, UsageError

if TYPE_CHECKING:
    from hrgcore.grouper import Grouper
    from hrgcore.linking import link
    from hrgcore.result import Result

__version__ = "0.1.0"
__all__ = ["DesignError", "Grouper", "HrgcoreError", "InputError", "OutputError", "Result", "UsageError", "__version__", "link"]


def __getattr__(name: str) -> Any:
    """Import what needs Numba and pyarrow only when it is used."""
    if name == "Grouper":
        from hrgcore.grouper import Grouper

        return Grouper
    if name == "Result":
        from hrgcore.result import Result

        return Result
    if name == "link":
        from hrgcore.linking import link

        return link
    raise AttributeError(f"module 'hrgcore' has no attribute {name!r}")
