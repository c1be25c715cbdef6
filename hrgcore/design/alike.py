"""Codes of which the tables say the same: it is kept once."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np


def share(said: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The different rows of what is said of each code, in the order in which they come first, and the row of each code.

    ``said`` [codes, ...] are numbers, or records whose padding is zeros. There may be as many codes as 16 bits count.
    """
    as_bytes = np.ascontiguousarray(said).view(np.uint8).reshape(len(said), -1)
    _, first, of_code = np.unique(as_bytes, axis=0, return_index=True, return_inverse=True)
    order = np.argsort(first)
    place = np.empty(len(order), np.uint16)
    place[order] = np.arange(len(order))
    # As bytes: NumPy leaves out padding where it copies records.
    return as_bytes[first[order]].view(said.dtype).reshape(-1, *said.shape[1:]), place[of_code.reshape(-1)]


def kinds_by_code(arrays: Mapping[str, np.ndarray], scheme: str) -> np.ndarray:
    """What the arrays of a bundle say of each code of a scheme, again by code: PRIMARY or PROCEDURE_KIND [codes]."""
    kinds, codes, row = {
        "icd10": ("primaries", "diagnoses", "primary"),
        "opcs4": ("procedure_kinds", "procedures", "kind"),
    }[scheme]
    found: np.ndarray = arrays[kinds][arrays[codes][row]]
    return found
