"""The verb `starter`: makes the starter model's own environment and runs its recipe there.

PyTorch is large, so only this verb installs it, into .build/starter/venv. Does not own the recipe (starter_model).
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from toolchain.paths import BUILD, REQUIREMENTS, ROOT
from toolchain.process import run_tool

VENV = BUILD / "starter" / "venv"
LIST = REQUIREMENTS / "starter.txt"
NETWORK = "check the network (and pip's proxy or index settings), then run the same command again."


def run_starter(arguments: list[str]) -> int:
    """Runs the recipe with its own options; the exit code."""
    return subprocess.run([_python(), "-m", "starter_model", *arguments], cwd=ROOT, check=False).returncode


def _python() -> Path:
    """The Python of an environment that holds what the list names."""
    python = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    mark = VENV / "installed.txt"
    if not mark.exists() or mark.read_text("utf-8") != LIST.read_text("utf-8"):
        run_tool([sys.executable, "-m", "venv", VENV], what="Making the model's Python environment", todo="")
        run_tool([python, "-m", "pip", "install", "-r", LIST], what="Installing PyTorch", todo=NETWORK)
        mark.write_text(LIST.read_text("utf-8"), "utf-8")
    return python
