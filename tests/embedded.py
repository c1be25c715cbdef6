"""What tests of the C library need."""

from __future__ import annotations

import shutil
import sysconfig

import pytest


def needs_library() -> None:
    """Skip where the library can't be built."""
    if shutil.which("gcc") is None:
        pytest.skip("needs gcc")
    if not sysconfig.get_config_var("Py_ENABLE_SHARED"):
        pytest.skip("needs a Python with a shared library")
    pytest.importorskip("cffi", reason="needs cffi")
