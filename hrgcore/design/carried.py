"""Bundles on their way to another process: where they lie travels, not what they hold, so that processes share their pages.

Pickles are those that multiprocessing and the like make of objects of ours. No file is ever unpickled.
"""

from __future__ import annotations

import copyreg
import functools
from pathlib import Path
from typing import Any

from hrgcore.design import bundle as bundles
from hrgcore.design.bundle import Bundle
from hrgcore.design.locate import embedded_designs, load_design
from hrgcore.errors import DesignError


@functools.lru_cache(maxsize=8)
def reopen(design: str, digest: str, path: str | None, body: bytes | None) -> Bundle:
    """The bundle of a digest: an embedded design, a file that is mapped into memory, or the bytes of one that lies nowhere.

    It is opened once a process. Raises DesignError where it is not there, or is another one by now.
    """
    if body is not None:
        return bundles.from_bytes(body, design)
    if path is not None and Path(path).is_file():
        found = bundles.read(Path(path))
    elif design in embedded_designs():
        found = load_design(design)
    else:
        raise DesignError(
            f"{path}: the bundle of {design} is not there. Put it there on every machine, or open the design on each."
        )
    if found.info.digest != digest:
        raise DesignError(f"{path or design}: is not the design that it was when it was sent. Open it again.")
    return found


def _reduce(bundle: Bundle) -> tuple[Any, ...]:
    info = bundle.info
    if bundle.path is None:
        return reopen, (info.id, info.digest, None, bundles.to_bytes(bundle))
    return reopen, (info.id, info.digest, str(bundle.path.absolute()), None)


copyreg.pickle(Bundle, _reduce)
