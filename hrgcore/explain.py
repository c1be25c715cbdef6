"""Why a spell has its HRG: the reference engine's steps as an object, text, JSON or a page."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from html import escape
from textwrap import wrap
from typing import Any

from hrgcore.design.labels import compose
from hrgcore.design.tables import Tables
from hrgcore.reasons import REASONS
from hrgcore.reference import EpisodeResult, ReferenceEngine, SpellResult, Step

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
    """A spell's result with its steps, the labels of its HRGs, and what the design that gave them says of itself."""

    result: SpellResult
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
        return {"spell": as_lists(spell), "labels": dict(self.labels), "design": design}

    def html(self) -> str:
        """The explanation as a page that needs nothing else: headings, tables of values and nested lists of steps."""
        result = self.result
        title = f"Why this spell has {result.hrg}"
        parts = [
            f"<h1>{escape(title)}</h1>",
            f"<p>{escape(self._summary(result))}</p>",
            "<h2>Spell</h2>",
            definitions(self._spell_values()),
            steps_html(result.steps),
        ]
        for number, episode in enumerate(result.episodes, 1):
            parts += [f"<h2>Episode {number}: {escape(self._summary(episode))}</h2>", definitions(self._episode_values(episode))]
            parts.append(steps_html(episode.steps))
        return as_page(title, parts, self.design_id, self.design_title, self.design_status)

    def _lines(self) -> Iterator[tuple[int, str]]:
        """(depth, line) of the text, before wrapping."""
        yield 0, f"Spell: {self._summary(self.result)}"
        for name, value in self._spell_values():
            yield 1, f"{name}: {value}"
        yield from step_lines(self.result.steps, 1)
        for number, episode in enumerate(self.result.episodes, 1):
            yield 0, f"Episode {number}: {self._summary(episode)}"
            for name, value in self._episode_values(episode):
                yield 1, f"{name}: {value}"
            yield from step_lines(episode.steps, 1)

    def _summary(self, result: SpellResult | EpisodeResult) -> str:
        label = self.labels.get(result.hrg, "")
        method = _METHODS[result.method]
        reason = REASONS[result.reason]
        why = f"{method}: {reason}" if result.method == "U" else method
        return f"{result.hrg} {label} ({why})" if label else f"{result.hrg} ({why})"

    def _spell_values(self) -> list[tuple[str, str]]:
        result = self.result
        values = [
            ("Primary diagnosis", result.primary_diagnosis),
            ("Secondary diagnosis", result.secondary_diagnosis),
            ("Dominant procedure", result.dominant_procedure),
            ("Episodes", str(result.episode_count)),
            ("Length of stay", str(result.los)),
            ("Critical care days", str(result.critical_care_days)),
            ("Unbundled HRGs", ", ".join(self._labelled(text) for text in result.unbundled)),
            ("Rules", ", ".join(filter(None, (result.root_rule, result.split_rule)))),
        ]
        return [(name, value) for name, value in values if value]

    def _episode_values(self, episode: EpisodeResult) -> list[tuple[str, str]]:
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


def explain_spell(tables: Tables, episodes: Sequence[Mapping[str, object]]) -> Explanation:
    """Group one spell's episodes (official field names, input order) with every step. Raises InputError where there is none."""
    result = ReferenceEngine(tables).group_spell(episodes, trace=True)
    return explanation(tables, result)


def explanation(tables: Tables, result: SpellResult) -> Explanation:
    """The explanation of a result that was grouped under ``tables`` with its trace."""
    hrgs = {result.hrg, *(episode.hrg for episode in result.episodes)}
    hrgs |= {hrg.hrg for episode in result.episodes for hrg in episode.unbundled}
    settings = tables.settings
    return Explanation(result, hrg_labels(tables, hrgs), settings.id, settings.title, settings.status)


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


def as_page(heading: str, parts: Sequence[str], design: str, title: str, status: str) -> str:
    """Parts of HTML as a page that needs nothing else; it ends with the design's status."""
    body = "\n".join(parts)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(heading)}</title>\n<style>{_STYLE}</style>\n</head>\n"
        f"<body>\n<main>\n{body}\n</main>\n"
        f"<footer><p>Design {escape(design)}: {escape(title)}</p><p>{escape(status)}</p></footer>\n</body>\n</html>\n"
    )


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


def steps_html(steps: Sequence[Step]) -> str:
    """Steps and those under them as nested lists."""
    if not steps:
        return ""
    items = []
    for step in steps:
        kind = f"<b>{escape(step.kind)}</b> " if step.kind else ""
        outcome = f' <span class="{step.outcome}">{step.outcome}</span>' if step.outcome in ("passed", "failed") else ""
        because = f" <small>{escape(_because(step).strip())}</small>" if step.rule else ""
        items.append(f"<li>{kind}{escape(step.text)}{outcome}{because}{steps_html(step.children)}</li>")
    return f"<ol>{''.join(items)}</ol>"


def definitions(values: Sequence[tuple[str, str]]) -> str:
    """Names and values."""
    return f"<dl>{''.join(f'<dt>{escape(name)}</dt><dd>{escape(value)}</dd>' for name, value in values)}</dl>"


def as_lists(value: Any) -> Any:
    """Tuples as lists, all the way down."""
    if isinstance(value, dict):
        return {key: as_lists(inner) for key, inner in value.items()}
    return [as_lists(inner) for inner in value] if isinstance(value, (list, tuple)) else value


_STYLE = (
    "body{font:1rem/1.5 system-ui,sans-serif;max-width:60rem;margin:1rem auto;padding:0 1rem;color:#111;background:#fff}"
    "dl{display:grid;grid-template-columns:max-content 1fr;gap:0 1rem}dt{font-weight:600}dd{margin:0}"
    "small{color:#444}.passed{color:#00592d}.failed{color:#8f0012}footer{border-top:1px solid #666;margin-top:2rem}"
)
