"""What can go wrong in a way that a person can mend: each error has a message with a remedy and a fixed exit code."""

from __future__ import annotations


class HrgcoreError(Exception):
    """Base of all errors that hrgcore raises on purpose. The message says what, where and what to do."""

    exit_code = 1


class UsageError(HrgcoreError):
    """An argument is wrong: unknown logic, unknown design, an option that does not fit."""

    exit_code = 2


class InputError(HrgcoreError):
    """The input can't be read: no such file, no such column, a ragged row, not UTF-8, duplicate headings."""

    exit_code = 3


class DesignError(HrgcoreError):
    """A design's tables or bundle are wrong. ``faults`` lists every fault found, one a line in the message."""

    exit_code = 4

    def __init__(self, message: str, faults: tuple[str, ...] = ()) -> None:
        super().__init__("\n".join((message, *faults)))
        self.faults = faults


class OutputError(HrgcoreError):
    """The output can't be written: the folder exists and is not empty, no permission, a full disk."""

    exit_code = 5
