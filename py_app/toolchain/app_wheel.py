"""Makes the wheel of our own app, `cloche`, from py_app/cloche."""

from __future__ import annotations

import tomllib
from pathlib import Path

from toolchain.wheel import Wheel, wheel_metadata


def app_wheel(package: Path, pyproject: Path) -> Wheel:
    """A wheel of one package, named and versioned as pyproject.toml says."""
    project = tomllib.loads(pyproject.read_text("utf-8"))["project"]
    name, version = project["name"], project["version"]
    files = wheel_metadata(name, version, project["description"], project["dependencies"])
    for path in sorted(package.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            files[path.relative_to(package.parent).as_posix()] = path.read_bytes()
    return Wheel(f"{name}-{version}-py3-none-any.whl", files)
