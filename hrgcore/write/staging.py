"""A set of files that appears as a whole or not at all: temporary names, fsync, rename, the file that vouches for the rest last."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from hrgcore.errors import OutputError


class Staging:
    """Files being written into ``folder``. Leaving the context without `publish` removes them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._mark = f"{os.getpid()}-{secrets.token_hex(4)}.tmp"
        self._staged: list[str] = []

    def __enter__(self) -> Staging:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for name in self._staged:
            with suppress(OSError):
                self._temporary(name).unlink(missing_ok=True)

    @contextmanager
    def file(self, name: str) -> Iterator[BinaryIO]:
        """Open a new file that will be ``name`` once published; its bytes are on disk when the context ends.

        Raises OutputError where it can't be written.
        """
        self._staged.append(name)
        with output_errors(self.folder / name), self._temporary(name).open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())

    def publish(self, last: str) -> None:
        """Give all files their names, replacing older files of these names; ``last`` goes first and comes last.

        Raises OutputError where that fails; then none of the files is left.
        """
        names = [*(name for name in self._staged if name != last), last]
        with output_errors(self.folder / last):
            (self.folder / last).unlink(missing_ok=True)
            done: list[str] = []
            try:
                for name in names:
                    if name == last:
                        sync_folder(self.folder)
                    done.append(name)
                    os.replace(self._temporary(name), self.folder / name)
                sync_folder(self.folder)
            except BaseException:
                remove(self.folder / name for name in done)
                raise

    def _temporary(self, name: str) -> Path:
        return self.folder / f".{name}.{self._mark}"


@contextmanager
def output_errors(path: Path) -> Iterator[None]:
    """Turn failures to write into OutputError with what to do about it."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise OutputError(
            f"{path}: can't be written ({reason}). Check the folder, its permissions and the space on the disk."
        ) from None


def remove(paths: Iterable[Path]) -> None:
    """Remove files as far as they are there and can be removed."""
    for path in paths:
        with suppress(OSError):
            path.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Make renames in ``folder`` lasting, where the system can do that (Windows can't)."""
    with suppress(OSError, AttributeError):
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
