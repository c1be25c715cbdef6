"""Compose an HRG's label from its root's name and its split's conditions, as tables/README.md says under Labels."""

from collections.abc import Callable, Mapping

_INTERVENTIONS = {
    "0": "without Interventions",
    "1": "with Single Intervention",
    "1+": "with Interventions",
    "2+": "with Multiple Interventions",
}


def compose(root_name: str, split: Mapping[str, str]) -> str:
    """Return the label of the HRG whose root is called ``root_name`` and whose row of ``splits.csv`` is ``split``.

    ``split`` holds the row's columns as text; absent and blank columns say nothing.
    """
    label = split.get("label", "")
    if label.startswith("="):  # says all phrases itself
        phrases = [label[1:]]
    else:
        phrases = [write(split[column]) for column, write in _WRITERS.items() if split.get(column)]
    if not phrases:
        return root_name
    text = ", ".join(phrases)
    if "{}" in root_name:
        return root_name.replace("{}", text)
    if root_name.endswith(",") or text.startswith(("with ", "without ")):
        return f"{root_name} {text}"
    return f"{root_name}, {text}"


def _bounds(value: str) -> tuple[str, str]:
    """Split ``0-18`` into its two ends, ``19+`` into ``19`` and nothing, ``4`` into ``4`` twice."""
    if value.endswith("+"):
        return value[:-1], ""
    low, dash, high = value.partition("-")
    return low, high if dash else low


def _plural(number: str, noun: str) -> str:
    return f"{number} {noun}" if number == "1" else f"{number} {noun}s"


def _age(value: str) -> str:
    low, high = _bounds(value)
    if not high:
        return f"{_plural(low, 'year')} and over"
    if low == "0":
        return f"{_plural(high, 'year')} and under"
    return _plural(low, "year") if low == high else f"between {low} and {high} years"


def _days(value: str) -> str:
    low, high = _bounds(value)
    if not high:
        return f"with length of stay {_plural(low, 'day')} or more"
    if low == high:
        return f"with length of stay {_plural(low, 'day')}"
    if low == "0":
        return f"with length of stay {_plural(high, 'day')} or less"
    return f"with length of stay between {low} and {high} days"


def _relation(value: str) -> str:
    """Write a trauma score's band with signs: ``<=23``, ``24-32``, ``>=51``."""
    low, high = _bounds(value)
    if not high:
        return f">={low}"
    return f"<={high}" if low == "0" and high != "0" else value


# In the order in which labels name them.
_WRITERS: dict[str, Callable[[str], str]] = {
    "age": _age,
    "trauma_diagnosis": lambda value: f"with Diagnosis Score {_relation(value)}",
    "trauma_intervention": lambda value: f"with Intervention Score {_relation(value)}",
    "burn_severity": lambda value: f"with Severity Score {value}",
    "burn_intervention": lambda value: f"with Intervention Score {value}",
    "interventions": lambda value: _INTERVENTIONS.get(value, f"with {value} Interventions"),
    "cc": lambda value: f"with CC Score {value}",
    "los": _days,
    "label": str,
}
