"""Pages that people look at: elements whose text is escaped, one style in light and dark, pages that need nothing else."""

from hrgcore.html.markup import Content, Html, escaped, joined, tag
from hrgcore.html.page import design_footer, page, stylesheet
from hrgcore.html.parts import basis, definitions, table

__all__ = ["Content", "Html", "basis", "definitions", "design_footer", "escaped", "joined", "page", "stylesheet", "table", "tag"]
