"""Building the engine beside a server: the order of things, failure, and an early end."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

import pytest

from toolchain import background
from toolchain.background import engine_in_background

# Stands in for build.py: notes its verb, then does what the test wants.
SCRIPT = """import socket, sys, threading
with open("verbs.txt", "a") as verbs:
    print(sys.argv[1], file=verbs)
{then}
"""


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(background, "ROOT", tmp_path)
    monkeypatch.setattr(background, "LOG", tmp_path / "engine.log")
    monkeypatch.setattr(background, "is_built", lambda: False)
    return tmp_path


def _script(house: Path, then: str = "") -> None:
    (house / "build.py").write_text(SCRIPT.format(then=then))


def _wait_for_end() -> None:
    for thread in threading.enumerate():
        if thread.name == "engine":
            thread.join()


def test_the_engine_is_built_then_the_app_anew(house: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _script(house)
    with engine_in_background(wanted=True, quiet=False):
        _wait_for_end()
    assert (house / "verbs.txt").read_text().split() == ["engine", "build"]
    assert "open pages offer the update" in capsys.readouterr().out


def test_a_failure_is_told_and_nothing_is_built_anew(house: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _script(house, "print('no network'); sys.exit(1)")
    with engine_in_background(wanted=True, quiet=False):
        _wait_for_end()
    assert (house / "verbs.txt").read_text().split() == ["engine"]
    assert "could not be made" in capsys.readouterr().out
    assert "no network" in (house / "engine.log").read_text()


def test_the_end_of_the_server_ends_the_build(house: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as door:
        door.settimeout(60)
        held = f"line = socket.create_connection({door.getsockname()})"
        _script(house, f"{held}\nthreading.Event().wait()")
        with engine_in_background(wanted=True, quiet=True):
            line, _ = door.accept()  # The build has begun; it never ends by itself.
    with line:
        assert line.recv(1) == b""  # Its process is gone, and the line with it.
    assert (house / "verbs.txt").read_text().split() == ["engine"]


def test_nothing_is_started_that_is_not_wanted_or_there(house: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _script(house)
    with engine_in_background(wanted=False, quiet=True):
        pass
    monkeypatch.setattr(background, "is_built", lambda: True)
    with engine_in_background(wanted=True, quiet=True):
        pass
    assert not (house / "verbs.txt").exists()
