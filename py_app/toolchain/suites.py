"""`build.py test`: runs the suites one after another and adds up what passed and failed.

A suite that crashes, hangs or finds no test counts as a failure. Does not own the tests: tests/ does.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from toolchain.check import run_checks
from toolchain.chromium import VARIABLE, chromium
from toolchain.errors import BuildError
from toolchain.node_env import package_program, require_node
from toolchain.paths import BUILD, ROOT, VENV_PYTHON, WINDOWS
from toolchain.progress import say

REPORTS = BUILD / "reports"
LONGEST_SUITE_SECONDS = 30 * 60
FAREWELL_SECONDS = 30


@dataclass(frozen=True)
class Count:
    """What a run came to."""

    passed: int = 0
    failed: int = 0

    def __add__(self, other: Count) -> Count:
        return Count(self.passed + other.passed, self.failed + other.failed)

    def __str__(self) -> str:
        return f"{self.passed} passed, {self.failed} failed"


@dataclass(frozen=True)
class Suite:
    """A suite: the command that runs it and writes a JUnit report."""

    name: str
    about: str
    command: Callable[[Path], Sequence[str | Path]]


def _pytest(folder: str, *options: str) -> Callable[[Path], Sequence[str | Path]]:
    return lambda report: [VENV_PYTHON, "-m", "pytest", f"tests/{folder}", *options, f"--junitxml={report}"]


def _vitest(report: Path) -> Sequence[str | Path]:
    reporters = ["--reporter=default", "--reporter=junit", f"--outputFile.junit={report}"]
    return [*package_program("vitest/vitest.mjs"), "run", *reporters]


CHECK = "check"
TWO_AT_A_TIME = ("--numprocesses=2", "--dist=loadfile", "--no-loadscope-reorder", "--max-worker-restart=0")
"""Files of tests run side by side in two processes, the tests of one file in order in one of them. Files begin in the
order of collection, not of how many tests they have: a few long journeys take longer than many short ones. A process
that died of a test is not replaced, as the next one would begin with that test."""
SUITES = {
    suite.name: suite
    for suite in (
        Suite("unit", "Python under CPython", _pytest("unit", *TWO_AT_A_TIME)),
        Suite("bridge", "TypeScript in Chromium", _vitest),
        Suite("wasm", "Python inside Pyodide in Chromium", _pytest("wasm")),
        Suite("e2e", "journeys through the app in Chromium", _pytest("e2e", *TWO_AT_A_TIME)),
        Suite("starter", "the recipe of the starter model, with PyTorch", _pytest("starter")),
    )
}
NAMES = (CHECK, *SUITES)
ON_REQUEST = {"starter"}
"""Suites that run when they are named only: PyTorch is a gigabyte that nobody else needs."""
NEED_NO_BROWSER = {CHECK, "unit", "starter"}


def in_browser(names: Sequence[str]) -> bool:
    """Whether any of these suites needs a Chromium and the built app."""
    return bool(set(names or NAMES) - NEED_NO_BROWSER)


def run_suites(names: Sequence[str], extra: Sequence[str]) -> Count:
    """Runs the named suites (all but those on request when none is named) and prints the total as the last line."""
    unknown = [name for name in names if name not in NAMES]
    if unknown:
        raise BuildError(f"There is no suite {unknown[0]}.", todo=f"name some of {', '.join(NAMES)}.")
    total = Count()
    browser = chromium() if in_browser(names) else None
    for name in names or [name for name in NAMES if name not in ON_REQUEST]:
        started = time.monotonic()
        say(f"\n== {name}: {'style and types' if name == CHECK else SUITES[name].about}")
        count = Count(*run_checks()) if name == CHECK else _run(SUITES[name], browser, extra)
        say(f"== {name}: {count.passed} of {count.passed + count.failed} in {time.monotonic() - started:.0f} s")
        total += count
    say(f"\n{total}")
    return total


def _run(suite: Suite, browser: Path | None, extra: Sequence[str]) -> Count:
    REPORTS.mkdir(parents=True, exist_ok=True)
    report = REPORTS / f"{suite.name}.xml"
    report.unlink(missing_ok=True)
    environment = {**os.environ, **require_node().env}
    if browser:
        environment[VARIABLE] = str(browser)
    if not sys.stdout.isatty():
        environment["NO_COLOR"] = "1"
    folder = f"tests/{suite.name}"
    command = suite.command(report)
    if any(argument.startswith(f"{folder}/") for argument in extra):
        command = [part for part in command if part != folder]
    code = _run_to_its_end([*command, *extra], environment)
    count = read_report(report)
    if code is None:
        say(f"{suite.name} was ended after {LONGEST_SUITE_SECONDS // 60} minutes; that counts as a failure.")
    elif count == Count():
        say(f"{suite.name} ran no test (exit code {code}); that counts as a failure.")
    elif code != 0 and count.failed == 0:
        say(f"{suite.name} ended with exit code {code} although no test failed; that counts as a failure.")
    else:
        return count
    return count + Count(failed=1)


def _run_to_its_end(command: Sequence[str | Path], environment: dict[str, str]) -> int | None:
    """The exit code, with the output going straight to the terminal; None when it had to be ended."""
    try:
        process = subprocess.Popen([str(part) for part in command], cwd=ROOT, env=environment, stdin=subprocess.DEVNULL)
    except OSError as error:
        raise BuildError(
            f"{command[0]} could not be started.", why=str(error), todo="delete .venv and try again."
        ) from error
    try:
        return process.wait(LONGEST_SUITE_SECONDS)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGTERM if WINDOWS else signal.SIGINT)
        try:
            process.wait(FAREWELL_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
        return None
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def read_report(report: Path) -> Count:
    """Adds up a JUnit report; nothing when there is none or it is broken off."""
    try:
        root = ET.parse(report).getroot()  # noqa: S314 - written by our own test runners
    except (OSError, ET.ParseError):
        return Count()
    failed = passed = 0
    for case in root.iter("testcase"):
        outcomes = {child.tag for child in case}
        if outcomes & {"failure", "error"}:
            failed += 1
        elif "skipped" not in outcomes:
            passed += 1
    return Count(passed, failed)
