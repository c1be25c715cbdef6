"""An explanation as HTML: the answer, the derivation as a tree that opens and closes, and what the neighbouring HRGs would need."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from hrgcore.html.markup import Content, Html, joined, tag
from hrgcore.html.page import design_footer, page
from hrgcore.html.parts import basis, definitions, table
from hrgcore.reasons import is_failure
from hrgcore.reference import Step

if TYPE_CHECKING:
    from hrgcore.explain import Explanation
    from hrgcore.logics.explain import RowExplanation

#: How the kinds of steps are headed: the order in which a coder reasons.
KINDS = {
    "validation": "Validation",
    "facts": "Facts",
    "exception": "Trauma, burns",
    "dominant": "Dominant",
    "grid": "Grid",
    "root": "Root",
    "cc": "CC score",
    "interventions": "Interventions",
    "split": "Split",
    "unbundled": "Unbundled",
    "outcome": "Outcome",
    "spell": "Spell",
    "list": "List",
    "score": "Score",
    "rule": "Rule",
}
_CLOSED = ("facts", "exception", "unbundled")  # long, and seldom what decides
_MOST_OPEN = 16
_OF_CODES = ("Primary diagnosis", "Secondary diagnosis", "Dominant procedure")


def explanation_page(explanation: Explanation) -> Html:
    """A spell's explanation as a page that needs nothing else."""
    title = f"Why this spell has {explanation.result.hrg}"
    parts = [tag("h1", title), answer(explanation), derivation(explanation), neighbours(explanation)]
    return page(title, parts, footer=_footer(explanation))


def row_page(explanation: RowExplanation) -> Html:
    """A row's explanation as a page that needs nothing else."""
    title = f"Why this row has {explanation.result.hrg}"
    return page(title, [tag("h1", title), row_answer(explanation), row_derivation(explanation)], footer=_footer(explanation))


def answer(explanation: Explanation) -> Html:
    """The HRG, large, and what the result says beside it."""
    result = explanation.result
    values = [(name, tag("span", text, class_="code") if name in _OF_CODES else text) for name, text in explanation.spell_values()]
    return _answer(result.hrg, explanation.labels.get(result.hrg, ""), explanation.how(result), result.method == "U", values)


def row_answer(explanation: RowExplanation) -> Html:
    """The same of a row of another logic."""
    result = explanation.result
    failed = is_failure(result.reason)
    return _answer(result.hrg, explanation.labels[result.hrg], explanation.how(), failed, explanation.values())


def _answer(hrg: str, label: str, how: str, failed: bool, values: Sequence[tuple[str, Content]]) -> Html:
    head = tag("p", tag("span", hrg, class_="hrg"), " ", tag("span", label, class_="label"), class_="is")
    return tag(
        "section",
        tag("h2", "Result", class_="hidden"),
        head,
        tag("p", how, class_="bad how" if failed else "how"),
        definitions(values),
        class_="card answer",
    )


def derivation(explanation: Explanation, known: Collection[str] | None = None) -> Html:
    """Every step: of the spell, and of each episode. Steps whose text is not among ``known`` are marked, where that is given."""
    result = explanation.result
    several = len(result.episodes) > 1
    parts: list[Content] = [tag("h2", "Why")]
    if several:
        parts += [tag("h3", "The spell as one record"), steps(result.steps, known)]
    for number, episode in enumerate(result.episodes, 1):
        own = [steps(episode.steps, known)]
        if several:
            head = tag("summary", tag("b", f"Episode {number}"), f": {explanation.summary(episode)}")
            parts.append(tag("details", head, *own, open=bool(episode.errors)))
        else:
            parts += [*own, steps(result.steps, known)]
    return tag("section", *parts, class_="card", id="why")


def row_derivation(explanation: RowExplanation, known: Collection[str] | None = None) -> Html:
    """Every step of a row of another logic."""
    return tag("section", tag("h2", "Why"), steps(explanation.result.steps, known), class_="card", id="why")


def neighbours(explanation: Explanation, form: str = "") -> Html:
    """What the other HRGs of the root would need, nearest first.

    With the id of a ``form``, those whose change can be made in its fields get a button to try it.
    """
    split = explanation.split
    if split is None or not split.neighbours:
        return Html()
    rows = []
    for one in split.neighbours:
        needs = tag("ul", *(tag("li", need.text) for need in one.needs), class_="needs")
        button = None
        if form and one.episodes is not None:
            value = f"try-{one.hrg}"
            button = tag("button", "Try", name="action", value=value, form=form, class_="small", aria_label=f"Try {one.hrg}")
        rows.append((joined([tag("span", one.hrg, class_="code"), " ", button]), one.label, needs, _row(one.rule, one.basis)))
    text = f"What the other HRGs of {split.root} would need, everything else being as it is; the nearest first."
    return tag(
        "section",
        tag("h2", "Neighbouring HRGs"),
        tag("p", text, class_="soft"),
        table(("HRG", "Label", "Needs", "Row"), rows, label=f"HRGs of {split.root}", stack=True),
        class_="card",
        id="neighbours",
    )


def steps(found: Sequence[Step], known: Collection[str] | None = None) -> Html:
    """Steps and those under them as a tree; the ones with others under them open and close."""
    if not found:
        return Html()
    return tag("ol", *(_step(step, known) for step in found), class_="steps")


def _step(step: Step, known: Collection[str] | None, inner: bool = False) -> Html:
    mark = step.outcome if step.outcome in ("passed", "failed") else None
    said: Content = step.text if known is None or step.text in known else tag("mark", step.text)
    kind = None if inner else tag("span", KINDS.get(step.kind, step.kind), class_="kind")
    text = tag("span", tag("span", said, class_=mark), _row(step.rule, step.basis))
    if not step.children:
        return tag("li", kind, text, class_="line")
    below = tag("ol", *(_step(child, known, inner=True) for child in step.children), class_="steps")
    opened = step.kind == "cc" or (step.kind not in _CLOSED and len(step.children) <= _MOST_OPEN)
    return tag("li", tag("details", tag("summary", kind, text, class_="line"), below, open=opened))


def _row(rule: str, rests_on: str) -> Html:
    """The row of the tables that decided, and what it rests on."""
    return Html(f" {tag('span', rule, class_='rule')} {basis(rests_on)}") if rule else Html()


def _footer(explanation: Explanation | RowExplanation) -> Html:
    return design_footer(explanation.design_id, explanation.design_title, explanation.design_status)
