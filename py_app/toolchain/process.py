"""Runs other programs: shows what they are at, and keeps what they say until it is needed for an error."""

from __future__ import annotations

import os
import subprocess
from collections import deque
from collections.abc import Callable, Mapping, Sequence
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
    on_line: Callable[[str], None] | None = None,
    keep_lines: int = TAIL_LINES,
) -> None:
    """Runs a program to its end, handing on its lines; a BuildError with the last of them when it fails."""
    last: deque[str] = deque(maxlen=keep_lines)
    try:
        with subprocess.Popen(
            [str(part) for part in command],
            cwd=cwd,
            env={**os.environ, "NO_COLOR": "1", **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
        ) as process:
            for line in process.stdout or ():
                last.append(_shortened(line.rstrip()))
                if on_line:
                    on_line(line.rstrip())
    except OSError as error:
        raise BuildError(f"{what} failed: {command[0]} could not be started.", why=str(error), todo=todo) from error
    if process.returncode != 0:
        raise BuildError(f"{what} failed (exit code {process.returncode}).", why="\n".join(last), todo=todo)


def _shortened(line: str) -> str:
    """A line without the rest of minified code."""
    return line if len(line) <= LONGEST_LINE else line[:LONGEST_LINE] + " ..."


def output_of(command: Sequence[str | Path]) -> str | None:
    """What a program prints, or None when it is missing or fails."""
    try:
        done = subprocess.run(
            [str(part) for part in command], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
        )
    except OSError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None
