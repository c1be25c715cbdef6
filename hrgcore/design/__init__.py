"""Designs: tables that people write, compiled to the bundle that the kernels read."""

from __future__ import annotations

from pathlib import Path

from hrgcore.design import carried as _carried  # noqa: F401 - how bundles are pickled
from hrgcore.design.bundle import Bundle, DesignInfo, write
from hrgcore.design.compiler import compile_tables
from hrgcore.design.locate import DEFAULT_DESIGN, list_designs, load_design
from hrgcore.design.tables import Tables, read_folder, read_texts


def compile_folder(folder: Path, output: Path) -> DesignInfo:
    """Compile a folder of design tables to a bundle file. Raises DesignError with every fault, or OutputError."""
    bundle = compile_tables(read_folder(folder))
    write(bundle, output)
    return bundle.info


__all__ = [
    "DEFAULT_DESIGN",
    "Bundle",
    "DesignInfo",
    "Tables",
    "compile_folder",
    "compile_tables",
    "list_designs",
    "load_design",
    "read_folder",
    "read_texts",
]
