"""The project's own Python environment: .venv, filled from requirements/dev.txt with hashes checked."""

from __future__ import annotations

import shutil
import sys
import sysconfig
from pathlib import Path

from toolchain.errors import BuildError
from toolchain.paths import REQUIREMENTS, VENV, VENV_PYTHON
from toolchain.process import output_of, run_tool
from toolchain.progress import Progress
from toolchain.steps import Step

LOCK = REQUIREMENTS / "dev.txt"
PIP = (VENV_PYTHON, "-m", "pip", "--disable-pip-version-check", "--no-input")
LOCKED = ("--require-hashes", "--only-binary=:all:")
NETWORK = "check the network (and pip's proxy or index settings), then run the same command again."


def python_step() -> Step:
    """Makes .venv and installs the locked packages."""
    version = f"Python {sys.version_info.major}.{sys.version_info.minor} {sysconfig.get_platform()}"
    return Step(
        "python",
        f"Installing the Python packages into {VENV.name}",
        [LOCK, version],
        [VENV_PYTHON],
        _install,
    )


def _install(progress: Progress) -> str:
    _own_venv(progress)
    pip_install(LOCK, progress)
    return ""


def _own_venv(progress: Progress) -> None:
    """A new .venv unless there is a working one of this Python's version."""
    wanted = f"{sys.version_info.major}.{sys.version_info.minor}"
    found = output_of([VENV_PYTHON, "-c", "import pip, sys; print('%d.%d' % sys.version_info[:2])"])
    if found == wanted:
        return
    shutil.rmtree(VENV, ignore_errors=True)
    progress.detail("making the environment")
    make_venv(VENV)


def make_venv(folder: Path) -> None:
    """A virtual environment with pip in it."""
    try:
        run_tool([sys.executable, "-m", "venv", folder], what="Making the Python environment", todo="")
    except BuildError as error:
        shutil.rmtree(folder, ignore_errors=True)
        package = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
        raise BuildError(
            "Making the Python environment failed: this Python cannot make one with pip in it.",
            why=error.why,
            todo=f"on Debian or Ubuntu run `apt-get install {package}`; elsewhere use a Python from python.org.",
        ) from error


def pip_install(lock: Path, progress: Progress) -> None:
    """Installs a lock file into .venv, every file checked against its hash."""
    run_tool(
        [*PIP, "install", *LOCKED, "-r", lock],
        what=f"Installing the packages of {lock.name}",
        todo=NETWORK,
        on_line=progress.detail,
    )
