"""Python environments for verbs whose packages are too large for everyone's .venv.

Owns `.build/<name>/venv`, filled from `requirements/<name>.txt` at the first use and whenever the list has changed.
"""

from __future__ import annotations

from pathlib import Path

from toolchain.paths import BUILD, REQUIREMENTS, python_of
from toolchain.process import run_tool
from toolchain.python_env import NETWORK, make_venv


def own_python(name: str, what: str) -> Path:
    """The Python of the environment; `what` names what it is for, in messages."""
    venv, listed = BUILD / name / "venv", (REQUIREMENTS / f"{name}.txt").read_text("utf-8")
    python = python_of(venv)
    mark = venv / "installed.txt"
    if not mark.exists() or mark.read_text("utf-8") != listed:
        make_venv(venv)
        install = (python, "-m", "pip", "install", "-r", REQUIREMENTS / f"{name}.txt")
        run_tool(install, what=f"Installing the packages of {what}", todo=NETWORK)
        mark.write_text(listed, "utf-8")
    return python
