"""Building the C library: the shim compiled with cffi, linked to this Python, with the folders of its environment written in."""

from __future__ import annotations

import json
import shutil
import site
import sys
import sysconfig
import tempfile
from pathlib import Path

import hrgcore
from hrgcore.errors import OutputError, UsageError

_FOLDER = Path(__file__).parent
_CALLED = """
void set_error(const char *);
char *copy_text(const char *);
extern "Python" {
    int python_open(const char *, int, void **);
    int python_group(void *, const char *, void *, void **);
    int python_group_batch(void *, const char *, void *, void *, void **);
    int python_table(void *, const char *, void *);
    int python_explain(void *, const char *, void *, char **);
    int python_free(void *, int);
}
"""


def build(folder: Path) -> Path:
    """Build ``libhrgcore`` with its header in a folder, and give the library's path.

    Raises UsageError where cffi or a shared libpython is absent, OutputError where it can't be compiled or written.
    """
    try:
        from cffi import FFI, VerificationError
    except ImportError:
        raise UsageError("building the C library needs cffi. Install hrgcore[embed].") from None
    if not sysconfig.get_config_var("Py_ENABLE_SHARED"):
        raise UsageError("this Python has no shared library to link to. Use one that was built with --enable-shared.")
    ffi = FFI()
    ffi.embedding_api("")  # the shim exports; what it calls is Python
    ffi.cdef(_CALLED)
    ffi.embedding_init_code(_init_code())
    built = {"HRGCORE_BUILT_VERSION": hrgcore.__version__, "HRGCORE_PYTHON": sys.executable}
    source = "".join(f"#define {name} {json.dumps(text, ensure_ascii=False)}\n" for name, text in built.items())
    source += (_FOLDER / "hrgcore.h").read_text() + (_FOLDER / "shim.c").read_text()
    libraries = sysconfig.get_config_var("LIBDIR")
    ffi.set_source("_hrgcore_c", source, extra_link_args=[f"-Wl,-rpath,{libraries}"], library_dirs=[libraries])
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as work:
            made = Path(ffi.compile(tmpdir=work, target="libhrgcore.*"))
            shutil.copy(_FOLDER / "hrgcore.h", folder)
            return Path(shutil.copy(made, folder))
    except (OSError, VerificationError) as error:
        need = "It needs a C compiler, Python's headers and a folder to write to."
        raise OutputError(f"the C library could not be built: {error}. {need}") from None


def _init_code() -> str:
    """What the library runs when it is first called: Python must find what it finds here."""
    places = [*dict.fromkeys([*site.getsitepackages(), sysconfig.get_path("purelib"), sysconfig.get_path("platlib")])]
    return f"""
import site, sys
for place in {places!r}:
    if place not in sys.path:
        site.addsitedir(place)
from _hrgcore_c import ffi, lib
from hrgcore.embed.calls import register
register(ffi, lib)
"""
