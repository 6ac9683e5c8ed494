"""Which Node will do, and that the npm lock fits every system."""

from __future__ import annotations

import json

import pytest

from toolchain.node_env import PACKAGE_LOCK, new_enough


@pytest.mark.parametrize("version", ["v20.19.0", "v20.20.2", "v22.12.0", "v23.0.0", "v24.19.0"])
def test_these_run_vite(version: str) -> None:
    assert new_enough(version)


@pytest.mark.parametrize("version", ["v18.20.0", "v20.18.3", "v21.7.0", "v22.11.0", "", "not found"])
def test_these_do_not(version: str) -> None:
    assert not new_enough(version)


def test_the_lock_knows_the_packages_of_every_system() -> None:
    packages = json.loads(PACKAGE_LOCK.read_text("utf-8"))["packages"]
    locked = {path.rpartition("node_modules/")[2] for path in packages}
    for package in packages.values():
        assert set(package.get("optionalDependencies", {})) <= locked
