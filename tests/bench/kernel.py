"""The kernel: what our engine costs for a turn, a token, an event and an import, against the native one in CPython.

Each engine runs in a process of its own (kernel_run.py), and the two take turns, so that a busy machine slows both
alike. What is compared is the same Python on top of either: the package, our loop and our context manager.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator

from tests.bench.report import Figure
from tests.bench.stage import median

from toolchain.paths import PY_APP, ROOT

ROUNDS = 5
#: name, unit, what it means
ROWS = (
    ("import_ms", "importing the kernel", "ms"),
    ("turn_us", "kernel overhead of a turn (beside the provider's own time)", "us"),
    ("token_us", "kernel overhead of a token that streams", "us"),
    ("emit_1_us", "hook dispatch, an event with 1 handler", "us"),
    ("emit_10_us", "hook dispatch, an event with 10 handlers", "us"),
)


def measure() -> Iterator[Figure]:
    runs: dict[str, list[dict[str, float]]] = {"native": [], "ours": []}
    for _ in range(ROUNDS):
        for engine, found in runs.items():
            found.append(_run(engine, "speed"))
    for key, name, unit in ROWS:
        native, ours = (median([run[key] for run in runs[engine]]) for engine in ("native", "ours"))
        yield Figure(f"{name}: our engine", ours, unit, against=native, note="against the native engine, in CPython")
    kept = _run("ours", "memory")
    yield Figure(
        "memory of a 1,000-turn conversation in Python", kept["python_mib"], "MiB", note="open, answered, idle"
    )
    yield Figure("database of a 1,000-turn conversation", kept["database_mib"], "MiB")
    yield Figure(
        "time of turn 1,000",
        kept["last_ms"],
        "ms",
        against=kept["first_ms"],
        note="against the first ten, as memory is counted",
    )


def _run(engine: str, what: str) -> dict[str, float]:
    path = os.pathsep.join([str(PY_APP), str(ROOT)])
    command = [sys.executable, "-m", "tests.bench.kernel_run", engine, what]
    done = subprocess.run(command, env={**os.environ, "PYTHONPATH": path}, cwd=ROOT, capture_output=True, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found
