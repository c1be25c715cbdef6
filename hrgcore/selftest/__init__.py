"""Whether this installation groups rightly on this machine: its files, its design, known cases, both engines on made-up spells."""

from hrgcore.selftest.checks import Check, run_checks

__all__ = ["Check", "run_checks"]
