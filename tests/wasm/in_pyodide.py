"""Runs inside Pyodide: collects and runs tests with pytest, and gives the outcomes as JSON.

Owns nothing but that; `pyodide_suite.py` sends it there and shows the outcomes under CPython.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import amplifier_core._engine
import pytest

HERE = ("cache_dir=/tmp/pytest", "faulthandler_timeout=0")  # there is no second thread that could watch
OPTIONS = ["--rootdir=/suite", "-c", "/suite/pyproject.toml", *(f"-o{each}" for each in HERE), "-q", "--no-header"]
# Our engine under the name that it has in the repository; in the browser it is part of the repacked wheel.
sys.modules["amplifier_engine"] = amplifier_core._engine
RAN = (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED)


class Reporter:
    """Keeps what pytest found and what became of it."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self.problems: list[str] = []
        self.outcomes: dict[str, dict[str, Any]] = {}

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self.found = [item.nodeid for item in session.items]

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.problems.append(report.longreprtext)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        outcome = self.outcomes.setdefault(report.nodeid, {"outcome": "passed", "text": "", "seconds": 0.0})
        outcome["seconds"] += report.duration
        if report.outcome != "passed":
            outcome["outcome"] = report.outcome
            sections = [f"--- {title} ---\n{text}" for title, text in report.sections]
            outcome["text"] = "\n".join([outcome["text"], report.longreprtext, *sections]).strip()


def collect(paths: list[str]) -> str:
    """The node ids of the tests below these paths."""
    reporter = Reporter()
    pytest.main([*OPTIONS, "--collect-only", *paths], [reporter])
    return json.dumps({"found": reporter.found, "problems": reporter.problems})


def run(node_ids: list[str]) -> str:
    """What became of each of these tests."""
    reporter = Reporter()
    code = pytest.main([*OPTIONS, *node_ids], [reporter])
    if code not in RAN:
        raise RuntimeError(f"pytest ended with {code!r}; its output is in the browser's console.")
    return json.dumps(reporter.outcomes)
