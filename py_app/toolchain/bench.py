"""`build.py bench`: starts tests/bench with what it needs. Does not own what is measured: tests/bench does."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence

from toolchain.chromium import VARIABLE, chromium
from toolchain.node_env import require_node
from toolchain.paths import PY_APP, ROOT, VENV_PYTHON


def run_bench(arguments: Sequence[str]) -> int:
    """Runs the benchmark in .venv's Python; its exit code."""
    environment = {
        **os.environ,
        **require_node().env,
        VARIABLE: str(chromium()),
        "PYTHONPATH": os.pathsep.join([str(PY_APP), str(ROOT)]),
    }
    command = [str(VENV_PYTHON), "-m", "tests.bench", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode
