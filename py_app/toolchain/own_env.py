"""Python environments for verbs whose packages are too large for everyone's .venv.

Owns `.build/<name>/venv`, filled from `requirements/<name>.txt` at the first use and whenever the list has changed.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from toolchain.paths import BUILD, REQUIREMENTS
from toolchain.process import run_tool

NETWORK = "check the network (and pip's proxy or index settings), then run the same command again."


def own_python(name: str, what: str) -> Path:
    """The Python of the environment; `what` names what it is for, in messages."""
    venv, listed = BUILD / name / "venv", (REQUIREMENTS / f"{name}.txt").read_text("utf-8")
    python = venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    mark = venv / "installed.txt"
    if not mark.exists() or mark.read_text("utf-8") != listed:
        run_tool([sys.executable, "-m", "venv", venv], what=f"Making the environment of {what}", todo="")
        install = (python, "-m", "pip", "install", "-r", REQUIREMENTS / f"{name}.txt")
        run_tool(install, what=f"Installing the packages of {what}", todo=NETWORK)
        mark.write_text(listed, "utf-8")
    return python
