"""Unbundled HRGs of an episode and the days they carry (docs/grouping.md, sections 5 and 7)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from hrgcore import messages
from hrgcore.design.tables import Row
from hrgcore.reference.design import Design
from hrgcore.reference.facts import NO_CONTEXT, Context, Facts, companions, first_applying, hrg_of, split_of
from hrgcore.reference.record import Code, Episode
from hrgcore.reference.results import RecordError, Unbundled
from hrgcore.reference.trace import Recorder

_DAYS = {"rehabilitation": "REHABILITATIONDAYS", "palliative": "SPCDAYS"}


@dataclass(frozen=True)
class UnbundledOutcome:
    """The unbundled HRGs in order, the errors among them, and the rule that gave the first error."""

    hrgs: tuple[Unbundled, ...]
    errors: tuple[RecordError, ...]
    error_rule: Row | None


def unbundle(design: Design, episode: Episode, facts: Facts, trace: Recorder) -> UnbundledOutcome:
    """Ask the rules of each procedure in turn, then those of the episode itself."""
    asked: list[tuple[Code | None, Iterable[Row], Context]] = [
        (code, rules, companions(design, episode.procedures, position))
        for position, code in enumerate(episode.procedures)
        if (rules := design.unbundling.rules(code.listed))
    ]
    asked.append((None, design.unbundling_of_episode, NO_CONTEXT))
    hrgs: list[Unbundled] = []
    errors: list[RecordError] = []
    error_rule: Row | None = None
    for code, asked_rules, context in asked:
        children = trace.branch()
        rule = first_applying("unbundled", asked_rules, facts, context, children)
        source = code or "the episode"
        if rule is None:
            trace.step("unbundled", "No unbundled HRG from {}.", source, outcome="failed", under=children)
            continue
        split = None if rule["root"] in design.errors else split_of(rule["root"], facts, children)
        days = episode.numbers[_DAYS[rule["days"].strip()]] if split and rule["days"].strip() else 0
        hrg = Unbundled(
            hrg_of(split) if split else design.settings.error_hrg, days, rule.reference, split.reference if split else ""
        )
        hrgs.append(hrg)
        trace.step("unbundled", "Unbundled HRG {} from {}.", hrg, source, row=rule, outcome=hrg, under=children)
        if split is None:
            name = design.errors.get(rule["root"])
            message = messages.category(rule["root"], name) if name is not None else messages.NO_SPLIT
            trace.step("unbundled", "{} fails: {}.", source, message, row=rule, outcome="failed")
            errors.append(RecordError(code.field if code else "", code.text if code else "", message))
            error_rule = error_rule or rule
    return UnbundledOutcome(tuple(hrgs), tuple(errors), error_rule)
