"""Files that are there as a whole or not at all, and stay there when the power fails."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from hrgcore.write.staging import output_errors


def write_durably(content: Any, target: Path, temporary: Path) -> None:
    """Write bytes to ``temporary``, on the same disk, and once they are on it rename that to ``target``.

    Raises OutputError where that fails.
    """
    with output_errors(target):
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)


def append_durably(line: bytes, target: Path) -> None:
    """Append a line; it is on the disk when this returns. Raises OutputError where that fails."""
    with output_errors(target), target.open("ab") as file:
        file.write(line)
        file.flush()
        os.fsync(file.fileno())
