"""The reference engine: groups one spell in plain Python, straight from the design tables (docs/grouping.md).

It is the readable twin of the kernels, which tests hold to it, and it is what explains a spell.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from hrgcore import messages
from hrgcore.columns import CODED_FIELDS
from hrgcore.design.tables import Row, Tables
from hrgcore.errors import InputError
from hrgcore.reasons import METHODS, REASONS
from hrgcore.reference.design import Design
from hrgcore.reference.facts import NO_CONTEXT, Facts, Record, first_applying
from hrgcore.reference.record import Episode, read_episode
from hrgcore.reference.results import EpisodeResult, RecordError, SpellResult, Unbundled
from hrgcore.reference.roots import Outcome, failed, group_record
from hrgcore.reference.spell_checks import spell_errors
from hrgcore.reference.trace import Recorder, Trace
from hrgcore.reference.unbundling import unbundle
from hrgcore_kernels import codes

_FAILED = METHODS[codes.METHOD_FAILED]
_OF_LAST_EPISODE = ("DISDEST", "DISMETH")
_NO_AGE = -1  # no condition on the age holds


@dataclass(frozen=True)
class _Result:
    """What episodes and spells have in common, as results write it."""

    reason: int
    hrg: str
    method: str = _FAILED
    dominant_procedure: str = ""
    root_rule: str = ""
    split_rule: str = ""


class ReferenceEngine:
    """Groups spells under one design."""

    def __init__(self, tables: Tables) -> None:
        self.design = Design(tables)

    def group_spell(self, episodes: Sequence[Mapping[str, object]], *, trace: bool = False) -> SpellResult:
        """Group the episodes of one spell, given in input order with official field names (missing ones are blank).

        With ``trace`` the results have their steps. Raises InputError where there is no episode.
        """
        if not episodes:
            raise InputError("A spell has at least one episode; none was given. Give the spell's episodes.")
        read = [read_episode(self.design, index, values) for index, values in enumerate(episodes)]
        ordered = sorted(read, key=lambda episode: episode.order)
        disagreements = spell_errors(self.design, ordered)
        results = {episode.index: self._group_episode(episode, disagreements, _recorder(trace)) for episode in ordered}
        recorder = _recorder(trace)
        result, reporting = self._group_spell(ordered, results, recorder)
        results[reporting.index] = replace(results[reporting.index], report_flag=True)
        unbundled = tuple(str(hrg) for episode in ordered for hrg in results[episode.index].unbundled)
        recorder.step("spell", "Primary diagnosis {}, from episode {}.", reporting.primary_text or "blank", reporting.index + 1)
        return SpellResult(
            hrg=result.hrg,
            method=result.method,
            dominant_procedure=result.dominant_procedure,
            reason=result.reason,
            root_rule=result.root_rule,
            split_rule=result.split_rule,
            primary_diagnosis=reporting.primary_text,
            secondary_diagnosis=reporting.secondary_text,
            episode_count=len(read),
            los=sum(episode.calc_epidur for episode in read),
            critical_care_days=sum(episode.numbers["CRITICALCAREDAYS"] for episode in read),
            unbundled=unbundled,
            episodes=tuple(results[episode.index] for episode in read),
            steps=tuple(recorder.steps),
        )

    def split_facts(self, episodes: Sequence[Mapping[str, object]]) -> tuple[Facts, Row] | None:
        """The facts by which a spell's root was split, and the split that was taken; None where the spell fails."""
        if self.group_spell(episodes).method == _FAILED:
            return None
        read = [read_episode(self.design, index, values) for index, values in enumerate(episodes)]
        record = _record(sorted(read, key=lambda episode: episode.order))
        outcome = group_record(self.design, record, Recorder())
        return (Facts(self.design, record, outcome.primary), outcome.split_rule) if outcome.split_rule is not None else None

    def _group_episode(self, episode: Episode, disagreements: tuple[RecordError, ...], trace: Recorder) -> EpisodeResult:
        errors = episode.errors + disagreements
        children = trace.branch()
        for error in errors:
            children.step("validation", "{}: {}.", error.place, error.message, outcome="failed")
        if errors:
            trace.step("validation", "Fields: the episode fails.", outcome="failed", under=children)
            category = self._diagnosis_error(_facts(self.design, episode), trace) if episode.has_primary else None
            if category is not None and category.error is not None:
                errors += (category.error,)
            reason = codes.REASON_SPELL_DISAGREES if disagreements else codes.REASON_INVALID_FIELD
            return self._episode_result(episode, self._failure(reason), (), errors, trace)
        trace.step("validation", "Fields: all are valid, and the spell's episodes agree.", outcome="passed")
        facts = _facts(self.design, episode)
        record = facts.record
        error_category = self._diagnosis_error(facts, trace)
        if error_category is not None:
            outcome, unbundled = error_category, None
        else:
            outcome = group_record(self.design, record, trace)
            unbundled = unbundle(self.design, episode, facts, trace)
        result = self._result(outcome, trace)
        if outcome.error is not None:
            errors += (outcome.error,)
        hrgs: tuple[Unbundled, ...] = ()
        if unbundled is not None:
            hrgs = unbundled.hrgs
            errors += unbundled.errors
            if unbundled.error_rule is not None and outcome.error is None:
                trace.step("unbundled", "An unbundled error fails the episode.", row=unbundled.error_rule, outcome="failed")
                result = self._failure(codes.REASON_UNBUNDLED_ERROR, unbundled.error_rule.reference)
        return self._episode_result(episode, result, hrgs, errors, trace)

    def _diagnosis_error(self, facts: Facts, trace: Recorder) -> Outcome | None:
        """The error category that the primary diagnosis fails with, if one applies."""
        primary = facts.primary
        children = trace.branch()
        rule = first_applying("validation", self.design.diagnosis_errors.rules(primary.listed), facts, NO_CONTEXT, children)
        if rule is None:
            trace.step("validation", "Primary diagnosis {} may stand first.", primary, outcome="passed", under=children)
            return None
        message = messages.category(rule["error"], self.design.errors[rule["error"]])
        trace.step("validation", "Primary diagnosis {}: {}.", primary, message, row=rule, outcome="failed", under=children)
        return failed(codes.REASON_ERROR_CATEGORY, primary, primary, message, rule)

    def _group_spell(
        self, ordered: Sequence[Episode], results: Mapping[int, EpisodeResult], trace: Recorder
    ) -> tuple[_Result, Episode]:
        """The spell's result, and the episode that gives its primary diagnosis."""
        first = ordered[0]
        failures = [episode.index + 1 for episode in ordered if results[episode.index].method == _FAILED]
        if failures:
            trace.step("spell", "The spell fails: its episode {} failed.", tuple(failures), outcome="failed")
            return self._failure(codes.REASON_EPISODE_FAILED), first
        if len(ordered) == 1:
            trace.step("spell", "A spell of one episode has that episode's result.", outcome=results[first.index].hrg)
            only = results[first.index]
            shared = (only.reason, only.hrg, only.method, only.dominant_procedure, only.root_rule, only.split_rule)
            return _Result(*shared), first
        trace.step("spell", "The spell's {} episodes are grouped together, as one record.", len(ordered))
        outcome = group_record(self.design, _record(ordered), trace)
        reporting = next(episode for episode in ordered if episode.index == outcome.primary.episode)
        return self._result(outcome, trace), first if outcome.error else reporting

    def _result(self, outcome: Outcome, trace: Recorder) -> _Result:
        root_rule = outcome.root_rule.reference if outcome.root_rule else ""
        if outcome.error is not None:
            trace.step("outcome", "Fails: {}.", REASONS[outcome.reason], outcome="failed")
            return self._failure(outcome.reason, root_rule)
        assert outcome.split_rule is not None
        dominant = outcome.dominant.text if outcome.dominant else ""
        return _Result(outcome.reason, outcome.hrg, METHODS[outcome.method], dominant, root_rule, outcome.split_rule.reference)

    def _failure(self, reason: int, root_rule: str = "") -> _Result:
        return _Result(reason, self.design.settings.error_hrg, root_rule=root_rule)

    def _episode_result(
        self, episode: Episode, result: _Result, unbundled: tuple[Unbundled, ...], errors: tuple[RecordError, ...], trace: Recorder
    ) -> EpisodeResult:
        return EpisodeResult(
            hrg=result.hrg,
            method=result.method,
            dominant_procedure=result.dominant_procedure,
            reason=result.reason,
            root_rule=result.root_rule,
            split_rule=result.split_rule,
            calc_epidur=episode.calc_epidur,
            report_flag=False,
            unbundled=unbundled,
            errors=errors,
            steps=tuple(trace.steps),
        )


def _recorder(trace: bool) -> Recorder:
    return Trace() if trace else Recorder()


def _facts(design: Design, episode: Episode) -> Facts:
    """The facts of an episode by itself."""
    record = _record([episode])
    return Facts(design, record, record.primaries[0])


def _record(ordered: Sequence[Episode]) -> Record:
    """Episodes in spell order as one record. Each has a valid primary diagnosis, which is its first diagnosis."""
    first, last = ordered[0], ordered[-1]
    return Record(
        age=first.numbers.get("STARTAGE", _NO_AGE),
        los=sum(episode.calc_epidur for episode in ordered),
        coded={field: (last if field in _OF_LAST_EPISODE else first).coded[field] for field in CODED_FIELDS},
        primaries=tuple(episode.diagnoses[0] for episode in ordered),
        diagnoses=tuple(code for episode in ordered for code in episode.diagnoses),
        procedures=tuple(code for episode in ordered for code in episode.procedures),
    )
