"""Runs inside Pyodide (compile_bytecode.mjs starts it): turns a wheel's .py files into .pyc files.

Unchecked-hash .pyc files are used without a look at the source's time, while the source stays there for tracebacks.
The last expression is the function, which is what the caller gets.
"""

import io
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
            if not name.endswith(".py") or ".data/" in name:
                continue
            text = source.read(name)
            code = compile(text, f"{site_packages}/{name}", "exec", dont_inherit=True, optimize=0)
            target.writestr(cache_from_source(name), _code_to_hash_pyc(code, source_hash(text), checked=False))
    return packed.getvalue()


compile_wheel  # noqa: B018
