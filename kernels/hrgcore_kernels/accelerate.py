"""The only place that sets how kernels are compiled, and where compiled kernels are kept.

Numba's own cache looks at one source file. Here the folder of the cache is named by the digest of every kernel source and the
versions of Numba, llvmlite and NumPy, so that no change anywhere can serve an old kernel. Where nothing can be written, kernels
are compiled for the process alone.
"""

import functools
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import llvmlite
import numba
import numpy as np
from numba.core import config

from hrgcore_kernels.cache import cache_folder

Function = TypeVar("Function", bound=Callable[..., Any])

# Kernels borrow arrays and make none, so that Numba need not count references: that took more than half of the time of grouping.
_BORROWING = {"nogil": True, "_nrt": False}
# Stages are called by kernels alone, never from Python.
_STAGE = {**_BORROWING, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}


def inline(function: Function) -> Function:
    """Compile a stage of grouping into the kernels that call it."""
    compiled: Function = numba.njit(forceinline=True, **_STAGE)(function)
    return compiled


def kernel(*signatures: tuple[Any, ...]) -> Callable[[Function], Function]:
    """Compile an entry point at once for each tuple of argument types, or take it from the cache. Entry points return nothing."""

    def compile_entry(function: Function) -> Function:
        folder = cache_folder(f"kernels-{_digest()[:32]}")
        before = config.CACHE_DIR, config.LOOP_VECTORIZE, config.SLP_VECTORIZE
        try:
            # A record has a handful of codes: vector loops cost more to enter than they save.
            config.LOOP_VECTORIZE = config.SLP_VECTORIZE = 0
            if folder is not None:
                config.CACHE_DIR = str(folder)
            types = [numba.void(*signature) for signature in signatures] if not config.DISABLE_JIT else None
            compiled: Function = numba.njit(types, cache=folder is not None, **_BORROWING)(function)
        finally:
            config.CACHE_DIR, config.LOOP_VECTORIZE, config.SLP_VECTORIZE = before
        return compiled

    return compile_entry


@functools.cache
def _digest() -> str:
    """What compiled kernels depend on."""
    sha = hashlib.sha256()
    for part in (numba.__version__, llvmlite.__version__, np.__version__, str(config.BOUNDSCHECK)):
        sha.update(f"{part}\x00".encode())
    for source in sorted(Path(__file__).parent.glob("*.py")):
        sha.update(source.read_bytes())
    return sha.hexdigest()
