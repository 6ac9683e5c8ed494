"""Environments of Python's: what is said when one cannot be made."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from toolchain import python_env
from toolchain.errors import BuildError


def test_a_python_that_makes_no_environments_is_told_with_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_command: object, *, what: str, todo: str) -> None:
        (tmp_path / "venv").mkdir()
        raise BuildError(what, why="ensurepip is not available", todo=todo)

    monkeypatch.setattr(python_env, "run_tool", fail)
    package = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
    with pytest.raises(BuildError, match=rf"ensurepip is not available[\s\S]*{package}"):
        python_env.make_venv(tmp_path / "venv")
    assert not (tmp_path / "venv").exists()
