"""Find a design by id, bundle or folder of tables; compiled designs are kept in the cache folder."""

from __future__ import annotations

import contextlib
from importlib import resources
from pathlib import Path

from hrgcore import logics
from hrgcore.design import bundle as bundles
from hrgcore.design.bundle import Bundle, DesignInfo
from hrgcore.design.compiler import compile_tables
from hrgcore.design.tables import SETTINGS_FILE, folder_texts, read_folder
from hrgcore.errors import DesignError, HrgcoreError, UsageError
from hrgcore_kernels import codes, layout, row_layout
from hrgcore_kernels.cache import cache_folder

DEFAULT_DESIGN = "hrg4plus-2425-open"


def embedded_designs() -> dict[str, Path]:
    """The folders of the designs that come with hrgcore, by id."""
    root = Path(str(resources.files("hrgcore_tables")))
    return {folder.name: folder for folder in sorted(root.iterdir()) if (folder / SETTINGS_FILE).is_file()}


def load_design(design: str | Path | Bundle) -> Bundle:
    """The bundle of an embedded design's id, of a bundle file, of a folder of tables, or the open bundle that is given.

    Raises UsageError or DesignError.
    """
    if isinstance(design, Bundle):
        return design
    if str(design) in (found := embedded_designs()):
        return _compiled(found[str(design)])
    path = Path(design)
    if path.is_dir():
        return _compiled(path)
    if path.is_file():
        return bundles.read(path)
    raise UsageError(f"unknown design {str(design)!r}. Name one of {', '.join(found)}, a bundle, or a folder of design tables.")


def findable(design: str | Path) -> str:
    """Where a design is found, from wherever that is asked: the id of an embedded one, or a whole path."""
    return str(design) if str(design) in embedded_designs() else str(Path(design).resolve())


def list_designs() -> list[DesignInfo]:
    """What designs come with hrgcore."""
    return [DesignInfo.of(read_folder(folder)) for folder in embedded_designs().values()]


def _compiled(tables_folder: Path) -> Bundle:
    """Compile a folder, or take from the cache what the same tables and the same compiler gave before."""
    cache = cache_folder("designs")
    if cache is None:
        return compile_tables(read_folder(tables_folder))
    texts, faults = folder_texts(tables_folder)
    path = cache / f"{bundles.digest(texts)[:32]}-{_compiler_digest()[:16]}.hrgcore"
    if not faults and path.is_file():
        with contextlib.suppress(DesignError):
            return bundles.read(path)
    compiled = compile_tables(read_folder(tables_folder))
    with contextlib.suppress(HrgcoreError):  # a cache that can't be written costs time, not results
        bundles.write(compiled, path)
    return compiled


def _compiler_digest() -> str:
    """The digest of everything that turns tables into a bundle, so that a changed compiler never serves an old bundle."""
    modules = (codes, layout, row_layout)
    sources = [*Path(__file__).parent.glob("*.py"), *Path(logics.__file__).parent.glob("*.py")]
    sources += [Path(module.__file__ or "") for module in modules]
    return bundles.digest({f"{source.parent.name}/{source.name}": source.read_text(encoding="utf-8") for source in sources})
