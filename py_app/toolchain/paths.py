"""Where things are: the one home of the project's folder names for the toolchain.

Does not own what is in the folders; each module says that of its own.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PY_APP = ROOT / "py_app"
WEB = ROOT / "web"
BRIDGE = ROOT / "js_bridge"
PUBLIC = ROOT / "public"
TESTS = ROOT / "tests"
REQUIREMENTS = ROOT / "requirements"
DIST = ROOT / "dist"
VENV = ROOT / ".venv"
NODE_MODULES = ROOT / "node_modules"

BUILD = ROOT / ".build"
STAMPS = BUILD / "stamps"
DOWNLOADS = BUILD / "downloads"
COMPILED = BUILD / "compiled"
VENDORED = BUILD / "vendor" / "python"
ENGINE = BUILD / "vendor" / "engine"

WINDOWS = sys.platform == "win32"


def python_of(venv: Path) -> Path:
    """The Python of a virtual environment."""
    return venv / ("Scripts/python.exe" if WINDOWS else "bin/python")


VENV_PYTHON = python_of(VENV)


def shown(path: Path) -> str:
    """A path as people read it: relative to the project where it can be."""
    return path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else str(path)
