"""From the kernels' numbers to text: dictionary arrays over the design's own lists of texts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from hrgcore.design import Bundle
from hrgcore.reasons import METHODS, REASONS


class Decoder:
    """Decodes columns of numbers; the number 0 becomes null, but for HRGs, where it is the error HRG."""

    def __init__(self, bundle: Bundle) -> None:
        self._hrgs = bundle.strings("hrg_codes")
        self._procedures = pa.array(bundle.strings("opcs4_codes"))
        self._rules = pa.array(bundle.rule_references)
        # A dictionary with a value twice is none: what writes or joins it may go wrong.
        self._reasons = pa.array(list(REASONS.values()))
        self._reason_places = np.zeros(max(REASONS) + 1, np.int8)
        self._reason_places[list(REASONS)] = np.arange(len(REASONS))

    def hrg(self, numbers: np.ndarray) -> Any:
        return pa.DictionaryArray.from_arrays(pa.array(numbers.astype(np.int32)), pa.array(self._hrgs))

    def method(self, numbers: np.ndarray) -> Any:
        return pa.DictionaryArray.from_arrays(pa.array(numbers.astype(np.int8)), pa.array(list(METHODS)))

    def reason(self, numbers: np.ndarray) -> Any:
        return pa.DictionaryArray.from_arrays(pa.array(self._reason_places[numbers]), self._reasons)

    def procedure(self, numbers: np.ndarray) -> Any:
        return _or_null(numbers, self._procedures)

    def rule(self, numbers: np.ndarray) -> Any:
        return _or_null(numbers, self._rules)

    def unbundled_rows(self, found: np.ndarray, keys: dict[str, Any]) -> Any:
        """A table with a row for each of ``found`` (UNBUNDLED); ``Row`` counts input rows from 1, ``Iteration`` from 1 in the row.

        ``keys`` are columns that stand behind the first.
        """
        rows = np.ascontiguousarray(found["row"])
        starts = np.flatnonzero(np.diff(rows, prepend=-1))
        iteration = np.arange(len(rows)) - np.repeat(starts, np.diff(np.append(starts, len(rows))))
        days = np.ascontiguousarray(found["days"])
        return pa.table(
            {
                "Row": pa.array(rows + 1),
                **keys,
                "Iteration": pa.array((iteration + 1).astype(np.int32)),
                "UnbundledHRG": self.hrg(found["hrg"]),
                "Days": pa.array(days, mask=days == 0),
                "RootRule": self.rule(found["rule"]),
                "SplitRule": self.rule(found["split_rule"]),
            }
        )

    def unbundled(self, hrgs: np.ndarray, days: np.ndarray) -> Any:
        """Unbundled HRGs as the official product writes them: `VC04Z*12` where there are days. Strings, [unbundled]."""
        pairs, place = np.unique(hrgs.astype(np.int64) << 32 | days.astype(np.int64), return_inverse=True)
        texts = [self._hrgs[pair >> 32] + (f"*{pair & 0xFFFFFFFF}" if pair & 0xFFFFFFFF else "") for pair in pairs.tolist()]
        return pa.array(texts, pa.string()).take(pa.array(place))


def _or_null(numbers: np.ndarray, texts: Any) -> Any:
    indices = numbers.astype(np.int32)
    return pa.DictionaryArray.from_arrays(pa.array(indices, mask=indices == 0), texts)
