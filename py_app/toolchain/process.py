"""Runs other programs: prints what they say, or keeps it until it is needed for an error."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from toolchain.errors import BuildError
from toolchain.paths import ROOT

TAIL_LINES = 25
LONGEST_LINE = 300


def run_tool(
    command: Sequence[str | Path],
    *,
    what: str,
    todo: str,
    cwd: Path = ROOT,
    env: Mapping[str, str] | None = None,
) -> str:
    """Runs a program to its end and returns what it printed; a BuildError with its last lines when it fails."""
    try:
        done = subprocess.run(
            [str(part) for part in command],
            cwd=cwd,
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
    except OSError as error:
        raise BuildError(f"{what} failed: {command[0]} could not be started.", why=str(error), todo=todo) from error
    if done.returncode != 0:
        raise BuildError(f"{what} failed (exit code {done.returncode}).", why=tail(done.stdout), todo=todo)
    return done.stdout


def tail(output: str) -> str:
    """The last lines of what a tool printed, without the rest of minified code."""
    lines = output.strip().splitlines()[-TAIL_LINES:]
    return "\n".join(line if len(line) <= LONGEST_LINE else line[:LONGEST_LINE] + " ..." for line in lines)


def output_of(command: Sequence[str | Path]) -> str | None:
    """What a program prints, or None when it is missing or fails."""
    try:
        done = subprocess.run(
            [str(part) for part in command], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
        )
    except OSError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None
