"""Writing a record definition to a file that is not there yet."""

from __future__ import annotations

import os
from pathlib import Path

from hrgcore.errors import OutputError
from hrgcore.read.rdf import RecordDefinition
from hrgcore.write.staging import output_errors, remove


def save(definition: RecordDefinition, path: Path) -> None:
    """Write a record definition. Raises OutputError where that fails or there is something already; no part of a file is left."""
    with output_errors(path):
        try:
            file = path.open("xb")
        except FileExistsError:
            raise OutputError(f"{path}: is there already, and is not overwritten. Name another file, or remove it first.") from None
        try:
            with file:
                file.write(definition.text.encode())
                file.flush()
                os.fsync(file.fileno())
        except BaseException:
            remove([path])
            raise
