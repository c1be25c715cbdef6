"""Chains of a bundle told back as rules, by walking their steps as the kernels may walk them."""

from __future__ import annotations

from hrgcore.design import Bundle

Told = list[tuple[int, tuple[int, ...]]]  # rules in the order in which they are tried, and the steps that hold their tests


def told(bundle: Bundle, start: int) -> Told:
    """The rules of the chain that begins at this step."""
    steps, tests = (bundle.arrays[name] for name in ("steps", "tests"))

    def walk(at: int, end: int, before: tuple[int, ...]) -> Told:
        found: Told = []
        while at < end:
            step = steps[at]
            test = tests[step["test"]]
            always = test["mask"] == 0 and test["low"] == 0
            if always:
                return found + ([(int(step["rule"]), before)] if step["rule"] else [])
            below = (*before, at)
            found += walk(at + 1, at + int(step["fail"]), below) if step["rule"] < 0 else [(int(step["rule"]), below)]
            at += int(step["fail"])
        return found

    return walk(start, len(steps), ())
