"""Records of the kernels as C structs, made from their NumPy types, so that they can't differ."""

from __future__ import annotations

import numpy as np

from hrgcore_kernels.codes import N_CODED
from hrgcore_kernels.layout import EPISODE, EPISODE_RESULT, SPELL_RESULT, UNBUNDLED

_RECORDS = {"episode": EPISODE, "episode_result": EPISODE_RESULT, "spell_result": SPELL_RESULT, "unbundled": UNBUNDLED}
_FIELDS = (  # of what the function takes: name, C type, what it is
    ("design", "const void *", "what `Pointer.design` gives"),
    ("rows", "const hrgcore_episode *", "[episodes]"),
    ("coded", "const uint8_t *", f"[episodes][{N_CODED}]"),
    ("diagnoses", "const uint16_t *", "[n_diagnoses]"),
    ("procedures", "const uint16_t *", "[n_procedures]"),
    ("order", "const int64_t *", "[episodes]: numbers of rows, spell by spell in EPIORDER; NULL: as rows stand"),
    ("starts", "const int64_t *", "[spells + 1]: where spells begin in order; the first is 0, the last is episodes"),
    ("episode_results", "hrgcore_episode_result *", "[episodes], written"),
    ("spell_results", "hrgcore_spell_result *", "[spells], written"),
    ("unbundled", "hrgcore_unbundled *", "[room], written"),
    ("episodes", "int64_t", ""),
    ("n_diagnoses", "int64_t", ""),
    ("n_procedures", "int64_t", ""),
    ("spells", "int64_t", ""),
    ("room", "int64_t", "for unbundled HRGs"),
    ("n_unbundled", "int64_t", "written: how many there are; those beyond room are not kept"),
)

#: `hrgcore_numbers`, as Numba sees it; addresses are numbers.
NUMBERS = np.dtype([(name, "<i8") for name, *_ in _FIELDS])


def header() -> str:
    """The C and C++ header of `hrgcore.embed.pointer.Pointer`."""
    lines = [
        "/* The grouping kernels by a pointer, in one process with Python. Written by hrgcore.embed.structs. */",
        "#ifndef HRGCORE_KERNELS_H",
        "#define HRGCORE_KERNELS_H",
        "#include <assert.h>",
        "#include <stdint.h>",
        "",
    ]
    for name, dtype in _RECORDS.items():
        lines += _struct(f"hrgcore_{name}", dtype)
    lines.append("typedef struct {")
    lines += [
        f"    {kind}{'' if kind.endswith('*') else ' '}{name};{f'  /* {what} */' * bool(what)}" for name, kind, what in _FIELDS
    ]
    lines += [
        "} hrgcore_numbers;",
        "",
        "/* Gives 0, 3 where a place or number leads out of its array, 1 where there is no memory. */",
        "typedef int (*hrgcore_group_numbers)(hrgcore_numbers *);",
        "#endif",
    ]
    return "\n".join(lines) + "\n"


def _struct(name: str, dtype: np.dtype[np.void]) -> list[str]:
    fields = [(field, kind, offset) for field, (kind, offset, *_) in (dtype.fields or {}).items()]
    return [
        "typedef struct {",
        *(f"    {'u' * (kind.kind == 'u')}int{8 * kind.itemsize}_t {field};" for field, kind, _ in fields),
        f"}} {name};",
        f'static_assert(sizeof({name}) == {dtype.itemsize}, "as the kernels have it");',
        "",
    ]
