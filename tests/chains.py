"""Chains of a bundle told back as rules, by walking their steps as the kernels may walk them."""

from __future__ import annotations

from hrgcore.design import Bundle
from hrgcore.design.steps import unpack

Told = list[tuple[int, tuple[int, ...]]]  # rules in the order in which they are tried, and the steps that hold their tests


def told(bundle: Bundle, start: int) -> Told:
    """The rules of the chain that begins at this step."""
    _, held, failed = (leads.tolist() for leads in unpack(bundle.arrays["steps"]))

    def behind(at: int, lead: int) -> tuple[str, int]:
        return ("rule", lead) if lead >= 0 else ("step", at - lead)

    def walk(to: tuple[str, int], end: tuple[str, int] | None, before: tuple[int, ...]) -> Told:
        if to == end:
            return []
        kind, at = to
        if kind == "rule":
            return [(at, before)] if at else []
        if held[at] == failed[at]:  # whatever its test says
            return walk(("rule", held[at]), end, before)
        below, rest = behind(at, held[at]), behind(at, failed[at])
        return walk(below, rest, (*before, at)) + walk(rest, end, before)

    return walk(("step", start), None, ())
