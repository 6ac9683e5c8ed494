"""The verb `starter`: runs the starter model's recipe in its own environment, because PyTorch is large.

Does not own the recipe (starter_model).
"""

from __future__ import annotations

import subprocess

from toolchain.own_env import own_python
from toolchain.paths import ROOT


def run_starter(arguments: list[str]) -> int:
    """Runs the recipe with its own options; the exit code."""
    python = own_python("starter", "the starter model's recipe")
    return subprocess.run([python, "-m", "starter_model", *arguments], cwd=ROOT, check=False).returncode
