"""Why a spell has its HRG: the reference engine's steps as an object, text, JSON or a page."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from textwrap import wrap
from typing import Any

import numpy as np
import pyarrow as pa

from hrgcore.activity import CodeCells, TableActivity
from hrgcore.columns import apc_layout
from hrgcore.design.labels import compose
from hrgcore.design.tables import Tables
from hrgcore.errors import InputError
from hrgcore.reasons import REASONS
from hrgcore.reference import EpisodeResult, ReferenceEngine, SpellResult, Step
from hrgcore.reference.neighbours import FACT_WORDS, Splitting, labelled, splitting
from hrgcore_kernels import codes

_WIDTH = 100
_METHODS = {
    "P": "procedure-driven",
    "D": "diagnosis-driven",
    "M": "multiple trauma",
    "B": "burn",
    "G": "global exception",
    "U": "failed",
}


class Views(ABC):
    """What all explanations have: text and JSON of their lines and values, and what the design says of itself."""

    design_id: str
    design_title: str
    design_status: str

    @abstractmethod
    def _lines(self) -> Iterator[tuple[int, str]]:
        """(depth, line) of the text, before wrapping."""

    @abstractmethod
    def to_dict(self) -> dict[str, Any]:
        """The explanation as plain dicts, lists, texts and numbers; reasons are in words."""

    def text(self) -> str:
        """The explanation as indented text of at most 100 columns where codes allow; it ends with the design's status."""
        return as_text(self._lines(), self.design_id, self.design_title, self.design_status)

    def json(self) -> str:
        """The explanation as JSON."""
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=2)


@dataclass(frozen=True)
class Explanation(Views):
    """A spell's result with its steps, what its neighbours would need, the labels of its HRGs, and what the design says of itself.

    ``split`` is None where the spell failed.
    """

    result: SpellResult
    split: Splitting | None
    labels: Mapping[str, str]
    design_id: str
    design_title: str
    design_status: str

    def to_dict(self) -> dict[str, Any]:
        """The explanation as plain dicts, lists, texts and numbers; reasons are in words."""
        spell = asdict(self.result)
        for record in (spell, *spell["episodes"]):
            record["reason"] = REASONS[record["reason"]]
            record["label"] = self.labels.get(record["hrg"], "")
        design = {"id": self.design_id, "title": self.design_title, "status": self.design_status}
        return {"spell": as_lists(spell), "split": self._split_dict(), "labels": dict(self.labels), "design": design}

    def html(self) -> str:
        """The explanation as a page that needs nothing else."""
        from hrgcore.html.explanation import explanation_page

        return explanation_page(self)

    def _lines(self) -> Iterator[tuple[int, str]]:
        """(depth, line) of the text, before wrapping."""
        yield 0, f"Spell: {self.summary(self.result)}"
        for name, value in self.spell_values():
            yield 1, f"{name}: {value}"
        yield from step_lines(self.result.steps, 1)
        for number, episode in enumerate(self.result.episodes, 1):
            yield 0, f"Episode {number}: {self.summary(episode)}"
            for name, value in self.episode_values(episode):
                yield 1, f"{name}: {value}"
            yield from step_lines(episode.steps, 1)
        if self.split and self.split.neighbours:
            yield 0, f"What other HRGs of {self.split.root} would need:"
            for one in self.split.neighbours:
                name = f"{one.hrg} {one.label}"
                yield 1, f"{name}: {'; '.join(need.text for need in one.needs)}. [{one.rule}, {one.basis}]"

    def _split_dict(self) -> dict[str, Any] | None:
        """Root, facts and neighbours; the needs of each with their words."""
        if self.split is None:
            return None
        neighbours = [
            {"hrg": one.hrg, "label": one.label, "rule": one.rule, "basis": one.basis}
            | {"needs": [asdict(need) | {"text": need.text} for need in one.needs]}
            for one in self.split.neighbours
        ]
        return {"root": self.split.root, "facts": dict(self.split.facts), "neighbours": neighbours}

    def summary(self, result: SpellResult | EpisodeResult) -> str:
        """HRG, label and method, or why it failed."""
        label = self.labels.get(result.hrg, "")
        return f"{result.hrg} {label} ({self.how(result)})" if label else f"{result.hrg} ({self.how(result)})"

    def how(self, result: SpellResult | EpisodeResult) -> str:
        """The grouping method in words; of what failed, why."""
        method = _METHODS[result.method]
        if result.method != "U":
            return method
        if isinstance(result, SpellResult) and result.reason == codes.REASON_EPISODE_FAILED:
            failed = enumerate(result.episodes, 1)
            return f"{method}: " + ", ".join(
                f"{REASONS[one.reason]} in episode {number}" for number, one in failed if one.method == "U"
            )
        return f"{method}: {REASONS[result.reason]}"

    def spell_values(self) -> list[tuple[str, str]]:
        """What the result says of the spell beside its HRG: (name, value), blank ones left out."""
        result = self.result
        facts = self.split.facts if self.split else {}
        tested = [(FACT_WORDS[fact], str(value)) for fact, value in facts.items() if fact != "los"]
        values = [
            ("Primary diagnosis", result.primary_diagnosis),
            ("Secondary diagnosis", result.secondary_diagnosis),
            ("Dominant procedure", result.dominant_procedure),
            ("Episodes", str(result.episode_count)),
            ("Length of stay", str(result.los)),
            *((word[0].upper() + word[1:], value) for word, value in tested),
            ("Critical care days", str(result.critical_care_days)),
            ("Unbundled HRGs", ", ".join(self._labelled(text) for text in result.unbundled)),
            ("Rules", ", ".join(filter(None, (result.root_rule, result.split_rule)))),
        ]
        return [(name, value) for name, value in values if value]

    def episode_values(self, episode: EpisodeResult) -> list[tuple[str, str]]:
        """The same of an episode, with its errors."""
        values = [
            ("Dominant procedure", episode.dominant_procedure),
            ("Days", str(episode.calc_epidur)),
            ("Unbundled HRGs", ", ".join(self._labelled(str(hrg)) for hrg in episode.unbundled)),
            ("Rules", ", ".join(filter(None, (episode.root_rule, episode.split_rule)))),
            ("Gives the spell's primary diagnosis", "yes" if episode.report_flag else ""),
        ]
        errors = [("Error", " ".join(filter(None, (error.field, error.code, error.message)))) for error in episode.errors]
        return [(name, value) for name, value in values if value] + errors

    def _labelled(self, unbundled: str) -> str:
        label = self.labels.get(unbundled.partition("*")[0], "")
        return f"{unbundled} {label}" if label else unbundled


