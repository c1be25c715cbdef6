"""Writes docs/reference.md out of the docstrings of what is public: python -m tools.reference [--check]."""

from __future__ import annotations

import ast
import inspect
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
TARGET = ROOT / "docs" / "reference.md"
#: What is public: where one imports it from, the file that it stands in, and its names.
PUBLIC = (
    ("hrgcore", "hrgcore/grouper.py", ("Grouper",)),
    ("hrgcore", "hrgcore/result.py", ("Result",)),
    ("hrgcore.logics.result", "hrgcore/logics/result.py", ("RowsResult",)),
    ("hrgcore.logics.attend_result", "hrgcore/logics/attend_result.py", ("AttendancesResult",)),
    ("hrgcore.explain", "hrgcore/explain.py", ("Explanation",)),
    ("hrgcore", "hrgcore/linking/join.py", ("link", "Linked")),
    ("hrgcore.read", "hrgcore/read/__init__.py", ("open_input", "read_input")),
    ("hrgcore.stream", "hrgcore/stream.py", ("whole_spells",)),
    ("hrgcore.polars", "hrgcore/polars.py", ("group", "FrameNamespace", "LazyNamespace")),
    ("hrgcore.spark", "hrgcore/spark/frames.py", ("group", "SparkResult")),
    ("hrgcore.spark", "hrgcore/spark/files.py", ("group_files",)),
    ("hrgcore.design", "hrgcore/design/bundle.py", ("DesignInfo",)),
    ("hrgcore", "hrgcore/errors.py", ("HrgcoreError", "UsageError", "InputError", "DesignError", "OutputError")),
)
_HEAD = """# Reference

What is public ([versions](versions.md)), written by `python -m tools.reference` from the docstrings. Double backquotes are
around parameters and columns.
"""

Function = ast.FunctionDef | ast.AsyncFunctionDef


def reference() -> str:
    """The whole page."""
    return "\n".join([_HEAD, *_entries()]).rstrip() + "\n"


def _entries() -> Iterator[str]:
    for module, file, names in PUBLIC:
        tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
        found = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef | Function)}
        for name in names:
            yield from _class(module, found[name]) if isinstance(found[name], ast.ClassDef) else _function(module, found[name])


def _class(module: str, node: ast.ClassDef) -> Iterator[str]:
    own = [each for each in node.body if isinstance(each, Function) and not _is(each, "overload")]
    makers = [_signature(each) for each in own if each.name == "__init__"]
    bases = ", ".join(map(ast.unparse, node.bases))
    yield f"## {module}.{node.name}\n"
    yield _code(f"class {node.name}{makers[0] if makers else ''}" + (f"  # a {bases}" if bases and not makers else ""))
    yield _text(node)
    for each in own:
        if each.name.startswith("_"):
            continue
        kind = f" -> {ast.unparse(each.returns)}" if each.returns else ""
        line = f"{each.name}{kind}" if _is(each, "property", "cached_property") else f"{each.name}{_signature(each)}"
        yield f"### {node.name}.{each.name}\n"
        yield _code(line)
        yield _text(each)


def _function(module: str, node: Function) -> Iterator[str]:
    yield f"## {module}.{node.name}\n"
    yield _code(f"{node.name}{_signature(node)}")
    yield _text(node)


def _signature(node: Function) -> str:
    arguments = re.sub(r"^(self|cls)(, )?", "", ast.unparse(node.args))
    returns = f" -> {ast.unparse(node.returns)}" if node.returns and node.name != "__init__" else ""
    return f"({arguments}){returns}"


def _is(node: Function, *names: str) -> bool:
    return any(isinstance(each, ast.Name) and each.id in names for each in node.decorator_list)


def _code(line: str) -> str:
    return f"```text\n{line}\n```\n"


def _text(node: ast.AST) -> str:
    """The docstring, its examples being code."""
    text = inspect.cleandoc(ast.get_docstring(node) or "")  # type: ignore[arg-type]
    text = re.sub(r"(?m)(^>>> [\s\S]*?)(?=\n\n|\Z)", r"```pycon\n\1\n```", text)
    return f"{text}\n"


def main(arguments: list[str]) -> int:
    """Write the page, or, with --check, say whether it is as it would be written."""
    if "--check" not in arguments:
        TARGET.write_text(reference(), encoding="utf-8")
        return 0
    current = TARGET.is_file() and TARGET.read_text(encoding="utf-8") == reference()
    print("docs/reference.md is up to date" if current else "docs/reference.md is out of date: run python -m tools.reference")
    return 0 if current else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
