"""Runs inside Pyodide (compile_bytecode.mjs starts it): turns .py files into .pyc files.

Unchecked-hash .pyc files are used without a look at the source's time. A wheel keeps its sources beside them, for
tracebacks; the standard library does not, because people fetch it at their first visit and nobody edits it.
The last expression is a dictionary of the functions, which is what the caller gets.
"""

import io
import sys
import sysconfig
import zipfile
from importlib._bootstrap_external import _code_to_hash_pyc  # type: ignore[attr-defined]
from importlib.util import cache_from_source, source_hash
from typing import Any


def compile_wheel(wheel: Any) -> bytes:
    """A zip of the compiled files, each at its place under site-packages."""
    site_packages = sysconfig.get_path("purelib")
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(wheel.to_bytes())) as source, zipfile.ZipFile(packed, "w") as target:
        for name in source.namelist():
            if name.endswith(".py") and ".data/" not in name:
                target.writestr(cache_from_source(name), _pyc(source.read(name), f"{site_packages}/{name}"))
    return packed.getvalue()


def compile_stdlib(stdlib: Any) -> bytes:
    """The standard library's zip with `module.pyc` in place of `module.py`, as zipimport finds it."""
    place = next(path for path in sys.path if path.endswith(".zip"))
    packed = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(stdlib.to_bytes())) as source,
        zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as target,
    ):
        for name in source.namelist():
            data = source.read(name)
            if name.endswith(".py"):
                name, data = f"{name}c", _pyc(data, f"{place}/{name}")
            target.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED, compresslevel=9)
    return packed.getvalue()


def _pyc(text: bytes, path: str) -> bytes:
    code = compile(text, path, "exec", dont_inherit=True, optimize=0)
    return bytes(_code_to_hash_pyc(code, source_hash(text), checked=False))


{"wheel": compile_wheel, "stdlib": compile_stdlib}  # noqa: B018
