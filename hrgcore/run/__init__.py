"""Safe runs from files to a folder of results: part by part in flat memory, to be taken up again wherever they broke off."""

from __future__ import annotations

from hrgcore.run.job import Job, Outcome, Run, run_job

__all__ = ["Job", "Outcome", "Run", "run_job"]
