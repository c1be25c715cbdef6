"""Tables as lines of CSV text, a whole block at a time, with rows that may have more cells than others at their end."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

#: Lines end as on Windows, where the official product runs, unless said otherwise.
LINE_END = "\r\n"
_NEEDS_QUOTES = '[,"\r\n]'


def cells(column: pa.ChunkedArray | pa.Array) -> pa.ChunkedArray:
    """A column as CSV cells: text, blank for null, in quotes where it holds a comma, a quote or a line end."""
    if pa.types.is_boolean(column.type):
        column = pc.if_else(column, "1", "0")
    text = pc.fill_null(column.cast(pa.string()).cast(pa.large_string()), "")
    if _has_special(text):
        special = pc.match_substring_regex(text, _NEEDS_QUOTES)
        quoted = join(text_of('"'), pc.replace_substring(text, '"', '""'), text_of('"'), by="")
        text = pc.if_else(special, quoted, text)
    return text


def lines(columns: Sequence[pa.Array | pa.ChunkedArray], end: str = LINE_END) -> memoryview | bytes:
    """The bytes of the lines that ``columns`` of cells (of one length) make."""
    if not len(columns[0]):
        return b""
    ended = join(join(*columns, by=","), text_of(""), by=end)
    if isinstance(ended, pa.ChunkedArray):
        ended = ended.combine_chunks()
    return _content(ended)


def _has_special(text: pa.ChunkedArray | pa.Array) -> bool:
    """Whether any cell needs quotes: a search over all text at once, as hardly any column does."""
    for chunk in text.chunks if isinstance(text, pa.ChunkedArray) else [text]:
        content = bytes(_content(chunk))
        if any(character in content for character in (b",", b'"', b"\r", b"\n")):
            return True
    return False


def _content(text: pa.Array) -> memoryview | bytes:
    """The bytes of all texts of an array (of long offsets), one behind the other."""
    offsets, data = text.buffers()[1:3]
    if data is None or not len(text):
        return b""
    bounds = memoryview(offsets).cast("q")
    return memoryview(data)[bounds[text.offset] : bounds[text.offset + len(text)]]


def join(*columns: pa.Array | pa.ChunkedArray | pa.Scalar, by: str) -> pa.ChunkedArray | pa.Array:
    """The columns' texts, put together row by row with ``by`` between them."""
    return pc.binary_join_element_wise(*columns, text_of(by))


def text_of(value: str) -> pa.Scalar:
    """A text of the kind that cells are of: with long offsets, as a block of lines may pass two gigabytes."""
    return pa.scalar(value, pa.large_string())


def heading_line(names: Sequence[str], end: str = LINE_END) -> bytes:
    """The line of headings."""
    return bytes(lines([cells(pa.array([name], pa.string())) for name in names], end))
