"""`build.py check`: style, types and generated files. Every check runs, also after one has failed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from toolchain.errors import BuildError
from toolchain.node_env import package_program
from toolchain.paths import PY_APP, VENV_PYTHON
from toolchain.process import run_tool
from toolchain.progress import Progress, say

PYTHON_FILES = ("build.py", "py_app", "tests")
CONCISE = ("--output-format", "concise")
FINDINGS_KEPT = 500


@dataclass(frozen=True)
class Check:
    """One tool that must have nothing to say, and what to do when it has."""

    name: str
    command: Sequence[str | Path]
    todo: str


def checks() -> list[Check]:
    """All of them, fastest first."""
    tsc = package_program("typescript/bin/tsc")
    return [
        Check(
            "ruff format",
            [*_module("ruff"), "format", "--check", *CONCISE, *PYTHON_FILES],
            "run `.venv/bin/ruff format`.",
        ),
        Check("ruff", [*_module("ruff"), "check", *CONCISE, *PYTHON_FILES], "mend the lines named above."),
        Check(
            "generated TypeScript contract",
            [*_module("cloche.contract_typescript"), "--check"],
            "run `PYTHONPATH=py_app .venv/bin/python -m cloche.contract_typescript`.",
        ),
        Check(
            "README's table of engines",
            [*_module("tests.bench.comparison"), "--check"],
            "run `PYTHONPATH=py_app .venv/bin/python -m tests.bench.comparison` (its text says how).",
        ),
        Check("tsc (browser)", [*tsc, "-p", "tsconfig.json"], "mend the lines named above."),
        Check("tsc (configuration)", [*tsc, "-p", "tsconfig.node.json"], "mend the lines named above."),
        Check("mypy", [*_module("mypy"), *PYTHON_FILES], "mend the lines named above."),
    ]


def run_checks() -> tuple[int, int]:
    """Runs every check; how many passed and how many failed."""
    passed = failed = 0
    for check in checks():
        try:
            with Progress(check.name) as progress:
                run_tool(
                    check.command,
                    what=check.name,
                    todo=check.todo,
                    env={"PYTHONPATH": str(PY_APP)},
                    on_line=progress.detail,
                    keep_lines=FINDINGS_KEPT,
                )
                progress.done("")
            passed += 1
        except BuildError as error:
            say(str(error))
            failed += 1
    return passed, failed


def _module(name: str) -> list[str | Path]:
    return [VENV_PYTHON, "-m", name]
