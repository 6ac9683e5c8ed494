"""The verb `webllm`: makes the library with which WebLLM runs the starter model in tests, in its own environment.

Does not own the recipe (tests/webllm_model).
"""

from __future__ import annotations

import subprocess

from toolchain.own_env import own_python
from toolchain.paths import ROOT


def run_webllm() -> int:
    """Makes the library; the exit code."""
    python = own_python("webllm", "WebLLM's library")
    return subprocess.run([python, "-m", "tests.webllm_model"], cwd=ROOT, check=False).returncode
