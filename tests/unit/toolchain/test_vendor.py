"""What is served to the browser's Python: its lock, its bytecode, and where the pinned files come from."""

from __future__ import annotations

import hashlib
import json
import struct
import tomllib
import urllib.request
from pathlib import Path

import pytest

from toolchain import bytecode, downloads, numpy_wheel
from toolchain.errors import BuildError
from toolchain.node_env import require_node
from toolchain.paths import ROOT
from toolchain.vendor import PYODIDE, pyodide_lock
from toolchain.wheel import Wheel, wheel_metadata

PYTHON_314_MAGIC = 3627
UNCHECKED_HASH = 0b01


def tiny_wheel(folder: Path, name: str = "tiny", requires: list[str] | None = None, source: str = "x = 1\n") -> Path:
    files = wheel_metadata(name, "1.0", "", requires or [])
    return Wheel(f"{name}-1.0-py3-none-any.whl", {**files, f"{name}/__init__.py": source.encode()}).write(folder)


def test_the_lock_names_wheels_relative_to_itself_with_hashes_and_dependencies(tmp_path: Path) -> None:
    wheels = [tiny_wheel(tmp_path, "first", ["second>=1"]), tiny_wheel(tmp_path, "second")]
    packages = pyodide_lock({"python": "3.14.2"}, wheels)["packages"]
    assert packages["first"]["depends"] == ["second"]
    assert packages["first"]["imports"] == ["first"]
    assert packages["second"]["file_name"] == "wheels/second-1.0-py3-none-any.whl"
    assert packages["second"]["sha256"] == hashlib.sha256(wheels[1].read_bytes()).hexdigest()


def test_a_dependency_that_nobody_serves_stops_the_build(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="absent, which would be missing in the browser"):
        pyodide_lock({}, [tiny_wheel(tmp_path, "first", ["absent"])])


def test_our_own_dependencies_are_pinned_to_what_is_served() -> None:
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["dependencies"]
    served = {pin.name: pin.version for pin in downloads.pins(downloads.BROWSER_LOCK)}
    served |= {pin.name: pin.version for pin in downloads.pins(downloads.AMPLIFIER_LOCK)}
    for requirement in wanted:
        name, _, version = requirement.partition("==")
        assert version in ("", served[name])


def test_cpython_and_the_browser_run_the_same_versions() -> None:
    developing = (ROOT / "requirements" / "dev.txt").read_text("utf-8")
    for pin in [*downloads.pins(downloads.BROWSER_LOCK), *downloads.pins(downloads.AMPLIFIER_LOCK)]:
        if f"\n{pin.name}==" in f"\n{developing}":
            assert f"{pin.name}=={pin.version} " in developing


def test_wheels_are_compiled_once_by_the_browsers_own_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bytecode, "COMPILED", tmp_path / "compiled")
    source = tiny_wheel(tmp_path / "source", source="def answer():\n    return 42\n")
    (compiled,) = bytecode.compiled([source], PYODIDE, require_node().program)
    files = Wheel.read(compiled).files
    code = files["tiny/__pycache__/__init__.cpython-314.pyc"]
    magic, ending, flags = struct.unpack("<H2sI", code[:8])
    assert (magic, ending, flags) == (PYTHON_314_MAGIC, b"\r\n", UNCHECKED_HASH)
    assert b"/lib/python3.14/site-packages/tiny/__init__.py" in code

    nowhere = tmp_path / "no-node-is-needed-now"
    assert bytecode.compiled([source], PYODIDE, nowhere) == [compiled]


def test_a_syntax_error_names_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bytecode, "COMPILED", tmp_path / "compiled")
    source = tiny_wheel(tmp_path / "source", source="def broken(:\n")
    with pytest.raises(BuildError, match=r"tiny/__init__\.py"):
        bytecode.compiled([source], PYODIDE, require_node().program)


@pytest.fixture
def pyodide(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(numpy_wheel, "DOWNLOADS", tmp_path / "downloads")
    folder = tmp_path / "pyodide"
    folder.mkdir()
    entry = {"file_name": "numpy-1.whl", "sha256": hashlib.sha256(b"numpy").hexdigest(), "version": "1"}
    (folder / "package.json").write_text('{"version": "314.0.7"}')
    (folder / "pyodide-lock.json").write_text(json.dumps({"packages": {"numpy": entry}}))
    return folder


class Host:
    """Stands in for Pyodide's distribution host and counts how often it is asked."""

    def __init__(self, body: bytes | OSError) -> None:
        self.body = body
        self.asked: list[str] = []

    def __call__(self, url: str, timeout: float) -> Host:
        self.asked.append(url)
        if isinstance(self.body, OSError):
            raise self.body
        return self

    def __enter__(self) -> Host:
        return self

    def __exit__(self, *error: object) -> None:
        return None

    def read(self) -> bytes:
        assert isinstance(self.body, bytes)
        return self.body


def test_numpy_is_fetched_once_and_checked(pyodide: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    host = Host(b"numpy")
    monkeypatch.setattr(urllib.request, "urlopen", host)
    path, _ = numpy_wheel.numpy_wheel(pyodide)
    assert path is not None
    assert path.read_bytes() == b"numpy"
    assert numpy_wheel.numpy_wheel(pyodide)[0] == path
    assert len(host.asked) == 1


@pytest.mark.parametrize("body", [OSError("unreachable"), b"something else"])
def test_numpy_is_left_out_and_not_asked_for_again(
    pyodide: Path, monkeypatch: pytest.MonkeyPatch, body: bytes | OSError
) -> None:
    host = Host(body)
    monkeypatch.setattr(urllib.request, "urlopen", host)
    for _ in range(2):
        path, about = numpy_wheel.numpy_wheel(pyodide)
        assert path is None
        assert about.startswith("numpy is left out")
    assert len(host.asked) == 1
    numpy_wheel.numpy_wheel(pyodide, retry=True)
    assert len(host.asked) == 2
