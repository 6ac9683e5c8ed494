"""Python environments for verbs whose packages are too large for everyone's .venv.

Owns `.build/<name>/venv`, filled from a list in requirements/ at the first use and whenever the list has changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from toolchain.paths import BUILD, REQUIREMENTS, python_of
from toolchain.process import run_tool
from toolchain.python_env import NETWORK, make_venv


def own_python(name: str, what: str, *, lock: str = "", env: Mapping[str, str] | None = None) -> Path:
    """The Python of the environment; `what` names what it is for, in messages.

    Its packages are those of `requirements/<lock, or else name>.txt`; `env` is for what compiles some of them.
    """
    requirements = REQUIREMENTS / f"{lock or name}.txt"
    venv, listed = BUILD / name / "venv", requirements.read_text("utf-8")
    python = python_of(venv)
    mark = venv / "installed.txt"
    if not mark.exists() or mark.read_text("utf-8") != listed:
        make_venv(venv)
        install = (python, "-m", "pip", "install", "-r", requirements)
        run_tool(install, what=f"Installing the packages of {what}", todo=NETWORK, env=env)
        mark.write_text(listed, "utf-8")
    return python
