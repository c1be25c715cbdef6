"""The only place that knows Numba: how kernels are compiled, and where compiled kernels are kept.

Numba is imported, and a kernel compiled or taken from the cache, when the kernel is first called: who explains one spell waits for
neither. Numba's own cache looks at one source file. Here the folder of the cache is named by the digest of every kernel source and
the versions of Numba, llvmlite and NumPy, so that no change anywhere can serve an old kernel. Where nothing can be written, kernels
are compiled for the process alone.
"""

import contextlib
import dis
import functools
import gc
import hashlib
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FunctionType
from typing import Any, TypeVar

import numpy as np

from hrgcore_kernels.cache import cache_folder
from hrgcore_kernels.signatures import Array, Fields

Function = TypeVar("Function", bound=Callable[..., Any])

# Kernels borrow arrays and make none, so that Numba need not count references: that took more than half of the time of grouping.
_BORROWING = {"nogil": True, "_nrt": False}
# Stages, and what they are made of, are called by kernels alone, never from Python.
_STAGE = {**_BORROWING, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}

_STAGES: dict[Any, bool] = {}  # and whether each is compiled into its callers
_ENTRIES: dict[Any, Callable[[], Any]] = {}  # and what gives each compiled
_LOADING = threading.RLock()  # Numba's settings are the process's
if hasattr(os, "register_at_fork"):  # a child must not inherit the lock from a thread that it has not
    os.register_at_fork(before=_LOADING.acquire, after_in_parent=_LOADING.release, after_in_child=_LOADING.release)


def stage(function: Function) -> Function:
    """Mark a stage of grouping, a loop over a block of records: kernels call it compiled, with a frame and registers of its own.

    It stays plain Python for everyone else.
    """
    _STAGES[function] = False
    return function


def inline(function: Function) -> Function:
    """Mark what a stage does with one record or code: it is compiled into the stages and kernels that call it.

    It stays plain Python for everyone else.
    """
    _STAGES[function] = True
    return function


def kernel(*signatures: tuple[Any, ...]) -> Callable[[Function], Function]:
    """An entry point, compiled or taken from the cache for each tuple of argument types when it is first called.

    Entry points return nothing. Types are those of `hrgcore_kernels.signatures`.
    """

    def entry(function: Function) -> Function:
        ready: Any = None

        def loaded() -> Any:
            nonlocal ready
            with _LOADING:
                ready = ready or _load(function, signatures)
            return ready

        @functools.wraps(function)
        def call(*arguments: Any) -> None:
            (ready or loaded())(*arguments)

        _ENTRIES[call] = loaded
        return call

    return entry


def compiled(entry: Callable[..., None]) -> Any:
    """The Numba function behind an entry point, for compiled code of others to call."""
    return _ENTRIES[entry]()


@contextlib.contextmanager
def _uncollected() -> Iterator[None]:
    """Without looking for garbage: importing Numba makes a great many objects that stay, and to look at them again takes time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


@_uncollected()
def _load(function: Any, signatures: tuple[tuple[Any, ...], ...]) -> Any:
    import numba
    from numba.core import codegen, config

    if config.DISABLE_JIT:
        return function
    folder = cache_folder(f"kernels-{_digest()[:32]}")
    before = config.CACHE_DIR, config.LOOP_VECTORIZE, config.SLP_VECTORIZE, getattr(codegen, "create_pass_builder", None)
    try:
        config.LOOP_VECTORIZE, config.SLP_VECTORIZE = 0, 1
        codegen.create_pass_builder = _plain_loops
        if folder is not None:
            config.CACHE_DIR = str(folder)
        types = [numba.void(*map(numba_type, signature)) for signature in signatures]
        return numba.njit(types, cache=folder is not None, **_BORROWING)(_with_stages(function))
    finally:
        config.CACHE_DIR, config.LOOP_VECTORIZE, config.SLP_VECTORIZE, codegen.create_pass_builder = before


def _with_stages(function: Any) -> Any:
    """A function that calls the compiled stages where ``function`` calls them by name."""
    names = {step.argval for step in dis.get_instructions(function) if step.opname == "LOAD_GLOBAL"}
    called = {name: function.__globals__[name] for name in names & function.__globals__.keys()}
    stages = {name: _stage(own) for name, own in called.items() if isinstance(own, FunctionType) and own in _STAGES}
    return FunctionType(function.__code__, {**function.__globals__, **stages}, function.__name__)


@functools.cache
def _stage(function: Any) -> Any:
    import numba

    return numba.njit(forceinline=_STAGES[function], **_STAGE)(_with_stages(function))


def numba_type(kind: Any) -> Any:
    """Numba's word for a type of `hrgcore_kernels.signatures`."""
    import numba
    from numba.core import types

    if isinstance(kind, Fields):
        own = [numba_type(field) for field in kind.types]
        alike = len(set(own)) == 1  # Numba has another type for these
        return types.NamedUniTuple(own[0], len(own), kind.own) if alike else types.NamedTuple(own, kind.own)
    if isinstance(kind, Array):
        return types.Array(numba.from_dtype(kind.kind), kind.dimensions, "A" if kind.strided else "C", readonly=not kind.writable)
    return numba.from_dtype(np.dtype(kind))


def _plain_loops(machine: Any, opt: int = 2, **_: bool) -> Any:
    """How LLVM is to optimise kernels: a record has a handful of codes, and unrolled or vector loops cost more to enter than they
    save. Fields that stand side by side are moved together.
    """
    from llvmlite import binding

    tuning = binding.create_pipeline_tuning_options()
    tuning.speed_level = opt
    tuning.loop_vectorization = tuning.loop_unrolling = False
    tuning.slp_vectorization = True
    return binding.create_pass_builder(machine, tuning)


@functools.cache
def _digest() -> str:
    """What compiled kernels depend on."""
    import llvmlite
    import numba
    from numba.core import config

    sha = hashlib.sha256()
    for part in (numba.__version__, llvmlite.__version__, np.__version__, str(config.BOUNDSCHECK)):
        sha.update(f"{part}\x00".encode())
    for source in sorted(Path(__file__).parent.glob("*.py")):
        sha.update(source.read_bytes())
    return sha.hexdigest()
