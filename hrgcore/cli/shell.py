"""What all commands share: running an action so that every failure is one line and a fixed exit code; progress; the version.

Exit codes of `hrgcore`: 0 done; 2 to 5 as in `hrgcore.errors`; 70 an unexpected error; 130 interrupted; 141 nobody reads the
output any more.
"""

from __future__ import annotations

import contextlib
import os
import sys
import traceback
import warnings
from collections.abc import Callable
from typing import NoReturn

from hrgcore.errors import HrgcoreError

UNEXPECTED = 70
INTERRUPTED = 130
BROKEN_PIPE = 141
#: Set to 1, unexpected errors show their traceback.
DEBUG_VARIABLE = "HRGCORE_DEBUG"
Codes = Callable[[BaseException], int]


def run(program: str, action: Callable[[], int], code_of: Codes | None = None) -> int:
    """Carry out ``action`` and give the exit code; what goes wrong is said in one line on stderr, by the name of ``program``.

    ``code_of`` gives the exit code of an error where it is not the usual one.
    """
    codes = code_of or _usual_code
    with warnings.catch_warnings():
        warnings.simplefilter("always", UserWarning)
        warnings.showwarning = lambda message, *_, **__: say(f"{program}: warning: {message}")
        try:
            code = action()
            sys.stdout.flush()
            return code
        except BrokenPipeError as error:
            # Whatever is still buffered has nowhere to go: without this, Python complains when it shuts down.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return codes(error)
        except KeyboardInterrupt as error:
            say(f"{program}: interrupted")
            return codes(error)
        except HrgcoreError as error:
            say(f"{program}: error: {error}")
            return codes(error)
        except Exception as error:
            return _unexpected(program, error, codes)


def leave(code: int) -> NoReturn:
    """End the process with an exit code, at once.

    Whatever was to be written is, and closed, by now. To take Numba's and LLVM's objects down one by one, as Python does when it
    ends, would take as long as to group a small file.
    """
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):  # whether stdout took everything, `run` has looked at
            stream.flush()
    os._exit(code)


def say(line: str) -> None:
    """Write a line to stderr."""
    print(line, file=sys.stderr, flush=True)


def note(line: str) -> None:
    """Say on stderr what has to be known."""
    say(f"hrgcore: note: {line}")


def warn(line: str) -> None:
    """Say on stderr what may be wrong."""
    say(f"hrgcore: warning: {line}")


def stage(line: str) -> None:
    """Say what is being done, if a person is watching."""
    if sys.stderr.isatty():
        say(f"{line} …")


def version() -> str:
    """The version of hrgcore."""
    import hrgcore

    return hrgcore.__version__


def refuse(program: str, message: str, code: int) -> NoReturn:
    """End with one line on stderr and an exit code."""
    say(f"{program}: error: {message}")
    raise SystemExit(code)


def _usual_code(error: BaseException) -> int:
    if isinstance(error, HrgcoreError):
        return error.exit_code
    if isinstance(error, KeyboardInterrupt):
        return INTERRUPTED
    return BROKEN_PIPE if isinstance(error, BrokenPipeError) else UNEXPECTED


def _unexpected(program: str, error: Exception, codes: Codes) -> int:
    # Neither message nor traceback by default: an error's text may hold a patient's data.
    if os.environ.get(DEBUG_VARIABLE) == "1":
        traceback.print_exception(error)
    say(
        f"{program}: error: unexpected {type(error).__name__}{_place(error)}. This is a fault of hrgcore: please report it"
        f" ({DEBUG_VARIABLE}=1 shows the details; look for patient data in them before you share them)."
    )
    return codes(error)


def _place(error: Exception) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    return f" in {os.path.basename(frames[-1].filename)}, line {frames[-1].lineno}" if frames else ""
