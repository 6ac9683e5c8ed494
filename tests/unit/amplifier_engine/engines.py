"""The two engines under one roof: amplifier-core over the native module and over ours.

Owns loading the published package twice in one process and switching between the two
copies. Where the native module does not exist (in a browser) there is one copy only,
the installed one, and it runs over ours.
"""

import importlib
import importlib.machinery
import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

PACKAGE = "amplifier_core"


class Engine:
    """One copy of the package over one engine.

    The resident copy is the one that `import amplifier_core` gives anyway; the other
    one is put in its place while it is in use.
    """

    def __init__(self, name: str, modules: dict[str, ModuleType] | None = None) -> None:
        self.name = name
        self._modules = modules

    @contextmanager
    def use(self) -> Iterator[ModuleType]:
        """Make this copy the importable one and give its top-level module."""
        if self._modules is None:
            yield sys.modules[PACKAGE]
            return
        kept = _taken()
        sys.modules.update(self._modules)
        try:
            yield sys.modules[PACKAGE]
        finally:
            self._modules = _taken()
            sys.modules.update(kept)


def _taken() -> dict[str, ModuleType]:
    """Take the package's modules out of the import system."""
    names = [name for name in sys.modules if name.partition(".")[0] == PACKAGE]
    return {name: sys.modules.pop(name) for name in names}


def _imported() -> None:
    importlib.import_module(PACKAGE)
    for module in ("approval", "correlation", "events", "loader", "validation", "_session_init", "_session_exec"):
        importlib.import_module(f"{PACKAGE}.{module}")


def _resident(name: str) -> Engine:
    _imported()
    return Engine(name)


def _second(name: str, engine: ModuleType) -> Engine:
    """Another copy of the package's Python files, over `engine`."""
    kept = _taken()
    try:
        sys.modules[f"{PACKAGE}._engine"] = engine
        _imported()
        sys.modules[PACKAGE]._engine = engine  # type: ignore[attr-defined]
        return Engine(name, _taken())
    finally:
        sys.modules.update(kept)


def _has_native() -> bool:
    found = importlib.util.find_spec(PACKAGE)
    folder = Path(found.origin).parent if found and found.origin else Path()
    suffixes = importlib.machinery.EXTENSION_SUFFIXES
    return any((folder / f"_engine{suffix}").exists() for suffix in suffixes)


if _has_native():
    # The native module can be loaded once in a process, so it is the resident one.
    NATIVE: Engine | None = _resident("native")
    OURS = _second("ours", importlib.import_module("amplifier_engine"))
else:
    NATIVE = None
    OURS = _resident("ours")
