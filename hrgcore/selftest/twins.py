"""What both engines say of the same spells, in the same words, so that it can be compared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from hrgcore.reasons import REASONS
from hrgcore.reference import ReferenceEngine, SpellResult
from hrgcore.result import Result
from hrgcore.selftest.spells import Input, Spell

EPISODE_WORDS = (
    "FCE_HRG",
    "GroupingMethodFlag",
    "DominantProcedure",
    "FCE_Reason",
    "FCE_RootRule",
    "FCE_SplitRule",
    "CalcEpidur",
    "SpellReportFlag",
)
SPELL_WORDS = (
    "SpellHRG",
    "SpellGroupingMethodFlag",
    "SpellDominantProcedure",
    "SpellReason",
    "SpellRootRule",
    "SpellSplitRule",
    "SpellPDiag",
    "SpellSDiag",
    "SpellEpisodeCount",
    "SpellLOS",
    "SpellCCDays",
    "UnbundledHRGs",
)

Said = dict[str, Any]  # of a spell: its fields, and of each episode its fields, unbundled HRGs and errors


def kernels_say(result: Result, given: Input) -> list[Said]:
    """What the kernels say of each spell, its episodes in the order of ``given.spells``."""
    episodes = [dict(zip(EPISODE_WORDS, values, strict=True)) for values in _rows(result.episodes, EPISODE_WORDS)]
    for episode in episodes:
        episode |= {"unbundled": [], "errors": Counter()}
    for row, *unbundled in _rows(result.unbundled, ("Row", "UnbundledHRG", "Days", "RootRule", "SplitRule")):
        episodes[row - 1]["unbundled"].append(tuple(unbundled))
    for row, *error in _rows(result.errors, ("Row", "CodeType", "Code", "ErrorMessage")):
        episodes[row - 1]["errors"][tuple(error)] += 1
    of_spell = result.spell_of_episode.tolist()
    said: list[Said] = [{} for _ in given.spells]
    rows = _rows(result.spells, SPELL_WORDS)
    for row, (spell, _) in enumerate(given.places):
        if not said[spell]:
            said[spell] = dict(zip(SPELL_WORDS, rows[of_spell[row]], strict=True)) | {"episodes": [None] * len(given.spells[spell])}
    for episode, (spell, place) in zip(episodes, given.places, strict=True):
        said[spell]["episodes"][place] = episode
    return said


def reference_says(reference: ReferenceEngine, spell: Spell) -> Said:
    """What the reference engine says of a spell."""
    return result_says(reference.group_spell(spell))


def result_says(found: SpellResult) -> Said:
    """What a result of the reference engine says."""
    spell_values = (
        found.hrg,
        found.method,
        found.dominant_procedure,
        REASONS[found.reason],
        found.root_rule,
        found.split_rule,
        found.primary_diagnosis,
        found.secondary_diagnosis,
        found.episode_count,
        found.los,
        found.critical_care_days,
        list(found.unbundled),
    )
    episodes = []
    for one in found.episodes:
        values = (
            one.hrg,
            one.method,
            one.dominant_procedure,
            REASONS[one.reason],
            one.root_rule,
            one.split_rule,
            one.calc_epidur,
            one.report_flag,
        )
        episode: Said = dict(zip(EPISODE_WORDS, values, strict=True))
        episode["unbundled"] = [(hrg.hrg, hrg.days, hrg.rule, hrg.split_rule) for hrg in one.unbundled]
        episode["errors"] = Counter((error.field, error.code, error.message) for error in one.errors)
        episodes.append(episode)
    return dict(zip(SPELL_WORDS, spell_values, strict=True)) | {"episodes": episodes}


def differences(said: Said, expected: Said) -> list[str]:
    """The fields in which the kernels say something else of a spell than the reference engine."""
    pairs = [("spell", said, expected)]
    pairs += [(f"episode {at}", *both) for at, both in enumerate(zip(said["episodes"], expected["episodes"], strict=True), 1)]
    return [
        f"{where}: {field}: kernels {ours[field]!r}, reference {theirs[field]!r}"
        for where, ours, theirs in pairs
        for field in ours
        if field != "episodes" and ours[field] != theirs[field]
    ]


def _rows(table: Any, names: Sequence[str]) -> list[tuple[Any, ...]]:
    """Rows of some columns; nulls as the reference engine writes what is not there."""
    columns = []
    for name in names:
        nothing: Any = 0 if name == "Days" else ""
        columns.append([nothing if value is None else value for value in table.column(name).to_pylist()])
    return list(zip(*columns, strict=True))