class Explainer:
    """Explains spells under one design; what it makes ready once, all explanations use."""

    def __init__(self, tables: Tables) -> None:
        self.engine = ReferenceEngine(tables)
        self._tables = tables

    def explain(self, episodes: Sequence[Mapping[str, object]]) -> Explanation:
        """Group one spell's episodes (official field names, input order) with every step.

        Raises InputError where there is none.
        """
        result = self.engine.group_spell(episodes, trace=True)
        split = splitting(self.engine, episodes)
        hrgs = {result.hrg, *(episode.hrg for episode in result.episodes)}
        hrgs |= {hrg.hrg for episode in result.episodes for hrg in episode.unbundled}
        labels = hrg_labels(self._tables, hrgs | {one.hrg for one in (split.neighbours if split else ())})
        split = labelled(split, labels) if split else None
        settings = self._tables.settings
        own = {hrg: label for hrg, label in labels.items() if hrg in hrgs}
        return Explanation(result, split, own, settings.id, settings.title, settings.status)


def explain_spell(tables: Tables, episodes: Sequence[Mapping[str, object]]) -> Explanation:
    """Explain one spell. `Explainer` is for many under the same design."""
    return Explainer(tables).explain(episodes)


def official_episodes(table: pa.Table) -> list[dict[str, object]]:
    """The episodes of one spell, by official column names. Raises InputError where they are of several, or there is none."""
    layout = apc_layout(table.column_names)
    activity = TableActivity(table)
    every = np.arange(table.num_rows)
    cells = {field: activity.table.column(name) for field, name in layout.fields.items()}
    for prefix, found in (("DIAG", CodeCells.diagnoses(activity, layout)), ("OPER", CodeCells.procedures(activity, layout))):
        cells |= {f"{prefix}_{place + 1:02d}": found.cells(place, every) for place in range(found.count)}
    rows = [
        dict(zip(cells, values, strict=True)) for values in zip(*(column.to_pylist() for column in cells.values()), strict=True)
    ]
    if len({(row["PROCODET"], row["PROVSPNO"]) for row in rows}) != 1:
        raise InputError("explain takes the episodes of one spell; choose the rows of one PROCODET and PROVSPNO.")
    return rows


def hrg_labels(tables: Tables, hrgs: set[str]) -> dict[str, str]:
    """The labels of HRGs of admitted care, as far as a design has them."""
    names = {row["root"]: row["name"] for row in tables["roots"]}
    labels = {tables.settings.error_hrg: tables.settings.error_label}
    for row in tables["splits"]:
        if row["root"] + row["split"] in hrgs:
            labels[row["root"] + row["split"]] = compose(names.get(row["root"], ""), row.cells)
    return {hrg: labels[hrg] for hrg in sorted(hrgs) if hrg in labels}


def as_text(lines: Iterable[tuple[int, str]], design: str, title: str, status: str) -> str:
    """Lines with their depth as indented text of at most 100 columns where codes allow; it ends with the design's status."""
    found: list[str] = []
    for depth, line in lines:
        indent = "  " * depth
        found += wrap(line, _WIDTH, initial_indent=indent, subsequent_indent=indent + "    ", break_long_words=False)
    return "\n".join([*found, f"Design {design}: {title}", " ".join(status.split())])


def _because(step: Step) -> str:
    """The row behind a step and what it rests on: ` [splits.csv:12, derived]`."""
    return f" [{step.rule}, {step.basis}]" if step.rule else ""


def _mark(step: Step) -> str:
    return {"passed": "+ ", "failed": "- "}.get(step.outcome, "")


def step_lines(steps: Sequence[Step], depth: int) -> Iterator[tuple[int, str]]:
    """Steps and those under them, each with its depth."""
    for step in steps:
        yield depth, f"{_mark(step)}{step.text}{_because(step)}"
        yield from step_lines(step.children, depth + 1)


def as_lists(value: Any) -> Any:
    """Tuples as lists, all the way down."""
    if isinstance(value, dict):
        return {key: as_lists(inner) for key, inner in value.items()}
    return [as_lists(inner) for inner in value] if isinstance(value, (list, tuple)) else value
