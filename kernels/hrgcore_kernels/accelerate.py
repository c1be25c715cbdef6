"""The only place that sets how kernels are compiled, and where compiled kernels are kept.

Numba's own cache looks at one source file. Here the folder of the cache is named by the digest of every kernel source and the versions of
Numba, llvmlite and NumPy, so that no change anywhere can serve an old kernel. Where nothing can be written, kernels are compiled for
the process alone.
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

_NO_WRAPPERS = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}  # stages are called by kernels alone; a third of the time saved


def inline(function: Function) -> Function:
    """Compile a stage of grouping into the kernels that call it."""
    compiled: Function = numba.njit(nogil=True, forceinline=True, **_NO_WRAPPERS)(function)
    return compiled


def stage(function: Function) -> Function:
    """Compile a stage of grouping as a function of its own."""
    compiled: Function = numba.njit(nogil=True, **_NO_WRAPPERS)(function)
    return compiled


def kernel(*signatures: tuple[Any, ...]) -> Callable[[Function], Function]:
    """Compile an entry point at once for each tuple of argument types, or take it from the cache. Entry points return nothing."""

    def compile_entry(function: Function) -> Function:
        folder = cache_folder(f"kernels-{_digest()[:32]}")
        before = config.CACHE_DIR
        try:
            if folder is not None:
                config.CACHE_DIR = str(folder)
            types = [numba.void(*signature) for signature in signatures] if not config.DISABLE_JIT else None
            compiled: Function = numba.njit(types, nogil=True, cache=folder is not None)(function)
        finally:
            config.CACHE_DIR = before
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
