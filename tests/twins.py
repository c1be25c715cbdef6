"""Both engines on the same spells: that they agree, or the smallest spell found on which they don't."""

from __future__ import annotations

from designs import Both

from hrgcore.result import Result
from hrgcore.selftest.spells import Input, Spell
from hrgcore.selftest.twins import differences, kernels_say, reference_says


def assert_agree(design: Both, given: Input) -> Result:
    """Assert that both engines say the same of every spell; the message has the smallest spell found on which they don't."""
    result = design.grouper.group(given.table)
    for spell, said in zip(given.spells, kernels_say(result, given), strict=True):
        if said != reference_says(design.reference, spell):
            raise AssertionError(_disagreement(design, spell))
    return result


def _disagreement(design: Both, spell: Spell) -> str:
    """How the engines differ on a spell, after taking away from it what they differ without."""
    if not _differences(design, spell):
        return f"differs only among other spells: {spell}"
    smaller = True
    while smaller:
        smaller = False
        for less in _smaller(spell):
            if _differences(design, less):
                spell, smaller = less, True
                break
    return f"{spell}\n" + "\n".join(_differences(design, spell))


def _smaller(spell: Spell) -> list[Spell]:
    """A spell with one episode less, or one code less."""
    less = [spell[:at] + spell[at + 1 :] for at in range(len(spell)) if len(spell) > 1]
    for at, episode in enumerate(spell):
        for name in episode:
            if name.startswith(("DIAG_", "OPER_")) and name != "DIAG_01":
                less.append([*spell[:at], {field: text for field, text in episode.items() if field != name}, *spell[at + 1 :]])
    return less


def _differences(design: Both, spell: Spell) -> list[str]:
    given = Input([spell])
    return differences(kernels_say(design.grouper.group(given.table), given)[0], reference_says(design.reference, spell))
