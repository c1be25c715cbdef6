"""What grouping a spell gives: the spell's result and one for each of its episodes."""

from __future__ import annotations

from dataclasses import dataclass

from hrgcore.reference.trace import Step


@dataclass(frozen=True)
class RecordError:
    """One error of an episode: the field, the code concerned (empty where the field is blank or the spell disagrees), the words."""

    field: str
    code: str
    message: str

    @property
    def place(self) -> str:
        """The field, and the code if there is one."""
        return f"{self.field} {self.code}".strip()


@dataclass(frozen=True)
class Unbundled:
    """An unbundled HRG, the days it carries (0: none are written), and the rows that gave it."""

    hrg: str
    days: int
    rule: str
    split_rule: str

    def __str__(self) -> str:
        return f"{self.hrg}*{self.days}" if self.days else self.hrg


@dataclass(frozen=True)
class EpisodeResult:
    """The grouping of one episode. ``method`` is one of P D M B G U, ``reason`` a number of `hrgcore.reasons`.

    ``root_rule`` and ``split_rule`` name rows of the tables (`splits.csv:12`), empty where none decided; ``report_flag`` tells that
    the episode gave the spell's primary diagnosis.
    """

    hrg: str
    method: str
    dominant_procedure: str
    reason: int
    root_rule: str
    split_rule: str
    calc_epidur: int
    report_flag: bool
    unbundled: tuple[Unbundled, ...]
    errors: tuple[RecordError, ...]
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class SpellResult:
    """The grouping of one spell. ``episodes`` are in input order; ``unbundled`` has texts such as `VC04Z*12` in spell order."""

    hrg: str
    method: str
    dominant_procedure: str
    reason: int
    root_rule: str
    split_rule: str
    primary_diagnosis: str
    secondary_diagnosis: str
    episode_count: int
    los: int
    critical_care_days: int
    unbundled: tuple[str, ...]
    episodes: tuple[EpisodeResult, ...]
    steps: tuple[Step, ...]
