"""A CSV file in blocks of bytes, each of whole rows, in memory for one block."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from io import BufferedReader
from pathlib import Path

import numpy as np

from hrgcore.errors import InputError
from hrgcore_kernels import marks

_BLOCK_BYTES = 8 << 20
_BOM = b"\xef\xbb\xbf"


def byte_blocks(path: Path, skip: int, check: Callable[[bytes], None]) -> Iterator[tuple[np.ndarray, int]]:
    """Blocks of whole rows behind the first ``skip`` lines, which are headings and go to ``check``.

    Each is an array and how many bytes of it hold; behind these stands padding as `hrgcore_kernels.marks` wants it. The last
    row ends with an LF, whether it has one in the file or not. Raises InputError where the file can't be read.
    """
    try:
        with path.open("rb") as file:
            if file.read(len(_BOM)) != _BOM:
                file.seek(0)
            check(b"".join(file.readline() for _ in range(skip)))
            yield from _blocks(file)
    except OSError as error:
        raise InputError(f"{path}: can't be read ({error.strerror}). Check the path and its permissions.") from None


def padded(size: int) -> np.ndarray:
    """Room for a block of ``size`` bytes, which stand at its beginning, and what has to stand behind it."""
    data = np.empty((size + 1 + marks.PADDING + 7) // 8 * 8, np.uint8)
    data[size:] = 0
    return data


def _blocks(file: BufferedReader) -> Iterator[tuple[np.ndarray, int]]:
    carried = np.empty(0, np.uint8)
    room = _BLOCK_BYTES
    ended = False
    while not ended:
        data, size, ended = _filled(file, carried, room)
        cut = size if ended else _behind_last_row(data, size)
        # Where there is no end of a row, it is longer than the block.
        carried, room = data[cut:size], _BLOCK_BYTES if cut else 2 * room
        if cut:
            yield data, cut


def _filled(file: BufferedReader, carried: np.ndarray, room: int) -> tuple[np.ndarray, int, bool]:
    """A block that begins with what was carried over; how many bytes hold, and whether the file has ended."""
    size, end = len(carried), len(carried) + room
    data = padded(end)
    data[:size] = carried
    while size < end:
        got = file.readinto(data[size:end].data)
        if not got:
            if size and data[size - 1] != marks.LF:
                data[size] = marks.LF
                size += 1
            return data, size, True
        size += got
    return data, size, False


def _behind_last_row(data: np.ndarray, size: int) -> int:
    """The place behind the last end of a row; 0 where there is none."""
    quotes = np.count_nonzero(data[:size] == marks.QUOTE)
    found = np.zeros(1, np.int64)
    own = data[:]
    own.flags.writeable = False
    marks.find_last_row(own, size, bool(quotes % 2), found)
    return int(found[0])
