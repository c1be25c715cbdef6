"""The page: the form with what is said at each field, and beside it the answer. What the script shows is made here, too."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from hrgcore.explain import Explanation
from hrgcore.html import Content, Html, design_footer, joined, page, table, tag
from hrgcore.html.explanation import answer as answer_card
from hrgcore.html.explanation import derivation, neighbours, row_answer, row_derivation
from hrgcore.logics.fields import Field
from hrgcore.serve.answers import Answer, Moved, Remark
from hrgcore.serve.entry import Entry, Row, as_text
from hrgcore.serve.fields import APC, CODE_KINDS, Form, form_of

FORM = "spell"
_SPARE = 2  # blank fields behind the last code
_FEWEST = {"icd10": 5, "opcs4": 3}
_EXPORTS = {"html": "HTML page", "json": "JSON", "csv": "CSV row"}
_HEADINGS = {"icd10": "Diagnoses (ICD-10)", "opcs4": "Procedures (OPCS-4)"}

Accepted = Callable[[Form, str], Sequence[str]]


class Views:
    """Pages under one design, which says of itself what stands in their foot."""

    def __init__(self, logics: Sequence[str], accepted: Accepted, footer: tuple[str, str, str]) -> None:
        self._logics = logics
        self._accepted = accepted
        self._footer = design_footer(*footer)
        self._datalists: dict[str, Html] = {}

    def whole(self, form: Form, entry: Entry, answer: Answer | None, notice: str = "", focus: str = "") -> Html:
        """The page. Without an answer it invites to enter something; a notice says what a button could not do."""
        title = f"{answer.explanation.result.hrg} · hrgcore" if answer else "hrgcore: why this HRG"
        head = joined(
            [
                tag("link", rel="stylesheet", href="/page.css"),
                tag("link", rel="icon", href="/icon.svg", type="image/svg+xml"),
                tag("script", src="/page.js", defer=True),
            ]
        )
        remarks = answer.remarks if answer else {}
        fields = tag(
            "form",
            tag("button", "Explain", name="action", value="explain", class_="hidden", tabindex="-1", aria_hidden="true"),
            tag("input", type="hidden", name="before", value=as_text(entry.before)) if entry.before is not None else None,
            tag("input", type="hidden", name="shown", value=str(entry.shown)) if form.days else None,
            self._paste(form, entry, notice, opened=answer is None),
            self._keys(form, entry),
            *(self._row(form, number, entry, remarks, focus) for number in range(len(entry.rows))),
            self._buttons(form),
            id=FORM,
            method="post",
            action=f"/{form.logic}",
            autocomplete="off",
            novalidate=True,
        )
        shown = results(form, answer) if answer else _invitation(form)
        body = tag("div", fields, tag("div", shown, id="results"), class_="columns")
        said = tag("p", _said(answer), id="said", role="status", aria_live="polite", class_="hidden")
        parts = [tag("h1", f"One {form.whole}: ", tag("span", form.title)), said, body, self._lists(form), _bar(answer)]
        main = [tag("div", *parts, id="page", data_focus=focus)]
        return page(title, main, header=self._header(form), footer=self._footer, head=head)

    def _header(self, form: Form) -> Html:
        links = [
            tag("a", name.upper(), href=f"/{name}", title=form_of(name).title, aria_current="page" if name == form.logic else None)
            for name in self._logics
        ]
        return joined([tag("a", "hrgcore", href="/", class_="brand"), tag("nav", *links, aria_label="Logic")])

    def _paste(self, form: Form, entry: Entry, notice: str, opened: bool) -> Html:
        what = f"the {form.rows} of a {form.whole}" if form.several else "a row"
        hint = (
            f"Copy {what} from a spreadsheet or a CSV, with the headings (official or HES names), or in the official column order."
        )
        area = tag(
            "textarea",
            entry.paste if notice else "",
            id="paste",
            name="paste",
            rows=4,
            spellcheck="false",
            aria_describedby="paste-hint",
        )
        return tag(
            "details",
            tag("summary", "Paste rows"),
            tag("p", hint, id="paste-hint", class_="soft"),
            tag("label", "Rows", for_="paste", class_="hidden"),
            area,
            tag("button", "Fill in from the paste", name="action", value="paste"),
            tag("p", notice, class_="bad notice", role="alert", id="notice") if notice else None,
            open=opened or bool(notice),
            class_="card",
        )

    def _keys(self, form: Form, entry: Entry) -> Html:
        if not form.keys:
            return Html()
        fields = []
        for one in form.keys:
            id_ = f"key-{one.name}"
            control = tag("input", id=id_, name=f"key.{one.name}", value=entry.rows[0].get(one.name, ""), maxlength=64)
            fields.append(tag("div", tag("label", one.label, for_=id_), control, class_="field wide"))
        named = "Key (optional)" if form.logic == APC else "Key (names the period)"
        opened = form.days and len(entry.rows) > 1
        return tag("details", tag("summary", named), tag("div", *fields, class_="grid"), class_="card", open=opened)

    def _row(self, form: Form, number: int, entry: Entry, remarks: Mapping[tuple[int, str], Remark], focus: str) -> Html:
        """The fields of a row. Of several days those are open that are shown, gone to or at fault: a period may be long."""
        fields = self._fields(form, number, entry.rows[number], len(entry.rows), remarks)
        if not form.days or len(entry.rows) == 1:
            return fields
        wrong = any(row == number and remark.kind for (row, _), remark in remarks.items())
        opened = wrong or number == entry.shown or focus.startswith(f"r{number}-")
        return tag("details", tag("summary", f"{form.row} {number + 1}"), fields, open=opened, class_="card day")

    def _fields(self, form: Form, number: int, row: Row, rows: int, remarks: Mapping[tuple[int, str], Remark]) -> Html:
        single = [one for one in form.fields if not one.many]
        fields = [self._field(form, number, one, one.name, row, remarks) for one in single]
        parts: list[Content] = [tag("legend", f"{form.row} {number + 1}" if form.several else form.row)]
        parts.append(tag("div", *fields, class_="grid"))
        for one in form.fields:
            if one.many:
                heading = _HEADINGS.get(one.kind, f"{one.label}s")
                filled = [place for place in range(99) if row.get(one.place(place), "")]
                count = min(99, max(_FEWEST.get(one.kind, 3), (filled[-1] + 1 if filled else 0) + _SPARE))
                items = [
                    tag(
                        "li",
                        self._field(form, number, one, one.place(place), row, remarks, place + 1),
                        id=f"r{number}-{one.place(place)}-item",
                    )
                    for place in range(count)
                ]
                parts.append(
                    tag("fieldset", tag("legend", heading), tag("ol", *items, id=f"r{number}-{one.name}-list"), class_="codes")
                )
        if rows > 1:
            remove = f"Remove {form.row.lower()} {number + 1}"
            parts.append(tag("button", remove, name="action", value=f"remove-{number}", class_="small quiet"))
        return tag("fieldset", *parts, class_="card row", id=f"r{number}")

    def _field(
        self,
        form: Form,
        number: int,
        one: Field,
        column: str,
        row: Row,
        remarks: Mapping[tuple[int, str], Remark],
        place: int = 0,
    ) -> Html:
        id_ = f"r{number}-{column}"
        remark = remarks.get((number, column), Remark(""))
        text = f"{one.label} {place}" if place else one.label
        if one.kind in CODE_KINDS and place == 1 and one.kind == "icd10":
            text = "Primary diagnosis" if form.logic == APC else text
        label = tag("label", text, for_=id_, class_="hidden" if place else None)
        control = tag(
            "input",
            id=id_,
            name=f"r{number}.{column}",
            value=row.get(column, ""),
            maxlength=64,
            list=f"list-{one.kind}" if one.kind in CODE_KINDS else f"list-{one.name}" if one.kind == "coded" else None,
            inputmode="numeric" if one.kind in ("number", "age", "date") else None,
            autocapitalize="characters" if one.kind in CODE_KINDS else "off",
            spellcheck="false",
            data_scheme=one.kind if one.kind in CODE_KINDS else None,
            aria_invalid="true" if remark.kind else None,
            aria_describedby=f"{id_}-says",
        )
        says = tag("span", remark.text, id=f"{id_}-says", class_=f"says {remark.kind}".strip())
        return tag("div", label, control, says, class_="field code-field" if one.kind in CODE_KINDS else "field")

    def _buttons(self, form: Form) -> Html:
        made = [tag("button", "Explain", name="action", value="explain", class_="main")]
        if form.several:
            article = "an" if form.row[0] in "AEIOU" else "a"
            made.append(tag("button", f"Add {article} {form.row.lower()}", name="action", value="add"))
        made.append(
            tag("button", "What if…", name="action", value="whatif", title="Keep this result, and see what moves as you change it")
        )
        made.append(tag("button", "Start again", name="action", value="clear", class_="quiet"))
        return tag("div", *made, class_="buttons")

    def _lists(self, form: Form) -> Html:
        """What coded fields accept, and room for codes that the script completes."""
        if form.logic not in self._datalists:
            lists = [
                tag("datalist", id=f"list-{kind}")
                for kind in dict.fromkeys(one.kind for one in form.fields if one.kind in CODE_KINDS)
            ]
            for one in form.fields:
                if one.kind == "coded":
                    lists.append(
                        tag(
                            "datalist",
                            *(tag("option", value=text) for text in self._accepted(form, one.name)),
                            id=f"list-{one.name}",
                        )
                    )
            self._datalists[form.logic] = joined(lists)
        return self._datalists[form.logic]


def results(form: Form, answer: Answer) -> Html:
    """The answer: what moved, the HRG, errors that belong to no field, the neighbours, and why."""
    explanation = answer.explanation
    parts: list[Content] = [_what_if(answer)]
    parts.append(_days(form, answer))
    parts.append(answer_card(explanation) if isinstance(explanation, Explanation) else row_answer(explanation))
    parts.append(_errors(form, answer))
    if isinstance(explanation, Explanation):
        parts.append(neighbours(explanation, FORM))
        parts.append(derivation(explanation, answer.known))
    else:
        parts.append(row_derivation(explanation, answer.known))
    exports = [
        tag("button", text, form=FORM, formaction=f"/{form.logic}/export/{kind}", class_="small") for kind, text in _EXPORTS.items()
    ]
    parts.append(
        tag(
            "section",
            tag("h2", "Keep it"),
            tag("p", *exports, class_="buttons"),
            class_="card",
            aria_label=f"Export the {form.whole}",
        )
    )
    return joined(parts)


def _days(form: Form, answer: Answer) -> Html:
    """The HRG of each day of a period, with a button to see why; and what of the period could not be checked."""
    unchecked = tag("p", answer.unchecked, class_="note") if answer.unchecked else None
    if len(answer.days) < 2:
        return tag("section", unchecked, class_="card") if unchecked else Html()
    rows = []
    for number, one in enumerate(answer.days):
        name = f"{form.row} {number + 1}"
        why: Content = (
            "shown"
            if number == answer.shown
            else tag("button", "Why", name="action", value=f"show-{number}", form=FORM, class_="small", aria_label=f"Why {name}")
        )
        wrong = "; ".join(dict.fromkeys(error.message for error in one.result.errors))
        rows.append((name, tag("span", one.result.hrg, class_="code"), one.labels[one.result.hrg], wrong, why))
    made = table(("Day", "HRG", "Label", "Errors", "Steps"), rows, label="Days of the period", stack=True)
    return tag("section", tag("h2", "The period"), made, unchecked, class_="card", id="days")


def _errors(form: Form, answer: Answer) -> Html:
    items = [tag("li", text) for text in answer.general]
    for (row, column), remark in answer.remarks.items():
        if remark.kind:
            where = f"{form.row} {row + 1}, {column}" if form.several else column
            items.append(tag("li", tag("a", where, href=f"#r{row}-{column}"), f": {remark.text}"))
    if not items:
        return Html()
    return tag("section", tag("h2", "To be mended"), tag("ul", *items, class_="errors"), class_="card wrong")


def _what_if(answer: Answer) -> Html:
    if answer.known is None:
        return Html()
    moved = [one for one in answer.moved if one.changed]
    parts: list[Content] = [tag("h2", "What if")]
    if not answer.given:
        parts.append(tag("p", "Nothing is changed yet: change a code, the age, the stay.", class_="note"))
    else:
        parts.append(
            table(
                ("Changed", "Before", "Now"),
                [_pair(one) for one in answer.given],
                label="What was changed",
                stack=True,
            )
        )
        verdict = "The HRG moves." if any(one.of_hrg for one in moved) else "The HRG stays."
        parts.append(tag("p", tag("b", verdict), class_="note"))
        rows = [_pair(one) for one in answer.moved if one.changed or (one.of_hrg and not answer.days)]
        parts.append(table(("Result", "Before", "Now"), rows, label="What moves", stack=True) if rows else None)
        parts.append(tag("p", "Below, steps that were not there before are ", tag("mark", "marked"), ".", class_="soft"))
    buttons = [
        tag("button", "Back to before", name="action", value="back", form=FORM, class_="small"),
        tag("button", "Go on from here", name="action", value="keep", form=FORM, class_="small"),
    ]
    return tag("section", *parts, tag("p", *buttons, class_="buttons"), class_="card what-if", id="what-if")


def _pair(one: Moved) -> tuple[Content, Content, Content]:
    now = one.now or "none"
    return one.name, one.before or "none", tag("mark", now) if one.changed else now


def _said(answer: Answer | None) -> str:
    """The answer in a sentence, for those who listen."""
    if answer is None:
        return ""
    result = answer.explanation.result
    wrong = sum(1 for remark in answer.remarks.values() if remark.kind)
    errors = f" {wrong} fields to be mended." if wrong else ""
    return f"{result.hrg} {answer.explanation.labels.get(result.hrg, '')}.{errors}"


def _bar(answer: Answer | None) -> Html:
    """On narrow screens, the HRG at the foot of the screen while the form is filled in."""
    if answer is None:
        return tag("a", id="bar", href="#results", class_="bar", hidden=True)
    result = answer.explanation.result
    return tag(
        "a", tag("b", result.hrg), " ", answer.explanation.labels.get(result.hrg, ""), id="bar", href="#results", class_="bar"
    )


def _invitation(form: Form) -> Html:
    what = f"a {form.whole}"
    return tag(
        "section",
        tag("h2", "Why this HRG"),
        tag("p", f"Type or paste {what}: the HRG, and why, stand here as you go."),
        tag("p", tag("button", "Show an example", name="action", value="example", form=FORM)) if form.logic == APC else None,
        tag("p", "Nothing that you enter leaves this computer, and nothing is kept.", class_="soft"),
        class_="card",
    )
