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
    """One copy of the package over one engine."""

    def __init__(self, name: str, modules: dict[str, ModuleType]) -> None:
        self.name = name
        self._modules = modules

    @contextmanager
    def use(self) -> Iterator[ModuleType]:
        """Make this copy the importable one and give its top-level module."""
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


def _has_native() -> bool:
    found = importlib.util.find_spec(PACKAGE)
    folder = Path(found.origin).parent if found and found.origin else Path()
    suffixes = importlib.machinery.EXTENSION_SUFFIXES
    return any((folder / f"_engine{suffix}").exists() for suffix in suffixes)


def _load(name: str, engine: ModuleType | None) -> Engine:
    kept = _taken()
    try:
        if engine is not None:
            sys.modules[f"{PACKAGE}._engine"] = engine
        core = importlib.import_module(PACKAGE)
        for module in ("approval", "correlation", "events", "loader", "validation", "_session_init", "_session_exec"):
            importlib.import_module(f"{PACKAGE}.{module}")
        core._engine = sys.modules[f"{PACKAGE}._engine"]
        return Engine(name, _taken())
    finally:
        sys.modules.update(kept)


if _has_native():
    NATIVE: Engine | None = _load("native", None)
    OURS = _load("ours", importlib.import_module("amplifier_engine"))
else:
    NATIVE = None
    OURS = _load("ours", None)
