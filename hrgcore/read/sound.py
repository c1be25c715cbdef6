"""Whether the buffers of Arrow arrays hold: damaged ones would crash compiled code. What is quick to say is said first."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from hrgcore.encode.cells import is_list, text_buffers


def validate(array: Any) -> None:
    """Raise ArrowInvalid where an array's buffers don't hold, as `Array.validate` does in full."""
    kind = array.type
    quick = False
    if pa.types.is_dictionary(kind):
        array.validate()
        validate(array.dictionary)
        quick = _all_within(array)
    elif is_list(kind):
        array.validate()
        validate(array.values)
        quick = _ascend(array.offsets.to_numpy())
    elif pa.types.is_string(kind) or pa.types.is_large_string(kind):
        array.validate()
        quick = _all_ascii(array)
    if not quick:
        array.validate(full=True)


def _all_ascii(array: Any) -> bool:
    """Whether all is text of ASCII: quicker to say than whether each cell is UTF-8."""
    offsets, data = text_buffers(array)[:2]
    return _ascend(offsets) and int(data[offsets[0] : offsets[-1]].max(initial=0)) < 128


def _ascend(offsets: np.ndarray) -> bool:
    """Whether offsets ascend. That the first and the last lie within what they are offsets of, `Array.validate` says."""
    return bool((offsets[1:] >= offsets[:-1]).all())


def _all_within(array: Any) -> bool:
    """Whether all places are of the dictionary, those under nulls too: quicker to say than if those don't matter."""
    if len(array) == 0:
        return True
    indices = array.indices
    size = indices.type.bit_width // 8
    places = np.frombuffer(indices.buffers()[1], f"u{size}", len(array), indices.offset * size)
    return int(places.max()) < len(array.dictionary)
