"""Making a record definition for a file out of its headings, and doubting headings that don't fit what stands below them."""

from hrgcore.define.accepts import Accepts
from hrgcore.define.doubts import SAMPLE_ROWS, doubtful_columns
from hrgcore.define.headings import definition_of
from hrgcore.define.save import save

__all__ = ["SAMPLE_ROWS", "Accepts", "definition_of", "doubtful_columns", "save"]
